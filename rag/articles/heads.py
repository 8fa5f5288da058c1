"""Gaps between stretches of body text, and the lines in a gap that would head the article after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from rag.articles.appeals import is_note
from rag.articles.kinds import ANCHORS, Kind, Line, is_link, is_prose, script_of
from rag.articles.marks import is_slug
from rag.articles.names import is_outlet, is_person

MAX_HEAD_LINES = 12
QUOTES = "\"'“«„‘([¿¡"
_HEAD_KINDS = frozenset({Kind.TITLE, Kind.OUTLET, Kind.LABEL, Kind.OVERLINE, Kind.RECORD, *ANCHORS})

_MAX_DAY = 20
"""Letters of a day with its weekday and month, at most."""
Block = tuple[Kind | None, ...]
"""The kinds of lines that stand together."""


def gaps_of(lines: Sequence[Line]) -> list[tuple[int, int]]:
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


def body_of(lines: Sequence[Line]) -> int:
    """Characters of body text."""
    return sum(len(line.text) for line in lines if is_prose(line))


def head_of(lines: Sequence[Line], gap: tuple[int, int]) -> list[int]:
    """The lines of `gap` that would head the article after it, in order; empty where there are none.

    Read from the body upwards: what ends the article before (furniture, separators, list items) stops the walk,
    as does a wide space once a title was seen. A share bar between the date and the body does not.
    """
    start, end = gap
    head: list[int] = []
    titled = False
    body_script = script_of("".join(line.text for line in lines[end : end + 3]))
    for index in range(end - 1, max(start, end - 1 - MAX_HEAD_LINES) - 1, -1):
        line = lines[index]
        if line.kind is Kind.CAPTION and not titled:
            continue
        if line.kind is Kind.FURNITURE and not titled and _within(lines, index, start):
            continue
        if line.kind is Kind.BULLET and line.name and not identified(lines, head):
            continue  # "• Agency" between the date and the body
        if is_link(line) and titled and index > start and _cites_from_above(lines, index):
            continue  # "[Harbour Post, 3 May 2024]", the address, the title
        told = line.label in ("stamp", "field") or line.kind in (Kind.LABEL, Kind.OVERLINE)
        foreign = head and not told and script_of(line.text) != body_script
        if foreign and index > start and lines[index - 1].kind is Kind.TITLE:
            foreign = script_of(lines[index - 1].text) != body_script  # a head in two languages, line by line
        if line.kind not in _HEAD_KINDS or foreign:
            break
        head.insert(0, index)
        titled = titled or title_of(line) is not None
        if line.label == "stamp":
            break  # above a messenger's stamp stands another post
        wide = line.blank_before >= 2
        if titled and wide and identified(lines, head):
            break
    head = _trimmed(lines, head)
    if head and head[0] > start and _links(lines, head[0] - 1):
        head.insert(0, head[0] - 1)
    return head


def without_last_lines(lines: Sequence[Line], heads: Sequence[list[int]]) -> list[list[int]]:
    """The heads without what closes the article before, whatever it says: lines that stand apart above a block of title
    and source with which other heads of the file begin, where those have nothing above it."""
    begun: dict[Block, int] = {}
    for head in heads:
        block = _block(lines, head)
        begun[block] = max(begun.get(block, 0), len(lines[head[0]].text) if block else 0)
    return [head[_closing(lines, head, begun) :] for head in heads]


def _closing(lines: Sequence[Line], head: Sequence[int], begun: Mapping[Block, int]) -> int:
    """How many lines at the top of a head stand apart above what opens other heads.

    Where titles stand alone, what is below the first can sum the article up: it is none if no longer than they are.
    """
    for place in range(1, len(head)):
        line, below = lines[head[place - 1]], lines[head[place]]
        if not _can_close(line) or head[0] == 0 or lines[head[0] - 1].kind is Kind.SEPARATOR:
            return 0
        if not below.blank_before or not 0 < lines[head[0]].blank_before <= below.blank_before:
            continue
        rest = head[place:]
        block = _block(lines, rest)
        titled = any(
            lines[index].kind is Kind.TITLE or (lines[index].kind in ANCHORS and lines[index].title)
            for index in rest
        )
        alone = None in block and len(below.text) > begun.get(block, 0)
        if titled and identified(lines, rest) and begun.get(block) and not alone:
            return place
    return 0


def _can_close(line: Line) -> bool:
    """Whether a line can be the last of an article as well as the first of a head: a title without a number, or words
    beside a day."""
    if line.kind is Kind.DATE and line.label is None and not line.name and not line.author:
        return _letters(line.text) > _MAX_DAY and line.text[:1].isalpha()
    return line.kind is Kind.TITLE and line.number is None


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _block(lines: Sequence[Line], head: Sequence[int]) -> Block:
    """The kinds of the lines that stand together at the top of a head; of a title that stands alone, with None and
    those of the lines below it. Empty where nothing follows."""
    ends = [place for place in range(1, len(head)) if lines[head[place]].blank_before] + [len(head)]
    kinds = [lines[index].kind for index in head]
    if ends[0] > 1:
        return tuple(kinds[: ends[0]])
    below = kinds[1 : ends[1]] if len(head) > 1 else []
    alone = below and kinds[0] is Kind.TITLE and Kind.TITLE not in below
    return (Kind.TITLE, None, *below) if alone else ()


def _links(lines: Sequence[Line], index: int) -> bool:
    """Whether this is the address of the article below it: a file that opens with a link has one above each article;
    else it stands right below a rule, or right above the head and apart from what is before."""
    if not is_link(lines[index]):
        return False
    ruled = index > 0 and lines[index - 1].kind is Kind.SEPARATOR
    apart = index == 0 or lines[index].blank_before > 0 or ruled
    return is_link(lines[0]) or ruled or (apart and not lines[index + 1].blank_before)


def _cites_from_above(lines: Sequence[Line], index: int) -> bool:
    """Whether right above a line stands one in brackets that cites what is below."""
    above = lines[index - 1]
    return above.kind is Kind.DATE and above.text[:1] in "([" and not lines[index].blank_before


def _within(lines: Sequence[Line], index: int, start: int) -> bool:
    """Whether furniture can stand inside a head: a link, a note in brackets below the title ("(Adds detail)"), or a
    share bar below what dates or signs the article."""
    line, above = lines[index], lines[index - 1]
    if index <= start or line.label in ("end", "source"):
        return False
    if line.text.startswith(("http", "www")) or is_note(line.text):
        return True
    if line.text[:1] in "([":
        return not line.blank_before and title_of(above) is not None and line.day is None
    return above.kind in (*ANCHORS, Kind.OUTLET, Kind.RECORD, Kind.LABEL)


def identified(lines: Sequence[Line], head: Sequence[int]) -> bool:
    """Whether the head holds what names an article: a date, a byline or a label besides its title."""
    return any(lines[index].kind in (*ANCHORS, Kind.LABEL) for index in head)


def _trimmed(lines: Sequence[Line], head: list[int]) -> list[int]:
    """Without short lines at the top that belong to the article before: of two titles the nearer to the date stays."""
    names = [
        place
        for place, index in enumerate(head)
        if lines[index].kind in (Kind.OUTLET, Kind.BYLINE) or lines[index].name
    ]
    titled = any(lines[index].kind is Kind.TITLE for index in head[1:])
    if (
        titled
        and names[:1] == [0]
        and names[1:]
        and lines[head[1]].blank_before
        and lines[head[0]].day is None
        and not _names_it_first(lines, head)
    ):
        head = head[1:]  # a signature under the article before; the outlet comes later
    dated = [place for place, index in enumerate(head) if lines[index].kind in ANCHORS]
    if not dated or lines[head[0]].kind in (Kind.OVERLINE, Kind.CITATION) or lines[head[0]].label == "stamp":
        return head
    first = dated[0]
    titles = [place for place in range(first) if title_of(lines[head[place]]) is not None]
    below = [line.text.split() for line in lines[head[-1] + 1 : head[-1] + MAX_HEAD_LINES]]
    told_twice = [place for place in titles if lines[head[place]].text.split() in below]
    if told_twice and titles[0] < told_twice[0] and lines[head[told_twice[0]]].blank_before:
        return head[told_twice[0] :]  # the title that stands once more below the date is the article's
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


def _names_it_first(lines: Sequence[Line], head: Sequence[int]) -> bool:
    """Whether the first line is the only one of the head that says itself that it is an outlet, and no line of the
    head stands further from what is above it."""
    first, *others = [lines[index] for index in head]
    named = any(line.name and line.kind is not Kind.BYLINE and is_outlet(line.name) for line in others)
    return (
        is_outlet(first.text)
        and not named
        and first.blank_before >= max(line.blank_before for line in others)
    )


def title_of(line: Line) -> str | None:
    """The title on a line, if one can stand on it."""
    return line.title if line.kind is not Kind.BYLINE else None


def shape_of(lines: Sequence[Line], head: Sequence[int]) -> tuple[str, ...]:
    """The kinds of the lines of a head: what its layout is made of."""
    return tuple(lines[index].kind.value for index in head if lines[index].kind in _HEAD_KINDS)


def is_complete(lines: Sequence[Line], head: Sequence[int]) -> bool:
    """Whether these lines hold a title and what dates, signs or cites it."""
    return identified(lines, head) and any(title_of(lines[index]) is not None for index in head)


def rule_above(lines: Sequence[Line], index: int) -> str | None:
    """The rule ("----", "***") right above a line."""
    above = lines[index - 1] if index else None
    return above.text if above is not None and above.kind is Kind.SEPARATOR else None


def form_of(line: Line) -> str | None:
    """What the first line of a head shows at a glance: a mark ("►"), a stamp, a slug, a citation; else None."""
    if line.label == "stamp":
        return "stamp"
    first = line.text[:1]
    if not first.isalnum() and first not in QUOTES:
        return first
    if line.kind is Kind.OVERLINE and is_slug(line.text):
        return "slug"
    return "citation" if line.kind is Kind.CITATION else None


def signed_alone(lines: Sequence[Line], head: Sequence[int]) -> bool:
    """Whether a person's name stands on a line of its own below the title."""
    below = False
    for index in head:
        line = lines[index]
        if below and line.kind is Kind.OUTLET and is_person(line.text) and not is_outlet(line.text):
            return True
        below = below or line.kind is Kind.TITLE
    return False
