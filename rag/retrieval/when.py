"""When: the period a question asks about, and whether it asks for articles of that time.

Nothing here reads the clock: relative words count from a day that the caller gives.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from rag.retrieval.dates import LINK, DateSpan, Days, Settle, date_spans, normal
from rag.retrieval.days import ResolvedDay, is_time, latest_begun, nearest, resolve_days
from rag.retrieval.relative import relative_spans

__all__ = ["Period", "PeriodOf", "ResolvedDay", "period_of", "resolve_days"]

PeriodOf = Literal["publication", "event"]
_Run = tuple[DateSpan, ...]
_ABOUT = timedelta(days=4)
_Bound = Literal["within", "since", "after", "until", "before"]


@dataclass(frozen=True, slots=True)
class Period:
    """Days a question asks about, both included; None leaves that side open.

    `of`: "publication" when the words speak of articles ("articles from May", "as of 7 June") and so ask for
    a filter; "event" when they speak of what happened, which is reported in these days or later.
    `dated` is False where the year, or the whole, was settled from `today`. `words` are the question's own.
    """

    first: date | None
    last: date | None
    of: PeriodOf
    dated: bool
    words: str

    @property
    def explicit(self) -> bool:
        """Whether the question asks for articles of these days rather than about these days."""
        return self.of == "publication"

    def holds(self, day: date) -> bool:
        """Whether `day` lies in the period."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


_THE = r"(?:the\s+)?(?:(?:month|year|week|start|beginning|end)\s+of\s+)?"
_AS_OF = re.compile(
    rf"\b(?:as of|as at|as (?:things|matters|it|they) stood(?: (?:in|on|at|by|after))?|"
    rf"judging by reports up to)\s+{_THE}$",
    re.I,
)
_BOUND_WORDS: dict[_Bound, str] = {
    "since": (
        r"since|starting(?: in| on)?|beginning(?: in| on)?|as from|from|depuis|seit|desde|начиная с|с|منذ"
    ),
    "before": r"before|prior to|earlier than|avant|vor|antes de|до|قبل",
    "after": r"after|later than|après|nach|después de|после|بعد",
    "until": r"until|till|up to|up until|through|by|no later than|jusqu['’](?:en|au|à)|bis|hasta|к|حتى",
}
_BOUNDS = {
    bound: re.compile(rf"(?:^|[\s(,«])(?:{words})\s+{_THE}$", re.I) for bound, words in _BOUND_WORDS.items()
}
_OPEN_FROM = re.compile(r"^\s+(?:on|onwards?|forward)\b", re.I)
_ANOTHER_TIME = re.compile(
    r"\b(?:for|past|beyond|than(?: in| on)?|unlike(?: in)?|(?:compared|relative) (?:with|"
    r"to)[^,?]{0,30}?)\s+(?:the\s+)?$",
    re.I,
)
_NOT_ASKED = re.compile(
    r"today\b|tonight\b|сегодня|aujourd|(?<!on )(?<!last )(?<!next )(?<!since )(?:mon|tues|wednes|thurs|fri|"
    r"satur|sun)day\b",
    re.I,
)
"""Words that ask for the latest state, and weekdays that may name a kind of day ("Sunday buses")."""
_PRESS = (
    r"articles?|press(?: coverage| reports?)?|newspapers?|papers|news(?: coverage| reports?| stories)?|"
    r"media(?: coverage| reports?)?|"
    r"reporting|dispatches|headlines"
)
_PRESS_LEAD = re.compile(
    rf"\b(?:{_PRESS})\s+(?:(?:that\s+(?:were|was)\s+)?(?:published|written|printed|dated|reported|wrote|said|"
    rf"print|report|write|say)\s+)?"
    rf"(?:(?:only|just)\s+)?(?:from|of|in|on|since|before|after|between|until|up to|during|dated)?\s*{_THE}$",
    re.I,
)
_WAS_REPORTED = re.compile(
    r"\bwhat (?:was|were|is|has been|had been) (?:being )?reported (?:in|on)\s+$", re.I
)
_BY_PRESS = re.compile(
    r"\b(?:report|reported|write|wrote|written|publish|published|print|printed)\s+(?:in|on)\s+$", re.I
)

_NEXT_ASKED = re.compile(
    r"(?:,|;|\band|[?.])\s+(?:and\s+)?(?:who|what|which|how|why|when|where|did|does|was|were|is|are|has|have)\b"
    r"(?=[^,?]*[?,]|[^,?]*$)",
    re.I,
)


def period_of(text: str, *, today: date | None = None, by_press: bool = False) -> Period | None:
    """The period that the question `text` asks about, or None.

    Relative words and dates without a year count from `today`, and are left out where it is None. `by_press`:
    the question asks what a named outlet or author wrote, so that "write in May" speaks of publication.

    >>> period_of("What did the port charge before 14 November 2025?").last
    datetime.date(2025, 11, 13)
    >>> period_of("Who led the union last week?", today=date(2026, 3, 12)).first
    datetime.date(2026, 3, 2)
    """
    text = normal(text)
    spans = date_spans(text, _year_of_question(text, today))
    if today is not None:
        spans.extend(span for span in relative_spans(text, today) if not _NOT_ASKED.match(text, span.start))
    spans.sort(key=lambda span: span.start)
    runs = [run for run in _runs(text, spans) if _is_asked_about(text, run)]
    if not runs:
        return None
    as_of = [run for run in runs if _AS_OF.search(text[: run[0].start])]
    if as_of:
        last = max(run[-1].last for run in as_of)
        return Period(None, last, "publication", _dated(as_of), _words(text, as_of))
    cues = (_PRESS_LEAD, _WAS_REPORTED, _BY_PRESS) if by_press else (_PRESS_LEAD, _WAS_REPORTED)
    of_press = [run for run in runs if any(cue.search(text[: run[0].start]) for cue in cues)]
    if of_press:
        return _covering(text, of_press, "publication")
    return _covering(text, runs, "event") if _holds_throughout(text, runs) else None


def _covering(text: str, runs: Sequence[_Run], of: PeriodOf) -> Period | None:
    """The period that holds all `runs`; bounds such as "since" count where nothing is named from end to end."""
    bounds = [_bound(text, run, of) for run in runs]
    if None in bounds:
        return None
    named = list(zip(runs, bounds, strict=True))
    within = [run for run, bound in named if bound == "within"]
    first: date | None
    last: date | None
    if within:
        reached = [run for run, bound in named if bound in ("within", "until")]
        first = min(span.first for run in within for span in run)
        last = max(span.last for run in reached for span in run)
        return Period(first, last, of, _dated(reached), _words(text, reached))
    starts = [run[0].first for run, bound in named if bound == "since"]
    starts += [run[-1].last + timedelta(days=1) for run, bound in named if bound == "after"]
    ends = [run[-1].last for run, bound in named if bound == "until"]
    ends += [run[0].first - timedelta(days=1) for run, bound in named if bound == "before"]
    first, last = max(starts, default=None), min(ends, default=None)
    if first and last and first > last:
        return None
    return Period(first, last, of, _dated(runs), _words(text, runs))


def _year_of_question(text: str, today: date | None) -> Settle:
    """A date without its year is the last one that has begun; the coming one where the question looks ahead."""
    ahead = re.search(
        r"\b(?:will|next|upcoming|going to|due|coming|scheduled|planned|expected)\b", text, re.I
    )

    def settle(start: int, end: int, days: Days) -> int | None:
        if today is None:
            return None
        past = latest_begun(days, today)
        return None if ahead and past != nearest(days, today) else past

    return settle


def _runs(text: str, spans: Sequence[DateSpan]) -> list[_Run]:
    """The dates, those joined by "and", "to" or a comma together."""
    runs: list[_Run] = []
    for span in spans:
        if runs and LINK.fullmatch(text[runs[-1][-1].end : span.start]):
            runs[-1] = (*runs[-1], span)
        else:
            runs.append((_widened(text, span),))
    return runs


def _is_asked_about(text: str, run: _Run) -> bool:
    """Whether a run of dates says when: not what something is for, or is compared with, and no plain number."""
    before, after = text[: run[0].start], text[run[-1].end :]
    if not is_time(text, run[0]) or _ANOTHER_TIME.search(before) or re.match(r"['’]s\b(?!\s+[A-Z])", after):
        # "this year's permits"; but "February 2027's fire" was in that month.
        return run[0].dated and not run[0].bare and not _ANOTHER_TIME.search(before)
    return len(run) > 1 or not re.search(r"\b(?:to|and)\s+$", before, re.I)


def _bound(text: str, run: _Run, of: PeriodOf) -> _Bound | None:
    """How the words before a run bound the period; None where they leave that open."""
    before, after = text[: run[0].start], text[run[-1].end :]
    for bound, pattern in _BOUNDS.items():
        match = pattern.search(before)
        if match is None:
            continue
        if bound == "since" and re.search(r"\b(?:from|с)\s+\S*\s*$", match.group(), re.I) and len(run) == 1:
            # "rates from May" may be told of before May; "articles from May" are those of one month.
            return "since" if _OPEN_FROM.match(after) else "within" if of == "publication" else None
        return "within" if len(run) > 1 else bound
    return "within"


def _widened(text: str, span: DateSpan) -> DateSpan:
    """ "Around 18 February" is some days about it."""
    if span.last - span.first > _ABOUT or not re.search(
        r"\b(?:around|about|circa)\s+$", text[: span.start], re.I
    ):
        return span
    return replace(span, first=span.first - _ABOUT, last=span.last + _ABOUT)


def _holds_throughout(text: str, runs: Sequence[_Run]) -> bool:
    """Whether the dates hold for all that is asked: "what did it cost, and what was said in May?" asks more."""
    head = text.find(":") if re.match(r"[^?:]*:\s", text) else -1
    if any(run[0].start < head for run in runs):
        return True
    parts = [head + 1, *(match.start() for match in _NEXT_ASKED.finditer(text, head + 1)), len(text)]
    return all(any(low <= run[0].start < high for run in runs) for low, high in pairwise(parts))


def _dated(runs: Sequence[_Run]) -> bool:
    return all(span.dated for run in runs for span in run)


def _words(text: str, runs: Sequence[_Run]) -> str:
    return text[min(run[0].start for run in runs) : max(run[-1].end for run in runs)]
