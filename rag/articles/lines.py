"""The lines of a pasted text, each with its kind: what it is by itself (`classify`) and among its neighbours.

Both the splitter (`digest`) and the reader of heads (`metadata`) rest on this one classification; what can be a name
is told in `names`, what stands around an article in `marks`, what cites one in `sources`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from rag.articles.classify import after_dateline, line_of
from rag.articles.columns import broken_lines, raw_lines, word_in_capitals
from rag.articles.dates import find_date
from rag.articles.fields import read_field_blocks
from rag.articles.heading import read_heads_on_one_line
from rag.articles.kickers import read_kickers
from rag.articles.kinds import ANCHORS, Kind, Line, is_link, is_prose
from rag.articles.margins import (
    read_clocks,
    read_feet,
    read_lists,
    read_quotations,
    read_regards,
    read_remarks,
    read_replies,
)
from rag.articles.marks import (
    CODE,
    COPYRIGHT,
    MAIL_FIELD,
    SLUG_GOES_ON,
    SUBJECT,
    WORDS,
    is_slug,
)
from rag.articles.names import SENTENCE_END
from rag.articles.sources import (
    MAX_TITLE,
    looks_titled,
    named_title,
    outlets_first,
    parted_names,
    title_named,
)

_TURN = re.compile(r"^(?P<who>[^\W\d_][^\n:.!?]{1,40}?)\s?[:：]\s+\S")
_FIELD = re.compile(r"^(?P<label>[^\W\d_][^\W\d_ /.-]*(?:[ /.-][^\W\d_]+){0,2})\s*:\s+(?P<value>\S.{0,60})$")
_SHORT_WORD = re.compile(r"(?:\b[^\W\d_]\.){2,}$")
_EVENT = re.compile(r"(?:\s*[:–—-]\s*|\s{2,}|\t)[^\W\d_]")
_YEAR_FIRST = re.compile(r"^(?:1[4-9]|20)\d\d(?:\s*[:–—-]\s+|\s{2,}|\t)[^\W\d_]")
_MAX_HEADLINE = 4
_MAX_COLUMN_WORDS = 40
"""The lines of a headline above a narrow column, and the characters of each."""
_MIN_BODY = 80
"""Characters of an article's body text, at least."""
_MAX_WEEKDAY = 12
"""A weekday may stand before the day."""
_DANGLES = re.compile(r"(?:\s|^)(?:[^\W\d_A-ZА-ЯÀ-Þ]{1,3}|from|until|since|depuis)$")


def read_lines(text: str) -> list[Line]:
    """The lines of `text` that are not blank, each with its kind."""
    found: list[Line] = []
    columns: set[int] = set()
    broken = broken_lines(text, _stands_alone)
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
            if begin in broken
            else line_of(stripped, start, end, blank)
        )
        if begin in broken:
            columns.add(len(found))
        found.append(line)
        blank = 0
    read_feet(found)
    read_clocks(found)
    read_quotations(found)
    _read_inline_sources(found)
    _read_mail_fields(found)
    _read_records(found)
    read_lists(found)
    read_regards(found)
    _read_fields(found)
    read_field_blocks(found, text)
    _read_sources_below_titles(found)
    _join_broken_sentences(found)
    _read_timelines(found)
    _read_named_titles(found)
    _read_parted_names(found)
    _read_marked_titles(found)
    _read_headlines_of_columns(found, columns)
    _read_turns(found)
    read_replies(found)
    read_remarks(found)
    _read_sources_above(found)
    read_kickers(found)
    return [_title_in_context(found, index) for index in range(len(found))]


def _stands_alone(text: str) -> bool:
    """Whether a line in a column of a page is no part of its text: who wrote it, or furniture."""
    return line_of(text, 0, len(text), 0).kind in (*ANCHORS, Kind.FURNITURE, Kind.CAPTION, Kind.LABEL)


def _read_fields(lines: list[Line]) -> None:
    """Among the labelled lines of a paragraph ("Outlet: ...", "Date: ..."), one with a label of its own
    ("REACH: 18,402") is a field of the record too."""
    first = 0
    for index in range(1, len(lines) + 1):
        if index < len(lines) and not lines[index].blank_before:
            continue
        block = range(first, index)
        first = index
        labels = [place for place in block if lines[place].kind is Kind.LABEL]
        for place in block if len(labels) > 1 else ():
            line = lines[place]
            field = _FIELD.match(line.text)
            if (
                field
                and line.kind not in (Kind.LABEL, Kind.PROSE, Kind.BYLINE)
                and (field["label"].isupper() or len(field["value"].split()) <= 3)
            ):
                lines[place] = replace(line, kind=Kind.RECORD, name=None, title=None, author=None)


def _read_sources_below_titles(lines: list[Line]) -> None:
    """In brackets right below a title, what cites the article ("(Harbour Post, 3 May 2024)") heads it; below its text
    it would close it."""
    for index in range(1, len(lines) - 1):
        above, line, below = lines[index - 1 : index + 2]
        if (
            line.kind is not Kind.FURNITURE
            or line.text[:1] not in "(["
            or line.blank_before
            or above.kind not in (Kind.TITLE, Kind.OUTLET)
            or below.kind not in (Kind.PROSE, Kind.TITLE, Kind.BYLINE, Kind.CAPTION)
        ):
            continue
        inner = line_of(line.text.strip("()[] ."), line.start, line.end, line.blank_before)
        if inner.kind in (Kind.DATE, Kind.CITATION) and inner.title is None:
            lines[index] = replace(inner, text=line.text)


def _read_sources_above(lines: list[Line]) -> None:
    """In brackets above a link or a title and apart from what is before, what cites an article ("[Harbour Post,
    3 May 2024]") heads the one below, unless the file reads otherwise: text stands above the first, or none is left
    below the last."""
    tags = [
        index
        for index, line in enumerate(lines)
        if line.kind is Kind.FURNITURE
        and line.text[:1] in "(["
        and line.text.rstrip(" .")[-1:] in ")]"
        and line.label != "end"
        and line.day
        and line.name
    ]
    above = [index for index in tags if _stands_over(lines, index)]
    if not above or 2 * len(above) <= len(tags):
        return
    bodies = [_written(lines[begin:end]) for begin, end in pairwise([*above, len(lines)])]
    if _written(lines[: above[0]]) < max(_MIN_BODY, min(bodies) / 2) and bodies[-1] >= _MIN_BODY:
        for index in above:
            lines[index] = replace(lines[index], kind=Kind.DATE, label="above")


def _stands_over(lines: Sequence[Line], index: int) -> bool:
    """Whether a line stands apart from what is above it, and a link or a title is next."""
    if index + 1 == len(lines):
        return False
    apart = not index or lines[index].blank_before or lines[index - 1].kind is Kind.SEPARATOR
    below = lines[index + 1]
    return bool(apart and (is_link(below) or below.kind in (Kind.TITLE, Kind.OUTLET)))


def _written(lines: Sequence[Line]) -> int:
    return sum(len(line.text) for line in lines if is_prose(line))


def _read_inline_sources(lines: list[Line]) -> None:
    """Sources in brackets behind the last words of a text count where they are dated, or several texts end so."""
    ends = [index for index, line in enumerate(lines) if line.kind is Kind.PROSE and line.label == "source"]
    for index in ends if len(ends) == 1 else ():
        if not (lines[index].day or lines[index].month_day):
            lines[index] = replace(lines[index], label=None, name=None)


def _read_timelines(lines: list[Line]) -> None:
    """Of days with an event each ("3 May 2024: the dam fails"), one right below the other, none heads an article."""
    listed = [
        line.kind is not Kind.LABEL
        and (_opens_with_day(line.text) or _YEAR_FIRST.match(line.text) is not None)
        for line in lines
    ]
    for index, line in enumerate(lines):
        above = index > 0 and not line.blank_before and listed[index - 1]
        below = index + 1 < len(lines) and not lines[index + 1].blank_before and listed[index + 1]
        if listed[index] and (above or below):
            lines[index] = replace(line, kind=Kind.BULLET, day=None, name=None, title=None, author=None)


def _opens_with_day(text: str) -> bool:
    when = find_date(text[:40])
    return when is not None and when.start <= _MAX_WEEKDAY and _EVENT.match(text[when.end :]) is not None


def _read_named_titles(lines: list[Line]) -> None:
    """ "Harbour Post: Dam fails" names its outlet where several lines of a file open so, each another article's."""
    read_heads_on_one_line(lines)
    found = {
        index: named
        for index, line in enumerate(lines)
        if line.kind in (Kind.TITLE, Kind.SPEAKER, Kind.PROSE)
        and (line.blank_before or not index)
        and line.label is None
        and (named := named_title(line.text) or title_named(line.text)) is not None
    }
    speak = {
        match["who"]
        for index, line in enumerate(lines)
        if line.kind is Kind.SPEAKER and index not in found and (match := _TURN.match(line.text))
    }
    found = {index: named for index, named in found.items() if named[0] not in speak}
    for index, (name, title) in found.items() if len(found) > 1 else ():
        lines[index] = replace(lines[index], kind=Kind.CITATION, name=name, title=title)


def _read_parted_names(lines: list[Line]) -> None:
    """Right below a title "Il Sale / Rob Hale" names an outlet and who wrote for it, where several titles of a file
    stand above such a line."""
    found = {
        index: pair
        for index, line in enumerate(lines)
        if index
        and not line.blank_before
        and line.kind in (Kind.TITLE, Kind.OUTLET)
        and lines[index - 1].kind in (Kind.TITLE, Kind.OUTLET)
        and not parted_names(lines[index - 1].text)
        and (pair := parted_names(line.text))
    }
    if len(found) < 2:
        return
    for index, (outlet, author) in zip(found, outlets_first(list(found.values())), strict=True):
        lines[index] = replace(lines[index], kind=Kind.CITATION, name=outlet, author=author, title=None)


def _read_marked_titles(lines: list[Line]) -> None:
    """Points that stand alone between paragraphs, several of them with the same mark, are titles: those of a list stand
    together."""
    found = {
        index: bare
        for index, line in enumerate(lines[:-1])
        if line.kind is Kind.BULLET
        and line.blank_before
        and (lines[index + 1].blank_before or lines[index + 1].kind in ANCHORS)
        and lines[index + 1].kind in (Kind.PROSE, *ANCHORS)
        and looks_titled(bare := line.text[1:].strip())
        and not SENTENCE_END.search(bare)
    }
    marks = Counter(lines[index].text[0] for index in found)
    for index, title in found.items():
        if marks[lines[index].text[0]] > 1:
            lines[index] = replace(lines[index], kind=Kind.TITLE, name=None, title=title)


def _read_headlines_of_columns(lines: list[Line], columns: set[int]) -> None:
    """Above a narrow column stands its headline, broken as the column is; a byline may be between them. The first
    of its lines has the title, the others are part of it. The label says that the column opens in
    capitals, as the first of an article does."""
    for first, line in enumerate(lines):
        if first in columns or not (
            line.blank_before or not first or lines[first - 1].kind is Kind.SEPARATOR
        ):
            continue
        last = first
        while last + 1 < len(lines) and last - first < _MAX_HEADLINE - 1 and _goes_on(lines, last, columns):
            last += 1
        below = last + 1
        while below < len(lines) and below - last <= 2 and lines[below].kind in (*ANCHORS, Kind.OUTLET):
            below += 1
        if below not in columns or not _broken_off(line) or (last == first and line.kind is not Kind.TITLE):
            continue
        shouted = below > last + 1 and line.text.isupper() and len(line.text.split()) >= 3
        joined = " ".join(part.text for part in lines[first : last + 1])
        label = (
            "headline"
            if word_in_capitals(lines[below].text)
            else "column"
            if last > first or shouted
            else None
        )
        for index in range(first, last + 1):
            title = joined if index == first else None
            lines[index] = replace(lines[index], kind=Kind.TITLE, name=None, title=title, label=label)


def _goes_on(lines: Sequence[Line], index: int, columns: set[int]) -> bool:
    """Whether the line below belongs to the same headline: it stands close, and is no byline and no text."""
    below = lines[index + 1]
    return not below.blank_before and index + 1 not in columns and _broken_off(below)


def _broken_off(line: Line) -> bool:
    return (
        line.kind in (Kind.TITLE, Kind.OUTLET, Kind.PROSE)
        and len(line.text) <= _MAX_COLUMN_WORDS
        and not SENTENCE_END.search(line.text)
    )


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
    for index in range(1, len(lines) - 1):  # "Date:" between two of them
        fields[index] = fields[index] or (
            fields[index - 1]
            and lines[index].label == "date"
            and fields[index + 1]
            and not lines[index].blank_before
        )
    for index, line in enumerate(lines):
        if fields[index] and any(fields[max(0, index - 1) : index] + fields[index + 1 : index + 2]):
            lines[index] = _mail_field(line)


def _mail_field(line: Line) -> Line:
    """The subject of a mail is a title; its other fields name no outlet and no author."""
    subject = SUBJECT.match(line.text)
    plain = replace(line, kind=Kind.RECORD, name=None, title=None, author=None, label=None, day=None)
    return replace(plain, kind=Kind.LABEL, label="title", title=subject["subject"]) if subject else plain


def _is_field(line: Line) -> bool:
    """Whether a line is a field of a database's record that goes on from the line above."""
    return not line.blank_before and line.kind is Kind.RECORD


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
    if (title := _announced(lines, index)) is not None or (title := _shortened(lines, index)) is not None:
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


def _shortened(lines: Sequence[Line], index: int) -> str | None:
    """The title that ends in a shortened word ("Tax up by 4 p.c.") and stands right above a byline."""
    line = lines[index]
    if not _SHORT_WORD.search(line.text) or not looks_titled(line.text) or index + 1 == len(lines):
        return None
    below = lines[index + 1]
    signed_below = below.kind is Kind.BYLINE and not below.blank_before
    return line.text if signed_below and (line.blank_before or not index) else None


def _announced(lines: Sequence[Line], index: int) -> str | None:
    """The title in "CITY (Agency) -- What happened", right above the body."""
    line = lines[index]
    title = after_dateline(line.text)
    if not line.dateline or SENTENCE_END.search(title) or not looks_titled(title) or index + 1 == len(lines):
        return None
    below = lines[index + 1]
    opens = below.kind is Kind.PROSE and not below.blank_before and not below.text[:1].islower()
    return title if opens and (line.blank_before or not index) else None
