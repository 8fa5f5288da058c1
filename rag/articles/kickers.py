"""Kickers: a word or two apart above a title ("NATURE", "Your views") that say what the article is about or what it is.

By itself such a line can as well be an outlet, a signature, or the heading of a folder. The file tells: others of its
titles stand below one, and the first stands at its top, further from the text above than from its title, or is the
name of a section.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.articles.kinds import ANCHORS, Kind, Line, is_prose
from rag.articles.names import is_outlet, is_people
from rag.articles.sources import looks_titled

MAX_WORDS = 3
_MIN_LETTERS = 4
"""Shorter words are signs of agencies and writers."""
_MAX_HEAD = 6
"""Lines in which a head says who or when."""
_WORDS = re.compile(r"[^\W\d_]+(?:[ &'’-]+[^\W\d_]+)*")
_ARTICLE = re.compile(r"^the\s+", re.IGNORECASE)
_SEVERAL = 2


def read_kickers(lines: list[Line]) -> None:
    """Kickers stand above a headline as the name of a section does."""
    found = [index for index in range(len(lines) - 1) if _can_be(lines, index)]
    if len({lines[index].text.casefold() for index in found}) < _SEVERAL:
        return
    if found[0] and _is_kicker_like(lines[-1]):
        return  # a word below the last text, and none above the first: they sign
    if not any(_belongs_below(lines, index) for index in found):
        return
    for index in found:
        lines[index] = replace(lines[index], kind=Kind.OVERLINE, label="kicker", name=None, title=None)


def _can_be(lines: Sequence[Line], index: int) -> bool:
    """Whether a line apart from all others stands above a title that a name, a date or a byline follows."""
    line, title = lines[index], lines[index + 1]
    above = lines[index - 1] if index else None
    apart = above is None or line.blank_before or above.kind is Kind.SEPARATOR
    if not (apart and title.blank_before and _is_kicker_like(line) and title.kind is Kind.TITLE):
        return False
    head = lines[index + 2 : index + _MAX_HEAD]
    body = next((place for place, below in enumerate(head) if is_prose(below)), len(head))
    return looks_titled(title.text) and any(
        below.kind in (*ANCHORS, Kind.LABEL) or below.day for below in head[:body]
    )


def _is_kicker_like(line: Line) -> bool:
    """Whether a line holds a word, or a few in capitals, that name no outlet and no one."""
    words = line.text.split()
    return (
        line.kind in (Kind.OUTLET, Kind.TITLE, Kind.OVERLINE)
        and line.number is None
        and len(words) <= MAX_WORDS
        and (len(words) == 1 or line.text.isupper() or line.kind is Kind.OVERLINE)
        and _WORDS.fullmatch(line.text) is not None
        and not line.text[:1].islower()
        and len(line.text) >= _MIN_LETTERS
        and not is_outlet(_ARTICLE.sub("", line.text))
        and not is_people(line.text)
    )


def _belongs_below(lines: Sequence[Line], index: int) -> bool:
    """Whether a kicker is no last line of the article before."""
    line = lines[index]
    wider = line.blank_before > lines[index + 1].blank_before
    return not index or wider or lines[index - 1].kind is Kind.SEPARATOR or line.kind is Kind.OVERLINE
