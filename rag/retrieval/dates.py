"""Calendar dates as questions and articles name them: days, months, seasons, years, and runs of them.

Finds spans, and says which days they cover. A date without its year is settled by the caller, who knows
the day of speaking; what stays open is left out, never guessed. Month names are those of
`rag.articles.dates`, and the Russian forms that follow "в".
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rag.articles.dates import MONTHS as _NAMED  # month names of all languages read at ingest
from rag.articles.dates import find_date

_AFTER_V = "январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре".split()
MONTHS = _NAMED | {name: number for number, name in enumerate(_AFTER_V, start=1)}
_ENGLISH = frozenset(
    """january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec""".split()
)
_ALSO_WORDS = frozenset({"may", "march", "mar", "dec", "mars", "mart"})
"""Month names that are other words too: in lower case they need a preposition or a year."""

_MONTH = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
_M = rf"(?P<m>{_MONTH})\.?"
_Y = r"(?P<y>(?:19|20)\d\d)(?![\d%]|[.,]\d)"
_D = (
    r"(?:(?P<d0>\d{1,2})(?:st|nd|rd|th)?\s*(?:and|to|until|or|[-–])\s*)?(?P<d>\d{1,2})(?:st|nd|rd|th|er|-го)?"
)
_OF = r"(?:\s+(?:of|de|года))?"
_PART = (
    r"(?:(?:the\s+)?(?P<part>early|mid|middle|late|end|beginning|start|close|début|mi|fin|anfang|mitte|ende)"
    r"(?:\s+(?:of|in)(?:\s+the\s+month\s+of)?|\s+de)?[\s-]+)?"
)
_ORDINALS = {
    "first": 1,
    "1st": 1,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "last": 4,
}
_NTH = r"(?P<nth>first|1st|second|2nd|third|3rd|fourth|4th|last)"
_SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11)}
_LATER_YEAR = r"(?:\s+of|\s+in)?\s+"

_UNITS = tuple(
    re.compile(rf"(?<![\w.,/-]){pattern}(?!\w)", re.IGNORECASE)
    for pattern in (
        rf"{_D}\.?{_OF}\s+{_M}(?:,?{_OF}\s+{_Y})?",
        rf"{_M}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s*(?:and|to|[-–])\s*(?P<d1>\d{{1,2}})(?:st|nd|rd|"
        rf"th)?)?(?!\d|[.,]\d)(?:,?\s+{_Y})?",
        rf"{_PART}{_M}(?:,?{_OF}\s+{_Y})?",
        rf"{_NTH}\s+(?P<size>quarter|half){_LATER_YEAR}{_Y}",
        rf"(?P<size>Q)(?P<nth>[1-4]),?\s+{_Y}",
        rf"(?P<which>first|last)\s+(?P<count>two|three|four|six|nine)\s+months{_LATER_YEAR}{_Y}",
        rf"{_PART}(?:the\s+)?(?P<season>spring|summer|autumn|fall){_LATER_YEAR}{_Y}",
        rf"(?:the\s+)?(?P<season>winter)(?:\s+of)?\s+{_Y}\s*[/–-]\s*(?:20)?(?P<y1>\d\d)",
        r"(?:the\s+)?(?P<decade>(?:19|20)\d0)s",
        rf"{_PART}{_Y}",
    )
)
_NUMERIC = re.compile(r"(?<![\w.,/-])\d{1,4}(?:-\d{1,2}-|\.\d{1,2}\.|/\d{1,2}/)\d{1,4}(?!\w)")
_NORMAL = {0xA0: " ", 0x202F: " ", 0x2011: "-", **{0x660 + digit: str(digit) for digit in range(10)}}
_COUNTS = {"two": 2, "three": 3, "four": 4, "six": 6, "nine": 9}
LINK = re.compile(
    r"(?:\s+(?:and|to|until|till|through|or|versus|vs\.?|et|und|bis|по|и)\s+|\s*[-–—,]\s*)(?:in\s+)?", re.I
)
"""What stands between two dates that belong together."""


Days = Callable[[int], tuple[date, date]]
"""The first and the last day of a date without its year, given the year; `ValueError` if that year has none."""
Settle = Callable[[int, int, Days], int | None]
"""The year of the date in characters `start:end`, or None where it stays open."""


@dataclass(frozen=True, slots=True)
class DateSpan:
    """Characters `start:end` of a text and the days they name, both included.

    `dated`: the words give the year; else it was settled by the caller. `bare`: nothing but a year.
    """

    start: int
    end: int
    first: date
    last: date
    dated: bool
    bare: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """A date as written: `days` gives the first and last day once the year is known."""

    start: int
    end: int
    year: int | None
    days: Days
    bare: bool = False
    month_only: bool = False


def normal(text: str) -> str:
    """`text` with plain spaces, hyphens and digits; every character keeps its place."""
    return text.translate(_NORMAL)


def month_days(year: int, month: int) -> tuple[date, date]:
    """The first and the last day of a month."""
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def date_spans(text: str, settle: Settle) -> list[DateSpan]:
    """The dates that `text` names, in order, none overlapping.

    `settle` is asked for the year of a date that has none and may answer None: the date is left out. In
    "March and May 2025" the year serves both.

    >>> [str(span.last) for span in date_spans("between 3 June and 5 July 2025", lambda start, end, days: None)]
    ['2025-06-03', '2025-07-05']
    >>> date_spans("It may march in 2000 boots, mid-week.", lambda start, end, days: None)[0].bare
    True
    """
    text = normal(text)
    found = _borrow_years(text, _without_overlaps([*_numeric(text), *_named(text)]))
    spans: list[DateSpan] = []
    meant = [item.year is not None or not item.month_only or _meant_as_month(text, item) for item in found]
    for index in range(len(found) - 2, -1, -1):
        linked = LINK.fullmatch(text[found[index].end : found[index + 1].start])
        meant[index] = meant[index] or bool(linked and meant[index + 1])
    for item, counts in zip(found, meant, strict=True):
        if not counts:
            continue
        try:
            year = item.year if item.year is not None else settle(item.start, item.end, item.days)
            if year is not None:
                first, last = item.days(year)
                spans.append(DateSpan(item.start, item.end, first, last, item.year is not None, item.bare))
        except ValueError:
            continue
    return spans


def _numeric(text: str) -> Iterator[_Found]:
    for match in _NUMERIC.finditer(text):
        if (hit := find_date(match.group())) and (hit.start, hit.end) == (0, len(match.group())):
            yield _Found(*match.span(), hit.day.year, _only(hit.day))


def _only(day: date) -> Days:
    return lambda year: (day, day)


def _named(text: str) -> Iterator[_Found]:
    for pattern in _UNITS:
        for match in pattern.finditer(text):
            if (found := _read(match)) is not None:
                yield found


def _read(match: re.Match[str]) -> _Found | None:
    parts = match.groupdict()
    year = int(parts["y"]) if parts.get("y") else None
    part = (parts.get("part") or "").lower()
    start, end = match.start(), match.end() - match.group().endswith(".")
    if parts.get("m"):
        name = parts["m"].lower()
        month = MONTHS[name]
        # "Mars 2020" is a planet's; French writes its months small.
        if name == "mars" and parts["m"][0] == "M":
            return None
        if parts.get("d"):
            if name in _ALSO_WORDS and parts["m"].islower() and year is None:
                return None
            day, other = int(parts["d"]), int(parts.get("d0") or parts.get("d1") or parts["d"])
            low, high = min(day, other), max(day, other)
            return _Found(start, end, year, lambda of: (date(of, month, low), date(of, month, high)))
        return _Found(
            start, end, year, lambda of: _part_of(part, *month_days(of, month)), month_only=not part
        )
    if parts.get("decade"):
        begin = int(parts["decade"])
        return _Found(start, end, begin, lambda of: (date(of, 1, 1), date(of + 9, 12, 31)))
    if year is None:
        return None
    if parts.get("season") == "winter":
        if (year + 1) % 100 != int(parts["y1"]):
            return None
        return _Found(start, end, year, lambda of: (date(of, 12, 1), month_days(of + 1, 2)[1]))
    if parts.get("season"):
        begin, until = _SEASONS[parts["season"].lower()]
    elif parts.get("which"):
        count = _COUNTS[parts["count"].lower()]
        begin, until = (1, count) if parts["which"].lower() == "first" else (13 - count, 12)
    elif parts.get("nth"):
        length = 6 if parts["size"].lower() == "half" else 3
        nth = _ORDINALS.get(parts["nth"].lower()) or int(parts["nth"])
        nth = 2 if length == 6 and parts["nth"].lower() == "last" else nth
        begin, until = length * (nth - 1) + 1, length * nth
        if until > 12:
            return None
    else:
        begin, until = 1, 12
    bare = match.group() == parts["y"]
    return _Found(
        start, end, year, lambda of: _part_of(part, date(of, begin, 1), month_days(of, until)[1]), bare=bare
    )


def _part_of(part: str, first: date, last: date) -> tuple[date, date]:
    """The part of a run of days that "early", "mid" or "the end of" names: its third, "mid" a day more each way.

    >>> [str(day) for day in _part_of("mid", date(2025, 10, 1), date(2025, 10, 31))]
    ['2025-10-10', '2025-10-22']
    """
    if not part:
        return first, last
    third = (last - first).days / 3
    if part in ("early", "beginning", "start", "début", "anfang"):
        return first, first + timedelta(days=round(third))
    if part in ("late", "end", "close", "fin", "ende"):
        return last - timedelta(days=round(third)), last
    return first + timedelta(days=round(third) - 1), last - timedelta(days=round(third) - 1)


def _without_overlaps(found: list[_Found]) -> list[_Found]:
    kept: list[_Found] = []
    for item in sorted(found, key=lambda item: (item.start, -item.end)):
        if not kept or item.start >= kept[-1].end:
            kept.append(item)
    return kept


def _borrow_years(text: str, found: list[_Found]) -> list[_Found]:
    """Dates linked to a later one that has a year share it: "between March and 5 May 2025"."""
    result = list(found)
    for index in range(len(result) - 2, -1, -1):
        this, then = result[index], result[index + 1]
        if this.year is None and then.year is not None and LINK.fullmatch(text[this.end : then.start]):
            year = then.year
            if this.days(year)[0] > then.days(year)[0]:
                year -= 1  # "from November to March 2026"
            result[index] = replace(this, year=year)
    return result


_TIME_WORDS = (
    r"in|since|until|till|by|before|after|during|from|between|and|to|of|through|last|this|next|as of|around|"
    r"early|mid|late|late in|back in|as at"
)
_ENGLISH_LEAD = re.compile(rf"\b(?:{_TIME_WORDS})[\s-]+$", re.I)
_PLAIN_LEAD = re.compile(r"\b(?:in|since|until|till|by|before|during|last|this|next|as of|between)\s+$", re.I)
_OTHER_LEAD = re.compile(
    r"(?:^|[\s(«\"'’])(?:en|depuis|avant|après|jusqu['’]en|im|seit|bis|vor|nach|desde|hasta|antes de|"
    r"в|с|до|после|на|к|في|منذ|حتى|قبل|بعد)\s+$",
    re.I,
)


def _meant_as_month(text: str, item: _Found) -> bool:
    """Whether a month's name alone is one, going by what stands before it."""
    before, word = text[: item.start], text[item.start : item.end].strip(".").lower()
    if word not in _ENGLISH:
        return bool(_OTHER_LEAD.search(before))
    if word in _ALSO_WORDS and text[item.start].islower():
        return bool(_PLAIN_LEAD.search(before))
    return bool(_ENGLISH_LEAD.search(before))
