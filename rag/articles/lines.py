"""What a line of a pasted text looks like: title, date line, byline, outlet, furniture, separator or prose.

Both the splitter (`digest`) and the reader of heads (`metadata`) rest on this one classification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from rag.articles.dates import FoundDate, find_date


class Kind(Enum):
    """What a line looks like by itself."""

    TITLE = "title"
    DATE = "date"
    BYLINE = "byline"
    OUTLET = "outlet"
    LABEL = "label"
    FURNITURE = "furniture"
    CAPTION = "caption"
    SEPARATOR = "separator"
    BULLET = "bullet"
    SPEAKER = "speaker"
    PROSE = "prose"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank. `start`/`end` are offsets of its text without surrounding white space.

    `day`, `name` and `label` are what was read off it: a date, an outlet or author, "updated" and the like;
    `blank_before` counts blank lines before it; `dateline` says that prose opens like an agency report.
    """

    kind: Kind
    start: int
    end: int
    text: str
    blank_before: int
    day: date | None = None
    name: str | None = None
    label: str | None = None
    title: str | None = None
    number: int | None = None
    dateline: str | None = None
    author: str | None = None
    changed: date | None = None


_EDGES = ' \t\u00a0\u200e\u200f,;:|–—-·•■◆▪●►▶»«()[]{}*_#/\\"“”«»'
_SEPARATOR = re.compile(r"^[\s\-–—_=*#~+.•·◆■]{3,}$")
_BULLET = re.compile(r"^\s*(?:[•·▪◦‣*+]|[-–—](?=\s))\s*\S")
_NUMBERED = re.compile(r"^\s*(?P<n>\d{1,3})\s*[.)]\s+(?=\S)")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+|\*\*(?=\S))")
_TIME = re.compile(
    r"\b\d{1,2}[:.h]\d{2}(?::\d{2})?\s*(?:[ap]\.?m\.?\b|h\b)?(?:\s*(?:gmt|utc|msk|cet|cest|et|edt|"
    r"est)\b)?(?:\s*[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|tue|wed|thu|fri|sat|sun)\b\.?|lundi|mardi|"
    r"mercredi|jeudi|vendredi|"
    r"samedi|dimanche|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|pazartesi|salı|"
    r"çarşamba|perşembe|cuma|"
    r"cumartesi|pazar|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\b|"
    r"(?:الاثنين|الإثنين|الثلاثاء|الأربعاء|الاربعاء|الخميس|الجمعة|السبت|الأحد|الاحد)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^\s*[*_]*(?P<label>published|posted|updated|last updated|last modified|modified|date|source|"
    r"outlet|publication|"
    r"newspaper|headline|title|author|byline|by|reporter|written by|section|page|language|url|link|"
    r"publié le|mis à jour(?: le)?|"
    r"опубликовано|обновлено|дата|источник|автор|заголовок|المصدر|التاريخ|الكاتب|العنوان|نشر في|"
    r"تاريخ النشر|آخر تحديث|kaynak|tarih|yazar)"
    r"(?:\s+(?:on|at))?\s*[*_]*\s*[:：]\s*[*_]*\s*(?P<value>.*)$",
    re.IGNORECASE,
)
_UPDATED = re.compile(r"\b(?:updated|last modified|modified|mis à jour|обновлено)\b|آخر تحديث", re.IGNORECASE)
_PUBLISHED = re.compile(
    r"^\s*(?:first )?(?:published|posted|publié le|опубликовано|نشر في)\s*(?:on|at|:)?\s*", re.IGNORECASE
)
_BYLINE = re.compile(
    r"^\s*[*_]*(?:by|posted by|written by|reported by|von|par|yazan|автор|بقلم|كتب)\s*:?\s+(?P<name>\S.{1,90})$",
    re.IGNORECASE,
)
_BY = re.compile(
    r"^\s*(?:(?:posted|written|reported)\s+)?(?:by|von|par|بقلم)\s+(?P<name>\S.*)$", re.IGNORECASE
)
_READING_TIME = re.compile(r"\b\d+\s*(?:min(?:ute)?s?|мин)\b.*\bread\b|\bmin read\b", re.IGNORECASE)
_CHAT = re.compile(r"^\[\d{1,2}[/.]\d{1,2}[/.]\d{2,4},? \d{1,2}:\d{2}(?::\d{2})?\]\s+(?:[^:\n]{1,40}:\s+)?")
_URL = re.compile(r"^\s*(?:<|\()?\s*(?:https?://|www\.)\S+\s*(?:>|\))?\s*$", re.IGNORECASE)
_TAG = re.compile(r"^\s*[(\[][^()\[\]]{2,80}[)\]]\s*\.?\s*$")
_FURNITURE = re.compile(
    r"^\W*(?:share(?: this)?\b|tweet\b|follow us|like us|donate|support (?:our|us|independent)|"
    r"subscribe|sign up|newsletter|"
    r"advertisement|sponsored|related(?:\s*(?:news|articles|posts|stories|links))?\b\W*|read (?:more|"
    r"also|next|all)|see also|"
    r"more (?:from|on|news)|recommended|comments?\b|leave a (?:reply|comment)|print (?:this|page)|"
    r"email this|copyright|©|\(c\)|"
    r"all rights reserved|tags?\s*:|categories\s*:|filed under|previous post|next post|scroll to top|"
    r"back to top|"
    r"click here|download|watch\s*:|also read|source link|originally published|this article (?:was|"
    r"first|originally)|"
    r"partager|lire aussi|à lire|поделиться|читайте также|подписывайтесь|شارك|فيديوات متعلقة|"
    r"مقالات متعلقة|مواضيع ذات صلة|اقرأ أيضا|اقرأ المزيد|paylaş)",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"^\W*(?:photo|image|picture|map|file photo|illustration|caption|pictured|video|infographic|"
    r"screenshot|credit)\b\s*"
    r"(?:credit|by|courtesy)?\s*[:/(–-]|\((?:photo|image|picture|file photo|map)\b[^)]*\)\s*$",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"^(?P<who>[A-ZÀ-ÞА-Я][^\n:]{1,80}?)\s*[:：]\s+\S.{12,}$")
_DATELINE = re.compile(
    r"^[A-ZÀ-ÞА-Я][\w .'’/-]{1,40}(?:,\s[\w .'’-]{2,30}){0,3}\s*\((?P<a>[A-Z][\w .&-]{1,30})\)\s*[-–—.:]|"
    r"^[A-ZÀ-ÞА-Я][A-ZÀ-ÞА-Я .'’/-]{2,40}(?:,\s[\w .'’-]{2,30}){0,3}\s+[-–—]\s+\S"
)
_END = re.compile(r"""[.!…؟۔。]["'”’»)\]]*\s*(?:\([^()]{2,30}\)\s*)?$""")
_JOINS = re.compile(r"""[,;:]\s*$""")
_PARTS = re.compile(r"\s*(?:[|•·]|\s[–—-]+\s|\t|\s/\s)\s*")
_LOWER_JOINS = frozenset(
    "of the and for de la le du des d'la in on & al el y und der die das von den van et".split()
)

_TRADES = frozenset(
    "reporter reporters correspondent correspondents staff agencies editor desk bureau writer writers".split()
)
_OUTLET_WORD = re.compile(
    r"(?:\b(?:the|news\w*|press|post|times|herald|tribune|gazette|courier|journal|observer|wire|today|"
    r"daily|weekly|monthly|review|"
    r"agency|agence|radio|tv|television|channel|network|media|magazine|monitor|mail|chronicle|echo|star|"
    r"sun|voice|guardian|"
    r"telegraph|standard|bulletin|report|ledger|examiner|dispatch|inquirer|sentinel|argus|globe|express|independent|register|online|broadcasting|service|\w*zeitung|courrier|journal|presse|"
    r"gazete\w*|haber\w*|posta\w*)\b|"
    r"вестник|газета|новости|время|известия|правда|агентств|صحيفة|وكالة|جريدة|قناة|نت\b|مجلة|أخبار|"
    r"الأخبار|راديو)",
    re.IGNORECASE,
)
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|copyright)\s*(?:©|\(c\))?\s*(?:\d{4}(?:[-–]\d{4})?)?,?\s*(?:by\s+)?(?P<name>[^.|,;\n]{2,45})",
    re.IGNORECASE,
)

_RAW_LINE = re.compile(r"(?P<line>[^\r\n]*)(?:\r\n|\r|\n|\Z)")
_MAX_TITLE = 170
_MAX_SHORT = 110


def raw_lines(text: str) -> Iterator[tuple[int, str]]:
    """Every line with its offset, whatever kind of newline ends it."""
    for match in _RAW_LINE.finditer(text):
        yield match.start(), match["line"]


def read_lines(text: str) -> list[Line]:
    """The lines of `text` that are not blank, each with its kind."""
    found: list[Line] = []
    wrapped = _wrapped(text)
    blank = 0
    for begin, raw in raw_lines(text):
        stripped = raw.strip()
        if not stripped:
            blank += 1
            continue
        start = begin + len(raw) - len(raw.lstrip())
        end = start + len(stripped)
        line = (
            Line(Kind.PROSE, start, end, stripped, blank)
            if begin in wrapped
            else _line(stripped, start, end, blank)
        )
        found.append(line)
        blank = 0
    return [_in_context(found, index) for index in range(len(found))]


def _in_context(lines: Sequence[Line], index: int) -> Line:
    """An exclamation right above a date or byline is a title; so is any first line."""
    line = lines[index]
    if line.kind is not Kind.PROSE or len(line.text) > _MAX_TITLE or (index and not line.text.endswith("!")):
        return line
    below = index + 1
    while below < len(lines) and lines[below].kind in (Kind.DATE, Kind.BYLINE, Kind.LABEL, Kind.OUTLET):
        below += 1
    if below == index + 1 or (below < len(lines) and lines[below].kind is Kind.TITLE):
        return line
    stands_apart = index == 0 or line.blank_before > 0
    return replace(line, kind=Kind.TITLE, title=line.text) if stands_apart else line


def _wrapped(text: str) -> set[int]:
    """Starts of the lines that a margin broke out of a paragraph: they are prose however short."""
    starts: set[int] = set()
    paragraph: list[tuple[int, str]] = []

    def close() -> None:
        lengths = [len(line) for _, line in paragraph]
        if len(lengths) >= 3 and 50 < max(lengths) <= 120 and min(lengths[:-1]) >= max(lengths) - 30:
            middle = [line.lstrip()[:1].islower() for _, line in paragraph[1:]]
            if sum(middle) >= len(middle) / 3:
                starts.update(start for start, _ in paragraph)
        paragraph.clear()

    for position, line in raw_lines(text):
        if line.strip():
            paragraph.append((position, line))
        else:
            close()
    close()
    return starts


def _line(text: str, start: int, end: int, blank: int) -> Line:
    def make(kind: Kind, **known: object) -> Line:
        return Line(kind, start, end, text, blank, **known)  # type: ignore[arg-type]

    if _SEPARATOR.match(text):
        return make(Kind.SEPARATOR)
    if len(text) > 2 * _MAX_TITLE:
        return make(Kind.PROSE, dateline=_dateline(text))
    if _URL.match(text):
        return make(Kind.FURNITURE)
    if _CAPTION.search(text):
        return make(Kind.CAPTION)
    if chat := _CHAT.match(text):  # an exported chat: what was pasted counts, not who pasted it when
        inner = (
            _line(text[chat.end() :].strip(" *_"), start, end, blank) if text[chat.end() :].strip() else None
        )
        plain = inner is None or inner.kind in (Kind.PROSE, Kind.SPEAKER, Kind.OUTLET)
        return make(Kind.FURNITURE) if plain or inner is None else replace(inner, text=text)
    number = int(match["n"]) if (match := _NUMBERED.match(text)) else None
    bare = _HEADING.sub("", _NUMBERED.sub("", text)).strip().rstrip("*").strip()
    if match := _LABEL.match(bare):
        return _labelled(make, match)
    if (match := _BYLINE.match(bare)) and len(bare) <= _MAX_SHORT and (name := author_of(match["name"])):
        when = find_date(bare)
        outlet = next((part for part in _names(match["name"], skip=name)), None)
        return make(Kind.BYLINE, name=name, day=when.day if when else None, title=outlet)
    when = find_date(bare) if len(bare) <= _MAX_TITLE + 60 else None
    if when is not None and (dated := _dated(make, bare, when, number)) is not None:
        # "(Harbour Post, 3 May 2024)" on a line of its own closes an article
        return replace(dated, kind=Kind.FURNITURE) if _TAG.match(text) else dated
    if _FURNITURE.match(text) and len(text) <= 200:
        return make(Kind.FURNITURE)
    if _TAG.match(text):
        return make(Kind.FURNITURE)
    if _BULLET.match(text) and not _HEADING.match(text):
        name = clean(text)
        return make(Kind.BULLET, name=name if is_name(name) and len(name) <= 30 else None)
    if _SPEAKER.match(text) and (len(text) > _MAX_SHORT or _END.search(text)):
        return make(Kind.SPEAKER)
    if dateline := _dateline(text):
        return make(Kind.PROSE, dateline=dateline)
    if len(text) > _MAX_TITLE or _JOINS.search(text) or (_END.search(text) and len(text.split()) >= 4):
        return make(Kind.PROSE)
    if is_name(bare) and len(bare) <= 40 and len(bare.split()) <= 4:
        return make(Kind.OUTLET, name=clean(bare), title=bare, number=number)
    if _looks_titled(bare):
        return make(Kind.TITLE, title=bare, number=number)
    return make(Kind.PROSE)


def _dated(make: Callable[..., Line], text: str, when: FoundDate, number: int | None) -> Line | None:
    """A line that states a date beside names or a title; None where it is prose that mentions a day."""
    label = "updated" if _UPDATED.search(text[: when.start]) else None
    rest = f"{text[: when.start]} | {text[when.end :]}"
    changed = find_date(text[when.end :])
    if changed is not None:
        if not _UPDATED.search(text[when.end : when.end + changed.start]):
            return None
        rest = f"{text[: when.start]} | {text[when.end : when.end + changed.start]} | {text[when.end + changed.end :]}"
    match = re.match(r"^(?P<outlet>[^:|]{2,40}):\s+(?P<title>\S.{7,}?)[\s(\[,–—-]*\|[\s)\].]*$", rest)
    if match and is_name(match["outlet"]) and _looks_titled(match["title"]) and not _LABEL.match(text):
        return make(Kind.DATE, day=when.day, name=clean(match["outlet"]), title=match["title"], number=number)
    pieces = [piece for part in _PARTS.split(rest) for piece in _pieces(part)]
    author = next(
        (name for piece in pieces if (match := _BY.match(piece)) and (name := author_of(match["name"]))), None
    )
    kept = [clean(piece) for piece in pieces if not _BY.match(piece) and not _READING_TIME.search(piece)]
    kept = [piece for piece in kept if piece]
    named = [piece for piece in kept if is_name(piece)]
    others = [piece for piece in kept if piece not in named]
    title: str | None = None
    at_edge = (
        not clean(text[: when.start]) or not clean(text[when.end :]) or "\t" in text or changed is not None
    )
    if len(others) == 1 and at_edge and _looks_titled(others[0]) and not _END.search(text.rstrip(")] ")):
        title = others[0]
    elif others:
        return None
    elif len(named) > 2 or (len(named) == 2 and "\t" in text):
        title = max(named, key=len)
        named.remove(title)
    return make(
        Kind.DATE,
        day=when.day,
        changed=changed.day if changed else None,
        name=next((name for name in named if is_outlet(name)), named[0] if named else None),
        author=author or next((name for name in named[1:] if not is_outlet(name)), None),
        label=label,
        title=title,
        number=number,
    )


def _pieces(part: str) -> list[str]:
    """A part of a date line, cut at commas and full stops only where every piece is a name or a byline."""
    found = [
        piece
        for piece in re.split(r"\s*[,;]\s+|(?<![A-ZÀ-ÞА-Я])\.\s+(?=[A-ZÀ-ÞА-Я])|\s*[(\[)\]]\s*", part)
        if piece.strip(_EDGES)
    ]
    return found if all(_BY.match(piece) or is_name(clean(piece)) for piece in found) else [part]


def _labelled(make: Callable[..., Line], match: re.Match[str]) -> Line:
    label = match["label"].lower()
    value = match["value"].strip(" *_")
    when = find_date(value)
    known: dict[str, object] = {
        "day": when.day if when else None,
        "label": "updated" if _UPDATED.search(label) else label,
    }
    if label in _OUTLET_LABELS:
        known["name"] = clean(value[: when.start] if when else value) or None
        known["label"] = "outlet"
    elif label in _AUTHOR_LABELS:
        known["name"] = author_of(value)
        known["label"] = "author"
    elif label in _TITLE_LABELS:
        known["title"] = value
        known["label"] = "title"
    return make(Kind.LABEL, **known)


_OUTLET_LABELS = frozenset({"source", "outlet", "publication", "newspaper", "источник", "المصدر", "kaynak"})
_AUTHOR_LABELS = frozenset({"author", "byline", "by", "reporter", "written by", "автор", "الكاتب", "yazar"})
_TITLE_LABELS = frozenset({"headline", "title", "заголовок", "العنوان"})


def clean(text: str) -> str:
    """A name without times, weekdays, labels and the punctuation around it."""
    text = _WEEKDAY.sub(" ", _TIME.sub(" ", text))
    text = _PUBLISHED.sub("", _UPDATED.sub("", text).strip(_EDGES))
    text = re.sub(r"\s+(?:г|год[а-я]*)\.?$", "", text.strip(_EDGES))
    return " ".join(
        re.sub(
            r"^(?:on|at|am|em)\b\s*|^(?:le|el)$|\bг\.\s*$", "", text.strip(_EDGES), flags=re.IGNORECASE
        ).split()
    ).strip(_EDGES)


def is_name(text: str) -> bool:
    """Whether a text can be the name of an outlet: short, no sentence, its words capitalised or without case."""
    words = text.split()
    if not words or len(text) > 45 or len(words) > 6 or _END.search(text) or text[-1] in "?:,;":
        return False
    if words[-1].lower() in ("date", "published", "updated", "posted", "time"):
        return False
    letters = [word for word in words if word[:1].isalpha()]
    if not letters:
        return False
    small = [word for word in letters if word[:1].islower() and word.lower() not in _LOWER_JOINS]
    # Russian, French and Turkish capitalise only the first word of an outlet's name.
    return not small or (len(words) == 1 and len(text) >= 3) or (letters[0][0].isupper() and is_outlet(text))


def is_outlet(name: str) -> bool:
    """Whether a name says itself that it is an outlet's: Herald, News, agency."""
    return _OUTLET_WORD.search(name) is not None


def copyright_holder(text: str) -> str | None:
    """Who is named after a copyright sign."""
    match = _COPYRIGHT.search(text)
    name = (
        clean(re.sub(r"\s*all rights reserved.*$", "", match["name"], flags=re.IGNORECASE)) if match else ""
    )
    return name if name and is_name(name) else None


def author_of(text: str) -> str | None:
    """The author in what follows "By": names, without outlet, date and place; None for prose."""
    when = find_date(text)
    head = _PARTS.split(text[: when.start] if when else text)[0]
    head = re.split(
        r"\s+(?:in|for|at)\s+(?=[A-ZÀ-ÞА-Я])|,\s+(?=[\w ]*\b(?:correspondent|reporter|editor|staff|special)\b)",
        head,
    )[0]
    name = head.strip(_EDGES + ".") if not re.search(r"\b[A-Z]\.$", head) else head.strip(_EDGES)
    words = name.split()
    if not words or len(words) > 9 or (_END.search(head.rstrip()) and len(words) > 5):
        return None
    small = [word.strip(",") for word in words if word[:1].islower()]
    return None if any(word.lower() not in _LOWER_JOINS | _TRADES for word in small) else name


def _names(text: str, *, skip: str) -> list[str]:
    parts = [clean(part) for part in _PARTS.split(text)]
    return [part for part in parts[1:] if part and part != skip and is_name(part) and find_date(part) is None]


def _looks_titled(text: str) -> bool:
    words = text.split()
    return (
        len(words) >= 2 and len(text) <= _MAX_TITLE and not text[:1].islower() and any(map(str.isalpha, text))
    )


def _dateline(text: str) -> str | None:
    """ "CITY (Agency) - ": the agency, or an empty string where none is named; None if prose opens otherwise."""
    match = _DATELINE.match(text)
    return None if match is None else (match["a"] or "")


def script_of(text: str) -> str:
    """The script most letters of `text` belong to: latin, arabic, cyrillic or other."""
    counts = {"latin": 0, "arabic": 0, "cyrillic": 0, "other": 0}
    for char in text[:400]:
        if char.isalpha():
            code = ord(char)
            name = (
                "latin"
                if code < 0x250
                else "cyrillic"
                if 0x400 <= code < 0x530
                else "arabic"
                if 0x600 <= code < 0x780 or 0xFB50 <= code < 0xFF00
                else "other"
            )
            counts[name] += 1
    return max(counts, key=lambda key: counts[key])


def is_prose(line: Line) -> bool:
    """Whether the line is body text."""
    return line.kind in (Kind.PROSE, Kind.SPEAKER)


def is_link(line: Line) -> bool:
    """Whether the line is nothing but an address."""
    return _URL.match(line.text) is not None
