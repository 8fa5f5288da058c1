"""One text, many articles: where a pasted digest changes from one article to the next.

Between two stretches of body text lies a gap of short lines. In each gap at most one article begins. First the heads
of the whole file are read and what they have in common is learned; then what speaks for each is weighed (`signs`).
From a fixed sum on, an article begins there. No single sign decides, so a sub-headline, a caption or a date in the
text begins nothing. What a digest says of itself before its first article ("Press review", a mail, contents) is no
article.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from rag.articles.below import with_sources_below
from rag.articles.dates import settled
from rag.articles.folders import without_folders
from rag.articles.heads import (
    body_of,
    form_of,
    gaps_of,
    head_of,
    identified,
    is_complete,
    rule_above,
    shape_of,
    title_of,
    without_last_lines,
)
from rag.articles.kinds import ANCHORS, Kind, Line, is_prose
from rag.articles.lines import read_lines
from rag.articles.marks import COPYRIGHT, announces_digest, states_edition
from rag.articles.names import is_outlet, is_person
from rag.articles.pattern import MIN_HEADS, Pattern, pattern_of
from rag.articles.signs import File, contents_of, is_listed, learn, plain, signs_of

THRESHOLD = 4.0
_ROUNDS = 3
"""So often at most the pattern of the file is learned anew from what the one before has found."""
_UNUSUAL = 1.5
_TITLE_LOST = 1.5
"""Bits by which the pattern must speak for another line than the one with which a head usually begins, and for each
title that then belongs to the article before."""
_MIN_BODY = 80
"""Characters of body text an article must have before and after a boundary."""
_MIN_MENU = 2
"""Lines of a page's menu and breadcrumbs above its title, at least."""
_MAX_MASTHEAD = 6
"""Lines of a paper's name and what stands right below it."""
_MAX_NOTE = 500
_MAX_NOTE_LINE = 200
"""Characters of body text that a digest may say of itself before its first article, and of each of its lines."""
_OPENING = (Kind.TITLE, Kind.OUTLET, Kind.DATE, Kind.CITATION, Kind.LABEL, Kind.OVERLINE, Kind.BYLINE)


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where an article begins (an offset), and the signs that say so with their weights; `folder` is where the heading
    of the group that it opens stands, right above it."""

    start: int
    score: float
    signs: dict[str, float] = field(default_factory=dict)
    folder: int | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A head that may begin an article: the gap it stands in, its lines, and the signs for it."""

    gap: tuple[int, int]
    head: list[int]
    signs: dict[str, float]

    @property
    def score(self) -> float:
        return sum(self.signs.values())


def boundaries(text: str) -> list[Boundary]:
    """Where articles begin in `text`, in order; the first is the first character that is not white space.

    >>> first = "Dam fails\\nHarbour Post\\n3 May 2024\\n" + "The dam gave way on Friday night. " * 4
    >>> second = "\\n\\nMill burns\\nCoast Wire\\n4 May 2024\\n" + "A mill burnt down. " * 8
    >>> [item.start for item in boundaries(first + second)]
    [0, 172]
    """
    return boundaries_of(read_lines(settled(text)))


def boundaries_of(lines: Sequence[Line]) -> list[Boundary]:
    """Where articles begin in a text of these lines, in order."""
    lines = with_sources_below(list(lines))
    if not lines:
        return []
    gaps = [gap for gap in gaps_of(lines) if body_of(lines[gap[1] : gap[1] + 12]) >= _MIN_BODY]
    heads = [head_of(lines, gap) for gap in gaps]
    opening = _opening(lines, gaps)
    heads = [[index for index in head if index >= opening] for head in heads]
    heads, folders = without_folders(lines, without_last_lines(lines, heads))
    file = learn(lines, heads)
    candidates = [
        _Candidate(gap, head, signs_of(lines, gap, head, file) if head else {})
        for gap, head in zip(gaps, heads, strict=True)
    ]
    found = _cut(lines, candidates, file, opening)
    for _ in range(_ROUNDS):
        pattern = pattern_of(lines, [index for index, _ in found])
        again = _cut(lines, [_placed(lines, item, pattern, file) for item in candidates], file, opening)
        again[0] = (_first(lines, again[0][0], pattern), {})
        if [index for index, _ in again] == [index for index, _ in found]:
            break
        found = again
    if found[0][0] in folders:
        found[0] = (found[0][0] + 1, found[0][1])
    return [
        Boundary(
            lines[index].start,
            sum(signs.values()),
            signs,
            folder=lines[index - 1].start if index - 1 in folders else None,
        )
        for index, signs in found
    ]


def _cut(
    lines: Sequence[Line], candidates: Sequence[_Candidate], file: File, opening: int
) -> list[tuple[int, dict[str, float]]]:
    """The lines with which articles begin, each with the signs for it; the first needs none."""
    candidates = [item for item in candidates if item.head]
    found: list[tuple[int, dict[str, float]]] = []
    masthead = _below_masthead(lines)
    first = start = opening or masthead or _preamble(lines, file) or _below_note(lines, candidates)
    taken: list[list[int]] = []
    for item in candidates:
        begin = item.head[0]
        if begin <= start or item.score < THRESHOLD or _signs_the_same(lines, start, item.head):
            continue
        # The first line of a text is its title, whatever it looks like.
        if body_of(lines[start + 1 : begin]) >= _MIN_BODY:
            found.append((begin, item.signs))
            taken.append(item.head)
            start = begin
        elif found and item.score > sum(found[-1][1].values()) and _instead(lines, start, begin):
            found[-1], taken[-1], start = (begin, item.signs), item.head, begin
        elif not found and "title" in item.signs and file.shapes[shape_of(lines, item.head)] > 1:
            first = start = begin  # before it stands the digest's own heading or table of contents
    if (opening or masthead) and not found:
        first = 0  # a heading above nothing but one article is the article's own
    if first == 0 and taken:
        if _is_remark(lines, taken):
            return found
        first = _heading(lines, taken)
    return [(first, {}), *found]


def _instead(lines: Sequence[Line], start: int, begin: int) -> bool:
    """Whether a head that follows another so soon stands instead of it: what is between them is no standfirst."""
    return lines[begin].kind in (Kind.TITLE, Kind.OVERLINE) and body_of(lines[start + 1 : begin]) < _MIN_BODY


def _placed(lines: Sequence[Line], item: _Candidate, pattern: Pattern, file: File) -> _Candidate:
    """The candidate of a gap, begun where the file's pattern expects it, with what the pattern says of it."""
    usual = item.head[0] if item.head else None
    places = [
        index
        for index in range(*item.gap)
        if (index in pattern.places or index in pattern.starts) and not COPYRIGHT.match(lines[index].text)
    ]
    weighed = {
        index: pattern.bits(lines, index, instead_of=usual) for index in {*places, usual} if index is not None
    }
    if not weighed:
        return item
    begin = max(weighed, key=lambda index: weighed[index] - _cost(lines, usual, index))
    head = [index for index in range(begin, item.gap[1]) if lines[index].kind is not Kind.SEPARATOR]
    if usual is not None and begin >= usual:
        head = [index for index in item.head if index >= begin] or head
    if not head:
        return item  # nothing but a rule stands there
    signs = item.signs or signs_of(lines, item.gap, head, file)
    return _Candidate(item.gap, head, {**signs, "pattern": weighed[begin]} if weighed[begin] else signs)


def _first(lines: Sequence[Line], usual: int, pattern: Pattern) -> int:
    """Where the first article begins: at the top of the text or lower in the same gap, as the pattern expects."""
    written = accumulate(body_of([line]) for line in lines)
    end = next((index for index, length in enumerate(written) if length >= _MIN_BODY), len(lines))
    if usual >= end:
        return usual
    places = {
        0,
        usual,
        *(index for index in range(end) if index in pattern.places or index in pattern.starts),
    }
    others = [lines[index].blank_before for index in pattern.starts if index > end]
    if len(others) >= MIN_HEADS and min(others) > lines[usual].blank_before > 0 and not _announced(lines):
        places = {0}  # less space than between articles: it parts nothing
    weighed = {
        index: pattern.bits(lines, index, instead_of=usual)
        - (_UNUSUAL if index != usual else 0.0)
        + (_UNUSUAL if index and announces_digest([line.text for line in lines[: min(index, 8)]]) else 0.0)
        for index in places
        if not announces_digest([line.text for line in lines[index : min(usual, index + 8)]])
    }
    return max(weighed, key=lambda index: weighed[index])


def _cost(lines: Sequence[Line], usual: int | None, index: int) -> float:
    """What it costs, in bits, that a head begins at another line than it usually would; more if a title is left out."""
    if usual is None or index == usual:
        return 0.0
    return _UNUSUAL + _TITLE_LOST * sum(line.kind is Kind.TITLE for line in lines[usual:index])


def _opening(lines: Sequence[Line], gaps: Sequence[tuple[int, int]]) -> int:
    """Where the first article begins below contents or below the heading of a text that calls itself a digest; 0 where
    there is neither, or no head in the opening gap."""
    contents = contents_of(lines)
    if contents:
        seen: set[str] = set()
        for index, line in enumerate(lines):
            title = plain(line.text)
            if title in contents and (not is_listed(line) or title in seen):
                return index
            seen.add(title)
    gap = next((gap for gap in gaps if gap[0] == 0), None)
    return _last_head(lines, gap[1]) if gap and _announced(lines) else 0


def _announced(lines: Sequence[Line]) -> bool:
    return announces_digest([line.text for line in lines[:8]])


def _below_note(lines: Sequence[Line], candidates: Sequence[_Candidate]) -> int:
    """Where the first article begins below an editor's note or a mail's greeting: at the first of two sure heads."""
    sure = [item.head[0] for item in candidates if item.score >= THRESHOLD and item.gap[0] > 0]
    return sure[0] if _announced(lines) and len(sure) > 1 and _is_note(lines[: sure[0]]) else 0


def _below_masthead(lines: Sequence[Line]) -> int:
    """Where the first article begins below the name of a paper with the number of its issue; 0 if none stands above."""
    end = next((index for index in range(1, len(lines)) if lines[index].blank_before), len(lines))
    told = lines[:end]
    named = 1 < end < min(len(lines), _MAX_MASTHEAD) and lines[0].kind in (Kind.OUTLET, Kind.TITLE)
    if not named or any(is_prose(line) or line.kind in (Kind.BYLINE, Kind.LABEL) for line in told):
        return 0
    return end if any(states_edition(line.text) for line in told[1:]) and lines[0].text.isupper() else 0


def _is_note(lines: Sequence[Line]) -> bool:
    """Whether this is what an editor writes above a digest: short sentences, and no more than a few."""
    return body_of(lines) <= _MAX_NOTE and all(
        line.label not in ("source", "outlet")
        and line.kind is not Kind.CITATION
        and (len(line.text) <= _MAX_NOTE_LINE or not is_prose(line))
        for line in lines
    )


def _signs_the_same(lines: Sequence[Line], start: int, head: Sequence[int]) -> bool:
    """Whether a byline or a date below a standfirst signs the article that began above it, which nothing signed yet."""
    between = range(start, head[0])
    return (
        not any(_titles(lines[index]) for index in head)
        and not identified(lines, between)
        and (body_of(lines[start : head[0]]) <= _MAX_NOTE or len(between) == 2)
    )


def _titles(line: Line) -> bool:
    """Whether a line is an article's title: no name, and no number that opens a list of chapters."""
    if line.kind is Kind.OUTLET:
        return not is_outlet(line.text) and not is_person(line.text)
    return title_of(line) is not None and line.number != 1


def _is_remark(lines: Sequence[Line], heads: Sequence[Sequence[int]]) -> bool:
    """Whether what stands above the first of `heads` is a remark on the digest: short, unlike the articles, and parted
    from them by the same rule as they are from each other."""
    rules = {rule_above(lines, head[0]) for head in heads}
    above = lines[: heads[0][0]]
    bodies = [body_of(lines[head[0] : following[0]]) for head, following in pairwise(heads)]
    return (
        len(heads) > 1
        and len(rules) == 1
        and None not in rules
        and body_of(above) < min(_MAX_NOTE, *bodies) / 2
        and _is_note(above)
        and not any(line.name or line.author for line in above)
        and shape_of(lines, head_of(lines, gaps_of(lines)[0]))
        not in {shape_of(lines, head) for head in heads}
    )


def _heading(lines: Sequence[Line], heads: Sequence[Sequence[int]]) -> int:
    """How many lines above the first article head the whole file: what stands apart above a head like the others.

    `heads` are those of the articles after the first. Where the first head is whole, only what has no sign of an
    article in it can stand above it.
    """
    end = gaps_of(lines)[0][1] if not is_prose(lines[0]) else 0
    if _is_page(lines) or lines[0].label == "kicker":
        return 0
    shapes = {shape_of(lines, head) for head in heads}
    opens = {lines[head[0]].kind for head in heads}
    if shape_of(lines, range(end)) in shapes:
        return 0
    starts = [
        index
        for index in range(1, end)
        if lines[index].kind in _OPENING
        and (lines[index].blank_before or lines[index - 1].kind is Kind.SEPARATOR)
    ]
    for index in starts:
        shape = shape_of(lines, range(index, end))
        if len(shape) > 1 and shape in shapes:
            return index
    lone = any(lines[head[0]].kind is lines[0].kind and lines[head[0] + 1].blank_before for head in heads)
    for index in reversed(starts):
        above = lines[:index]
        bare = not any(line.kind in (*ANCHORS, Kind.OUTLET, Kind.LABEL) for line in above)
        if (
            is_complete(lines, range(index, end))
            and (lines[index].kind in opens or (Kind.TITLE in opens and not is_outlet(lines[index].text)))
            and not any(line.kind in (Kind.BYLINE, Kind.CITATION) for line in above)
            and ((bare and not lone) or lines[0].kind not in opens)
        ):
            return index
    return 0


def _is_page(lines: Sequence[Line]) -> bool:
    """Whether the text opens as a copied page does: its name, its menu and breadcrumbs, the title."""
    below = next((index for index in range(1, len(lines)) if lines[index].kind is not Kind.OVERLINE), 0)
    named = lines[0].kind is Kind.OUTLET and is_outlet(lines[0].text)
    return named and below > _MIN_MENU and lines[below].kind is Kind.TITLE


def _last_head(lines: Sequence[Line], end: int) -> int:
    """The start of the last paragraphs before `end` that hold a title and what dates or signs it; 0 if none do."""
    for begin in range(end - 1, 0, -1):
        within = range(begin, end)
        if lines[begin].blank_before and is_complete(lines, within):
            return begin
    return 0


def _preamble(lines: Sequence[Line], file: File) -> int:
    """How many lines name the digest itself ("Press review") before the head of its first article."""
    first = next((index for index, line in enumerate(lines) if is_prose(line)), 0)
    for skipped in range(1, min(first, 4)):
        if lines[skipped].blank_before == 0:
            continue
        if lines[skipped].number == 1 or (
            file.shapes[shape_of(lines, range(skipped, first))] > 1 and first - skipped > 1
        ):
            return skipped
        form = form_of(lines[skipped])
        if form and file.forms[form] and form_of(lines[0]) != form:
            return skipped
    return 0
