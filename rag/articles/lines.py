"""The lines of a pasted text, each with its kind: what it is by itself (`classify`) and among its neighbours.

Both the splitter (`digest`) and the reader of heads (`metadata`) rest on this one classification; what can be a name
is told in `names`, what stands around an article in `marks`, what cites one in `sources`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.articles.classify import after_dateline, line_of
from rag.articles.kinds import ANCHORS, Kind, Line
from rag.articles.marks import (
    CODE,
    COPYRIGHT,
    MAIL_FIELD,
    SLUG_GOES_ON,
    SUBJECT,
    WORDS,
    is_slug,
    list_follows,
)
from rag.articles.names import SENTENCE_END
from rag.articles.sources import MAX_TITLE, looks_titled

_RAW_LINE = re.compile(r"(?P<line>[^\r\n]*)(?:\r\n|\r|\n|\Z)")
_TURN = re.compile(r"^(?P<who>[^\W\d_][^\n:.!?]{1,40}?)\s?[:：]\s+\S")
_DANGLES = re.compile(r"(?:\s|^)(?:[^\W\d_A-ZА-ЯÀ-Þ]{1,3}|from|until|since|depuis)$")


def raw_lines(text: str) -> Iterator[tuple[int, str]]:
    """Every line with its offset, whatever kind of newline ends it."""
    for match in _RAW_LINE.finditer(text):
        yield match.start(), match["line"]


def read_lines(text: str) -> list[Line]:
    """The lines of `text` that are not blank, each with its kind."""
    found: list[Line] = []
    wrapped = _wrapped(text)
    blank = 0
    for begin, raw in raw_lines(text):
        stripped = raw.strip()
        if not stripped:
            blank += 1
            continue
        start = begin + len(raw) - len(raw.lstrip())
        end = start + len(stripped)
        line = (
            Line(Kind.PROSE, start, end, stripped, blank)
            if begin in wrapped
            else line_of(stripped, start, end, blank)
        )
        found.append(line)
        blank = 0
    _read_mail_fields(found)
    _read_records(found)
    _read_furniture_lists(found)
    _join_broken_sentences(found)
    _read_turns(found)
    return [_title_in_context(found, index) for index in range(len(found))]


def _read_records(lines: list[Line]) -> None:
    """In a paragraph that counts words, as databases write it, a code and a copyright line are records too; below an
    agency's slug its second line is."""
    first = 0
    for index, line in enumerate(lines):
        if line.blank_before:
            first = index
        if (
            index
            and not line.blank_before
            and is_slug(lines[index - 1].text)
            and SLUG_GOES_ON.match(line.text)
        ):
            lines[index] = replace(line, kind=Kind.OVERLINE, name=None, title=None)
        elif (COPYRIGHT.match(line.text) and index + 1 < len(lines) and _is_field(lines[index + 1])) or (
            (CODE.match(line.text) or COPYRIGHT.match(line.text))
            and any(above.kind is Kind.RECORD and WORDS.match(above.text) for above in lines[first:index])
        ):
            lines[index] = replace(line, kind=Kind.RECORD, name=None, title=None)


def _read_mail_fields(lines: list[Line]) -> None:
    """Of two fields of a mail, one below the other, neither names an outlet or an author: they say who sent it."""
    fields = [line.kind is not Kind.PROSE and MAIL_FIELD.match(line.text) is not None for line in lines]
    for index, line in enumerate(lines):
        if fields[index] and any(fields[max(0, index - 1) : index] + fields[index + 1 : index + 2]):
            lines[index] = _mail_field(line)


def _mail_field(line: Line) -> Line:
    """The subject of a mail is a title; its other fields name no outlet and no author."""
    subject = SUBJECT.match(line.text)
    plain = replace(line, kind=Kind.RECORD, name=None, title=None, author=None, label=None)
    return replace(plain, kind=Kind.LABEL, label="title", title=subject["subject"]) if subject else plain


def _is_field(line: Line) -> bool:
    """Whether a line is a field of a database's record that goes on from the line above."""
    return not line.blank_before and line.kind is Kind.RECORD


def _read_furniture_lists(lines: list[Line]) -> None:
    """The numbered titles right below "Most read" are furniture as it is."""
    listing = False
    for index, line in enumerate(lines):
        if line.kind is Kind.FURNITURE and list_follows(line.text):
            listing = True
        elif listing and line.number is not None and not line.blank_before:
            lines[index] = replace(line, kind=Kind.FURNITURE, title=None, name=None, number=None)
        else:
            listing = False


def _join_broken_sentences(lines: list[Line]) -> None:
    """A date that a page set on a line of its own amid a sentence ("It ended on", "3 May 2024", "after a week.") dates
    nothing."""
    for index in range(1, len(lines) - 1):
        above, line, below = lines[index - 1 : index + 2]
        if (
            line.kind is Kind.DATE
            and not line.blank_before
            and not below.blank_before
            and below.text[:1].islower()
            and _DANGLES.search(above.text)
        ):
            for place in range(index - 1, index + 2):
                plain = replace(lines[place], kind=Kind.PROSE, day=None, name=None, title=None)
                lines[place] = replace(plain, author=None, label=None, changed=None)


def _title_in_context(lines: Sequence[Line], index: int) -> Line:
    """An exclamation right above a date or byline is a title, as is "CITY - What happened" without a full stop; so is
    any first line."""
    line = lines[index]
    if line.kind is not Kind.PROSE or len(line.text) > MAX_TITLE:
        return line
    if (title := _announced(lines, index)) is not None:
        return replace(line, kind=Kind.TITLE, title=title)
    announced = line.dateline is not None and not SENTENCE_END.search(line.text)
    if index and not announced and not line.text.endswith("!"):
        return line
    below = index + 1
    while below < len(lines) and lines[below].kind in (*ANCHORS, Kind.LABEL, Kind.OUTLET):
        below += 1
    if below == index + 1 or (below < len(lines) and lines[below].kind is Kind.TITLE):
        return line
    stands_apart = index == 0 or line.blank_before > 0
    return replace(line, kind=Kind.TITLE, title=line.text) if stands_apart else line


def _read_turns(lines: list[Line]) -> None:
    """A short "Name: ..." is a turn of a conversation where the next line or the one before is another's, and both
    speak again."""
    who = [match["who"] if (match := _TURN.match(line.text)) else None for line in lines]
    often = {name for name, times in Counter(name for name in who if name).items() if times > 1}
    for index, line in enumerate(lines):
        beside = {
            name for name in (who[index - 1] if index else None, *who[index + 1 : index + 2]) if name in often
        }
        if line.kind in (Kind.TITLE, Kind.PROSE) and who[index] in often and beside - {who[index]}:
            lines[index] = replace(line, kind=Kind.SPEAKER, title=None)


def _announced(lines: Sequence[Line], index: int) -> str | None:
    """The title in "CITY (Agency) -- What happened", right above the body."""
    line = lines[index]
    title = after_dateline(line.text)
    if not line.dateline or SENTENCE_END.search(title) or not looks_titled(title) or index + 1 == len(lines):
        return None
    below = lines[index + 1]
    opens = below.kind is Kind.PROSE and not below.blank_before and not below.text[:1].islower()
    return title if opens and (line.blank_before or not index) else None


def _wrapped(text: str) -> set[int]:
    """Starts of the lines that a margin broke out of a paragraph: they are prose however short."""
    starts: set[int] = set()
    paragraph: list[tuple[int, str]] = []

    def close() -> None:
        lengths = [len(line) for _, line in paragraph]
        if len(lengths) >= 3 and 50 < max(lengths) <= 120 and min(lengths[:-1]) >= max(lengths) - 30:
            middle = [line.lstrip()[:1].islower() for _, line in paragraph[1:]]
            if sum(middle) >= len(middle) / 3:
                starts.update(start for start, _ in paragraph)
        paragraph.clear()

    for position, line in raw_lines(text):
        if line.strip():
            paragraph.append((position, line))
        else:
            close()
    close()
    return starts
