"""Days named by how far they lie from the day of speaking: "yesterday", "on Wednesday", "last month".

English, with the plain words of French, Russian and Arabic. A weekday is the nearest one not after the day of
speaking, as news writes it, unless the sentence looks ahead; where a sentence could mean either, nothing is
found. What stands inside quotation marks was said on a day of its own and is left out as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import Literal

from rag.retrieval.dates import DateSpan, month_days, normal

Tense = Literal["past", "ahead"]

_SMALL = "one two three four five six seven eight nine ten eleven twelve".split()
_NUMBER = {word: number for number, word in enumerate(_SMALL, start=1)} | {"a": 1, "an": 1}
_DAYS_OFF = {
    "the day before yesterday": -2, "yesterday": -1, "last night": -1, "today": 0, "tonight": 0,
    "this morning": 0, "this afternoon": 0, "this evening": 0, "tomorrow": 1, "the day after tomorrow": 2,
    "avant-hier": -2, "hier": -1, "aujourd'hui": 0, "aujourd’hui": 0, "demain": 1, "après-demain": 2,
    "позавчера": -2, "вчера": -1, "сегодня": 0, "завтра": 1, "послезавтра": 2,
    "أمس": -1, "بالأمس": -1, "صباح اليوم": 0, "مساء اليوم": 0, "غدا": 1, "غداً": 1,
}  # fmt: skip
_STRETCHES = {
    "last week": ("week", -1), "this week": ("week", 0), "next week": ("week", 1),
    "last month": ("month", -1), "this month": ("month", 0), "next month": ("month", 1),
    "last year": ("year", -1), "this year": ("year", 0), "next year": ("year", 1),
    "la semaine dernière": ("week", -1), "le mois dernier": ("month", -1), "l'an dernier": ("year", -1),
    "l'année dernière": ("year", -1), "la semaine prochaine": ("week", 1), "le mois prochain": ("month", 1),
    "на прошлой неделе": ("week", -1), "в прошлом месяце": ("month", -1), "в прошлом году": ("year", -1),
    "на следующей неделе": ("week", 1), "в следующем месяце": ("month", 1), "в следующем году": ("year", 1),
    "الأسبوع الماضي": ("week", -1), "الشهر الماضي": ("month", -1), "العام الماضي": ("year", -1),
}  # fmt: skip
_WEEKDAYS = {
    name: number
    for number, line in enumerate(
        """monday lundi понедельник الاثنين الإثنين
        tuesday mardi вторник الثلاثاء
        wednesday mercredi среду الأربعاء
        thursday jeudi четверг الخميس
        friday vendredi пятницу الجمعة
        saturday samedi субботу السبت
        sunday dimanche воскресенье الأحد""".splitlines()
    )
    for name in line.split()
}


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_SIMPLE = re.compile(rf"(?<![\w’'-])(?:{_any_of([*_DAYS_OFF, *_STRETCHES])})(?![\w-])", re.I)
_AGO = re.compile(
    rf"(?<![\w.,-])(?P<count>{'|'.join(_NUMBER)}|\d{{1,2}})\s+(?P<unit>day|week|month|year)s?\s+ago\b", re.I
)
_LATEST = re.compile(
    r"\b(?:in|during|over|within)\s+the\s+(?:last|past)\s+"
    rf"(?:(?P<count>{'|'.join(_NUMBER)}|\d{{1,2}})\s+)?(?P<unit>day|week|month|year)s?\b(?!\s+of\b)",
    re.I,
)
_VAGUE = re.compile(
    r"\b(?:about|around|some|nearly|almost|over|more than|less than|at least|than|roughly|over)\s+$", re.I
)
_WEEKDAY = re.compile(
    rf"(?<![\w-])(?:(?P<lead>last|next|this|on|on this|since|late|early|le|les|chaque|в|во|يوم|أمس)\s+)?"
    rf"(?P<day>{_any_of(_WEEKDAYS)})(?P<tail>\s+(?:dernier|prochain|الماضي|المقبل|القادم))?(?![\w-])",
    re.I,
)
_NOT_THAT_DAY = re.compile(
    r"(?:\b(?:a|an|one|any|each|every|some|most|that|the|another|first|second|third|previous|following|until|"
    r"till|"
    r"by|from|before|after|between|and|or|to|of|good|black|super|palm|easter|ash|holy|les|chaque|un|каждый|"
    r"каждую|كل)"
    r"|[\d,/-])\s*$",
    re.I,
)
_NAMED_AFTER = re.compile(
    r"^(?:\s+(?:of|or|and|to|last|next|week|before|after|in\s+[A-Z]|[A-Z]\w+|\d)|['’]?s\s+[A-Z]|[/-])"
)

_AHEAD = re.compile(
    r"\b(?:will|won['’]t|shall|(?:is|are|was|were) (?:to|due|set to|going to|scheduled|expected|supposed)|"
    r"due|going to|"
    r"would|should|could|may|might|scheduled|expect(?:s|ed)?|want(?:s|ed)?|recommend(?:s|ed)?|"
    r"to be|aims?|leaves|starts|starting|begins|opens|closes|plans?|planned|planning|hopes?|intends?|must|can|"
    r"tomorrow|upcoming|demain|состоит\w+|пройд[её]т|будет|будут|планиру\w+|начн[её]тся|سوف|سي\w+|ست\w+)\b|"
    r"['’]ll\b",
    re.I,
)
_CERTAIN = re.compile(
    r"\b(?:will|shall|(?:is|are) (?:to|due|set to|going to|scheduled)|going to)\b|['’]ll\b", re.I
)
_TOLD = (
    r"(?:said|told|announced|confirmed|added|reported|warned|admitted|insisted|claimed|wrote|declared|ruled|"
    r"voted|"
    r"decided|agreed|promised|asked|called|denied|signed|rejected|approved|published|released|заявил\w*|"
    r"сообщил\w*)"
)
_TOLD_JUST_BEFORE = re.compile(rf"\b{_TOLD}\b(?:\s+\w+){{0,3}}\s*$", re.I)
_TOLD_SOON = re.compile(rf"^\W*(?:[\w'’-]+\W+){{0,6}}?{_TOLD}\b", re.I)
_PAST = re.compile(
    r"\b(?:\w{2,}ed|said|told|was|were|had|did|took|gave|made|went|came|began|became|met|held|won|lost|left|"
    r"saw|fell|"
    r"rose|shot|struck|sank|broke|brought|bought|found|ran|stood|spoke|sent|led|fled|drew|flew|threw|grew|"
    r"chose|"
    r"kept|sold|paid|caught|fought|taught|rode|hit|put|swore|withdrew|a\s+\w+(?:é|i|u|is|it)e?|ont|avait|avaient|était|étaient|fut|"
    r"[а-яё]{3,}(?:л|ла|ло|ли|лся|лась|лось|лись))\b|[\u0600-\u06FF]",
    re.I,
)
_CLAUSE = re.compile(r"[;:!?.]\s|[“”«»\"]")


def relative_spans(text: str, today: date) -> list[DateSpan]:
    """The days that `text` names by their distance from `today`, in order.

    A weekday without a preposition counts where it stands as one ("said Friday", "Friday's vote").

    >>> [str(span.first) for span in relative_spans("Police said on Wednesday he left two days ago.", date(2024, 3, 8))]
    ['2024-03-06', '2024-03-06']
    >>> relative_spans("The shop opens every Friday.", date(2024, 3, 8))
    []
    """
    text = normal(text)
    quoted = _quoted(text)
    spans = [
        span
        for span in (*_stretches(text, today), *_counted(text, today), *_weekdays(text, today))
        if not any(low <= span.start < high for low, high in quoted)
    ]
    return sorted(spans, key=lambda span: span.start)


def tense_at(text: str, start: int, end: int) -> Tense | None:
    """Whether what `text` says happens at the time named in `start:end` is past or lies ahead; None if unclear."""
    breaks = [match.end() for match in _CLAUSE.finditer(text, 0, start)]
    before, after = text[max(breaks, default=0) : start], text[end:]
    following = _CLAUSE.search(after)
    after = after[: following.start()] if following else after
    ahead = list(_AHEAD.finditer(before))
    if ahead:
        between = before[ahead[-1].end() :]
        if _TOLD_JUST_BEFORE.search(between):
            return "past"
        near = len(between.split()) <= 8 and not re.search(r",|\bthat\b|\b(?:and|but)\b", between)
        return "ahead" if near and _CERTAIN.search(ahead[-1].group()) and not _PAST.search(between) else None
    if _PAST.search(before):
        return "past"
    coming = _AHEAD.search(after)
    if coming is None or _TOLD_SOON.search(after[: coming.start()]):
        return "past" if _PAST.search(after) else None
    return "ahead" if _CERTAIN.search(coming.group()) and len(after[: coming.start()].split()) <= 6 else None


def _stretches(text: str, today: date) -> Iterator[DateSpan]:
    for match in _SIMPLE.finditer(text):
        name, before, after = match.group().lower(), text[: match.start()], text[match.end() :]
        if re.search(r"\b(?:the|of|until|till|to|even)\s+$", before, re.I) or re.match(r"\s+of\b", after):
            continue
        if match.group()[0].isupper() and re.search(r"\b[A-Z][\w’'-]*\s+$", before):
            continue  # "Valdoro Today" is a paper
        if name in _DAYS_OFF:
            if name == "today" and re.match(r"['’]s", after):
                continue
            day = today + timedelta(days=_DAYS_OFF[name])
            yield DateSpan(*match.span(), day, day, dated=False)
            continue
        first, last = _stretch(today, *_STRETCHES[name])
        if name.startswith("this"):
            if re.search(r"\bearlier\s+$", before, re.I):
                last = today
            elif re.search(r"\blater\s+$", before, re.I):
                first = today
        yield DateSpan(*match.span(), first, last, dated=False)


def _stretch(today: date, unit: str, steps: int) -> tuple[date, date]:
    """The calendar week (from Monday), month or year `steps` after that of `today`."""
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=steps)
        return monday, monday + timedelta(days=6)
    if unit == "month":
        months = today.year * 12 + today.month - 1 + steps
        return month_days(months // 12, months % 12 + 1)
    return date(today.year + steps, 1, 1), date(today.year + steps, 12, 31)


def _counted(text: str, today: date) -> Iterator[DateSpan]:
    for match in _AGO.finditer(text):
        if _VAGUE.search(text[: match.start()]):
            continue
        count, unit = _count(match), match["unit"].lower()
        if unit == "day":
            day = today - timedelta(days=count)
            yield DateSpan(*match.span(), day, day, dated=False)
        else:
            yield DateSpan(*match.span(), *_stretch(today, unit, -count), dated=False)
    lengths: dict[str, Callable[[int], timedelta]] = {
        "day": lambda count: timedelta(days=count),
        "week": lambda count: timedelta(weeks=count),
        "month": lambda count: timedelta(days=round(30.44 * count)),
        "year": lambda count: timedelta(days=round(365.25 * count)),
    }
    for match in _LATEST.finditer(text):
        first = today - lengths[match["unit"].lower()](_count(match))
        yield DateSpan(*match.span(), first, today, dated=False)


def _count(match: re.Match[str]) -> int:
    word = (match["count"] or "one").lower()
    return _NUMBER.get(word) or int(word)


def _weekdays(text: str, today: date) -> Iterator[DateSpan]:
    for match in _WEEKDAY.finditer(text):
        lead, tail = (match["lead"] or "").lower(), (match["tail"] or "").strip().lower()
        name, after = match["day"].lower(), text[match.end() :]
        if (
            name.isascii()
            and match["day"].islower()
            and lead not in ("last", "next", "on")
            and not _french(name)
        ):
            continue
        if not _one_day(text, match, lead, tail, after):
            continue
        ahead = (_WEEKDAYS[name] - today.weekday()) % 7
        back = (today.weekday() - _WEEKDAYS[name]) % 7
        this_week = _WEEKDAYS[name] - today.weekday()
        if lead == "last" or tail in ("dernier", "الماضي"):
            # Said on a Friday, "last Wednesday" may be of this week or of the one before: only the sure ones.
            day = None if -7 < this_week < 0 else today - timedelta(days=back or 7)
        elif lead == "next" or tail in ("prochain", "المقبل", "القادم"):
            day = None if 0 < this_week < 7 else today + timedelta(days=ahead or 7)
        else:
            tense = "past" if lead in ("since", "أمس") else tense_at(text, *match.span())
            day = None
            if tense is not None:
                day = today - timedelta(days=back) if tense == "past" else today + timedelta(days=ahead)
        if day is not None:
            begin = (
                match.start("day")
                if lead in ("on", "since", "в", "во", "يوم", "late", "early")
                else match.start()
            )
            yield DateSpan(begin, match.end(), day, day, dated=False)


def _french(name: str) -> bool:
    return not name.endswith("day") and name.isascii()


def _one_day(text: str, match: re.Match[str], lead: str, tail: str, after: str) -> bool:
    """Whether a weekday's name means one certain day here: no habit, no feast, no newspaper's title."""
    name, before = match["day"].lower(), text[: match.start()]
    if lead in ("le", "les", "chaque") and not tail:
        return False
    if not name.isascii() and not lead and not tail:
        return False
    if _NOT_THAT_DAY.search(before) and lead not in ("on", "last", "next"):
        return False
    if not _french(name) and re.search(r"\b(?:an?|any|each|every|some)\s+[\w-]+\s+$", before, re.I):
        return False
    if re.search(r"\b(?:the|every|each|by|until|from)\s*$", before, re.I):
        return False
    if lead == "on":
        return True
    if _NAMED_AFTER.match(after):
        return False
    return bool(
        lead
        or tail
        or _french(name)
        or re.match(r"['’,.;:)]|\s+(?:morning|afternoon|evening|night)\b|\s*$", after)
        or re.search(rf"(?:{_PAST.pattern})\s+$", before, re.I)
    )


def _quoted(text: str) -> list[tuple[int, int]]:
    """The spans of `text` inside quotation marks; a mark without its partner reaches to the end on its side."""
    straight = [match.start() for match in re.finditer('"', text)]
    if len(straight) % 2:
        return [(0, len(text))]
    spans = list(zip(straight[::2], straight[1::2], strict=True))
    for opening, closing in ("“”", "«»"):
        begun = 0 if 0 <= text.find(closing) < (text + opening).find(opening) else None
        for match in re.finditer(f"[{opening}{closing}]", text):
            if match.group() == closing and begun is not None:
                spans.append((begun, match.start()))
            begun = None if match.group() == closing else match.start()
        if begun is not None:
            spans.append((begun, len(text)))
    return spans
