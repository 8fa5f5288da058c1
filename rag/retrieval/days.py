"""The days a sentence of an article speaks of, counted from the day the article was published."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from rag.retrieval.dates import DateSpan, Days, Settle, date_spans, normal
from rag.retrieval.relative import relative_spans, tense_at

_NEAR_DAYS = 100
"""A date without a year, in a sentence that leaves open whether it is past, is the nearest one if so near."""
_SLIP_DAYS = 45
"""A past date without a year that would be of this year if it lay a little earlier: its article's date may be off."""
_OF_ANOTHER_YEAR = re.compile(
    r"\s+(?:of\s+)?(?:last|next|that|this|the (?:previous|following|same)) year\b", re.I
)
_OPEN_ENDED = re.compile(r"\b(?:from|to|until|till|by)\s+(?:the\s+)?$", re.I)
_LOOKS_BACK = re.compile(r"\b(?:last|since)\s+$", re.I)
_YEAR_LEAD = re.compile(
    r"(?:^|[\s(])(?:in|since|until|till|by|before|after|during|of|from|between|through|and|to|year|years|"
    r"late|early|"
    r"en|depuis|avant|après|im|seit|desde|в|с|до|после|في|منذ|عام|سنة)\s+(?:the\s+year\s+)?$",
    re.I,
)
_COUNTED = re.compile(
    r"^\s+(?:people|persons|men|women|children|homes|houses|votes|jobs|tonnes|tons|euros|dollars|crowns|"
    r"metres|meters|"
    r"miles|km|kilometres|acres|hectares|troops|soldiers|members|words|pages|cases|cars|copies|families|"
    r"patients)\b",
    re.I,
)
_WINTER = re.compile(r"\b(?:winter|hiver|invierno)(?: of| de)?\s+$", re.I)


@dataclass(frozen=True, slots=True)
class ResolvedDay:
    """Characters `start:end` of a sentence that name days, and the first and last of these."""

    start: int
    end: int
    first: date
    last: date


def resolve_days(sentence: str, published: date) -> tuple[ResolvedDay, ...]:
    """The days that a sentence of an article published on `published` names, in order.

    Weekdays are those news means: the last one up to publication, or the next one where the sentence looks
    ahead. Nothing is given where the sentence could mean several days, or quotes somebody.

    >>> sentence = "The ferry sank on Wednesday, three days after a warning in June."
    >>> [(sentence[day.start : day.end], str(day.first)) for day in resolve_days(sentence, date(2024, 7, 5))]
    [('Wednesday', '2024-07-03'), ('June', '2024-06-01')]
    """
    text = normal(sentence)
    absolute = [
        span
        for span in date_spans(text, _year_of_news(text, published))
        if not span.bare or is_time(text, span)
    ]
    taken = [(span.start, span.end) for span in absolute]
    spans = absolute + [
        span
        for span in relative_spans(text, published)
        if not any(low - 2 <= span.end and span.start <= high + 2 for low, high in taken)
    ]
    spans.sort(key=lambda span: span.start)
    return tuple(ResolvedDay(span.start, span.end, span.first, span.last) for span in spans)


def is_time(text: str, span: DateSpan) -> bool:
    """Whether a bare year is one: it needs a preposition, and no counted thing after it."""
    before = text[: span.start]
    return not span.bare or bool(
        _YEAR_LEAD.search(before) and not _WINTER.search(before) and not _COUNTED.match(text[span.end :])
    )


def _year_of_news(text: str, published: date) -> Settle:
    years = {int(year) for year in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", text)}

    def settle(start: int, end: int, days: Days) -> int | None:
        before, after = text[:start], text[end:]
        if years - {published.year} or _OF_ANOTHER_YEAR.match(after):
            return None  # "in 2019 ... in June": which year's June is open
        past, near = latest_begun(days, published), nearest(days, published)
        if near is None or past is None:
            return None
        if _LOOKS_BACK.search(before):
            return past
        distance = abs((days(near)[0] - published).days)
        tense = tense_at(text, start, end)
        if tense == "ahead":
            return near if days(near)[1] >= published else near + 1
        if tense is None or _OPEN_ENDED.search(before):
            return near if distance <= _NEAR_DAYS else None
        return past if near == past or distance > _SLIP_DAYS else None

    return settle


def latest_begun(days: Days, today: date) -> int | None:
    return next((year for year in _years(days, today) if days(year)[0] <= today), None)


def nearest(days: Days, today: date) -> int | None:
    def distance(year: int) -> int:
        first, last = days(year)
        return 0 if first <= today <= last else min(abs((first - today).days), abs((last - today).days))

    return min(_years(days, today), key=distance, default=None)


def _years(days: Days, today: date) -> list[int]:
    """The years around `today` in which the date exists, latest first (29 February does not in all)."""
    found: list[int] = []
    for year in (today.year + 1, today.year, today.year - 1):
        try:
            days(year)
        except ValueError:
            continue
        found.append(year)
    return found
