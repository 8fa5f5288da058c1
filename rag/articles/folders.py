"""Headings that stand above several articles of a digest: a day, an outlet, a section.

A line that stands alone above some heads of a file, while others of the same layout lack it, heads a group. It belongs
to no article: not to the one above it, and not to the one below it alone. The day or the outlet it names holds for all
articles down to the next such line, if none of them names its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from rag.articles.classify import line_of
from rag.articles.heads import shape_of, title_of
from rag.articles.kinds import Kind, Line
from rag.articles.metadata import Head
from rag.articles.names import clean, is_outlet

_MIN_SHARE = 0.5
"""For each such heading, so many heads of the layout without one, at least."""
_GROUP = 2
"""Articles that a heading has below it on average, at least; else it belongs to the one below."""


def without_folders(
    lines: Sequence[Line], heads: Sequence[list[int]]
) -> tuple[list[list[int]], frozenset[int]]:
    """The heads without the headings of groups above them, and the lines that are such headings."""
    shapes = Counter(_layout(lines, head) for head in heads if head)
    kicked = [head for head in heads if head and lines[head[0]].label == "kicker"]
    headed = [head for head in heads if len(head) > 1 and _stands_alone(lines, head[0])]
    if _GROUP * len(kicked) > sum(map(bool, heads)):
        headed = [head for head in headed if head not in kicked]
    headed = [head for head in headed if any(title_of(lines[index]) for index in head[1:])]
    bare = Counter(_layout(lines, head[1:]) for head in headed)
    found = [
        head
        for head in headed
        if (shape := _layout(lines, head[1:])) and shapes[shape] >= max(1, _MIN_SHARE * bare[shape])
    ]
    if not found:
        return list(heads), frozenset()
    kinds = {lines[head[0]].kind for head in found}
    top = heads[0][0] - 1 if heads and heads[0] else -1
    above = {top} if top >= 0 and lines[top].kind in kinds and _stands_alone(lines, top) else set()
    opens = frozenset(head[0] for head in found)
    return [head[1:] if head and head[0] in opens else head for head in heads], opens | above


def filed(heads: Sequence[Head], folders: Sequence[str | None]) -> list[Head]:
    """The heads of a digest with the outlet and the day of the heading each stands under; `folders` has the heading
    right above each article, or None."""
    told = [line_of(text, 0, len(text), 1) if text else None for text in folders]
    found = list(heads)
    named = {place: clean(line.text) for place, line in enumerate(told) if line and is_outlet(line.text)}
    dated = {place: line.day for place, line in enumerate(told) if line and line.day and not line.name}
    if named and not any(head.outlet for head in heads):
        outlets = _held(named, len(found))
        found = [replace(head, outlet=outlet) for head, outlet in zip(found, outlets, strict=True)]
    if dated and not any(head.published for head in heads):
        days = _held(dated, len(found))
        found = [replace(head, published=day) for head, day in zip(found, days, strict=True)]
    return found


_T = TypeVar("_T")


def _held(told: dict[int, _T], count: int) -> list[_T | None]:
    """What holds at each place: the last that was told."""
    found: list[_T | None] = []
    for place in range(count):
        found.append(told.get(place, found[-1] if found else None))
    return found


def _stands_alone(lines: Sequence[Line], index: int) -> bool:
    """Whether a short line that is no headline has room above and below."""
    line = lines[index]
    apart = not index or line.blank_before or lines[index - 1].kind is Kind.SEPARATOR
    named = line.kind is Kind.DATE and line.title is None and not line.name and not line.author
    return bool(
        apart
        and index + 1 < len(lines)
        and lines[index + 1].blank_before
        and (named or line.kind in (Kind.OUTLET, Kind.OVERLINE))
    )


def _layout(lines: Sequence[Line], head: Sequence[int]) -> tuple[str, ...]:
    """The kinds of the lines of a head up to the first that dates, signs or cites it: what follows may be missing."""
    return shape_of(lines, head)[:2]
