"""Heads on one line: a title, and behind the same mark in several heads of a file who printed and who wrote it.

"Dam fails — Harbour Post, Ana Lim": one such line alone can be a headline that speaks of the Post, or of Ana Lim.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rag.articles.dates import find_date
from rag.articles.kinds import Kind, Line, is_prose
from rag.articles.names import BY, author_of, clean, is_initials, is_name, is_outlet, is_people, is_reference
from rag.articles.pieces import READING_TIME
from rag.articles.places import is_country
from rag.articles.sources import looks_titled

_MAX_LINE = 250
_MAX_ASIDE = 7
"""Words that say what an outlet is ("the county's farming weekly")."""
_HEAD = re.compile(
    r"^(?:\d{1,3}\s*[.)]\s+|[•▪◦‣]\s*)?(?P<title>\S.{7,}?)\s*(?:[(\[](?P<within>[^()\[\]]{3,80})[)\]]|"
    r"\s(?P<mark>[–—|·•-]|--|//)\s+(?P<behind>[^|–—·•]{3,80}))$"
)
_NAME_FIRST = re.compile(
    r"^(?:\d{1,3}\s*[.)]\s+|[•▪◦‣]\s*)?(?P<behind>[^|–—·•]{3,60}?)\s(?P<mark>[–—|·•-]|--|//)\s+(?P<title>\S.{7,}?)$"
)
_COMMAS = re.compile(r"\s*[,،;()|·]\s*|\s[–—-]\s")
_NUMBERED = re.compile(r"^\d{1,3}\s*[.)]\s")
_SURE = 2
"""Outlets that say themselves that they are, where no numbers count the heads."""
_THE = re.compile(r"^the\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cited:
    """A title, and the names behind it."""

    title: str
    outlet: str | None
    author: str | None


def read_heads_on_one_line(lines: list[Line]) -> None:
    """Titles with their source behind them cite it. A name that stands alone with a country or the time it
    takes to read cites nothing, if it does not say that it is an outlet: "Vienna, Austria – Ana Lim" is a chapter."""
    apart = {
        index: line.text
        for index, line in enumerate(lines)
        if line.kind in (Kind.TITLE, Kind.SPEAKER, Kind.PROSE, Kind.BULLET)
        and (line.blank_before or not index)
        and line.label is None
    }
    for index, item in titles_cited(apart).items():
        told = replace(lines[index], kind=Kind.CITATION, name=item.outlet, author=item.author)
        lines[index] = replace(told, title=item.title)
    for index, line in enumerate(lines):
        below = lines[index + 1] if index + 1 < len(lines) else None
        alone = line.blank_before > 0 and (below is None or below.blank_before > 0 or is_prose(below))
        parts = _COMMAS.split(line.text) if line.kind is Kind.CITATION and alone else []
        placed = any(is_country(part) or READING_TIME.search(part) for part in parts)
        if placed and not (line.title or line.month_day or is_outlet(line.name or "")):
            lines[index] = replace(line, kind=Kind.TITLE, name=None, author=None, title=line.text)


def titles_cited(lines: Mapping[int, str]) -> dict[int, Cited]:
    """What the lines that name an outlet or a person behind their title say, where several have the same mark and most
    of the outlets say themselves that they are.

    >>> found = titles_cited({0: "Dam fails again — Harbour Post, Ana Lim", 1: "Mill burns down — The Ledger"})
    >>> [(item.title, item.outlet, item.author) for item in found.values()]
    [('Dam fails again', 'Harbour Post', 'Ana Lim'), ('Mill burns down', 'The Ledger', None)]
    """
    marked: dict[str, dict[int, Cited]] = defaultdict(dict)
    for place, text in lines.items() if len(lines) > 1 else ():
        for form in (_HEAD, _NAME_FIRST) if len(text) <= _MAX_LINE else ():
            match = form.match(text)
            within = match.groupdict().get("within") if match else None
            if match and (cited := _cited(match["title"], within or match["behind"])):
                marked[f"{match['mark'] or '('}{form is _HEAD}"][place] = cited
                break
    found: dict[int, Cited] = {}
    for group in marked.values():
        outlets = [item.outlet for item in group.values() if item.outlet and not is_people(item.outlet)]
        telling = sum(is_outlet(_THE.sub("", name)) for name in outlets)
        numbered = all(_NUMBERED.match(lines[place]) for place in group)
        if len(group) > 1 and telling >= (1 if numbered else _SURE) and 2 * telling >= len(outlets):
            found.update({place: _told_apart(item) for place, item in group.items()})
    return dict(sorted(found.items()))


def _cited(title: str, behind: str) -> Cited | None:
    """The names behind a title; None where a part of it is anything else."""
    if title.endswith((".", "…", ",")) or not looks_titled(title) or find_date(behind):
        return None
    first, *others = re.split(r"\s*[,،;]\s+", behind.strip())
    outlet, author = clean(first), None
    if (told := BY.match(first)) and (author := author_of(told["name"])):
        outlet = ""
    elif not is_name(outlet) or is_reference(outlet) or is_country(outlet) or not outlet[:1].isupper():
        return None
    for other in others:
        told = BY.match(other)
        writer = (
            author_of(told["name"]) if told else other if is_people(other) or is_initials(other) else None
        )
        aside = other[:1].islower() and len(other.split()) <= _MAX_ASIDE
        if not (writer or aside or is_reference(other) or is_country(other)):
            return None
        author = author or writer
    return Cited(title.rstrip(" ."), outlet or None, author)


def _told_apart(item: Cited) -> Cited:
    """A person alone behind a title, where outlets stand behind others, is who wrote it."""
    alone = item.outlet is not None and item.author is None
    if alone and is_people(item.outlet or "") and not is_outlet(item.outlet or ""):
        return Cited(item.title, None, item.outlet)
    return item
