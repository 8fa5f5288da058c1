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

from rag.articles.dates import find_date
from rag.articles.metadata import Head, read_head

_MAX_HEADING = 2_000
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
    r"\b(?:press (?:review|cuttings|clippings|summary|survey)|cuttings|clippings|revue de presse|presseschau|"
    r"pressespiegel|basın özeti|rassegna stampa)\b|обзор прессы|عرض الصحف|عرض الصحافة",
    re.IGNORECASE,
)
_NO_YEAR = re.compile(r"\b(?:since|founded|established)\b|©|\(c\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Issue:
    """What the heading of a digest says of the days of its articles.

    `of_press` where it calls itself a review of the press, `for_all` where it says in words that its day is everyone's.
    """

    year: int | None = None
    day: date | None = None
    of_press: bool = False
    for_all: bool = False

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
    Issue(year=2024, day=datetime.date(2024, 5, 3), of_press=True, for_all=False)
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
            days[found.day] = bool(ranged or _MADE.search(line))
    day = next(iter(days)) if len(days) == 1 and not any(days.values()) else None
    return Issue(
        year=next(iter(years)) if len(years) == 1 else None,
        day=day,
        of_press=_OF_PRESS.search(heading) is not None,
        for_all=day is not None and _FOR_ALL.search(heading) is not None,
    )


def read_heads(heading: str, articles: Sequence[str]) -> list[Head]:
    """The heads of the articles of a digest, with the days that its heading gives them."""
    heads = [read_head(text) for text in articles]
    issue = issue_of(heading)
    if issue.year is None or not heading.strip():
        return heads
    dates_all = issue.for_all or (issue.of_press and not any(head.published for head in heads))
    heads = [
        head if head.published else read_head(text, resolve=issue.resolve)
        for head, text in zip(heads, articles, strict=True)
    ]
    if issue.day is None or not dates_all:
        return heads
    return [head if head.published else replace(head, published=issue.day) for head in heads]
