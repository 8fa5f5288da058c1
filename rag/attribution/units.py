"""Quantities in a sentence: numbers with their unit or what they count, brought to one scale to compare.

The table is our own: pint knows more units, but costs a second to import and needs three packages for the
dozen that news is written in. Factors are exact by definition (BIPM brochure, 9th ed.; NIST SP 811, app. B)
but for those in `_LOOSE`, which mean different things in different countries or months.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from rag.attribution import values
from rag.index.words import STOP_WORDS

Hedge = Literal["", "about", "at_least", "at_most"]

_SQUARE_FOOT = 0.09290304
_UNITS: dict[str, tuple[str, float, str]] = {
    # name: (dimension, factor to its base unit, pattern)
    "millimetre": ("length", 1e-3, r"mm|millimet(?:re|er)s?"),
    "centimetre": ("length", 1e-2, r"cm|centimet(?:re|er)s?"),
    "metre": ("length", 1.0, r"met(?:re|er)s?"),
    "kilometre": ("length", 1e3, r"km|kilomet(?:re|er)s?|kms|км|километр(?:а|ов)?"),
    "inch": ("length", 0.0254, r"inch(?:es)?"),
    "foot": ("length", 0.3048, r"feet|foot|ft"),
    "yard": ("length", 0.9144, r"yards?"),
    "mile": ("length", 1609.344, r"miles?"),
    "nautical mile": ("length", 1852.0, r"nautical miles?"),
    "square metre": ("area", 1.0, r"(?:square|sq\.?) ?(?:met(?:re|er)s?|m)|m²|m2"),
    "square kilometre": ("area", 1e6, r"(?:square|sq\.?) ?(?:kilomet(?:re|er)s?|km)|km²|km2"),
    "square foot": ("area", _SQUARE_FOOT, r"(?:square|sq\.?) ?(?:feet|foot|ft)"),
    "square mile": ("area", 1609.344**2, r"(?:square|sq\.?) ?miles?"),
    "hectare": ("area", 1e4, r"hectares?|ha"),
    "acre": ("area", 43560 * _SQUARE_FOOT, r"acres?"),
    "gram": ("mass", 1e-3, r"g|grams?|grammes?"),
    "kilogram": ("mass", 1.0, r"kgs?|kilos?|kilogram(?:me)?s?"),
    "tonne": ("mass", 1e3, r"tonnes?|metric tons?"),
    "ton": ("mass", 1e3, r"tons?"),
    "pound weight": ("mass", 0.45359237, r"lbs?"),
    "millilitre": ("volume", 1e-3, r"ml|millilit(?:re|er)s?"),
    "litre": ("volume", 1.0, r"lit(?:re|er)s?"),
    "cubic metre": ("volume", 1e3, r"cubic met(?:re|er)s?|m³"),
    "pint": ("volume", 0.56826125, r"pints?"),
    "gallon": ("volume", 4.54609, r"gallons?"),
    "barrel": ("volume", 158.987294928, r"barrels?"),
    "second": ("time", 1.0, r"seconds?"),
    "minute": ("time", 60.0, r"minutes?|mins?"),
    "hour": ("time", 3600.0, r"hours?|hrs?"),
    "day": ("time", 86400.0, r"days?"),
    "week": ("time", 604800.0, r"weeks?"),
    "month": ("time", 2629746.0, r"months?"),
    "year": ("time", 31556952.0, r"years?"),
    "kilowatt": ("power", 1e3, r"kw|kilowatts?"),
    "megawatt": ("power", 1e6, r"mw|megawatts?"),
    "gigawatt": ("power", 1e9, r"gw|gigawatts?"),
    "kilometre an hour": ("speed", 1000 / 3600, r"km/h|kph|kmh|kilomet(?:re|er)s? (?:per|an) hour"),
    "mile an hour": ("speed", 1609.344 / 3600, r"mph|miles? (?:per|an) hour"),
    "knot": ("speed", 1852.0 / 3600, r"knots?"),
    "degree Celsius": ("temperature", 1.0, r"° ?c|degrees? (?:c|celsius)"),
    "degree Fahrenheit": ("temperature", 5 / 9, r"° ?f|degrees? (?:f|fahrenheit)"),
    "point": ("points", 1.0, r"(?:percentage )?points?"),
}
_LOOSE = {"ton": 0.12, "pint": 0.18, "gallon": 0.18, "month": 0.04}
"""Units that differ from place to place (or month to month), with how far they may be off."""
_ZERO = {"degree Fahrenheit": -32.0}
_UNIT = re.compile(
    r"[\s-]?(?:"
    + "|".join(
        f"(?P<u{index}>{pattern})"
        for index, (_, _, pattern) in sorted(
            enumerate(_UNITS.values()), key=lambda item: -len(item[1][2].split("?")[0])
        )
    )
    + r")(?!\w)",
    re.IGNORECASE,
)
_UNIT_NAMES = list(_UNITS)
_SIGNS = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "₹": "rupee", "₽": "rouble"}
_CURRENCY_WORD = re.compile(
    r"\s?(?P<name>euro|dollar|pound|crown|mark|franc|krone|kroner|kronor|kroon|peso|dirham|thaler|dinar|rupee|"
    r"rouble|ruble|yen|yuan|florin|lira|guilder|sol|soles|shilling|ducat|riyal|rand|zloty|"
    r"leu|lei|forint|hryvnia|cent)s?(?![\w])",
    re.IGNORECASE,
)
_ALIKE_CURRENCIES = {"kroner": "krone", "kronor": "krone", "ruble": "rouble", "soles": "sol"}
_ALIKE_CURRENCIES |= {"lei": "leu"}
_PREFIX = re.compile(r"(?:(?:US|A|C|NZ)?(?P<sign>[$€£¥₹₽])\s?)$")
_HEDGES: tuple[tuple[Hedge, str], ...] = (
    (
        "at_most",
        r"(?:no|not) more than|at most|up to|fewer than|less than|below|under|a maximum of|as many as",
    ),
    ("at_least", r"more than|at least|over|above|no (?:less|fewer) than|(?:well )?upwards of|in excess of"),
    ("at_most", r"nearly|almost|close to|just under|(?:a )?little under|not quite"),
    ("at_least", r"just over|(?:a )?little over|a minimum of"),
    ("about", r"about|around|some|roughly|approximately|an estimated|nearer|closer to|circa|or so"),
)
_HEDGE = re.compile(
    r"(?<!\w)(?:" + "|".join(f"(?P<h{index}>{words})" for index, (_, words) in enumerate(_HEDGES)) + r")\s+$",
    re.IGNORECASE,
)
_NEAR = {"nearly", "almost", "close to", "just under", "not quite", "little under", "a little under"}
_RATE = re.compile(
    r"\W{0,2}\s?(?:(?:a|an|per|each|every|for each)[\s-])(?P<per>day|week|month|year|night|hour|kilo|kilogram|tonne|"
    r"litre|liter|truck|household|head|person|dollar|euro|square metre|worker|passenger|child|family)\b",
    re.IGNORECASE,
)
_FRACTIONS = {
    "half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "sixth": 1 / 6, "seventh": 1 / 7,
    "eighth": 1 / 8, "tenth": 1 / 10, "twentieth": 1 / 20, "thirtieth": 1 / 30, "fiftieth": 1 / 50,
}  # fmt: skip
_COUNTS = {
    word: number
    for number, word in enumerate("zero one two three four five six seven eight nine ten".split())
}
_COUNTS |= {"a": 1, "an": 1}
_COUNT = r"one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2}"
_FRACTION = re.compile(
    rf"(?<![\w-])(?:(?:(?P<top>an?|{_COUNT})[\s-])?(?P<part>{'|'.join(_FRACTIONS)})s?"
    rf"|(?P<of>{_COUNT}) (?:\w+ )?(?:in|out of)(?: every)? (?P<all>{_COUNT}))(?![\w-])",
    re.IGNORECASE,
)
_DOZEN = re.compile(r"(?<![\w-])(?:a|half a) dozen(?![\w-])", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<![\w.,])(?P<hour>[01]?\d|2[0-3])(?:(?P<colon>[:.])(?P<minute>[0-5]\d))?\s?(?P<half>[ap]\.?m\b\.?)?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:1[5-9]|20|21)\d\d")
_SKIP_BEFORE = re.compile(
    r"(?:\b(?:aged|age|article|articles|section|page|chapter|no\.|number|clause|line|route|flight|bus|class|grade|"
    r"channel|version|phase|day|year|round|size|type|table|figure|item|§)\s*$|[A-Za-z]-$|#$)",
    re.IGNORECASE,
)
_AGE = re.compile(r"(?:^\W?year[\s-]olds?\b|^\s*years? old\b)", re.IGNORECASE)
_NAMED = re.compile(r"\b[A-Z][\w’']+[ -]$")
_NOT_NOUNS = STOP_WORDS | frozenset(
    """a an the per last next this that than since ago among within without against until according
    later earlier more fewer less further extra additional another others times already now still so yet only
    just even ever least most out off away back well too either each every half whose plus or left went came
    took were rose fell put made near toward towards across via despite last-minute""".split()
)
_MOST_NOUNS = 4


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value between `start` and `end` of a text, from `low` to `high` in the base unit of `dimension`.

    `dimension` is a physical one, "share", "money:<currency>", "count" (then `nouns` tell of what), "bare"
    where the text names neither, "day" (month * 100 + day), "year" or "clock" (minutes). `exact` tells a
    small count from a rounded figure; `unit` is how it is written, `written` the figure as it stands there.
    """

    start: int
    end: int
    low: float
    high: float
    dimension: str
    unit: str
    nouns: frozenset[str] = frozenset()
    hedge: Hedge = ""
    rate: str = ""
    exact: bool = False
    slack: float = 0.0
    written: float = 0.0

    @property
    def middle(self) -> float:
        """The value, or the middle of its range."""
        return (self.low + self.high) / 2


def singular(word: str) -> str:
    """A noun without the ending of its plural.

    >>> [singular(word) for word in ("Deaths", "bodies", "children", "buses", "staff")]
    ['death', 'body', 'child', 'bus', 'staff']
    """
    word = re.sub(r"['’]s?$", "", word.lower())
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and re.search(r"(?:s|x|z|ch|sh)es$", word):
        return word[:-2]
    return (
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    )


_IRREGULAR = {"people": "person", "persons": "person", "children": "child", "men": "man", "women": "woman"}
_IRREGULAR |= {
    "houses": "house",
    "horses": "horse",
    "cases": "case",
    "nurses": "nurse",
    "purchases": "purchase",
}
_IRREGULAR |= {"lives": "life", "gases": "gas", "wives": "wife", "wolves": "wolf", "licences": "licence"}


def quantities(text: str) -> list[Quantity]:
    """Every value in `text`, in order, with its unit or what it counts.

    >>> [(text[q.start:q.end], q.dimension, round(q.middle)) for text in ["About 1,700 square miles burned"]
    ...  for q in quantities(text)]
    [('About 1,700 square miles', 'area', 4402979788)]
    """
    taken: list[tuple[int, int]] = []
    found = [*_dates(text), *_clocks(text), *_shares(text)]
    taken = [(item.start, item.end) for item in found]
    for number in values.written_numbers(text):
        if any(start < number.end and number.start < end for start, end in taken):
            continue
        item = _quantity(text, number)
        if item is not None:
            found.append(item)
    return _ranges(text, sorted(found, key=lambda item: item.start))


def _dates(text: str) -> Iterator[Quantity]:
    for start, end, month, day in values.written_days(text):
        value = float(month * 100 + day)
        yield Quantity(start, end, value, value, "day", "day", exact=True)


def _clocks(text: str) -> Iterator[Quantity]:
    for match in _CLOCK.finditer(text):
        minute, half = match.group("minute"), (match.group("half") or "").lower()
        if not half and (minute is None or match.group("colon") == "."):
            continue
        hour = int(match.group("hour"))
        if half and hour <= 12:
            hour = hour % 12 + (12 if half.startswith("p") else 0)
        value = float(hour * 60 + int(minute or 0))
        yield Quantity(match.start(), match.end(), value, value, "clock", "clock", exact=True)


def _shares(text: str) -> Iterator[Quantity]:
    for match in _FRACTION.finditer(text):
        if match.group("part"):
            top = (match.group("top") or "a").lower()
            part = match.group("part").lower()
            if part not in {"half", "third", "quarter"} and match.group("top") is None:
                continue  # "the fifth", "a tenth": an ordinal
            if match.group("top") is None and part != "half":
                continue
            if re.match(
                r"\s?(?:a |an )?(?:hour|year|time|dozen|day|century|point|mile|-)", text[match.end() :], re.I
            ):
                continue
            value = (_COUNTS[top] if top in _COUNTS else float(top)) * _FRACTIONS[part]
        else:
            top, bottom = match.group("of").lower(), match.group("all").lower()
            below = _COUNTS[bottom] if bottom in _COUNTS else float(bottom)
            if below < 2:
                continue
            value = (_COUNTS[top] if top in _COUNTS else float(top)) / below
        if not 0 < value <= 1:
            continue
        hedge, start = _hedge(text, match.start())
        low, high = _around(value * 100, hedge, text[start : match.start()])
        slack = 0.06
        yield Quantity(start, match.end(), low, high, "share", "fraction", hedge=hedge, slack=slack)
    for match in _DOZEN.finditer(text):
        value = 6.0 if match.group().lower().startswith("half") else 12.0
        hedge, start = _hedge(text, match.start())
        nouns = _nouns(text, match.end())
        yield Quantity(
            start, match.end(), value, value, "count" if nouns else "bare", "dozen", nouns, hedge, slack=0.1
        )


def _quantity(text: str, number: values.WrittenNumber) -> Quantity | None:
    before, after = text[: number.start], text[number.end :]
    digits = text[number.start : number.end]
    if number.ordinal or _SKIP_BEFORE.search(before) or _AGE.match(after):
        return None
    start, end, value, slack = number.start, number.end, number.value, 0.0
    nouns: frozenset[str] = frozenset()
    sign = _PREFIX.search(before)
    word = _CURRENCY_WORD.match(after)
    unit = _UNIT.match(after)
    if number.percent:
        dimension, name = "share", "per cent"
    elif sign:
        start = sign.start()
        dimension = f"money:{_SIGNS[sign.group('sign')]}"
        name = dimension
    elif word:
        end += word.end()
        currency = word.group("name").lower()
        dimension = f"money:{_ALIKE_CURRENCIES.get(currency, currency)}"
        name = dimension
    elif unit:
        name = _UNIT_NAMES[int(str(unit.lastgroup)[1:])]
        end += unit.end()
        dimension, factor, _ = _UNITS[name]
        value = (value + _ZERO.get(name, 0.0)) * factor
        slack = _LOOSE.get(name, 0.0)
        nouns = frozenset({name})
    elif number.whole and _YEAR.fullmatch(digits) and not _nouns(text, number.end):
        return Quantity(start, end, value, value, "year", "year", exact=True)
    elif _NAMED.search(before) and number.whole and digits.isdigit() and value < 1000:
        first = re.search(r"(?:^|[.!?:;]\s+|[\"“])[A-Z][\w’']+[ -]$", before)
        if first is None:
            return None  # Skywarden 2, Route 11
        nouns = _nouns(text, number.end)
        dimension, name = ("count", "count") if nouns else ("bare", "bare")
    else:
        nouns = _nouns(text, number.end)
        dimension, name = ("count", "count") if nouns else ("bare", "bare")
    hedge, start = _hedge(text, start)
    low, high = _around(value, hedge, text[start : number.start])
    rate = _RATE.match(text[end:]) or (_RATE.match(text[_after_noun(text, end) :]) if nouns else None)
    exact = number.whole and abs(number.value) < 100 and dimension in {"count", "bare"} and not hedge
    per = singular(rate.group("per")) if rate else ""
    return Quantity(start, end, low, high, dimension, name, nouns, hedge, per, exact, slack, number.value)


def _after_noun(text: str, end: int) -> int:
    match = re.match(r"\s+[\w’'-]+", text[end:])
    return end + match.end() if match else end


def _hedge(text: str, start: int) -> tuple[Hedge, int]:
    match = _HEDGE.search(text[max(0, start - 30) : start])
    if match is None:
        return "", start
    kind = _HEDGES[int(str(match.lastgroup)[1:])][0]
    return kind, start - (match.end() - match.start())


def _around(value: float, hedge: Hedge, words: str) -> tuple[float, float]:
    """What a rounding word leaves open: a tenth either way, or a quarter on the one side it names."""
    if hedge == "about":
        return value * 0.9, value * 1.1
    if hedge == "at_least":
        return value, value * 1.25
    if hedge == "at_most":
        return value * (0.9 if words.strip().lower() in _NEAR else 0.75), value
    return value, value


def _nouns(text: str, end: int) -> frozenset[str]:
    """The words that say what is counted: "1,850 of its members", "640 dock jobs"; empty if none follow."""
    rest = text[end:]
    if of := re.match(
        r"\s+of (?:the|its|their|his|her|these|those|our|all)(?: [\w,.’'-]+['’]s?)?(?: [\d,]+)?\s", rest
    ):
        rest = " " + rest[of.end() :]
    found: list[str] = []
    place = 0
    while len(found) < _MOST_NOUNS:
        match = re.compile(r"[\s-][\"“‘']?([^\W\d_][\w’'-]*)[\"”]?").match(rest, place)
        if match is None or match.group(1).lower() in _NOT_NOUNS:
            break
        if found and re.fullmatch(r"\w+ed|\w+ing", match.group(1)):
            break  # "1,850 members stopped work"
        found.append(singular(match.group(1)))
        place = match.end()
    return frozenset(found)


def _ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    """Two figures joined by "to", "and" after "between", or a dash are one range."""
    joined: list[Quantity] = []
    for item in found:
        if joined:
            last = joined[-1]
            between = text[last.end : item.start]
            opened = re.search(r"\bbetween\s+$", text[: last.start], re.IGNORECASE)
            dash = re.fullmatch(r"\s?[–-]\s?", between)
            link = (opened and re.fullmatch(r"\s+and\s+", between)) or dash
            fits = last.dimension in {item.dimension, "bare"} and last.written <= item.written
            if link and fits and 0 < item.written <= 100 * last.written:
                low = last.written * item.middle / item.written
                joined[-1] = replace(item, start=last.start, low=low, hedge="", exact=False)
                continue
        joined.append(item)
    return joined


def comparable(first: Quantity, second: Quantity) -> bool:
    """Whether both may measure the same thing: one dimension, or a figure without any beside it."""
    if first.rate and second.rate and first.rate != second.rate:
        return False
    if first.dimension == second.dimension:
        return True
    free = {"bare", "count"}
    timeless = not {first.dimension, second.dimension} & {"day", "year", "clock"}
    bare = "bare" in {first.dimension, second.dimension}
    return timeless and (bare or {first.dimension, second.dimension} <= free)


def same(first: Quantity, second: Quantity) -> bool:
    """Whether two comparable values agree: equal, within 3 per cent, or within what a rounding word leaves open.

    Small exact counts agree only if they are equal: 39 dead are not 40.
    """
    if first.low <= second.high and second.low <= first.high:
        return True
    if first.exact and second.exact:
        return False
    gap = max(first.low, second.low) - min(first.high, second.high)
    allowed = 0.03 + first.slack + second.slack
    return gap <= allowed * max(abs(first.middle), abs(second.middle))


def converted(first: Quantity, second: Quantity) -> bool:
    """Whether two agreeing values are written in different units."""
    return first.dimension == second.dimension and first.unit != second.unit and same(first, second)
