"""The date of a whole digest, where its own heading states one: for articles that state none, or no year.

A heading ("Press cuttings, Tuesday, 17 February 2026") gives the year of days written without one, and its day to
articles without any. It gives no day where it names several days, or says when it was made rather than what it holds;
nor where it is no review of a day's press, or articles state days of their own, since then it only dates the
collection; unless it says in words that it speaks for all of them. What it does not settle stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate, pairwise

from rag.articles.dates import find_date, settled
from rag.articles.heading import titles_cited
from rag.articles.kickers import MAX_WORDS
from rag.articles.lines import read_lines
from rag.articles.marks import page_name, states_edition
from rag.articles.metadata import Head, read_head
from rag.articles.names import clean, is_name, is_outlet
from rag.articles.sources import named_title, outlets_first, parted_names, title_named

_MAX_HEADING = 2_000
_MAX_END = 200
_KICKED_HEAD = 600
"""Characters with which an article is looked at for a kicker."""
_YEAR = re.compile(r"(?<![\d.,/-])(?P<y>(?:19[89]|20\d)\d)(?![\d/-])")
_RANGE = re.compile(
    r"\d{1,2}\.?\s*(?:[^\W\d_]{3,10}\s+)?(?:-|–|—|to|till|until|au|bis|до|по|إلى)\s*$", re.IGNORECASE
)
_MADE = re.compile(
    r"\b(?:compiled|sent|date|printed|retrieved|accessed|performed|exported|saved|generated|downloaded|updated|since|"
    r"founded|established|week|month|last|next)\b|©|\(c\)",
    re.IGNORECASE,
)
_FOR_ALL = re.compile(
    r"\b(?:all (?:items|articles|pieces|cuttings|texts)|unless|today'?s (?:editions|papers)|"
    r"sauf (?:mention|indication))\b|"
    r"если не указано",
    re.IGNORECASE,
)
_OF_PRESS = re.compile(
    r"\b(?:review of the press|today'?s papers|press (?:review|cuttings|clippings|summary|survey)|cuttings|clippings|"
    r"media (?:review|summary|digest|monitoring)|revue de presse|presseschau|"
    r"pressespiegel|basın özeti|rassegna stampa)\b|обзор прессы|عرض الصحف|عرض الصحافة",
    re.IGNORECASE,
)
_NO_YEAR = re.compile(r"\b(?:since|founded|established)\b|©|\(c\)", re.IGNORECASE)


_ALL_FROM = re.compile(
    r"^(?:.{0,60}\b(?:articles?|pieces|stories|texts|reports|cuttings|clippings|coverage|items|all|everything)\s+"
    r"(?:is\s+|are\s+)?(?:taken\s+)?(?:from|in|by)|from|source|outlet|publication|newspaper)\s*:?\s+"
    r"(?P<name>(?:the\s+)?[A-ZÀ-Þ][^,;:()|]{2,40}?)\s*(?:[,;:(|.–—]|\s-\s|$)|"
    r"^(?P<first>[^–—|:,]{3,40}?)\s*(?:[–—|:,]|\s-\s)\s*(?:all|selected|articles?|archive|coverage|collected|stories)\b",
    re.IGNORECASE,
)
"""What a heading says of where all articles are from."""
_TAG = re.compile(r"\[(?P<name>[^\[\]\n]{3,45})\]\s+(?P<title>\S[^\n]{7,})")
_END = re.compile(r"[.!?…][\"'”’»)]*\s+[(\[](?P<name>[^()\[\]\n]{2,45})[)\]]\W*\Z")
_SPACED = re.compile(r"^(?:\S\s+){4,}\S$")
_WIDE = re.compile(r"\s{3,}|\t")
_PARTS = re.compile(r"\s{3,}|\t|\s+[|•·]\s+")


@dataclass(frozen=True, slots=True)
class Issue:
    """What the heading of a digest says of the days of its articles.

    `of_press` where it calls itself a review of the press, or is the head of a newspaper's page; `for_all` where it
    says in words that its day is everyone's. `outlet` is the one that it says all articles are from.
    """

    year: int | None = None
    day: date | None = None
    of_press: bool = False
    for_all: bool = False
    outlet: str | None = None

    def resolve(self, month: int, day: int) -> date | None:
        """The day in the year of the issue; in the year before where it would lie after the issue."""
        if self.year is None:
            return None
        try:
            found = date(self.year, month, day)
            late = self.day is not None and found > self.day + timedelta(days=1)
            return found.replace(year=self.year - 1) if late else found
        except ValueError:
            return None


def issue_of(heading: str) -> Issue:
    """What the text above the first article says of the days of all.

    >>> issue_of("Press cuttings\\nFriday, 3 May 2024")
    Issue(year=2024, day=datetime.date(2024, 5, 3), of_press=True, for_all=False, outlet=None)
    >>> [issue_of(text).outlet for text in ("THE HARBOUR POST\\nNo. 41    3 May 2024", "Articles from the Coast Wire")]
    ['THE HARBOUR POST', 'Coast Wire']
    >>> [(issue.year, issue.day) for issue in map(issue_of, ["Wires, 3-4 May 2024", "Week 18 of 2024", "Reading list"])]
    [(2024, None), (2024, None), (None, None)]
    """
    lines = heading[:_MAX_HEADING].splitlines()
    years = {int(match["y"]) for line in lines if not _NO_YEAR.search(line) for match in _YEAR.finditer(line)}
    days = {}
    for line in lines:
        found = find_date(line)
        if found is not None:
            years.add(found.day.year)
            ranged = _RANGE.search(line[: found.start]) or find_date(line[found.end :])
            beside = next((part for part in _PARTS.split(line) if find_date(part)), line)
            days[found.day] = bool(ranged or _MADE.search(beside))
    day = next(iter(days)) if len(days) == 1 and not any(days.values()) else None
    masthead = _masthead(lines)
    return Issue(
        year=next(iter(years)) if len(years) == 1 else None,
        day=day,
        of_press=masthead is not None or _OF_PRESS.search(heading) is not None,
        for_all=day is not None and _FOR_ALL.search(heading) is not None,
        outlet=masthead or _common_source(lines),
    )


def _masthead(lines: Sequence[str]) -> str | None:
    """The newspaper whose page this is: its name, and below it the number or the price of the issue."""
    told = [unspaced(line.strip()) for line in lines if line.strip()][:4]
    parts = [part for line in told[:1] for part in _WIDE.split(line)]
    names = [part for part in parts if is_name(part) and is_outlet(part) and not find_date(part)]
    if len(names) == 1 and any(find_date(part) for part in parts):
        return clean(names[0])  # "4      THE HARBOUR POST      3 May 2024"
    when = find_date(told[0]) if told else None
    name = clean(told[0][: when.start]) if when else ""
    if name.isupper() and len(parts) > 1 and is_name(name) and is_outlet(name) and not _OF_PRESS.search(name):
        return name  # "THE HARBOUR POST, 3 May 2024      4"
    if not told or not is_name(told[0]) or not is_outlet(told[0]) or _OF_PRESS.search(told[0]):
        return None
    return clean(told[0]) if any(map(states_edition, told[1:])) else None


def unspaced(text: str) -> str:
    """A name printed with a space behind each letter, as it is written.

    >>> unspaced("C O A S T   &   Q U A Y"), unspaced("A plan B")
    ('COAST & QUAY', 'A plan B')
    """
    if not _SPACED.match(text):
        return text
    return " ".join("".join(word.split()) for word in re.split(r"\s{2,}", text))


def _in_folios(heading: str, text: str) -> str | None:
    """The magazine whose name stands at the top and at the foot of its pages, beside their numbers."""
    lines = [line.strip() for line in heading.splitlines() if line.strip()][:4]
    if not lines or not is_name(lines[0]) or not any(map(states_edition, lines[1:])):
        return None
    feet = [page_name(line.strip()) for line in text.splitlines()]
    again = sum(foot is not None and foot.casefold() == lines[0].casefold() for foot in feet)
    return clean(lines[0]) if again > 1 else None


def _held_running_heads(heads: list[Head], articles: Sequence[str]) -> list[Head]:
    """The heads with outlet and day of the page they stand on, where pages are headed "HARBOUR POST     3 May 2024"
    and the article names neither."""
    found = list(heads)
    seen: list[tuple[str, date]] = []
    for place, (head, text) in enumerate(zip(heads, articles, strict=True)):
        told = [running for line in text.splitlines() if (running := _running_head(line)) is not None]
        if seen and not told and head.outlet is None and head.published is None:
            found[place] = replace(head, outlet=seen[-1][0], published=seen[-1][1])
        seen += told
    return found if len(seen) > 1 else list(heads)


def _running_head(line: str) -> tuple[str, date] | None:
    """The outlet and the day on the head of a printed page."""
    parts = [part for part in _WIDE.split(line.strip()) if part and not part.isdigit()]
    if len(parts) != 2 or not is_name(parts[0]) or not is_outlet(parts[0]):
        return None
    when = find_date(parts[1])
    return (clean(parts[0]), when.day) if when and not clean(parts[1][: when.start]) else None


def _common_source(lines: Sequence[str]) -> str | None:
    """The outlet that a heading says all articles are from."""
    found = {
        re.sub(r"^the\s+(?=[A-Z])", "", clean(name))
        for line in lines
        if (match := _ALL_FROM.match(line.strip()))
        and is_name(name := (match["name"] or match["first"]))
        and is_outlet(name)
        and not _OF_PRESS.search(name)
    }
    return next(iter(found)) if len(found) == 1 else None


def _named_in_titles(heads: list[Head], articles: Sequence[str]) -> list[Head]:
    """The heads with the outlets that titles name, or brackets behind the last words, where several articles have them
    alike: "Harbour Post: Dam fails", "[Harbour Post] Dam fails", "... on Monday. (Harbour Post)"."""
    cited = titles_cited({place: head.title for place, head in enumerate(heads) if not head.outlet})
    heads = [
        replace(head, title=item.title, outlet=item.outlet, author=head.author or item.author)
        if (item := cited.get(place))
        else head
        for place, head in enumerate(heads)
    ]
    for told in (named_title, title_named):
        named = [None if head.outlet else told(head.title) for head in heads]
        if sum(item is not None for item in named) > 1:
            heads = [
                replace(head, outlet=item[0], title=item[1]) if item else head
                for head, item in zip(heads, named, strict=True)
            ]
    tags = [_TAG.match(text.lstrip()) for text in articles]
    if sum(tag is not None and head.outlet == tag["name"] for tag, head in zip(tags, heads, strict=True)) > 1:
        heads = [
            replace(head, outlet=tag["name"], title=tag["title"]) if tag and not head.outlet else head
            for tag, head in zip(tags, heads, strict=True)
        ]
    ends = [_END.search(text[-_MAX_END:]) for text in articles]
    if sum(end is not None and is_outlet(end["name"]) for end in ends) > 1:
        heads = [
            replace(head, outlet=clean(end["name"]))
            if end and not head.outlet and is_name(end["name"])
            else head
            for end, head in zip(ends, heads, strict=True)
        ]
    return heads


def _named_below_titles(heads: list[Head], articles: Sequence[str]) -> list[Head]:
    """The heads with outlet and author from "Il Sale / Rob Hale" right below the title, where several have it so."""
    told = {
        place: pair
        for place, (head, text) in enumerate(zip(heads, articles, strict=True))
        if head.outlet is None
        and head.title
        and (behind := text.partition(head.title)[2].split("\n", 2)[1:2])
        and (pair := parted_names(behind[0]))
    }
    if len(told) < 2:
        return heads
    found = list(heads)
    for place, (outlet, author) in zip(told, outlets_first(list(told.values())), strict=True):
        found[place] = replace(found[place], outlet=outlet, author=found[place].author or author)
    return found


def _without_kickers(articles: Sequence[str], *, named: bool) -> list[str]:
    """The articles of a file without the kickers with which they begin, unless those are all that could name outlets;
    `named` where the file itself names one."""
    short = [len(line.split()) <= MAX_WORDS for line in (text.partition("\n")[0] for text in articles)]
    if sum(short) <= 1:
        return list(articles)
    opened = [text[:_KICKED_HEAD].rstrip() for text in articles]
    starts = {line.start for line in read_lines("\n\n\n".join(opened)) if line.label == "kicker"}
    places = accumulate((len(text) + 3 for text in opened), initial=0)
    found = [
        text.partition("\n")[2].lstrip() if place in starts else text
        for text, place in zip(articles, places, strict=False)
    ]
    cut = [text for text, whole in zip(found, articles, strict=True) if text != whole]
    told = named or 2 * sum(read_head(text).outlet is not None for text in cut) >= len(cut)
    return found if told else list(articles)


def read_heads(heading: str, articles: Sequence[str]) -> list[Head]:
    """The heads of the articles of a digest, with the days that its heading gives them."""
    written = "\n\n".join([heading, *articles])
    reading = settled(written)
    places = list(accumulate((len(text) + 2 for text in [heading, *articles]), initial=0))
    articles = [reading[begin : end - 2] for begin, end in pairwise(places[1:])]
    issue = issue_of(reading[: len(heading)])
    printed = None if issue.outlet else _in_folios(reading[: len(heading)], reading)
    below = _without_kickers(articles, named=bool(issue.outlet or printed))
    heads = [read_head(text) for text in below]
    if issue.year is not None and heading.strip():
        dates_all = issue.for_all or (issue.of_press and not any(head.published for head in heads))
        heads = [
            head if head.published else read_head(text, resolve=issue.resolve)
            for head, text in zip(heads, below, strict=True)
        ]
        if issue.day is not None and dates_all:
            heads = [head if head.published else replace(head, published=issue.day) for head in heads]
    heads = _named_below_titles(_named_in_titles(heads, articles), articles)
    heads = _held_running_heads(heads, articles)
    if printed:
        heads = [head if head.outlet else replace(head, outlet=printed) for head in heads]
    if issue.outlet is not None:
        heads = [
            replace(
                head, title=head.outlet, outlet=None
            )  # on the page of one newspaper a short headline is no outlet
            if head.outlet and not is_outlet(head.outlet) and text.startswith(head.outlet)
            else head
            for head, text in zip(heads, articles, strict=True)
        ]
        heads = [head if head.outlet else replace(head, outlet=issue.outlet) for head in heads]
    if reading == written:
        return heads
    return [
        replace(head, title=written[place + at : place + at + len(head.title)])
        if (at := text.find(head.title)) >= 0
        else head
        for head, text, place in zip(heads, articles, places[1:], strict=False)
    ]
