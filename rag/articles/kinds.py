"""The kinds of lines in a pasted text, and what is read off a line: shared by all who look at lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum

URL = re.compile(r"^\s*(?:<|\()?\s*(?:https?://|www\.)\S+\s*(?:>|\))?\s*$", re.IGNORECASE)


class Kind(Enum):
    """What a line looks like by itself."""

    TITLE = "title"
    DATE = "date"
    BYLINE = "byline"
    OUTLET = "outlet"
    CITATION = "citation"
    LABEL = "label"
    OVERLINE = "overline"
    RECORD = "record"
    FURNITURE = "furniture"
    CAPTION = "caption"
    SEPARATOR = "separator"
    BULLET = "bullet"
    SPEAKER = "speaker"
    PROSE = "prose"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank. `start`/`end` are offsets of its text without surrounding white space.

    `day`, `month_day` (a day without its year), `name`, `author` and `label` were read off it: a date, an outlet or
    author, "updated", "stamp" (a messenger's), "end" (closes an article), "above" (cites what follows) and the
    like; `changed` is a second date, of
    an update. `blank_before` counts blank lines before it; `dateline` is the agency of prose that opens like a report.
    """

    kind: Kind
    start: int
    end: int
    text: str
    blank_before: int
    day: date | None = None
    name: str | None = None
    label: str | None = None
    title: str | None = None
    number: int | None = None
    dateline: str | None = None
    author: str | None = None
    changed: date | None = None
    month_day: tuple[int, int] | None = None


ANCHORS = (Kind.DATE, Kind.BYLINE, Kind.CITATION)
"""The lines that say who, where or when: names stand beside them."""


def script_of(text: str) -> str:
    """The script most letters of `text` belong to: latin, arabic, cyrillic or other."""
    counts = {"latin": 0, "arabic": 0, "cyrillic": 0, "other": 0}
    for char in text[:400]:
        if char.isalpha():
            code = ord(char)
            name = (
                "latin"
                if code < 0x250
                else "cyrillic"
                if 0x400 <= code < 0x530
                else "arabic"
                if 0x600 <= code < 0x780 or 0xFB50 <= code < 0xFF00
                else "other"
            )
            counts[name] += 1
    return max(counts, key=lambda key: counts[key])


def is_prose(line: Line) -> bool:
    """Whether the line is body text."""
    return line.kind in (Kind.PROSE, Kind.SPEAKER)


def is_link(line: Line) -> bool:
    """Whether the line is nothing but an address."""
    return URL.match(line.text) is not None
