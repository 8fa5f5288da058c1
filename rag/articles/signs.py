"""The signs that an article begins at a head, each with its weight.

Three sorts: what the head itself holds (a date, a byline, a citation, a messenger's stamp), what stands between it and
the article before (furniture, a separator, a database's closing record), and what it shares with the other heads of
its file: the same lines in the same order, the same mark before the first, a title that the contents announced. The
last sort is learned from the file before any head is judged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.articles.address import own_address
from rag.articles.columns import opens_in_capitals
from rag.articles.heads import form_of, identified, rule_above, shape_of, signed_alone, title_of
from rag.articles.kinds import ANCHORS, Kind, Line, is_link, is_prose, script_of
from rag.articles.marks import announces_digest
from rag.articles.sources import MAX_TITLE

WEIGHTS = {
    "date": 3.0,
    "byline": 2.0,
    "label": 1.5,
    "number": 2.0,
    "separator": 2.5,
    "repeated title": 1.5,
    "script": 1.5,
    "stamp": 1.0,
    "message": 3.0,
    "address": 3.0,
    "citation": 1.5,
    "cited title": 1.0,
    "overline": 1.0,
    "record": 1.5,
    "signature": 1.0,
    "end": 2.0,
    "source above": 2.0,
    "dateline": 1.5,
    "title": 1.0,
    "outlet": 1.0,
    "furniture": 1.0,
    "closing date": 1.5,
    "blank lines": 1.0,
    "same shape": 1.0,
    "same opening": 1.0,
    "same rule": 1.0,
    "in contents": 2.5,
    "capitals": 3.0,
    "column": 2.0,
    "announced": 1.0,
}
"""What each sign counts; set by hand, on invented digests of twelve layouts (`tests/data/digests`) and on eight harder
ones (decision 0006)."""
_PARAGRAPH = 80
_PAGE = re.compile(
    r"\s*(?:[.·…_]\s?){2,}\s*(?:p\.?\s?)?\d{1,3}$|\s*\((?:p|page|s)\.?\s?\d{1,3}\)$|\t+\d{1,3}$",
    re.IGNORECASE,
)
_LIST_MARK = re.compile(r"^\s*(?:\d{1,3}\s*[.)]|[•·▪◦‣*+–—-])\s*")


@dataclass(frozen=True, slots=True)
class File:
    """What the heads of one file have in common, learned before any is judged."""

    shapes: Counter[tuple[str, ...]]
    forms: Counter[str | None]
    contents: frozenset[str]
    rules: Counter[str | None]
    capitals: int
    announced: bool


def learn(lines: Sequence[Line], heads: Sequence[Sequence[int]]) -> File:
    """What `heads` have in common, and what the text announces before its first paragraph."""
    sure = [head for head in heads if head and identified(lines, head)]
    return File(
        Counter(shape_of(lines, head) for head in heads if head),
        Counter(form_of(lines[head[0]]) for head in heads if head),
        contents_of(lines),
        Counter(rule_above(lines, head[0]) for head in sure),
        max(
            sum(_opens_in_capitals(lines, head) for head in sure),
            sum(_heads_column(lines, head) for head in heads),
        ),
        announces_digest([line.text for line in lines[:8]]),
    )


def signs_of(
    lines: Sequence[Line], gap: tuple[int, int], head: Sequence[int], file: File
) -> dict[str, float]:
    """The signs that an article begins at `head`, which is not empty, in `gap`."""
    found = {
        **_in_head(lines, gap, head),
        **_before(lines, gap, head),
        **_shared(lines, head, file),
    }
    return {name: WEIGHTS[name] * times for name, times in found.items() if times}


def _in_head(lines: Sequence[Line], gap: tuple[int, int], head: Sequence[int]) -> dict[str, float]:
    """What the head holds, and how often it counts."""
    own = [lines[index] for index in head]
    kinds = Counter(line.kind for line in own)
    titles = [line.text.strip() for line in own if line.kind is Kind.TITLE]
    opening = next((line for line in [*lines[gap[1] : gap[1] + 1], *own] if line.dateline is not None), None)
    agency_and_day = opening is not None and opening.dateline and (opening.day or opening.month_day)
    return {
        "date": any(line.day and line.kind in (*ANCHORS, Kind.LABEL) for line in own),
        "byline": min(kinds[Kind.BYLINE], 1),
        "label": min(kinds[Kind.LABEL], 3),
        "title": any(title_of(line) for line in own),
        "outlet": kinds[Kind.OUTLET] > 0
        or any(line.name and line.kind in (Kind.DATE, Kind.CITATION) for line in own),
        "repeated title": len(titles) != len(set(titles))
        or any(_repeats(lines, gap[1], title) for title in titles),
        "stamp": any(line.label == "stamp" for line in own),
        "message": any(line.label == "message" for line in own),
        "address": _addressed(lines, gap, head),
        "citation": min(kinds[Kind.CITATION], 1),
        "cited title": _cites_title(own),
        "overline": min(kinds[Kind.OVERLINE], 1),
        "record": min(kinds[Kind.RECORD], 2),
        "signature": signed_alone(lines, head),
        "dateline": 2 if agency_and_day else int(opening is not None),
    }


def _cites_title(head: Sequence[Line]) -> bool:
    """Whether right below a title that stands apart a single line names the outlet, and nothing dates or signs the
    head."""
    return (
        sum(line.kind is Kind.CITATION for line in head) == 1
        and any(
            upper.kind is Kind.TITLE
            and upper.blank_before > 0
            and lower.kind is Kind.CITATION
            and bool(lower.name)
            and not lower.title
            for upper, lower in pairwise(head)
        )
        and not any(line.day or line.kind is Kind.BYLINE for line in head)
    )


def _addressed(lines: Sequence[Line], gap: tuple[int, int], head: Sequence[int]) -> bool:
    """Whether an address right above the head, or between it and the body, repeats the words of its title."""
    links = [line.text for line in lines[max(gap[0], head[0] - 1) : gap[1]] if is_link(line)]
    titles = [title for index in head if (title := title_of(lines[index]))]
    return any(own_address(link, title) for link in links for title in titles) or any(
        lines[index].label == "address" for index in head
    )


def _before(lines: Sequence[Line], gap: tuple[int, int], head: Sequence[int]) -> dict[str, float]:
    """What stands between the article before and the head."""
    above = lines[gap[0] : head[0]]
    first = lines[head[0]]
    inline = lines[gap[0] - 1] if gap[0] and lines[gap[0] - 1].label == "source" else None
    return {
        "separator": any(line.kind is Kind.SEPARATOR for line in above),
        "furniture": any(line.kind is Kind.FURNITURE for line in above),
        "end": any(line.label == "end" for line in above),
        "source above": any(line.label == "source" for line in lines[max(0, gap[0] - 1) : head[0]]),
        "closing date": any(line.day for line in above) or bool(inline and inline.day),
        "blank lines": any(line.blank_before >= 2 for line in (first, *above)),
        "number": _follows(lines, head[0], first.number),
        "script": _script_changes(lines, gap),
    }


def _shared(lines: Sequence[Line], head: Sequence[int], file: File) -> dict[str, float]:
    """What the head shares with others of the file; the form of a single line is no layout."""
    form = form_of(lines[head[0]])
    several = len(head) > 1 or lines[head[0]].kind is Kind.CITATION
    rule = rule_above(lines, head[0])
    return {
        "same shape": several and file.shapes[shape_of(lines, head)] > 1,
        "same opening": several and form is not None and file.forms[form] > 1,
        "same rule": rule is not None and file.rules[rule] > 1,
        "capitals": file.capitals > 1
        and lines[head[0]].blank_before > 0
        and (_opens_in_capitals(lines, head) or _heads_column(lines, head)),
        "column": sum(lines[index].label in ("headline", "column") for index in head) > 1
        or any(lines[index].label == "column" and lines[index].text.isupper() for index in head),
        "announced": file.announced,
        "in contents": any(
            plain(lines[index].text) in file.contents for index in head if lines[index].kind is Kind.TITLE
        ),
    }


def _opens_in_capitals(lines: Sequence[Line], head: Sequence[int]) -> bool:
    body = next((line for line in lines[head[-1] + 1 :][:3] if is_prose(line)), None)
    return body is not None and not body.blank_before and opens_in_capitals(body.text)


def _heads_column(lines: Sequence[Line], head: Sequence[int]) -> bool:
    return any(lines[index].label == "headline" for index in head)


def contents_of(lines: Sequence[Line]) -> frozenset[str]:
    """The titles that a list above the first paragraph announces and that return below, as a list or not; one alone is
    no contents."""
    start = next(
        (index for index, line in enumerate(lines) if is_prose(line) and len(line.text) >= _PARAGRAPH), 0
    )
    listed = {plain(line.text) for line in lines[:start] if is_listed(line)}
    told = Counter(title for line in lines if (title := plain(line.text)) in listed)
    loose = {title for line in lines if not is_listed(line) and (title := plain(line.text)) in listed}
    found = {title for title in listed if title in loose or told[title] > 1}
    return frozenset(found) if len(found) > 1 else frozenset()


def is_listed(line: Line) -> bool:
    """Whether a line is an item of a list."""
    return line.number is not None or line.kind is Kind.BULLET


def plain(title: str) -> str:
    """A title as the contents and the article's head write it alike: without number, bullet, page and capitals."""
    bare = _LIST_MARK.sub("", title)
    return (_PAGE.sub("", bare) if len(bare) <= 2 * MAX_TITLE else bare).strip().casefold()


def _repeats(lines: Sequence[Line], index: int, title: str) -> bool:
    """Whether the body opens with the title once more."""
    return index < len(lines) and len(title) > 15 and lines[index].text.startswith(title)


def _follows(lines: Sequence[Line], index: int, number: int | None) -> bool:
    """Whether a numbered title continues a series: the number before it stands on an earlier title."""
    if number is None:
        return False
    return number > 1 and any(line.number == number - 1 for line in lines[:index])


def _script_changes(lines: Sequence[Line], gap: tuple[int, int]) -> bool:
    before = "".join(line.text for line in lines[max(0, gap[0] - 3) : gap[0]])
    after = "".join(line.text for line in lines[gap[1] : gap[1] + 3])
    return script_of(before) != script_of(after)
