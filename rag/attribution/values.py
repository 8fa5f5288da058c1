"""The hard facts in a text: numbers, dates, names, negations and quotations, each in a comparable form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
)
_ONES += "seventeen eighteen nineteen"
_NUMBER_WORDS = {word: float(value) for value, word in enumerate(_ONES.split())}
_NUMBER_WORDS |= {
    word: float(value)
    for value, word in zip(
        range(20, 100, 10), "twenty thirty forty fifty sixty seventy eighty ninety".split(), strict=True
    )
}
_SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "m": 1e6,
    "mn": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "trillion": 1e12,
    "dozen": 12.0,
}
_TENS = "|".join(word for word, value in _NUMBER_WORDS.items() if value >= 20)
_WORD_NUMBER = "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?<![\w.])(?:(?P<digits>\d{{1,3}}(?:[,\u00a0\u202f ]\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"|(?P<tens>{_TENS})-(?P<unit>{_WORD_NUMBER})|(?P<word>{_WORD_NUMBER}))"
    r"(?P<ordinal>st|nd|rd|th)?(?:[\s-]?(?P<scale>hundred|thousand|million|billion|trillion|dozen|mn?|bn))?"
    r"(?P<percent>\s?(?:%|per\s?cent|percent))?(?![\w])",
    re.IGNORECASE,
)
_ARABIC_DIGITS = {0x660 + digit: str(digit) for digit in range(10)}

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]}|t)?\\.?" if len(name) > 3 else name for name in _MONTHS)
_CALENDAR = frozenset(_MONTHS) | frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
_DAY_MONTH = re.compile(
    rf"\b(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m1>{_MONTH})|(?P<m2>{_MONTH})\s+(?P<d2>\d{{1,2}})"
    r"(?:st|nd|rd|th)?)(?!\d)",
    re.IGNORECASE,
)

_ROUNDING = 0.05
_ROUNDED = re.compile(
    r"(?:\b(?P<below>nearly|almost|close to|just under|not quite|a little under|just short of)"
    r"|\b(?P<above>more than|over|just over|a little over|at least|well over)"
    r"|\b(?:about|around|some|roughly|approximately|circa))\s+[$€£¥]?$",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:nearly|almost|roughly|approximately|about|around|some|just (?:over|under)|over|under|more than)"
    r" (?=[$€£¥]?\d)",
    re.IGNORECASE,
)
_WHOLE_NAME = re.compile(r"(?<![\w'’])[A-ZÀ-ÞА-ЯЁ][\w'’-]+(?: [A-ZÀ-ÞА-ЯЁ][\w'’-]*\w)+")
_NAME = re.compile(r"(?<![\w'’])[A-ZÀ-ÞА-ЯЁ][\w]*(?:['’-][A-Za-zÀ-ÿ]\w+)*(?:\.[A-Z]\b)*")
NEGATION = re.compile(
    r"(?<![\w'’])(?:not|no|never|none|nor|neither|nobody|nothing|nowhere|without|cannot|hardly|barely)(?![\w'’])"
    r"|\b\w+n['’]t\b",
    re.IGNORECASE,
)
"""A word that says no."""
REVERSAL = re.compile(
    r"\b(?:refus(?:es?|ed|ing|als?)|den(?:y|ies|ied|ying|ials?)|reject(?:s|ed|ing|ion)?|fail(?:s|ed|ing|ures?)?"
    r"|declin(?:es?|ed|ing)|cancel(?:s|led|ed|ling|ing|lation)?|abandon(?:s|ed|ing)?|withdr[ae]w(?:s|n|ing|al)?"
    r"|dismiss(?:es|ed|ing|al)?|oppos(?:es?|ed|ing|ition)|block(?:s|ed|ing)|halt(?:s|ed|ing)?"
    r"|suspen(?:ds?|ded|ding|sion)|postpon(?:es?|ed|ing|ement)|avoid(?:s|ed|ing)?|prevent(?:s|ed|ing)?"
    r"|ban(?:s|ned|ning)?|lack(?:s|ed|ing)?|stop(?:s|ped|ping)?|rul(?:ed?|es|ing) out|withh[eo]ld(?:s|ing)?"
    r"|unable|unlikely|impossible|false|untrue|wrong)\b",
    re.IGNORECASE,
)
"""A word that turns a statement round."""
_QUOTED = re.compile(r"[\"“«]([^\"“”«»]{3,}?)[\"”»]")


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number as it stands in a text; `ordinal` for "21st", `whole` for a plain integer written out."""

    value: float
    percent: bool
    start: int
    end: int
    ordinal: bool
    whole: bool


def written_numbers(text: str) -> list[WrittenNumber]:
    """Every number with its place, in order; a lone "zero" or "one" is an article more often than a count.

    >>> [(item.value, item.start, item.end) for item in written_numbers("some 4.5 million people")]
    [(4500000.0, 5, 16)]
    """
    found: list[WrittenNumber] = []
    for match in _NUMBER.finditer(text.translate(_ARABIC_DIGITS)):
        if match.group("digits"):
            value = float(re.sub(r"[^\d.]", "", match.group("digits")))
        elif match.group("tens"):
            value = _NUMBER_WORDS[match.group("tens").lower()] + _NUMBER_WORDS[match.group("unit").lower()]
        else:
            value = _NUMBER_WORDS[match.group("word").lower()]
            if value < 2 and not match.group("scale"):
                continue
        scale = (match.group("scale") or "").lower()
        whole = not scale and not match.group("percent") and value.is_integer()
        found.append(
            WrittenNumber(
                value * _SCALES.get(scale, 1.0),
                bool(match.group("percent")),
                match.start(),
                match.end(),
                bool(match.group("ordinal")),
                whole,
            )
        )
    return found


def numbers(text: str) -> set[tuple[float, bool]]:
    """Every number with whether it is a percentage; "one" alone is an article more often than a count.

    >>> sorted(numbers("1,700 square miles, 4.5 million people, twenty-two per cent, one man"))
    [(22.0, True), (1700.0, False), (4500000.0, False)]
    """
    return {(item.value, item.percent) for item in written_numbers(text)}


def unfounded(claim: str, source: str) -> list[str]:
    """The numbers of `claim` that `source` neither has nor has more exactly, as they are written.

    A rounded figure holds if it says so ("nearly 2,000" of 1,990); the scale of a neighbour may be left out
    in the source ("asked for 1.6 million, was offered 1.3").

    >>> unfounded("Nearly 2,000 of some 50 left for 1.3 million.", "1,990 of 47 left: 1.6 million, not 1.3.")
    ['50']
    """
    known = numbers(source)
    scales = {
        scale
        for scale in (1e3, 1e6, 1e9, 1e12)
        if any(value >= scale for value, percent in known if not percent)
    }
    known |= {(value * scale, percent) for value, percent in known if value < 1e3 for scale in scales}
    found = []
    for item in written_numbers(claim):
        if (item.value, item.percent) in known:
            continue
        hedge = _ROUNDED.search(claim[: item.start])
        near = [value for value, percent in known if percent == item.percent and _rounds(value, item.value)]
        if hedge and any(_said_rightly(hedge, value, item.value) for value in near):
            continue
        found.append(claim[item.start : item.end])
    return found


def _rounds(exact: float, rounded: float) -> bool:
    return abs(exact - rounded) <= _ROUNDING * rounded and _figures(rounded) <= _figures(exact)


def _figures(value: float) -> int:
    """How many significant figures a number is written with."""
    return len(f"{value:.10f}".replace(".", "").strip("0"))


def _said_rightly(hedge: re.Match[str], exact: float, rounded: float) -> bool:
    return exact <= rounded if hedge.group("below") else exact >= rounded if hedge.group("above") else True


def whole_names(text: str) -> list[str]:
    """Runs of two and more capitalised words.

    >>> whole_names("The mayor, Ana Lim, met Dr. Poe of Harbour Post.")
    ['Ana Lim', 'Harbour Post']
    """
    return [match.group() for match in _WHOLE_NAME.finditer(text)]


def without_hedges(text: str) -> str:
    """The text without the words that round a figure: they are judged with it.

    >>> without_hedges("nearly 2,000 cars and about half")
    '2,000 cars and about half'
    """
    return _HEDGE.sub("", text)


def without_numbers(text: str) -> str:
    """The text with its numbers blanked: they are compared as values, not as words."""
    return _NUMBER.sub(" ", text)


def written_days(text: str) -> list[tuple[int, int, int, int]]:
    """Every day named in words: its start and end in `text`, month and day of the month."""
    found: list[tuple[int, int, int, int]] = []
    for match in _DAY_MONTH.finditer(text):
        month = (match.group("m1") or match.group("m2")).lower()[:3]
        number = next(index for index, name in enumerate(_MONTHS, start=1) if name.startswith(month))
        end = match.end() - match.group().endswith(".")  # the full stop of a sentence
        found.append((match.start(), end, number, int(match.group("d1") or match.group("d2"))))
    return found


def days(text: str) -> set[tuple[int, int]]:
    """Every (month, day) named in words.

    >>> sorted(days("between 3 March and Sept. 20, 2023"))
    [(3, 3), (9, 20)]
    """
    return {(month, day) for _, _, month, day in written_days(text)}


def months(text: str) -> set[str]:
    """Months named without a day, in lower case.

    >>> months("since October, but on 3 March")
    {'october'}
    """
    dated = [(start, end) for start, end, _, _ in written_days(text)]
    return {
        match.group().lower()
        for match in _NAME.finditer(text)
        if match.group().lower() in _MONTHS and not any(start <= match.start() < end for start, end in dated)
    }


def names(text: str) -> list[str]:
    """Capitalised words in order, without possessives; the first word of a sentence is among them."""
    return [re.sub(r"['’]s?$", "", match.group()) for match in _NAME.finditer(text)]


def is_calendar_word(name: str) -> bool:
    """Whether a capitalised word names a month or a weekday."""
    return name.lower() in _CALENDAR


def negated(text: str) -> bool:
    """Whether the text says no in plain words."""
    return NEGATION.search(text) is not None


def reverses(text: str) -> bool:
    """Whether a verb turns the statement round: refused, denied, cancelled."""
    return REVERSAL.search(text) is not None


def quotations(text: str) -> list[str]:
    """What stands between quotation marks."""
    return [match.group(1) for match in _QUOTED.finditer(text)]


def plain(text: str) -> str:
    """Lower case, simple quotes and spaces: for comparing, never for showing."""
    return " ".join(text.translate(_PLAIN).lower().split())


def missing(wanted: Iterable[str], known: Iterable[str]) -> list[str]:
    """Those of `wanted` names that no known word equals, but for an adjective's or plural's ending."""
    words = set(known)
    stems = {word[: max(4, len(word) - 2)] for word in words if len(word) >= 5}
    result = []
    for name in wanted:
        word = name.lower()
        close = len(word) >= 5 and any(word.startswith(stem) for stem in stems) and _near(word, words)
        if word not in words and not close:
            result.append(name)
    return result


def _near(word: str, words: set[str]) -> bool:
    return any(
        abs(len(word) - len(other)) <= 2 and (word.startswith(other) or other.startswith(word))
        for other in words
    )


_PLAIN = {ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"', 0xA0: " ", 0x202F: " ", ord("–"): "-"}
