"""One text, many articles: where a pasted digest changes from one article to the next.

Between two stretches of body text lies a gap of short lines. In each gap at most one article begins. What the gap
holds is weighed: a date line, a byline, an outlet, labels, a title, a repeated title, a number in a series, a
separator, blank lines, furniture that ends an article, a change of script, an agency's dateline. From a fixed sum on,
an article begins there; a gap shaped like others of the same file needs a little less. No single sign decides, so a
sub-headline, a caption or a date in the text begins nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.articles.lines import Kind, Line, is_link, is_prose, read_lines, script_of

WEIGHTS = {
    "date": 3.0,
    "byline": 2.0,
    "label": 1.5,
    "number": 2.0,
    "separator": 2.5,
    "repeated title": 1.5,
    "script": 1.5,
    "dateline": 1.5,
    "title": 1.0,
    "outlet": 1.0,
    "furniture": 1.0,
    "closing date": 1.5,
    "blank lines": 1.0,
    "same shape": 1.0,
}
"""What each sign counts; set by hand on invented digests of twelve layouts (`tests/data/digests`)."""
THRESHOLD = 4.0
_MIN_BODY = 80
"""Characters of body text an article must have before and after a boundary."""
_MAX_HEAD_LINES = 8
_HEAD_KINDS = frozenset({Kind.TITLE, Kind.DATE, Kind.BYLINE, Kind.OUTLET, Kind.LABEL})


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where an article begins (an offset), and the signs that say so with their weights."""

    start: int
    score: float
    signs: dict[str, float] = field(default_factory=dict)


def boundaries(text: str) -> list[Boundary]:
    """Where articles begin in `text`, in order; the first is the first character that is not white space.

    >>> first = "Dam fails\\nHarbour Post\\n3 May 2024\\n" + "The dam gave way on Friday night. " * 4
    >>> second = "\\n\\nMill burns\\nCoast Wire\\n4 May 2024\\n" + "A mill burnt down. " * 8
    >>> [item.start for item in boundaries(first + second)]
    [0, 172]
    """
    lines = read_lines(text)
    if not lines:
        return []
    gaps = [gap for gap in _gaps(lines) if _body(lines[gap[1] : gap[1] + 12]) >= _MIN_BODY]
    heads = [_head(lines, gap) for gap in gaps]
    shapes = Counter(_shape(lines, head) for head in heads if head)
    found: list[Boundary] = []
    first = start = _preamble(lines, shapes)
    for gap, head in zip(gaps, heads, strict=True):
        if not head or head[0] <= start:
            continue
        signs = _signs(lines, gap, head, shapes)
        score = sum(signs.values())
        if score < THRESHOLD:
            continue
        # The first line of a text is its title, whatever it looks like.
        if _body(lines[start + 1 : head[0]]) >= _MIN_BODY:
            found.append(Boundary(lines[head[0]].start, score, signs))
            start = head[0]
        elif not found and "title" in signs and shapes[_shape(lines, head)] > 1:
            first = start = head[0]  # before it stands the digest's own heading or table of contents
    return [Boundary(lines[first].start, 0.0), *found]


def _preamble(lines: Sequence[Line], shapes: Counter[tuple[str, ...]]) -> int:
    """How many lines name the digest itself ("Press review") before the head of its first article."""
    first = next((index for index, line in enumerate(lines) if is_prose(line)), 0)
    for skipped in range(1, min(first, 4)):
        if lines[skipped].blank_before == 0:
            continue
        if lines[skipped].number == 1 or (
            shapes[_shape(lines, range(skipped, first))] > 1 and first - skipped > 1
        ):
            return skipped
    return 0


def _gaps(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Runs of lines that are no body text, as half-open index pairs; an opening dateline closes its run too."""
    found: list[tuple[int, int]] = []
    index = 0
    while index < len(lines):
        if is_prose(lines[index]):
            index += 1
            continue
        end = index
        while end < len(lines) and not is_prose(lines[end]):
            end += 1
        found.append((index, end))
        index = end
    return found


def _body(lines: Sequence[Line]) -> int:
    """Characters of body text."""
    return sum(len(line.text) for line in lines if is_prose(line))


def _head(lines: Sequence[Line], gap: tuple[int, int]) -> list[int]:
    """The lines of `gap` that would head the article after it, in order; empty where there are none.

    Read from the body upwards: what ends the article before (furniture, separators, list items) stops the walk,
    as does a wide space once a title was seen.
    """
    start, end = gap
    head: list[int] = []
    titled = False
    body_script = script_of("".join(line.text for line in lines[end : end + 3]))
    for index in range(end - 1, max(start, end - 1 - _MAX_HEAD_LINES) - 1, -1):
        line = lines[index]
        if line.kind is Kind.CAPTION and not titled:
            continue
        if (
            line.kind is Kind.FURNITURE
            and not titled
            and index > start
            and line.text.startswith(("http", "www"))
        ):
            continue  # a link between the head and the body
        if line.kind is Kind.BULLET and line.name and not _identified(lines, head):
            continue  # "• Agency" between the date and the body
        if line.kind not in _HEAD_KINDS or (head and script_of(line.text) != body_script):
            break
        head.insert(0, index)
        titled = titled or _title_of(line) is not None
        wide = line.blank_before >= 2
        if titled and wide and _identified(lines, head):
            break
    head = _trimmed(lines, head)
    if head and is_link(lines[0]) and head[0] > start and is_link(lines[head[0] - 1]):
        head.insert(0, head[0] - 1)  # a file that opens with a link has one above each article
    return head


def _identified(lines: Sequence[Line], head: Sequence[int]) -> bool:
    """Whether the head holds what names an article: a date, a byline or a label besides its title."""
    return any(lines[index].kind in (Kind.DATE, Kind.BYLINE, Kind.LABEL) for index in head)


def _trimmed(lines: Sequence[Line], head: list[int]) -> list[int]:
    """Without short lines at the top that belong to the article before: of two titles the nearer to the date stays."""
    names = [
        place for place, index in enumerate(head) if lines[index].kind is Kind.OUTLET or lines[index].name
    ]
    titled = any(lines[index].kind is Kind.TITLE for index in head[1:])
    if (
        titled
        and names[:1] == [0]
        and names[1:]
        and lines[head[1]].blank_before
        and lines[head[0]].day is None
    ):
        head = head[1:]  # a signature under the article before; the outlet comes later
    dated = [place for place, index in enumerate(head) if lines[index].kind in (Kind.DATE, Kind.BYLINE)]
    if not dated:
        return head
    first = dated[0]
    titles = [place for place in range(first) if _title_of(lines[head[place]]) is not None]
    for upper, lower in pairwise(titles):
        line = lines[head[lower]]
        repeated = line.text.strip() == lines[head[upper]].text.strip()
        if (
            line.blank_before >= 1
            and not repeated
            and line.kind is Kind.TITLE
            and lines[head[upper]].blank_before == 0
        ):
            return head[lower:]
    return head


def _title_of(line: Line) -> str | None:
    return line.title if line.kind is not Kind.BYLINE else None


def _shape(lines: Sequence[Line], head: Sequence[int]) -> tuple[str, ...]:
    return tuple(lines[index].kind.value for index in head)


def _signs(
    lines: Sequence[Line], gap: tuple[int, int], head: Sequence[int], shapes: Counter[tuple[str, ...]]
) -> dict[str, float]:
    """The signs that an article begins at `head`, each with its weight."""
    kinds = [lines[index].kind for index in head]
    first = lines[head[0]]
    signs: dict[str, float] = {}

    def sign(name: str, times: float = 1.0) -> None:
        signs[name] = WEIGHTS[name] * times

    if any(lines[index].day and lines[index].kind in (Kind.DATE, Kind.BYLINE, Kind.LABEL) for index in head):
        sign("date")
    if Kind.BYLINE in kinds:
        sign("byline")
    labels = sum(kind is Kind.LABEL for kind in kinds)
    if labels:
        sign("label", min(labels, 3))
    if any(_title_of(lines[index]) for index in head):
        sign("title")
    if Kind.OUTLET in kinds or any(lines[index].name and lines[index].kind is Kind.DATE for index in head):
        sign("outlet")
    titles = [lines[index].text.strip() for index in head if lines[index].kind is Kind.TITLE]
    if len(titles) != len(set(titles)) or any(_repeats(lines, gap[1], title) for title in titles):
        sign("repeated title")
    above = lines[gap[0] : head[0]]
    if any(line.kind is Kind.SEPARATOR for line in above):
        sign("separator")
    if any(line.kind is Kind.FURNITURE for line in above):
        sign("furniture")
    if any(line.day for line in above):
        sign("closing date")
    if first.blank_before >= 2 or any(line.blank_before >= 2 for line in above):
        sign("blank lines")
    if _follows(lines, head[0], first.number):
        sign("number")
    if gap[1] < len(lines) and lines[gap[1]].dateline is not None:
        sign("dateline")
    if _script_changes(lines, gap):
        sign("script")
    if len(head) > 1 and shapes[_shape(lines, head)] > 1:
        sign("same shape")
    return signs


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
