"""Files that name the source of an article below it: their citations close articles and open none.

A paragraph that only cites ("Harbour Post, 3 May 2024") between two stretches of body text can belong to either. The
file tells which: whose body stands above the first of them, whether one is left for the last, on which side the wider
space is, and what form they have. All paragraphs of the kind in one file are read alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.articles.heads import body_of
from rag.articles.kinds import ANCHORS, Kind, Line, is_prose

_MIN_BODY = 80
_MIN_BLOCKS = 2
_SIDE = 2
"""Where the bodies of the file stand is told by its edges; they count as much as two paragraphs."""
_CITING = (*ANCHORS, Kind.LABEL)
_MARKS = "(—–[~"
"""What a source below its text opens with."""


def with_sources_below(lines: list[Line]) -> list[Line]:
    """The lines, with those that cite what stands above them as furniture labelled "source", if the file does so."""
    found = list(lines)
    for blocks in (_blocks(lines), *_recurring(lines)):
        if len(blocks) < _MIN_BLOCKS or _votes(lines, blocks) <= 0:
            continue
        for index in (index for block in blocks for index in block):
            found[index] = replace(found[index], kind=Kind.FURNITURE, label="source", title=None, number=None)
    return found


def _recurring(lines: Sequence[Line]) -> list[list[range]]:
    """Short lines that return word for word between texts: an agency's sign-off, "Back to the list"."""
    places: dict[str, list[range]] = {}
    for index in range(1, len(lines)):
        line, below = lines[index], lines[index + 1] if index + 1 < len(lines) else None
        if (
            line.kind in (Kind.OUTLET, Kind.TITLE, Kind.FURNITURE, Kind.RECORD)
            and is_prose(lines[index - 1])
            and (below is None or below.blank_before or below.kind is Kind.SEPARATOR)
        ):
            places.setdefault(line.text, []).append(range(index, index + 1))
    return [blocks for blocks in places.values() if len(blocks) > _MIN_BLOCKS]


def _blocks(lines: Sequence[Line]) -> list[range]:
    """Paragraphs that only cite, with body text right above and none right below: a title, a rule, or the end."""
    found: list[range] = []
    first = 0
    for index in range(1, len(lines) + 1):
        if index < len(lines) and not lines[index].blank_before and not _source_tag(lines[index]):
            continue
        block = range(first, index)
        first = index
        if block.start == 0 or not all(_cites(lines[place]) for place in block):
            continue
        above, below = lines[block.start - 1], lines[index] if index < len(lines) else None
        parted = below is None or below.kind is Kind.SEPARATOR or bool(below.blank_before)
        if (
            any(_anchors(lines[place]) for place in block)
            and is_prose(above)
            and parted
            and (below is None or not is_prose(below) or _closes_itself(lines, block))
        ):
            found.append(block)
    return found


def _closes_itself(lines: Sequence[Line], block: range) -> bool:
    """Whether a source in brackets stands below a text, whatever follows."""
    return all(_source_tag(lines[index]) for index in block)


def _source_tag(line: Line) -> bool:
    return line.text[:1] in "([" and line.text.rstrip(" .")[-1:] in ")]" and _anchors(line)


def _anchors(line: Line) -> bool:
    if line.label in ("stamp", "title", "end", "above"):
        return False
    cites = line.kind in _CITING or line.kind is Kind.FURNITURE
    return cites and bool(line.day or line.month_day or line.name) and line.title in (None, line.name)


def _cites(line: Line) -> bool:
    return _anchors(line) or line.kind is Kind.OUTLET or (line.kind in _CITING and line.title is None)


def _votes(lines: Sequence[Line], blocks: Sequence[range]) -> int:
    """How much speaks for sources below their articles, less what speaks for sources above them."""
    first, last = blocks[0].start, blocks[-1].stop
    found = _SIDE if body_of(lines[:first]) >= _MIN_BODY and not is_prose(lines[0]) else -_SIDE
    found += _SIDE if body_of(lines[last:]) < _MIN_BODY else -_SIDE
    for block in blocks:
        if block.stop < len(lines):
            below, above = lines[block.stop], lines[block.start]
            wider = below.blank_before - above.blank_before
            found += (wider > 0) - (wider < 0)
        found += lines[block.start].text[:1] in _MARKS
    return found
