"""Who, where and when: title, outlet, author, date and language, from what the text says about itself.

Nothing is guessed: what the head of an article does not state stays None.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime

_HEAD_LINES = 7
_MAX_HEAD_LINE = 90
_MAX_TITLE = 300
_MONTHS = {
    name: number
    for number, names in enumerate(
        """january jan janvier января يناير|february feb février февраля فبراير|march mar mars марта مارس
        |april apr avril апреля أبريل ابريل|may mai мая مايو|june jun juin июня يونيو|july jul juillet июля يوليو
        |august aug août августа أغسطس اغسطس|september sep sept septembre сентября سبتمبر
        |october oct octobre октября أكتوبر اكتوبر|november nov novembre ноября نوفمبر
        |december dec décembre декабря ديسمبر""".split("|"),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?"
_DATES = (
    re.compile(
        rf"{_WEEKDAY}\b(?P<m>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>(?:19|20)\d\d)\b", re.I
    ),
    re.compile(
        rf"{_WEEKDAY}\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m>{_MONTH})\.?,?\s+(?P<y>(?:19|20)\d\d)\b", re.I
    ),
    re.compile(
        r"\b(?P<y>(?:19|20)\d\d)-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?:[T ][\d:.+Z-]+(?: (?:GMT|UTC)\b)?)?(?!\d)"
    ),
    re.compile(r"\b(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>(?:19|20)\d\d)\b"),
)
_BYLINE = re.compile(r"^\s*(?:by|written by|author:)\s+(?P<name>\S.{1,60})$", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6}\s+")
_LABELS = re.compile(
    r"^\s*(?:published|updated|date|posted|source|publication)\s*(?:on)?\s*:?\s*", re.IGNORECASE
)
_UPDATED = re.compile(r"\b(?:updated|last modified|modified)\b", re.IGNORECASE)
_EDGES = " \t\u00a0,;:|–—-·•()[]*_"


@dataclass(frozen=True, slots=True)
class Head:
    """What the first lines of an article say about it."""

    title: str
    outlet: str | None = None
    author: str | None = None
    published: date | None = None
    updated: date | None = None


def find_date(text: str) -> tuple[date, int, int] | None:
    """The first full calendar date in `text` with its span; None where there is none.

    Numeric dates are read day first with dots and year first with dashes; slashes are ambiguous
    between countries and are not read.

    >>> find_date("Press TV – September 27, 2023")
    (datetime.date(2023, 9, 27), 11, 29)
    """
    normal = text.translate({0xA0: " ", **{0x660 + digit: str(digit) for digit in range(10)}})
    best: tuple[date, int, int] | None = None
    for pattern in _DATES:
        for match in pattern.finditer(normal):
            month = match.group("m").lower()
            try:
                found = date(int(match.group("y")), _MONTHS.get(month) or int(month), int(match.group("d")))
            except ValueError:
                continue
            if best is None or match.start() < best[1]:
                best = (found, match.start(), match.end())
            break
    return best


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
        return found[0] if found else None


def read_head(text: str) -> Head:
    """Title, outlet, author and date from the first lines of a plain-text or Markdown article.

    The head is the title and the short lines after it, up to the first line that reads like prose.
    A text whose body holds more such heads is a digest of several articles: then the head speaks for
    the first of them only, so everything but the title stays unknown.
    """
    filled = [line for line in map(str.strip, text.splitlines()) if line]
    if not filled:
        return Head(title="")
    title = (_HEADING.sub("", filled[0]).strip(" \t\u00a0*_") or filled[0])[:_MAX_TITLE]
    outlet: str | None = None
    author: str | None = None
    published: date | None = None
    updated: date | None = None
    length = 1
    for line in filled[1 : _HEAD_LINES + 1]:
        if len(line) > _MAX_HEAD_LINE:
            break
        length += 1
        if line.strip(_EDGES) == title.strip(_EDGES):
            continue
        if (match := _BYLINE.match(line.strip("*_ "))) and _is_byline(match.group("name")):
            name = match.group("name")
            when = find_date(name)
            author = (
                author
                or (name[: when[1]] if when else name).split("|")[0].split(" in ")[0].strip(_EDGES)
                or None
            )
            if when:
                published = published or when[0]
            continue
        when = find_date(line)
        rest = (line[: when[1]] + " " + line[when[2] :] if when else line).strip()
        if when and _UPDATED.search(line):
            updated = updated or when[0]
            continue
        if when:
            published = published or when[0]
        rest = re.sub(r"\b\d{1,2}:\d{2}(?::\d{2})?\s*(?:[ap]m|gmt|utc)?\b", "", rest, flags=re.IGNORECASE)
        rest = _LABELS.sub("", rest).strip(_EDGES)
        if rest and outlet is None and _is_name(rest):
            outlet = rest
        elif rest and not when and not _is_name(rest):
            break
    if _is_digest(filled[length:]):
        return Head(title=title)
    if published is None and author is None:
        outlet = None  # a lone short line may be a sub-heading; only beside a date or byline is it an outlet
    return Head(title=title, outlet=outlet, author=author, published=published, updated=updated)


def _is_name(text: str) -> bool:
    """Whether a line can be the name of an outlet: short, no sentence."""
    return (
        len(text) <= 45
        and len(text.split()) <= 6
        and text[-1] not in '.!?…:؟"”'
        and any(map(str.isalpha, text))
    )


def _is_byline(text: str) -> bool:
    """Whether what follows "By" can be a name: not so in "By noon the square was full."."""
    return text[-1] not in '.!?…:"”' and not text[0].islower()


def _is_digest(lines: list[str]) -> bool:
    """Whether short lines with a full date stand below the head: more articles follow."""
    return any(
        len(line) <= 60 and (when := find_date(line)) is not None and _is_name(_without(line, when) or "x")
        for line in lines
    )


def _without(line: str, when: tuple[date, int, int]) -> str:
    return _LABELS.sub("", (line[: when[1]] + line[when[2] :]).strip()).strip(_EDGES)


_SCRIPTS = {
    "ARABIC": "ar",
    "CYRILLIC": "ru",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
    "HEBREW": "he",
    "GREEK": "el",
}
_FUNCTION_WORDS = {
    "en": frozenset("the of and to in that was for is on with as said by".split()),
    "fr": frozenset("le la les des et une dans que pour est sur qui du au".split()),
    "de": frozenset("der die das und den von mit ist nicht für dem ein zu".split()),
    "es": frozenset("el los las que una por con para del se es al".split()),
    "tr": frozenset("ve bir bu için ile olarak da de daha olan sonra".split()),
}


def language_of(text: str) -> str | None:
    """The ISO 639-1 language of `text` by its script, or for Latin script by its function words."""
    sample = text[:4_000]
    letters = [unicodedata.name(char, "").split(" ")[0] for char in sample[:1_000] if char.isalpha()]
    if not letters:
        return None
    script = max(set(letters), key=letters.count)
    if script != "LATIN":
        return _SCRIPTS.get(script)
    words = re.findall(r"[^\W\d_]+", sample.lower())
    counts = {code: sum(word in known for word in words) for code, known in _FUNCTION_WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] >= max(2, len(words) * 0.05) else None
