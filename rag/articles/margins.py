"""Lines that belong to no article's head by what the whole file shows: running heads and feet, remarks, closing hours.

One line alone does not tell a page's foot from a title. That it returns with only its number changed does; so does who
says a line in a chat, what stands above it in its paragraph, and whether texts of the file open or close with its like.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.articles.kinds import Kind, Line, is_prose
from rag.articles.marks import is_clock, list_follows, page_name, regards
from rag.articles.names import is_outlet

_MAX_REMARK = 140
"""Characters of what someone says in a chat who only passes posts on."""
_MIN_BODY = 80
_MAX_RUNNING = 120
_IN_SERIES = 3
"""A line that nothing but its number tells from the same line elsewhere is a page's from so many on."""
_OF = r"(?:\s?(?:/|of|von|de|sur|из|من|էջ)\s?(?P<all>\d{1,3}))?"
_AT_END = re.compile(
    rf"^(?P<name>\S.*?(?P<gap>\s[\s\W]*|(?<=\D)))(?<!\d)(?P<n>\d{{1,3}}){_OF}\W*$", re.IGNORECASE
)
_AT_START = re.compile(rf"^\W*(?P<n>\d{{1,3}}){_OF}(?P<gap>[\s\W]+)(?P<name>[^\W\d_].*)$", re.IGNORECASE)
_PAGE_WORD = re.compile(
    r"\b(?:page|p\.|seite|blatt|s\.|стр(?:аница|\.)|лист|sayfa|صفحة|ص|էջ)\W*$", re.IGNORECASE
)
_WIDE = re.compile(r"\s{3,}|\t|[|•·]")
_HANDLE = re.compile(r"(?<!\w)@\w{3,40}$")
_SAYS = ('"', "”", "»", "“", "’")
_SIGNED = re.compile(r"^(?:[-–—]|--)\s*\S")


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A line with a number at its edge: of how many, and whether its form says that it is a page's."""

    index: int
    number: int
    of: int | None
    paged: bool


def read_feet(lines: list[Line]) -> None:
    """What returns beside other numbers stands at the head or at the foot of pages: a name ("34 | COAST"), or a line
    that says the same but for the number ("Press review, week 9      2/4"). It opens no article."""
    feet = {index: name for index, line in enumerate(lines) if (name := page_name(line.text))}
    times = Counter(feet.values())
    for index in (index for index, name in feet.items() if times[name] > 1):
        lines[index] = replace(lines[index], kind=Kind.FURNITURE, name=None, title=None, number=None)
    again = Counter(line.text for line in lines)
    for series in _series(lines, again):
        for place in series:
            lines[place.index] = _furniture(lines[place.index], label="running")
            above = lines[place.index - 1]
            if place.index and not lines[place.index].blank_before and again[above.text] == len(series):
                lines[place.index - 1] = _furniture(above, label="running")


def _series(lines: Sequence[Line], again: Counter[str]) -> list[list[_Numbered]]:
    """The lines that return but for their number, which counts the pages of the file."""
    found: dict[tuple[str, bool], list[_Numbered]] = defaultdict(list)
    for index, line in enumerate(lines):
        if len(line.text) > _MAX_RUNNING or line.kind in (
            Kind.BYLINE,
            Kind.CITATION,
            Kind.LABEL,
            Kind.SEPARATOR,
        ):
            continue
        for form in (_AT_END, _AT_START):
            match = form.match(line.text)
            if match and _stands_apart(lines, index, again):
                name = " ".join(match["name"].split())
                total = int(match["all"]) if match["all"] else None
                paged = bool(_WIDE.search(match["gap"]) or _PAGE_WORD.search(match["name"]))
                found[name, form is _AT_END].append(_Numbered(index, int(match["n"]), total, paged))
    return [series for (name, _), series in found.items() if _counts_pages(lines, name, series)]


def _stands_apart(lines: Sequence[Line], index: int, again: Counter[str]) -> bool:
    """Whether a line is no part of the block below it, since what dates or names right below a line makes it a title;
    nor of one above it, but for a line that returns word for word."""
    below = lines[index + 1] if index + 1 < len(lines) else None
    above = index == 0 or lines[index].blank_before > 0 or lines[index - 1].kind is Kind.SEPARATOR
    above = above or (again[lines[index - 1].text] > 1 and not is_outlet(lines[index - 1].text))
    return above and (below is None or below.blank_before > 0 or below.kind is Kind.SEPARATOR)


def _counts_pages(lines: Sequence[Line], name: str, series: Sequence[_Numbered]) -> bool:
    """Whether the numbers of a series rise as pages do. A bare counter above the first text ("Item 1/3") heads the
    articles it counts."""
    if len(series) < 2 or any(lower.number <= upper.number for upper, lower in pairwise(series)):
        return False
    paged = all(place.paged for place in series)
    of = {place.of for place in series}
    counted = len(of) == 1 and None not in of and series[-1].number <= max(place.of or 0 for place in series)
    stepped = len(series) >= _IN_SERIES and all(
        lower.number == upper.number + 1 for upper, lower in pairwise(series)
    )
    heads = _written(lines[: series[0].index]) < _MIN_BODY
    return (paged and (counted or not heads or len(name.split()) > 1)) or (
        (counted or stepped) and not heads and len(name.split()) > 1
    )


def read_clocks(lines: list[Line]) -> None:
    """An hour alone between a text and a title apart from it is when the text ended, unless the first text of the file
    stands below such an hour too."""
    clocks = [
        index
        for index, line in enumerate(lines)
        if is_clock(line.text)
        and line.blank_before
        and (index + 1 == len(lines) or lines[index + 1].blank_before)
    ]
    if not clocks or _written(lines[: clocks[0]]) < _MIN_BODY:
        return
    for index in clocks:
        if is_prose(lines[index - 1]) or lines[index - 1].kind is Kind.FURNITURE:
            lines[index] = _furniture(lines[index])


def read_lists(lines: list[Line]) -> None:
    """The numbered titles right below "Most read" are furniture as it is, and so are those below "More from us:" up to
    a blank line."""
    listing = False
    for index, line in enumerate(lines):
        if line.kind is Kind.FURNITURE and list_follows(line.text):
            listing = True
            for place in _listed(lines, index) if line.text.endswith(":") else ():
                lines[place] = _furniture(lines[place])
        elif listing and line.number is not None and not line.blank_before:
            lines[index] = replace(line, kind=Kind.FURNITURE, title=None, name=None, number=None)
        else:
            listing = False


def _listed(lines: Sequence[Line], index: int) -> range:
    """The titles right below a line; none where anything else stands among them."""
    end = index + 1
    while end < len(lines) and not lines[end].blank_before:
        end += 1
    found = range(index + 1, end)
    return found if all(lines[place].kind in (Kind.TITLE, Kind.OUTLET) for place in found) else range(0)


def read_replies(lines: list[Line]) -> None:
    """In an exported chat a post of one line that another follows at once is a remark: an article has text below."""
    told = [line.label in ("reply", "message", "stamp") for line in lines]
    for index, line in enumerate(lines):
        if line.label == "message" and all(told[index + 1 : index + 2]):
            lines[index] = _furniture(line, label="reply")


def read_regards(lines: list[Line]) -> None:
    """Who sent a mail, right below "Kind regards", is no outlet of what follows."""
    closing = False
    for index, line in enumerate(lines):
        closing = regards(line.text) or (closing and not line.blank_before)
        if closing:
            lines[index] = replace(line, kind=Kind.FURNITURE, name=None, title=None, author=None, label=None)


def read_quotations(lines: list[Line]) -> None:
    """What is set into a text dates and names nothing: who is quoted, behind a dash right below the words, and a post
    with its writer's handle above its words and its day below them."""
    for index in range(1, len(lines)):
        line, above = lines[index], lines[index - 1]
        if (
            not line.blank_before
            and line.kind in (Kind.DATE, Kind.CITATION, Kind.OUTLET, Kind.TITLE, Kind.BULLET)
            and _SIGNED.match(line.text)
            and above.text.rstrip(" .,").endswith(_SAYS)
            and above.text[:1] in '"“«„»‘'
        ):
            plain = replace(line, kind=Kind.CAPTION, day=None, month_day=None, name=None, title=None)
            lines[index] = replace(plain, author=None, label=None, number=None)
    said = False  # below a handle, words of the same paragraph
    posted = False
    for index, line in enumerate(lines):
        if line.blank_before:
            said = posted = False
        if posted and said and line.kind in (Kind.DATE, Kind.OUTLET, Kind.TITLE, Kind.RECORD):
            lines[index] = _furniture(line)
        said = posted and (said or is_prose(line))
        posted = posted or _HANDLE.search(line.text) is not None


def read_remarks(lines: list[Line]) -> None:
    """In a messenger's chat who only ever says a few words passes posts on: where others' posts are longer, what they
    say is furniture. So is what someone says in a few words who else forwards others' posts."""
    stamps = [index for index, line in enumerate(lines) if line.label == "stamp"]
    said = [
        (index, end, sum(len(line.text) for line in lines[index + 1 : end]))
        for index, end in pairwise([*stamps, len(lines)])
    ]
    passed = {index for index, end, _ in said if index + 1 < end and lines[index + 1].label == "outlet"}
    pass_on = {lines[index].name for index in passed}
    posted = {lines[index].name for index, _, length in said if length > _MAX_REMARK}
    for index, end, length in said if posted else ():
        own = lines[index].name in pass_on and index not in passed and length <= _MAX_REMARK
        if lines[index].name in posted and not own:
            continue
        for place in range(index, end):
            lines[place] = _furniture(lines[place])


def _furniture(line: Line, *, label: str | None = None) -> Line:
    plain = replace(line, kind=Kind.FURNITURE, day=None, month_day=None, name=None, label=label)
    return replace(plain, title=None, author=None, number=None)


def _written(lines: Sequence[Line]) -> int:
    return sum(len(line.text) for line in lines if is_prose(line))
