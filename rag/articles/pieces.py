"""The parts of a line that dates or cites an article, each told by what it is: outlet, person, initials, country.

What parts them is whatever the line has: bars, dots, dashes, commas, brackets. A part that says neither who nor where
goes, so that the others can be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.articles.marks import SECTION, is_record
from rag.articles.names import (
    BY,
    EDGES,
    FULL_STOP,
    PARTS,
    TRADES,
    author_of,
    clean,
    full_name,
    is_initials,
    is_name,
    is_outlet,
    is_people,
    is_reference,
    posted,
    signed,
)
from rag.articles.places import is_country

READING_TIME = re.compile(
    r"\b\d+[\s-]*(?:min(?:ute)?s?|мин)\b.*\bread\b|\bmin read\b|"
    r"\b(?:reading time|read time|lesezeit|lesedauer|temps de lecture|время чтения|okuma süresi)\b|"
    r"^\d+\s*(?:min(?:ut\w*)?\.?|мин(?:ут\w*)?\.?|dk\.?|دقائق|دقيقة)\s*(?:lesezeit|de lecture|чтения|okuma|قراءة)?$",
    re.IGNORECASE,
)
_IN_GUILLEMETS = re.compile(r"«(?P<name>[А-ЯЁІЇЄҐ][^\s«»]*(?: [^\s«»]+){0,3})»")
"""A name as Russian and Ukrainian write it, with small letters after the first word."""
_STAFF = TRADES | {
    "team",
    "newsdesk",
    "newsroom",
    "rédaction",
    "redaktion",
    "редакция",
    "redacción",
    "redazione",
}
"""Last words of the names of desks."""
_IN_COUNTRY = re.compile(
    r"^(?P<name>\S[^,،()]{1,44}?)\s*(?P<open>[,،](?=\s)|\()\s*(?P<country>[^,،()]{2,30})\)?$"
)
_CRUMB = re.compile(r"\s+[>›→]\s+")
"""What parts an outlet from its sections."""
_MAX_NAME = 4
"""Words of an outlet's name that nothing but the country behind it tells."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """What stands on a line: names of outlets, places and persons, and who is said to have written. `known` are names
    that nothing but what is around them tells: quotation marks, a country."""

    names: list[str]
    authors: list[str]
    known: set[str]


def read_pieces(text: str) -> Pieces:
    """The names on a line whose date is cut out.

    >>> read_pieces("Harbour Post, Norway – by Ana Lim – | 4 min read").names
    ['Harbour Post']
    """
    names: list[str] = []
    authors: list[str] = []
    known = {clean(match["name"]) for match in _IN_GUILLEMETS.finditer(text)}
    for place, whole in enumerate(PARTS.split(text)):
        part = whole.strip(" \t–—-")
        if (name := signed(part) or (posted(part) if place else None)) is not None:
            authors.append(name)
            continue
        named, placed = _without_country(part)
        known |= placed
        for piece in _pieces(named):
            if (name := signed(piece)) or ((match := BY.match(piece)) and (name := author_of(match["name"]))):
                authors.append(name)
            elif is_initials(piece):
                authors.append(piece)
            elif not BY.match(piece) and not says_nothing(piece):
                names.append(full_name(clean(_CRUMB.split(piece)[0])))
    return Pieces(_without_desks([name for name in names if name]), authors, known)


def _pieces(part: str) -> list[str]:
    """A part of a date line, cut at commas and full stops only where every piece is a name or a byline."""
    if is_initials(part):
        return [part]
    found = [
        piece
        for piece in re.split(rf"\s*[,،;]\s+|{FULL_STOP}(?=[A-ZÀ-ÞА-Я])|\s*[(\[)\]]\s*", part)
        if piece.strip(EDGES)
    ]
    told = (
        BY.match(piece)
        or is_name(clean(piece))
        or is_initials(piece)
        or says_nothing(piece)
        or _IN_GUILLEMETS.search(piece)
        for piece in found
    )
    return found if all(told) else [part]


def _without_country(part: str) -> tuple[str, set[str]]:
    """A part of a line without the country or town behind the outlet ("The Ledger, Norway", "Sund Post (Karvik)"), and
    the outlet so told."""
    match = _IN_COUNTRY.match(part.rstrip(" ,،"))
    if match is None:
        return part, set()
    name, place = clean(match["name"]), match["country"]
    told = is_country(place) or (
        match["open"] == "("
        and is_outlet(name)
        and is_name(place)
        and not (is_outlet(place) or is_people(place))
    )
    if not told:
        return part, set()
    return match["name"], {name} if opens_name(name) else set()


def opens_name(text: str) -> bool:
    """Whether a text in front of a country can be an outlet that writes only its first word large."""
    return text[:1].isupper() and len(text.split()) <= _MAX_NAME


def _without_desks(names: list[str]) -> list[str]:
    """The names of a line without sections and desks, where another says itself that it is an outlet."""
    rest = [name for name in names if not SECTION.fullmatch(name) and not is_staff(name)]
    return rest if any(map(is_outlet, rest)) else names


def says_nothing(part: str) -> bool:
    """Whether a part of a line says neither who nor when: a country, a page, how long the text is."""
    bare = clean(part)
    return is_country(bare) or is_reference(bare) or is_record(bare) or READING_TIME.search(part) is not None


def is_staff(text: str) -> bool:
    """Whether a text names a desk or people by what they do: "Data team", "Newsdesk"."""
    return (text.lower().split() or [""])[-1] in _STAFF
