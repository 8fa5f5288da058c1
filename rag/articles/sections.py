"""A pasted text into its articles: where each begins and ends, and who published it when.

Two readers are heard. The rules (`digest` for beginnings, `issue` and `metadata` for heads) know what holds everywhere;
the chains (`parts` for lines, `mentions` for words) have learned from hundreds of digests what goes together. Where
articles are short and not all plain, the chains decide, having heard the rules; else the rules do alone.
What was corrected by hand goes before both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rag.articles.chain import chain
from rag.articles.closing import completed
from rag.articles.corrections import apply_splits
from rag.articles.dates import settled
from rag.articles.digest import Boundary, boundaries_of
from rag.articles.folders import filed
from rag.articles.issue import issue_of, read_heads
from rag.articles.kinds import Line
from rag.articles.lines import read_lines
from rag.articles.mentions import heads_of, labels_of
from rag.articles.metadata import Head
from rag.articles.parts import NONE, begins, begun_at, tags_of, tags_of_rules
from rag.articles.position import by_position
from rag.articles.sights import words_of
from rag.schema import Split

_LONG = 1_400
"""Characters of an article, on average, from which the rules are heard alone: of whole pages the chains have read too
few to do better (decision 0017)."""
_SURE = 6.0
"""The sum of signs from which the rules are sure of a beginning: title, outlet and date, say, in the same order as
elsewhere in the file."""
_PARAGRAPH = 60
"""Characters of a line of text, at least, in what is more than a few lines."""
_MAX_BETWEEN = 200
"""Characters up to which a line below an article can belong to none: a heading of a group, a remark. Longer ones are
kept with the article above, so that nothing one might ask about is lost."""


class Section(NamedTuple):
    """An article of a text: where it starts and ends (offsets), and its head."""

    start: int
    end: int
    head: Head


def sections_of(text: str, splits: Iterable[Split] = ()) -> list[Section]:
    """The articles of `text`, which is not blank, in order.

    >>> first = "Dam fails\\nHarbour Post\\n3 May 2024\\n" + "The dam gave way on Friday night. " * 4
    >>> second = "\\n\\nMill burns\\nCoast Wire\\n4 May 2024\\n" + "A mill burnt down. " * 8
    >>> [(item.start, item.head.title, item.head.outlet) for item in sections_of(first + second)]
    [(0, 'Dam fails', 'Harbour Post'), (172, 'Mill burns', 'Coast Wire')]
    """
    lines = read_lines(settled(text))
    ruled = boundaries_of(lines)
    tags = tags_of(lines, ruled)
    by_rules = _is_for_rules(lines, tags, ruled)
    if by_rules:
        tags = begun_at(lines, tags_of_rules(lines, ruled), [item.start for item in ruled])
    starts = apply_splits(text, [lines[index].start for index in begins(tags)], splits)
    tags = begun_at(lines, tags, starts)
    spans = spans_of(lines, tags)
    heads = ruled_heads(text, lines, spans, ruled)
    if not by_rules:
        words = words_of(lines, tags)
        held = {index: head for span, head in zip(spans, heads, strict=True) for index in range(*span)}
        labels = labels_of(lines, tags, words, held, chain("words"), chain("words2"))
        issue = issue_of(settled(text)[: lines[spans[0][0]].start])
        heads = heads_of(text, lines, tags, words, labels, heads, issue.resolve)
    return [
        Section(lines[first].start, lines[last - 1].end, head)
        for (first, last), head in zip(spans, heads, strict=True)
    ]


def _is_for_rules(lines: Sequence[Line], tags: Sequence[str], ruled: Sequence[Boundary]) -> bool:
    """Whether the rules alone are heard: on whole pages, on a few lines without a paragraph, and where they are sure of
    more articles than the chains have found."""
    count = len(begins(tags))
    if not any(len(line.text) >= _PARAGRAPH for line in lines):
        return True
    if sum(len(line.text) for line in lines) > _LONG * count:
        return True
    return len(ruled) > count and all(item.score >= _SURE for item in ruled[1:])


def spans_of(lines: Sequence[Line], tags: Sequence[str]) -> list[tuple[int, int]]:
    """The lines of each article, as half-open pairs; short lines at its end that belong to none are left out, unless it
    is the only one."""
    starts = begins(tags)
    if len(starts) == 1:
        return [(starts[0], len(lines))]
    found = []
    for first, after in zip(starts, [*starts[1:], len(lines)], strict=True):
        last = after
        while last > first + 1 and tags[last - 1] == NONE and len(lines[last - 1].text) <= _MAX_BETWEEN:
            last -= 1
        found.append((first, last))
    return found


def ruled_heads(
    text: str, lines: Sequence[Line], spans: Sequence[tuple[int, int]], ruled: Sequence[Boundary]
) -> list[Head]:
    """The heads of the articles as the rules read them."""
    starts = [lines[first].start for first, _ in spans]
    bodies = [text[start : lines[last - 1].end] for start, (_, last) in zip(starts, spans, strict=True)]
    folders = {item.start: item.folder for item in ruled if item.folder is not None}
    above = [text[folders[start] : start].strip() if start in folders else None for start in starts]
    heads = by_position(read_heads(text[: starts[0]], bodies), bodies)
    return completed(filed(heads, above), bodies)
