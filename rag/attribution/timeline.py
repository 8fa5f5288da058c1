"""Development over time: dated verbatim sentences in the order of their days."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rag.attribution import values
from rag.attribution.extract import ANSWERS, Ground
from rag.attribution.statements import Checked
from rag.schema import Citation, Statement, TimelineEntry

_DEVELOPMENT = re.compile(
    r"\b(?:timeline|chronolog\w*|over time|step by step|from one \w+ to the next|in what order|course of events"
    r"|how (?:did|has|have|do|does) .{2,160}? (?:chang\w*|develop\w*|evolv\w*|unfold\w*|progress\w*|proceed\w*|grow\w*|"
    r"vary|shift\w*|go on)|history of|what happened (?:after|since|between|next)|first .{2,80} (?:then|later|finally)"
    r"|since (?:then|the start|the beginning))\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\W{0,2}\s?((?:19|20|21)\d\d)\b")
_HALF_A_YEAR = timedelta(days=183)


@dataclass(frozen=True, slots=True)
class Dated:
    """A verbatim sentence with the day it tells of."""

    day: date
    checked: Checked


def asks_development(question: str) -> bool:
    """Whether `question` asks how something came about or changed.

    >>> asks_development("How did the toll change over the week?"), asks_development("How many died?")
    (True, False)
    """
    return _DEVELOPMENT.search(question) is not None


def timeline(grounds: Sequence[Ground], *, strong: float = ANSWERS) -> list[Dated]:
    """The strong evidence by day: one sentence a day and outlet, the strongest; undated articles are left out.

    The day is the one that the sentence names, where it names just one, else the day of publication.
    """
    found: dict[tuple[date, str], Dated] = {}
    told: set[str] = set()
    for ground in sorted(grounds, key=lambda item: -item.strength):
        article = ground.span.article
        plain = values.plain(ground.text)
        if ground.strength < strong or article.published is None or plain in told:
            continue
        day = _named_day(ground.span.quote, article.published) or article.published
        told.add(plain)
        source = (article.outlet or article.duplicate_of or article.id).casefold()
        found.setdefault((day, source), Dated(day, Checked(ground.text, "verbatim", (ground.span,))))
    return sorted(found.values(), key=lambda item: item.day)


def entries(dated: Sequence[Dated], citations: Sequence[Citation]) -> tuple[TimelineEntry, ...]:
    """The timeline of an answer: each sentence with the number of its citation; uncited ones are left out."""
    numbers = {(item.article.id, item.start, item.end): item.number for item in citations}
    table: list[TimelineEntry] = []
    for item in dated:
        cited = tuple(
            number
            for span in item.checked.spans
            if (number := numbers.get((span.article.id, span.start, span.end))) is not None
        )
        if cited:
            table.append(TimelineEntry(item.day, Statement(item.checked.text, item.checked.support, cited)))
    return tuple(table)


def _named_day(text: str, published: date) -> date | None:
    """The one day that `text` names; without a year it is the one nearest to the day of publication."""
    named = values.written_days(text)
    if len({(month, day) for _, _, month, day in named}) != 1:
        return None
    _, end, month, day = named[0]
    year = _YEAR.match(text[end:])
    for candidate in (
        (int(year.group(1)),) if year else (published.year, published.year - 1, published.year + 1)
    ):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if year or abs(found - published) <= _HALF_A_YEAR:
            return found
    return None
