"""Calendar dates as articles write them: several languages and orders, misspelled months, never a guess."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

_NAMES = """
january jan janvier janv ene янв januar enero ocak января январь يناير كانون_الثاني hunvar gennaio janeiro stycznia \
januari січня հունվար հունվարի ιανουαρίου ژانویه ianuarie januara јануара ledna január yanvar იანვარი იანვრის ינואר
february feb février févr фев февр fevrier februar febrero şubat subat февраля февраль فبراير شباط petrvar febbraio \
fevereiro lutego februari лютого փետրվար փետրվարի φεβρουαρίου فوریه februarie februara фебруара února február \
fevral თებერვალი თებერვლის פברואר
march mar mars märz marz marzo mart марта март مارس آذار março marca maart березня մարտ մարտի μαρτίου martie marta \
března március მარტი მარტის מרץ
april apr avril апр abr abril nisan апреля апрель أبريل ابريل إبريل نيسان aprile kwietnia квітня ապրիլ ապրիլի \
απριλίου آوریل aprilie aprila априла dubna április aprel აპრილი აპრილის אפריל
may mai mayo mayıs mayis мая май مايو أيار ايار maggio maio maja mei maj травня մայիս մայիսի μαΐου маја května \
május მაისი მაისის מאי
june jun juin juni junio haziran июня июнь يونيو حزيران giugno junho czerwca червня հունիս հունիսի ιουνίου ژوئن \
iunie juna јуна června június iyun ივნისი ივნისის יוני
july jul juillet juil juli julio temmuz июля июль يوليو تموز luglio julho lipca липня հուլիս հուլիսի ιουλίου ژوئیه \
iulie jula јула července július iyul ივლისი ივლისის יולי
august aug août авг aout agosto ağustos agustos августа август أغسطس اغسطس آب sierpnia augustus augusti серпня \
օգոստոս օգոստոսի αυγούστου اوت avgusta avgust srpna augusztus avqust აგვისტო აგვისტოს אוגוסט
september sep sept сен сент septembre septiembre eylül eylul сентября сентябрь سبتمبر أيلول ايلول settembre \
setembro września вересня սեպտեմբեր սեպտեմբերի σεπτεμβρίου سپتامبر septembrie septembra септембра září szeptember \
sentyabr სექტემბერი სექტემბრის ספטמבר
october oct octobre okt окт oktober octubre ekim октября октябрь أكتوبر اكتوبر تشرين_الأول ottobre outubro \
października жовтня հոկտեմբեր հոկտեմբերի οκτωβρίου اکتبر octombrie oktobra октобра října október oktyabr ოქტომბერი \
ოქტომბრის אוקטובר
november nov novembre ноя нояб noviembre kasım kasim ноября ноябрь نوفمبر تشرين_الثاني novembro listopada листопада \
նոյեմբեր նոյեմբերի νοεμβρίου نوامبر noiembrie novembra новембра listopadu noyabr ნოემბერი ნოემბრის נובמבר
december dec décembre déc dez dic дек decembre dezember diciembre aralık aralik декабря декабрь ديسمبر كانون_الأول \
dezembro dicembre grudnia грудня դեկտեմբեր դեկտեմբերի δεκεμβρίου دسامبر decembrie decembra децембра prosince dekabr \
დეკემბერი დეკემბრის דצמבר
"""
MONTHS = {
    name.replace("_", " "): number
    for number, line in enumerate(_NAMES.strip().splitlines(), start=1)
    for name in line.split()
}
_ENGLISH = [name for line in _NAMES.strip().splitlines() if len(name := line.split()[0]) >= 5]
_MONTH = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
_YEAR = r"(?P<y>(?:18|19|20)\d\d)(?!\d)(?:\s*(?:г\.|года\b|р\.|року\b))?"
_DAY = r"(?<!\d)(?P<d>\d{1,2})(?:st|nd|rd|th|er|-го)?"
_OF = r"(?:\s+(?:of|de))?"
_SHORT_YEARS = (
    re.compile(r"(?<![\d.])(?P<d>\d\d)\.(?P<m>\d\d)\.(?P<y>\d\d)(?![\d.]\d|\d)"),
    re.compile(rf"{_DAY}-(?P<m>{_MONTH})-(?P<y>(?:(?:18|19|20)\d\d|\d\d))(?!\d)", re.I),
    # The sign-off of a wire: day, hour and minute in one number.
    re.compile(r"(?<!\d)(?P<d>\d\d)\d{4} (?:GMT|UTC) (?P<m>[A-Z]{3}) (?P<y>\d\d)(?!\d)"),
)
_PATTERNS = (
    *_SHORT_YEARS,
    re.compile(rf"(?<!\w)(?P<m>{_MONTH})\.?\s+{_DAY},?\s+{_YEAR}", re.I),
    re.compile(rf"{_DAY}\.?{_OF}\s+(?P<m>{_MONTH})\.?,?{_OF}\s+{_YEAR}", re.I),
    re.compile(
        rf"(?<!\d){_YEAR}-(?P<m>\d{{1,2}})-(?P<d>\d{{1,2}})(?:[T ]\d\d:\d\d[\d:.+Z-]*(?: (?:GMT|UTC)\b)?)?(?!\d)"
    ),
    re.compile(rf"(?<![\d.])(?P<d>\d{{1,2}})\. ?(?P<m>\d{{1,2}})\. ?{_YEAR}"),
    re.compile(rf"(?<!\d){_YEAR}[/.](?P<m>\d{{1,2}})[/.](?P<d>\d{{1,2}})(?!\d)"),
    # Day and month with slashes or hyphens differ between countries: read only where one of them cannot be a month.
    re.compile(rf"(?<!\d)(?P<d>1[3-9]|2\d|3[01])(?P<s>[/-])(?P<m>\d{{1,2}})(?P=s){_YEAR}"),
    re.compile(rf"(?<!\d)(?P<m>\d{{1,2}})(?P<s>[/-])(?P<d>1[3-9]|2\d|3[01])(?P=s){_YEAR}"),
    # Both names of a month, as the Levant writes it: "3 آذار/مارس 2026".
    re.compile(rf"{_DAY}\s+(?P<m>{_MONTH})\s*/\s*(?:{_MONTH})\s+{_YEAR}", re.I),
    # Year first with the weekday between, as Arabic pages write it.
    re.compile(rf"{_YEAR}\s+\w+\s+{_DAY}\s+(?P<m>{_MONTH})", re.I),
    # Year first as Armenian, Hungarian and Georgian write it.
    re.compile(rf"{_YEAR}\.?(?:\s*(?:թ\.?|թվականի|წლის))?,?\s+(?P<m>{_MONTH})\s+{_DAY}", re.I),
)
_HAS_YEAR = re.compile(r"(?:18|19|20)\d\d")
_HAS_FIGURES = re.compile(r"\d\d")
_MISSPELLED = (
    re.compile(rf"(?<!\w)(?P<m>[A-Za-z]{{5,10}})\.?\s+{_DAY},?\s+{_YEAR}"),
    re.compile(rf"{_DAY}\s+(?P<m>[A-Za-z]{{5,10}})\.?,?\s+{_YEAR}"),
)
_NORMAL = {
    0xA0: " ",
    0x202F: " ",
    **{zero + digit: str(digit) for zero in (0x660, 0x6F0) for digit in range(10)},
}


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A day with the span of the text that states it."""

    day: date
    start: int
    end: int


_SLASHED = re.compile(
    r"(?<![\d/.-])(?P<a>\d{1,2})(?P<s>[/-])(?P<b>\d{1,2})(?P=s)(?P<y>(?:18|19|20)\d\d)(?![\d/-])"
)
_SAYS_ORDER = re.compile(
    r"\b(?P<a>dd?|mm?|day|month)\s?/\s?(?:dd?|mm?|day|month)\s?/\s?(?:yy(?:yy)?|year)\b", re.IGNORECASE
)
_NEAR = 400
_MAX_DATES = 200


def settled(text: str) -> str:
    """The text with every date like 04/05/2022 as 2022-05-04, in as many characters, where the text itself settles
    which number is the month; unchanged where it does not.

    Settled by a date of the same form with a number above twelve, by the form itself ("dd/mm/yyyy"), or by the same day
    spelled out: anywhere with its year, close by without. Where such evidence contradicts itself nothing is settled.

    >>> settled("28/02/2026, then 02/03/2026"), settled("Thursday, 12 March 2026: seen 12/03/2026")
    ('28/02/2026, then 2026-03-02', 'Thursday, 12 March 2026: seen 2026-03-12')
    >>> settled("02/03/2026"), settled("28/02/2026, 02/28/2026, 02/03/2026"), settled("3/3/2026")
    ('02/03/2026', '28/02/2026, 02/28/2026, 02/03/2026', '2026-3-3')
    """
    dates = list(islice(_SLASHED.finditer(text), _MAX_DATES)) if "/" in text or "-" in text else []
    if not dates:
        return text
    day_first = _day_first(text, dates)

    def written(match: re.Match[str]) -> str:
        first, second = match["a"], match["b"]
        open_ = max(int(first), int(second)) <= 12 and (day_first is not None or int(first) == int(second))
        month, day = (second, first) if day_first else (first, second)
        return f"{match['y']}-{month}-{day}" if open_ else match[0]

    return _SLASHED.sub(written, text)


def _day_first(text: str, dates: Sequence[re.Match[str]]) -> bool | None:
    """Whether the dates of a text put the day first, as far as it says so without contradicting itself."""
    votes = {match["a"][0].lower() == "d" for match in _SAYS_ORDER.finditer(text)}
    votes |= {int(match["a"]) > 12 for match in dates if max(int(match["a"]), int(match["b"])) > 12}
    spelled = None
    for match in dates:
        first, second, year = int(match["a"]), int(match["b"]), int(match["y"])
        if first == second or max(first, second) > 12:
            continue
        if spelled is None:
            spelled = {hit.day for line in text.splitlines()[:_MAX_DATES] if (hit := find_date(line[:300]))}
        near = [
            (beside.month, beside.day)
            for line in text[max(0, match.start() - _NEAR) : match.end() + _NEAR].splitlines()
            if (beside := find_month_day(line)) is not None
        ]
        for reading, (month, day) in ((True, (second, first)), (False, (first, second))):
            if (month, day) in near or any(
                (found.year, found.month, found.day) == (year, month, day) for found in spelled
            ):
                votes.add(reading)
    return next(iter(votes)) if len(votes) == 1 else None


def find_date(text: str) -> FoundDate | None:
    """The first full calendar date in `text`; None where there is none.

    >>> find_date("Press TV – September 27, 2023")
    FoundDate(day=datetime.date(2023, 9, 27), start=11, end=29)
    >>> find_date("Jauary 09, 2022").day, find_date("الإثنين 21 شباط 2022").day, find_date("04/05/2022")
    (datetime.date(2022, 1, 9), datetime.date(2022, 2, 21), None)
    """
    normal = text.translate(_NORMAL)
    whole = _HAS_YEAR.search(normal) is not None  # most lines have none, and the patterns are long
    patterns = _PATTERNS if whole else _SHORT_YEARS if _HAS_FIGURES.search(normal) else ()
    found = [hit for pattern in patterns for match in pattern.finditer(normal) if (hit := _read(match))]
    if whole and not found:
        found = [
            hit for pattern in _MISSPELLED for match in pattern.finditer(normal) if (hit := _read(match))
        ]
    return min(found, key=lambda hit: (hit.start, -hit.end), default=None)


def _read(match: re.Match[str]) -> FoundDate | None:
    name = match.group("m").lower()
    month = int(name) if name.isdigit() else MONTHS.get(name)
    if month is None:
        close = difflib.get_close_matches(name, _ENGLISH, n=1, cutoff=0.8)
        month = MONTHS[close[0]] if close else None
    if month is None:
        return None
    year = int(match.group("y"))
    if year <= 99:  # in this century, unless that lies ahead
        year += 2000 if year <= date.today().year % 100 + 1 else 1900
    try:
        return FoundDate(date(year, month, int(match.group("d"))), *match.span())
    except ValueError:
        return None


_MONTH_DAY = (
    re.compile(rf"(?<!\w)(?P<m>{_MONTH})\.?\s+{_DAY}(?!\d)(?!\s*(?:,?\s*\d{{4}}|[-–/:]\s*\d))", re.I),
    re.compile(rf"(?<![-–/]){_DAY}\.?{_OF}\s+(?P<m>{_MONTH})\b\.?(?!\s*/|,?{_OF}\s*\d{{4}})", re.I),
)


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day and month whose year is not said, with the span that states them."""

    month: int
    day: int
    start: int
    end: int


def find_month_day(text: str) -> MonthDay | None:
    """The first day and month in `text` that name no year.

    >>> find_month_day("CALDER, Jan 21 (Tolm Wire)")
    MonthDay(month=1, day=21, start=8, end=14)
    >>> find_month_day("3 May 2024"), find_month_day("May 3, 2024")
    (None, None)
    """
    normal = text.translate(_NORMAL)
    found = [
        MonthDay(MONTHS[match["m"].lower()], int(match["d"]), *match.span())
        for pattern in _MONTH_DAY
        for match in pattern.finditer(normal)
        if 1 <= int(match["d"]) <= 31
    ]
    return min(found, key=lambda hit: (hit.start, -hit.end), default=None)


def parse_day(value: object) -> date | None:
    """The day of a metadata field: ISO dates and times, or any date that `find_date` reads."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not value.strip():
        return None
    if value.strip().isdigit() and len(value.strip()) != 8:
        return None  # seconds since 1970 also look like an ISO date without dashes
    try:
        return datetime.fromisoformat(value.strip().replace("Z", "+00:00")).date()
    except ValueError:
        found = find_date(value)
        return found.day if found else None
