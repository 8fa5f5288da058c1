"""Which part of an article each line of a pasted text is: its title, who wrote it when, its text, none of it.

Two readings by a trained chain (`chain`) of what is seen at each line (`looks`): the second also knows what the first
thought of the lines of the file that look alike, since a digest sets all its articles alike. What the rules (`digest`)
say is seen too; how far to trust them is learned.

A line's tag is one letter: T title, M outlet, author or date above the text, H what else stands above it, B text,
E outlet, author or date below it, X no article's; an S before it where an article begins.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from rag.articles.chain import Chain, chain
from rag.articles.digest import Boundary
from rag.articles.kinds import Line, is_prose
from rag.articles.looks import GUESSES, carried, echoes, looks_of

NONE, TEXT, BEGINS = "X", "B", "S"
_RULED = 1.0
"""What speaks, in nats, for a beginning where the rules see one, besides what is learned: the digests learned from are
harder than most."""
_SURE = 0.6
"""How likely a further beginning must be where the rules see a single article."""
_MIN_BODY = 80
"""Characters of text that an article has at least."""
_MAX_PREAMBLE = 500
"""Characters of text that a digest may say of itself before its first article."""


def tags_of(lines: Sequence[Line], ruled: Sequence[Boundary]) -> list[str]:
    """The tag of each line; `ruled` are the articles that the rules see. At least one begins."""
    return tags_by(lines, chain("lines"), chain("lines2"), ruled) if lines else []


def tags_by(
    lines: Sequence[Line], first: Chain, second: Chain, ruled: Sequence[Boundary] | None
) -> list[str]:
    """The tags that two readers give, with the advice of the rules unless that is None."""
    seen = looks_of(lines, ruled)
    guesses = guesses_of(first, first.shares(first.scores(carried(seen))))
    scores = second.scores(carried(echoes(lines, seen, guesses)))
    ends = [line.end for line in lines]
    begin = [place for place, label in enumerate(second.labels) if label.startswith(BEGINS)]
    for item in ruled or ():
        scores[min(bisect_right(ends, item.start), len(lines) - 1), begin] += _RULED
    tags = second.best(scores)
    if ruled is not None and len(ruled) == 1:
        tags = _doubted(lines, tags, second.shares(scores)[:, begin].sum(axis=1))
    return _whole(lines, tags, top=ruled[0].start if ruled else lines[0].start)


def _doubted(lines: Sequence[Line], tags: Sequence[str], shares: npt.NDArray[np.float32]) -> list[str]:
    """The tags where the rules see a single article: another begins only where that is likely, and with a line of text
    only if most do."""
    starts = begins(tags)
    texts = sum(is_prose(lines[index]) for index in starts)
    kept = [
        index
        for index in starts
        if index == starts[0]
        or (shares[index] >= _SURE and (not is_prose(lines[index]) or 2 * texts > len(starts)))
    ]
    return begun_at(lines, tags, [lines[index].start for index in kept]) if kept else list(tags)


def tags_of_rules(lines: Sequence[Line], ruled: Sequence[Boundary]) -> list[str]:
    """Text, but for the headings of groups."""
    folders = {item.folder for item in ruled}
    return [NONE if line.start in folders else TEXT for line in lines]


def guesses_of(read: Chain, shares: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What a first reading says of each line, as `echoes` wants it: lines x `looks.GUESSES`."""
    columns = [
        [
            place
            for place, label in enumerate(read.labels)
            if (label.startswith(BEGINS) if what == BEGINS else label.endswith(what))
        ]
        for what in GUESSES
    ]
    return np.stack([shares[:, places].sum(axis=1) for places in columns], axis=1).astype(np.float32)


def begins(tags: Sequence[str]) -> list[int]:
    """The lines with which articles begin."""
    return [index for index, tag in enumerate(tags) if tag.startswith(BEGINS)]


def begun_at(lines: Sequence[Line], tags: Sequence[str], starts: Iterable[int]) -> list[str]:
    """The tags with articles that begin at these offsets and nowhere else."""
    ends = [line.end for line in lines]
    wanted = {min(bisect_right(ends, start), len(lines) - 1) for start in starts}
    first = min(wanted)
    found = []
    for index, tag in enumerate(tags):
        part = tag[-1]
        if index in wanted:
            part = BEGINS + ("H" if part == NONE else part)
        found.append(part if index >= first else NONE)
    return found


def _whole(lines: Sequence[Line], tags: Sequence[str], *, top: int) -> list[str]:
    """The tags without articles that hold no text: what begins one so soon after another goes on with it, a last one
    belongs to the one before. A first one without much above it begins at `top` (an offset)."""
    found = list(tags)
    starts = begins(found)
    first = next(index for index, line in enumerate(lines) if line.end > top)
    above = sum(len(line.text) for line in lines[first : starts[0] if starts else first])
    if not starts or above > _MAX_PREAMBLE:
        starts = [first, *(start for start in starts if start > first)]
    kept: list[int] = []
    for start, after in zip(starts, [*starts[1:], len(lines)], strict=True):
        if kept and _written(lines[kept[-1] : start]) < _MIN_BODY:
            continue
        if kept and after == len(lines) and _written(lines[start:]) < _MIN_BODY:
            continue
        kept.append(start)
    found = begun_at(lines, found, [lines[start].start for start in kept])
    if len(kept) > 1:
        return found
    body = next((index for index, line in enumerate(lines) if len(line.text) >= _MIN_BODY), len(lines))
    return [  # of a single article nothing below its first line belongs to none
        tag if tag != NONE or index < kept[0] else TEXT if index >= body else "H"
        for index, tag in enumerate(found)
    ]


def _written(lines: Sequence[Line]) -> int:
    """Characters of lines that are long enough to be text."""
    return sum(len(line.text) for line in lines if len(line.text) >= _MIN_BODY // 2)
