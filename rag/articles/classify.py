"""What one line is by itself, whatever stands around it.

The order of the questions is the order of their certainty: a line is furniture before it can be a title.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from rag.articles.address import own_address
from rag.articles.appeals import is_appeal, is_note
from rag.articles.dates import find_date, find_month_day
from rag.articles.kinds import URL, Kind, Line
from rag.articles.labels import labelled
from rag.articles.marks import closes, forwarded, is_folio, is_furniture, is_record, overline, stamp
from rag.articles.names import (
    BYLINE,
    PARTS,
    SENTENCE_END,
    author_of,
    clean,
    full_name,
    house,
    is_name,
    is_nobody,
    is_outlet,
    outlet_of_byline,
    owned,
    signed,
)
from rag.articles.sources import MAX_TITLE, citation, dated, entry, inline_source, looks_titled

_SEPARATOR = re.compile(r"^[\s\-–—_=*#~+.•·◆■]{3,}$")
_BULLET = re.compile(r"^\s*(?:[•·▪◦‣*+]|[-–—](?=\s))\s*\S")
_NUMBERED = re.compile(
    r"^\s*(?:(?P<n>\d{1,3})\s*[.)]\s|(?P<column>\d{1,3})(?:\s{2}|\t)|(?P<letter>[a-zA-Z])\)\s)\s*(?=\S)"
)
_LINKED = re.compile(r"^(?P<title>\S.{7,}?)\s*[–—|:-]?\s*[<(\[]?(?P<url>https?://[^\s<>()\[\]]+)[>)\]]?$")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+|\*\*(?=[^\s*][^*]*(?:\*\*)?$))")
_TAGGED_TITLE = re.compile(r"^\[(?P<name>[^\[\]]{3,45})\]\s+(?P<title>\S.{7,})$")
_EMPHASIS = re.compile(r"^(?P<mark>[*_]{1,3})(?=[^\s*_])(?P<inner>.+?)(?P=mark)$")
_WHEN = r"(?:\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{4}-\d\d-\d\d),? \d{1,2}:\d{2}(?::\d{2})?(?:[ \u202f]?[AaPp]\.?[Mm]\.?)?"
_CHAT = re.compile(
    rf"^\u200e?(?:\[(?P<when>{_WHEN})\]\s+|(?P<at>{_WHEN})\s[-–]\s(?=[^:\n]{{1,40}}:(?:\s|$)))"
    rf"(?:(?P<who>[^:\n]{{1,40}}):(?:\s+|$))?"
)
_PASSED_ON = re.compile(
    r"^\W*(?:forwarded(?: many times| message)?|fwd?|переслано|пересланное сообщение|transféré(?: plusieurs fois)?|"
    r"weitergeleitet|reenviado|iletildi|تمت إعادة التوجيه|محوّ?لة?)\W*$",
    re.IGNORECASE,
)
"""What a messenger notes of a post that someone passes on."""
_TAG = re.compile(r"^\s*(?:[(\[][^()\[\]]{2,80}[)\]]\s*\.?|\[[^\[\]]+\]|<[^<>]{2,40}>)\s*$")
_CITED = re.compile(r"^\[\d{1,3}\]\s+(?:<?https?://|[^\"“«„:]{2,80}:\s*[\"“«„]|[\"“«„][^\"”»]+[\"”»],)")
_CAPTION = re.compile(
    r"^\W*(?:photos?|photographs?|photography|images?|pictures?|map|file photo|illustrations?|caption|pictured|"
    r"video|infographic|"
    r"screenshot|credit)\b\s*"
    r"(?:credit|by|courtesy)?\s*[:/(–-]|\((?:photo|image|picture|file photo|map)\b[^)]*\)\s*$|"
    r"^\W*(?:photographs?|photos|pictures|images|illustrations?)\s+(?:by|courtesy of)\s|"
    r"^\W*(?:foto|fotos|фото|снимок|crédit(?:s)?(?: photo)?|bild|تصوير|صورة|الصورة)\s*[:/]|"
    r"^.{0,220}(?:[.!?)]\s+|\s)(?:photo|photograph|picture|image|foto|фото|crédit photo|تصوير)\s?:\s?\S.{0,50}$",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"^(?P<who>[A-ZÀ-ÞА-Я][^\n:]{1,80}?)\s*[:：]\s+\S.{12,}$")
_DATELINE = re.compile(
    r"^[A-ZÀ-ÞА-Я][\w .'’/-]{1,40}(?:,\s[\w .'’-]{2,30}){0,3}\s*\((?P<a>[A-Z][\w .&-]{1,30})\)\s*[-–—.:]|"
    r"^[A-ZÀ-ÞА-Я][A-ZÀ-ÞА-Я .'’/-]{2,40}(?:,\s[\w .'’-]{2,30}){0,3}(?:\s+[-–—]\s+|\s*--\s*)(?=\S)|"
    r"^[A-ZÀ-ÞА-Я][\w .'’/-]{1,40},\s(?:le\s)?"
    r"(?:[A-Z][a-z]{2,8}\.?\s\d{1,2}|\d{1,2}\.?\s[^\W\d_]{3,9}\.?)(?:,?\s\d{4})?"
    r"(?:\s*\((?P<b>[A-ZÀ-ÞА-Я][\w .&-]{1,30})\)\s*[-–—.:]|"
    r"\.?\s*/(?P<c>[A-ZÀ-ÞА-Я][\w .&-]{1,30})/\.?|\s+[-–—]+\s+)(?=\s*\S)"
)
_QUOTED_NAME = re.compile(r"^[«„“](?P<name>[^«»„“”]{3,40})[»“”]$")
_OUR_OWN = re.compile(
    r"^(?:from|by) our (?:own |special |\w+ ){0,2}(?:correspondents?|reporters?|staff)$|"
    r"^(?:par la rédaction|by the editors|von (?:der|unserer) redaktion|por la redacción|от редакции)$",
    re.IGNORECASE,
)
_JOINS = re.compile(r"""[,;:]\s*$""")
_MAX_SHORT = 110


def line_of(text: str, start: int, end: int, blank: int) -> Line:  # noqa: PLR0915  (one question after the other)
    """The line `text` (stripped, not empty) that stands at `start` to `end` after `blank` blank lines."""

    def make(kind: Kind, **known: object) -> Line:
        return Line(kind, start, end, text, blank, **known)  # type: ignore[arg-type]

    if _SEPARATOR.match(text):
        return make(Kind.SEPARATOR)
    if (sourced := inline_source(make, text)) is not None:
        return sourced
    if len(text) > 2 * MAX_TITLE:
        return make(Kind.PROSE, **_dateline(text))
    if URL.match(text):
        return make(Kind.FURNITURE)
    if _CITED.match(text):
        return make(Kind.FURNITURE)
    if _CAPTION.search(text):
        return make(Kind.CAPTION)
    if chat := _CHAT.match(text):  # an exported chat: what was pasted counts, not who pasted it when
        who, said = chat["who"], text[chat.end() :].strip(" *_\u200e")
        named = who is not None and is_outlet(who)
        if who and (_PASSED_ON.match(said) or not (said or named)):
            return make(Kind.OVERLINE, label="stamp")
        if named and who and blank and (not said or looks_titled(said)):  # a channel's post
            when = find_date(chat["when"] or chat["at"])
            return make(
                Kind.DATE, name=clean(who), day=when.day if when else None, label="stamp", title=said or None
            )
        inner = line_of(said, start, end, blank) if said else None
        plain = inner is None or inner.kind in (Kind.PROSE, Kind.SPEAKER, Kind.OUTLET)
        if plain or inner is None:
            return make(Kind.FURNITURE, label="reply")
        return replace(inner, text=text, label="message" if inner.kind is Kind.TITLE else inner.label)
    if (marked := _marked(make, text)) is not None:
        return marked
    number = None
    if match := _NUMBERED.match(text):
        number = (
            int(match["n"] or match["column"])
            if not match["letter"]
            else ord(match["letter"].lower()) - ord("a") + 1
        )
    if (match := _LINKED.match(text)) and own_address(
        match["url"], match["title"]
    ):  # "Dam fails - https://..."
        return make(Kind.TITLE, title=match["title"].rstrip(" -–—|:"), number=number, label="address")
    bare = _HEADING.sub("", _EMPHASIS.sub(r"\g<inner>", _NUMBERED.sub("", text))).strip().rstrip("*").strip()
    if (field := labelled(make, bare)) is not None:
        return field
    if is_note(text):
        return make(Kind.FURNITURE)
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
    if _OUR_OWN.match(bare) or (re.match(r"(?:from|by)\s", bare, re.IGNORECASE) and is_nobody(bare)):
        return make(Kind.BYLINE)
    if (found := entry(make, bare, number)) is not None:
        return found
    tagged = _TAGGED_TITLE.match(bare)
    if tagged and is_outlet(tagged["name"]) and is_name(tagged["name"]) and looks_titled(tagged["title"]):
        return make(Kind.CITATION, name=clean(tagged["name"]), title=tagged["title"], number=number)
    when = find_date(bare) if len(bare) <= MAX_TITLE + 60 else None
    if when is not None and (found := dated(make, bare, when, number)) is not None:
        # "(Harbour Post, 3 May 2024)" on a line of its own closes an article
        return replace(found, kind=Kind.FURNITURE) if _TAG.match(text) else found
    if when is None and (cited := citation(bare)) is not None:
        where = house(cited.outlet)
        return make(Kind.CITATION, number=number, name=where, author=cited.author, month_day=cited.month_day)
    near = find_month_day(bare)
    if near is not None and when is None and not clean(f"{bare[: near.start]} {bare[near.end :]}"):
        return make(Kind.DATE, month_day=(near.month, near.day))
    if is_furniture(text) or is_appeal(text) or _TAG.match(text):
        return make(Kind.FURNITURE)
    if _BULLET.match(text) and not _HEADING.match(text) and not _EMPHASIS.match(text):
        name = clean(text)
        return make(Kind.BULLET, name=name if is_name(name) and len(name) <= 30 else None)
    if _SPEAKER.match(text) and (len(text) > _MAX_SHORT or SENTENCE_END.search(text)):
        return make(Kind.SPEAKER)
    if (known := _dateline(text)) and any(known.values()):
        return make(Kind.PROSE, **known)
    if len(text) > MAX_TITLE or _JOINS.search(text) or (SENTENCE_END.search(text) and len(text.split()) >= 4):
        return make(Kind.PROSE)
    if (name := full_name(bare)) != bare and is_name(name):
        return make(Kind.OUTLET, name=name, title=bare, number=number)
    quoted = _QUOTED_NAME.match(bare)
    if quoted and is_name(quoted["name"]) and is_outlet(quoted["name"]):
        return make(Kind.OUTLET, name=quoted["name"], title=bare, number=number)
    if is_name(bare) and len(bare) <= 40 and len(bare.split()) <= 4:
        return make(Kind.OUTLET, name=house(clean(bare)), title=bare, number=number)
    if looks_titled(bare):
        return make(Kind.TITLE, title=bare, number=number)
    return make(Kind.PROSE)


def _marked(make: Callable[..., Line], text: str) -> Line | None:
    """What pages, databases and messengers print around an article."""
    if (stamped := stamp(text)) is not None:
        when = find_date(stamped[1])
        name, owner = owned(stamped[0])
        return make(Kind.DATE, name=name, author=owner, day=when.day if when else None, label="stamp")
    if (origin := forwarded(text)) is not None:
        name, owner = owned(origin)
        return make(Kind.LABEL, name=name, author=owner, label="outlet")
    if closes(text):
        when = find_date(text)
        return make(Kind.FURNITURE, label="end", day=when.day if when else None)
    if is_folio(text):
        return make(Kind.FURNITURE)
    above, site = overline(text)
    if above:
        return make(Kind.OVERLINE, name=site)
    return make(Kind.RECORD) if is_record(text) else None


def _dateline(text: str) -> dict[str, object]:
    """ "CITY, 3 May 2024 (Agency) - ": the agency, empty where none is named, and the day; nothing if prose opens
    otherwise."""
    match = _DATELINE.match(text)
    if match is None:
        return {}
    when, near = find_date(match[0]), find_month_day(match[0])
    return {
        "dateline": match["a"] or match["b"] or match["c"] or "",
        "day": when.day if when else None,
        "month_day": (near.month, near.day) if near else None,
    }


def after_dateline(text: str) -> str:
    """What follows a dateline: the text, where it opens with none."""
    match = _DATELINE.match(text)
    return text[match.end() :].lstrip(" -–—") if match else text
