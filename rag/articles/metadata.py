"""Who, where and when: title, outlet, author and dates, from what an article says about itself.

Nothing is guessed: what the head of an article does not state stays None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from rag.articles.address import site_of
from rag.articles.kinds import ANCHORS, Kind, Line, is_prose
from rag.articles.lines import read_lines
from rag.articles.marks import SECTION, is_period
from rag.articles.names import (
    SENTENCE_END,
    TRADES,
    is_name,
    is_outlet,
    is_people,
    is_person,
)
from rag.articles.signatures import closing_lines, signature

_HEAD_LINES = 12
_HEAD_CHARACTERS = 6_000
_MAX_TITLE = 300
_MAX_STANDFIRST = 600
_MAX_BROKEN_LINE = 90
_MARKS = re.compile(r"^(?:#{1,6}\s+|\d{1,3}\s*[.)]\s+|\d{1,3}(?:\s{2,}|\t)|[a-zA-Z]\)\s+|[•·▪◦‣]\s+)")
_QUOTES = ("«»", "“”", "„“", "„”", "»«", "‘’")
_SITE = re.compile(r"^(?P<title>.{8,}?)\s+\|\s+(?P<site>[^|]{3,45})$")


@dataclass(frozen=True, slots=True)
class Head:
    """What the first lines of an article say about it."""

    title: str
    outlet: str | None = None
    author: str | None = None
    published: date | None = None
    updated: date | None = None
    url: str | None = None


def read_head(text: str, *, resolve: Callable[[int, int], date | None] | None = None) -> Head:
    """Title, outlet, author and dates from the first lines of one article.

    The head is what stands before the first body text. An outlet is taken from its date line, its byline, a label,
    a short line of its own next to one of them, the agency in the dateline or at the very end, or what follows the
    title after a bar. An agency's dateline ("CITY, 3 May 2024 (Agency) -") also dates an article that nothing else
    dates. `resolve` gives the day for a month and a day that stand there without a year.
    """
    lines = _whole_headline(read_lines(text[:_HEAD_CHARACTERS]))
    if resolve is not None:
        lines = [_resolved(line, resolve) for line in lines]
    if not lines:
        return Head(title="")
    if lines[0].kind is Kind.OVERLINE and lines[0].label == "stamp" and len(lines) > 1:
        lines = lines[1:]  # a messenger's, of who passed it on and when
    head = _short_headline(_head_lines(lines))
    body = lines[len(head)] if len(head) < len(lines) else None
    rest = text[body.start : _HEAD_CHARACTERS] if body else ""
    days = [line for line in head if line.day is not None]
    published = next((line.day for line in days if line.label != "updated"), None)
    updated = next(
        (line.changed or line.day for line in days if line.changed or line.label == "updated"), None
    )
    outlet, author = _names(head, rest)
    opening = next((line for line in [*head, *([body] if body else [])] if line.dateline is not None), None)
    agency = opening.dateline if opening is not None else None
    closing = closing_lines(text, dated=published is not None, signs=outlet is not None and author is None)
    if resolve is not None:
        closing = [_resolved(line, resolve) for line in closing]
    if closing:
        end_outlet, end_author = _names(closing, rest, closing=True)
        if end_outlet and outlet and not author and is_person(outlet):
            outlet, author = (
                end_outlet,
                outlet,
            )  # a person beside the date, and the outlet in brackets at the end
        outlet, author = outlet or agency or end_outlet, author or end_author
        published = published or next((line.day for line in closing if line.day), None)
    title = _title(head)
    if head[0].label == "stamp" and title == head[0].text and body is not None:
        title = _first_sentence(body.text)  # a post without a headline
    site = _SITE.match(title)
    said = site and is_outlet(site["site"]) and outlet is not None and not is_outlet(outlet)
    if site and (site["site"] == outlet or said or (outlet is None and _is_site(site["site"], rest))):
        title, outlet = site["title"], site["site"]
    if not outlet and not agency:
        outlet = next((host for line in head if (host := site_of(line.text.split()[-1]))), None)
    return Head(
        title=title,
        outlet=outlet or agency or None,
        author=author,
        published=published or (body.day if body is not None and is_prose(body) else None),
        updated=updated,
    )


def _resolved(line: Line, resolve: Callable[[int, int], date | None]) -> Line:
    if line.month_day is None or line.day is not None:
        return line
    return replace(line, day=resolve(*line.month_day))


def _whole_headline(lines: list[Line]) -> list[Line]:
    """The lines with a headline that a page broke in two or three put together again.

    It is one where its lines are short, stand together, run on in small letters or after a comma, end no sentence,
    and a date or byline follows right below, or the last line ends what the first began to quote.
    """
    for first in range(min(3, len(lines))):
        last = first
        while last + 1 < len(lines) and last - first < 2 and _runs_on(lines[last], lines[last + 1]):
            last += 1
        below = lines[last + 1] if last + 1 < len(lines) else None
        signed_below = below is not None and below.kind in (Kind.DATE, Kind.BYLINE)
        if last > first and (signed_below or _quotes_on(lines[first], lines[last], below)):
            joined = " ".join(line.text for line in lines[first : last + 1])
            if len(joined) <= _MAX_TITLE:
                whole = replace(lines[first], kind=Kind.TITLE, end=lines[last].end, text=joined, title=joined)
                return [*lines[:first], replace(whole, name=None), *lines[last + 1 :]]
    return lines


def _runs_on(line: Line, following: Line) -> bool:
    """Whether a headline goes on in the next line."""
    return (
        following.kind in (Kind.PROSE, Kind.TITLE, Kind.OUTLET)
        and line.kind in (Kind.PROSE, Kind.TITLE, Kind.OUTLET)
        and following.blank_before == 0
        and max(len(line.text), len(following.text)) <= _MAX_BROKEN_LINE
        and not SENTENCE_END.search(line.text)
        and not following.text.endswith(".")
        and (following.text[:1].islower() or line.text.endswith(",") or _in_capitals(line, following))
    )


def _quotes_on(line: Line, last: Line, below: Line | None) -> bool:
    """Whether a headline that stands apart opens a quotation in its first line and ends it with its last."""
    opened = next((mark for mark in _QUOTES if line.text.count(mark[0]) > line.text.count(mark[1])), None)
    return opened is not None and last.text.endswith(opened[1]) and (below is None or below.blank_before > 0)


def _in_capitals(line: Line, following: Line) -> bool:
    """Whether two lines are a headline in capitals: neither names an outlet."""
    texts = (line.text, following.text)
    return all(text.isupper() and not is_outlet(text) and len(text.split()) > 1 for text in texts)


def _head_lines(lines: Sequence[Line]) -> list[Line]:
    """The lines before the body; the first line always belongs to the head, and so does one paragraph that sums the
    article up above a byline."""
    head = [lines[0]]
    summed_up = False
    for line, below in zip(lines[1:_HEAD_LINES], [*lines[2 : _HEAD_LINES + 1], None], strict=False):
        if line.kind in (Kind.SEPARATOR, Kind.SPEAKER):
            break
        if is_prose(line):
            place = lines.index(line)
            signed_below = below is not None and (
                below.kind is Kind.BYLINE
                or (below.kind is Kind.DATE and bool(below.author))
                or _signed_in_block(lines[place + 1 : place + 4])
            )
            if summed_up or not signed_below or line.dateline is not None or len(line.text) > _MAX_STANDFIRST:
                break
            summed_up = True
        head.append(line)
    return head


def _signed_in_block(below: Sequence[Line]) -> bool:
    """Whether a name and a date stand together below a standfirst, a line each."""
    block = list(below[:1]) + [line for line in below[1:] if not line.blank_before]
    return any(line.kind is Kind.DATE for line in block) and any(
        line.kind is Kind.OUTLET and is_person(line.text) for line in block
    )


def _short_headline(head: list[Line]) -> list[Line]:
    """The head with a headline that looks like a name, as a short one in Arabic does: the first line that is neither
    an outlet's name nor a person's, where the outlet stands above it and no other line is a title."""
    if head[0].kind is not Kind.OUTLET or not is_outlet(head[0].text) or any(map(_titled, head)):
        return head
    for place, line in enumerate(head[1:], start=1):
        person = line.text.isascii() and is_person(line.text)
        if line.kind is Kind.OUTLET and line.name and not is_outlet(line.name) and not person:
            return [*head[:place], replace(line, kind=Kind.TITLE, name=None), *head[place + 1 :]]
    return head


def _titled(line: Line) -> bool:
    return line.kind is Kind.TITLE or (line.kind in (Kind.DATE, Kind.LABEL) and line.title is not None)


def _title(head: Sequence[Line]) -> str:
    labelled = [line.title for line in head if line.label == "title" and line.title]
    if labelled:
        return labelled[0][:_MAX_TITLE]
    first = head[0]
    if first.kind in _NO_TITLES and not (first.kind in _CITING and first.title):
        for line in head[1:]:
            if line.kind is Kind.TITLE or (line.kind in _CITING and line.title):
                return _bare(line.title or line.text)
        if first.kind in (Kind.OVERLINE, Kind.CITATION) or first.label == "stamp":
            below = (line.text for line in head[1:] if line.kind is Kind.OUTLET and not is_outlet(line.text))
            return _bare(next(below, first.text))
    return _bare(first.title or first.text)


_CITING = (Kind.DATE, Kind.CITATION)
_NO_TITLES = (
    Kind.DATE,
    Kind.OUTLET,
    Kind.BYLINE,
    Kind.CITATION,
    Kind.LABEL,
    Kind.FURNITURE,
    Kind.OVERLINE,
    Kind.RECORD,
)


def _bare(title: str) -> str:
    return (_MARKS.sub("", title).strip(" \t\u00a0*_") or title)[:_MAX_TITLE]


def _first_sentence(text: str) -> str:
    """The first sentence, or of a long one the words that fit a title."""
    first = re.split(r"(?<=[.!?…؟])\s", text, maxsplit=1)[0]
    return first if len(first) <= _MAX_BROKEN_LINE * 2 else f"{first[:_MAX_BROKEN_LINE].rsplit(' ', 1)[0]} …"


def _is_site(name: str, rest: str) -> bool:
    """Whether what follows a title after a bar is the site's name: no section, and nothing the article speaks of."""
    if not is_name(name) or "," in name or SECTION.fullmatch(name) or name in rest:
        return False
    return len(name.split()) >= 2 or is_outlet(name)


def _names(head: Sequence[Line], rest: str, *, closing: bool = False) -> tuple[str | None, str | None]:
    """Outlet and author.

    A label or "transcript, Office" names the outlet, a byline the author. Of the names on the date line and on short
    lines beside it, the one that says itself what it is ("Herald") is the outlet, else the first; another that has
    the form of a person's is the author. A place is neither: what the text (`rest`) sends its reader to with "in",
    or opens with; nor is who stands in the title an author. A form, where lines name the fields below them, names
    no one.
    """
    head = [*head[:1], *map(signature, head[1:])]
    form = _form(head)
    title = "" if closing else _title(head).casefold()

    def spoken_of(name: str) -> bool:
        return name.casefold() in title or _is_place(name, rest)

    authors = [
        line.name for line in head if line.name and (line.kind is Kind.BYLINE or line.label == "author")
    ]
    stamps = [line.name for line in head if line.label in ("stamp", "tag")]
    authors += [line.author for line in head if line.author and not spoken_of(line.author)]
    labelled = [line.name for line in head if line.name and line.label == "outlet"]
    first_date = next((place for place, line in enumerate(head) if line.day is not None), len(head))
    lone = [
        item
        for item in _lone_names(head, closing=closing)
        if item[0] < form and (is_outlet(item[1]) or not _is_place(item[1], rest))
    ]
    named = [(place, name) for place, name in lone if place < first_date or _can_follow_date(name)]
    named += [
        (place, line.name)
        for place, line in enumerate(head)
        if line.name
        and line.kind in (Kind.DATE, Kind.CITATION, Kind.OVERLINE)
        and line.label != "updated"
        and (
            is_outlet(line.name)
            or not any(_is_place(name, rest) for name in (line.name, line.author) if name)
        )
    ]
    named.sort(key=lambda item: (not is_outlet(item[1]), item[0]))
    outlets = labelled + [name for _, name in named]
    outlets += [line.title for line in head if line.kind is Kind.BYLINE and line.title]
    outlet = outlets[0] if outlets else None
    if (
        outlet
        and not authors
        and is_people(outlet)
        and (printed := _printed_by(head))
        and not spoken_of(printed)
    ):
        outlet, authors = printed, [outlet]
    people = [name for _, name in [*lone, *named]]
    if outlet and rest and len(head) > 1 and form == len(head) and head[-1].kind is Kind.OUTLET:
        last = head[-1].name or ""  # alone above the body, where other lines name the outlet
        shouted = last.isupper() and not title.isupper() and not is_outlet(last)
        people += [last.title() if shouted and is_people(last.title()) else last]
    writers = authors + [
        name
        for name in people
        if name != outlet and name not in stamps and is_people(name) and not spoken_of(name)
    ]
    return outlet, writers[0] if writers else None


def _printed_by(head: Sequence[Line]) -> str | None:
    """The name right below the date of a database's record, where a person's stands above what it notes."""
    for upper, lower in pairwise(head):
        below = lower.kind is Kind.OUTLET and not lower.blank_before and lower.name
        if upper.day and below and not is_people(below) and any(line.kind is Kind.RECORD for line in head):
            return below
    return None


def _is_place(name: str, rest: str) -> bool:
    """Whether the text speaks of `name` as of a place: it opens with it as a dateline, or something happens in it."""
    if rest.lstrip("*_ ").casefold().startswith(name.casefold()):
        return True
    before = r"in|near|outside|around|of|at" if " " in name else r"in|near|outside|around"
    found = re.finditer(rf"(?:\b(\w+)\s+)?\b(?:{before})\s+{re.escape(name)}\b", rest, re.IGNORECASE)
    return any(
        (match[1] or "").lower() not in TRADES for match in found
    )  # "editor of Deep Water" is no place


def _form(head: Sequence[Line]) -> int:
    """Where fields and values begin, a line each ("Production date", "3 May 2024", "Language"); the end if none do."""
    fields = (
        place
        for place, (upper, lower) in enumerate(pairwise(head))
        if upper.kind in (Kind.TITLE, Kind.OUTLET)
        and lower.day is not None
        and re.fullmatch(r"(?:[\w-]+\s+){1,3}date", upper.text, re.IGNORECASE)
    )
    return next(fields, len(head))


def _can_follow_date(name: str) -> bool:
    """Below the date stand outlets and authors alike: only what says it is an outlet, or one word, is taken for one."""
    return is_outlet(name) or len(name.split()) == 1


def _lone_names(head: Sequence[Line], *, closing: bool) -> list[tuple[int, str]]:
    """Names on lines of their own that stand beside a date or byline, or right under the title."""
    anchors = [
        place
        for place, line in enumerate(head)
        if line.kind in ANCHORS or line.day or (line.kind is Kind.RECORD and is_period(line.text))
    ]
    titled = closing or any(line.kind is Kind.TITLE for line in head)
    found: list[tuple[int, str]] = []
    if not anchors and (both := _above_and_below(head)):
        return both
    for place, line in enumerate(head):
        if line.kind not in (Kind.OUTLET, Kind.BULLET) or not line.name or (place == 0 and not titled):
            continue
        if line.name.split()[-1].lower() in TRADES and not is_outlet(line.name):
            continue  # "Chief Reporter": what someone is
        beside = any(
            abs(place - anchor) <= 2 and (place < anchor or line.blank_before == 0 or place == anchor + 1)
            for anchor in anchors
        )
        if (
            (
                beside
                and not (place > max(anchors) and line.blank_before and not is_outlet(line.name) and found)
            )
            or (place == 1 and line.blank_before == 0 and not anchors)
            or _is_page_of(head, place)
        ):
            found.append((place, line.name))
    return found


def _is_page_of(head: Sequence[Line], place: int) -> bool:
    """Whether a copied page opens with this name: it says itself that it is an outlet's and stands right above the
    title, or above breadcrumbs."""
    if place or len(head) < 2 or head[1].blank_before > 1:
        return False
    return head[1].kind is Kind.OVERLINE or (is_outlet(head[0].text) and _titled(head[1]))


def _above_and_below(head: Sequence[Line]) -> list[tuple[int, str]]:
    """The outlet on the first line and the author alone below the title, where the head names nobody else."""
    names = [(place, line.name) for place, line in enumerate(head) if line.kind is Kind.OUTLET and line.name]
    if len(names) != 2 or names[0][0] != 0 or not is_outlet(names[0][1]) or not is_person(names[1][1]):
        return []
    return names if any(line.kind is Kind.TITLE for line in head[: names[1][0]]) else []
