"""What one line is by itself, whatever stands around it.

The order of the questions is the order of their certainty: a line is furniture before it can be a title.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from rag.articles.dates import find_date, find_month_day
from rag.articles.kinds import URL, Kind, Line
from rag.articles.marks import closes, forwarded, is_furniture, is_record, overline, stamp
from rag.articles.names import (
    BYLINE,
    PARTS,
    SENTENCE_END,
    UPDATED,
    author_of,
    clean,
    full_name,
    house,
    is_name,
    is_nobody,
    outlet_of_byline,
    signed,
)
from rag.articles.sources import LABEL, MAX_TITLE, citation, dated, looks_titled

_SEPARATOR = re.compile(r"^[\s\-–—_=*#~+.•·◆■]{3,}$")
_BULLET = re.compile(r"^\s*(?:[•·▪◦‣*+]|[-–—](?=\s))\s*\S")
_NUMBERED = re.compile(r"^\s*(?P<n>\d{1,3})\s*[.)]\s+(?=\S)")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+|\*\*(?=\S))")
_EMPHASIS = re.compile(r"^(?P<mark>[*_]{1,3})(?=[^\s*_])(?P<inner>.+?)(?P=mark)$")
_CHAT = re.compile(r"^\[\d{1,2}[/.]\d{1,2}[/.]\d{2,4},? \d{1,2}:\d{2}(?::\d{2})?\]\s+(?:[^:\n]{1,40}:\s+)?")
_TAG = re.compile(r"^\s*(?:[(\[][^()\[\]]{2,80}[)\]]\s*\.?|<[^<>]{2,40}>)\s*$")
_CITED = re.compile(r"^\[\d{1,3}\]\s+(?:<?https?://|[^\"“«„:]{2,80}:\s*[\"“«„]|[\"“«„][^\"”»]+[\"”»],)")
_CAPTION = re.compile(
    r"^\W*(?:photo|image|picture|map|file photo|illustration|caption|pictured|video|infographic|"
    r"screenshot|credit)\b\s*"
    r"(?:credit|by|courtesy)?\s*[:/(–-]|\((?:photo|image|picture|file photo|map)\b[^)]*\)\s*$",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"^(?P<who>[A-ZÀ-ÞА-Я][^\n:]{1,80}?)\s*[:：]\s+\S.{12,}$")
_DATELINE = re.compile(
    r"^[A-ZÀ-ÞА-Я][\w .'’/-]{1,40}(?:,\s[\w .'’-]{2,30}){0,3}\s*\((?P<a>[A-Z][\w .&-]{1,30})\)\s*[-–—.:]|"
    r"^[A-ZÀ-ÞА-Я][A-ZÀ-ÞА-Я .'’/-]{2,40}(?:,\s[\w .'’-]{2,30}){0,3}(?:\s+[-–—]\s+|\s*--\s*)(?=\S)"
)
_JOINS = re.compile(r"""[,;:]\s*$""")
_MAX_SHORT = 110


def line_of(text: str, start: int, end: int, blank: int) -> Line:
    """The line `text` (stripped, not empty) that stands at `start` to `end` after `blank` blank lines."""

    def make(kind: Kind, **known: object) -> Line:
        return Line(kind, start, end, text, blank, **known)  # type: ignore[arg-type]

    if _SEPARATOR.match(text):
        return make(Kind.SEPARATOR)
    if len(text) > 2 * MAX_TITLE:
        return make(Kind.PROSE, **_dateline(text))
    if URL.match(text):
        return make(Kind.FURNITURE)
    if _CITED.match(text):
        return make(Kind.FURNITURE)
    if _CAPTION.search(text):
        return make(Kind.CAPTION)
    if chat := _CHAT.match(text):  # an exported chat: what was pasted counts, not who pasted it when
        inner = (
            line_of(text[chat.end() :].strip(" *_"), start, end, blank)
            if text[chat.end() :].strip()
            else None
        )
        plain = inner is None or inner.kind in (Kind.PROSE, Kind.SPEAKER, Kind.OUTLET)
        return make(Kind.FURNITURE) if plain or inner is None else replace(inner, text=text)
    if (marked := _marked(make, text)) is not None:
        return marked
    number = int(match["n"]) if (match := _NUMBERED.match(text)) else None
    bare = _HEADING.sub("", _EMPHASIS.sub(r"\g<inner>", _NUMBERED.sub("", text))).strip().rstrip("*").strip()
    if match := LABEL.match(bare):
        return _labelled(make, match)
    if (match := BYLINE.match(bare)) and len(bare) <= _MAX_SHORT and not bare.endswith(":"):
        name = author_of(match["name"])
        if name or is_nobody(match["name"]):
            when = find_date(bare)
            outlet = outlet_of_byline(match["name"], name) if name else None
            return make(Kind.BYLINE, name=name, day=when.day if when else None, title=outlet)
    if (name := signed(bare)) is not None:
        return make(Kind.BYLINE, name=name)
    house_first = PARTS.split(bare)
    if len(house_first) == 2 and is_name(house_first[0]) and (match := BYLINE.match(house_first[1])):
        name = author_of(match["name"])  # "MSN | By Ana Lim"
        if name:
            return make(Kind.BYLINE, name=name, title=clean(house_first[0]))
    if re.match(r"(?:from|by)\s", bare, re.IGNORECASE) and is_nobody(bare):
        return make(Kind.BYLINE)
    when = find_date(bare) if len(bare) <= MAX_TITLE + 60 else None
    if when is not None and (found := dated(make, bare, when, number)) is not None:
        # "(Harbour Post, 3 May 2024)" on a line of its own closes an article
        return replace(found, kind=Kind.FURNITURE) if _TAG.match(text) else found
    if when is None and (cited := citation(bare)) is not None:
        where = house(cited.outlet)
        return make(Kind.CITATION, number=number, name=where, author=cited.author, month_day=cited.month_day)
    if is_furniture(text) or _TAG.match(text):
        return make(Kind.FURNITURE)
    if _BULLET.match(text) and not _HEADING.match(text) and not _EMPHASIS.match(text):
        name = clean(text)
        return make(Kind.BULLET, name=name if is_name(name) and len(name) <= 30 else None)
    if _SPEAKER.match(text) and (len(text) > _MAX_SHORT or SENTENCE_END.search(text)):
        return make(Kind.SPEAKER)
    if (known := _dateline(text)) and (known["dateline"] or known["day"]):
        return make(Kind.PROSE, **known)
    if len(text) > MAX_TITLE or _JOINS.search(text) or (SENTENCE_END.search(text) and len(text.split()) >= 4):
        return make(Kind.PROSE)
    if (name := full_name(bare)) != bare and is_name(name):
        return make(Kind.OUTLET, name=name, title=bare, number=number)
    if is_name(bare) and len(bare) <= 40 and len(bare.split()) <= 4:
        return make(Kind.OUTLET, name=house(clean(bare)), title=bare, number=number)
    if looks_titled(bare):
        return make(Kind.TITLE, title=bare, number=number)
    return make(Kind.PROSE)


def _marked(make: Callable[..., Line], text: str) -> Line | None:
    """What pages, databases and messengers print around an article."""
    if (stamped := stamp(text)) is not None:
        when = find_date(stamped[1])
        return make(Kind.DATE, name=clean(stamped[0]), day=when.day if when else None, label="stamp")
    if (origin := forwarded(text)) is not None:
        return make(Kind.LABEL, name=clean(origin), label="outlet")
    if closes(text):
        when = find_date(text)
        return make(Kind.FURNITURE, label="end", day=when.day if when else None)
    above, site = overline(text)
    if above:
        return make(Kind.OVERLINE, name=site)
    return make(Kind.RECORD) if is_record(text) else None


def _labelled(make: Callable[..., Line], match: re.Match[str]) -> Line:
    label = match["label"].lower()
    value = match["value"].strip(" *_")
    when = find_date(value)
    known: dict[str, object] = {
        "day": when.day if when else None,
        "label": "updated" if UPDATED.search(label) else label,
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


def _dateline(text: str) -> dict[str, object]:
    """ "CITY, 3 May 2024 (Agency) - ": the agency, empty where none is named, and the day; nothing if prose opens
    otherwise."""
    match = _DATELINE.match(text)
    if match is None:
        return {}
    when, near = find_date(match[0]), find_month_day(match[0])
    return {
        "dateline": match["a"] or "",
        "day": when.day if when else None,
        "month_day": (near.month, near.day) if near else None,
    }


def after_dateline(text: str) -> str:
    """What follows a dateline: the text, where it opens with none."""
    match = _DATELINE.match(text)
    return text[match.end() :].lstrip(" -–—") if match else text
