"""Whom a question names as its source: outlets and authors that the index knows.

A name counts as a whole, without "the", in any case. The last word of an outlet ("the Courier") or its
initials are enough where they fit one known outlet only and are written as a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:[&.'’-][^\W_]+)*|&")
_ARTICLES = frozenset({"the", "la", "le", "el", "der", "die", "das"})
_PREPOSITIONS = frozenset("in by to of from per as did does has what how and or".split())
_ACCORDING = re.compile(r"\baccording to $", re.I)
_PAUSE = re.compile(
    r"\s*(?:$|[,;:?!.])|\s(?:who|what|how|when|where|which|why|did|does|is|are|was|were|has|have)\b", re.I
)
_STANDS_ALONE = re.compile(r"[\"”»]?\s*(?:$|[,.;:?!)]|['’])")
_MAX_WORDS = 9
_INSTITUTIONS = frozenset(
    """agency assembly association bank board bureau centre center chamber church club commission committee company
    council department federation forum foundation government group house institute institution ministry network
    office organisation organization party police press programme program report school series service society
    state times's town trade trust union university village""".split()
)
"""Last words that name bodies of all kinds: alone they do not mean a newspaper."""


@dataclass(frozen=True, slots=True)
class Named:
    """A known outlet or author that a question names, as the index spells it.

    `explicit`: it is asked what this source says ("according to", "the Courier reported"); else it is only
    mentioned.
    """

    name: str
    explicit: bool


@dataclass(frozen=True, slots=True)
class _Alias:
    names: frozenset[str]
    short: bool
    written: str


_PIECE = (
    r"(?:report(?:s|ers?|ing)?|articles?|stor(?:y|ies)|account|coverage|version|correspondents?|columnists?|"
    r"columns?|editorials?|journalists?|interview|readers|piece|figures?|numbers?|estimates?|reading|telling)"
)
_SAYS = (
    r"(?:reports?|reported|wrote|writes|write|says?|said|claims?|claimed|printed|prints?|published|publish|"
    r"quoted|quotes?|"
    r"put|puts|gave|gives?|call|calls|called|tell|tells|told|describe[sd]?|mention(?:s|ed)?|cover(?:s|ed)?)"
)
_WRITES = r"(?:reports?|reported|wrote|writes|write|published|publish)"
_BEFORE_OUTLET = re.compile(
    r"(?:\b(?:according to|as (?:reported|told|written|printed|published) (?:by|in)|(?:reported|published|"
    r"printed|quoted|"
    r"cited|interviewed|carried|written) (?:by|in)|in|as per|(?:articles?|reports?|stories|coverage|"
    r"reporting) (?:by|from|in|of)|"
    r"selon|d['’]après|laut|según|по данным|по словам)\s+(?:(?:the|la|le|el)\s+)?"
    r"(?:(?:newspaper|paper|daily|weekly|agency|news agency|website|magazine)\s+)?|^\W*(?:by\s+)?)[\"“«]?$",
    re.I,
)
_BEFORE_AUTHOR = re.compile(
    r"\b(?:(?:articles?|reports?|stories|coverage|reporting|columns?|pieces?|written|reported|wrote) by)\s+$",
    re.I,
)
_ASKED_BEFORE = re.compile(r"\b(?:does|did|do|has|had)\s+(?:(?:the|la|le|el)\s+)?[\"“«]?$", re.I)


def named_outlets(text: str, outlets: Sequence[str]) -> tuple[Named, ...]:
    """The outlets among `outlets` that `text` names, in order of appearance.

    >>> named_outlets("According to the courier in Ulm, who left?", ["Ulm Courier", "Sputnik"])
    ()
    >>> named_outlets("According to the Courier, did sputnik err?", ["Ulm Courier", "Sputnik"])
    (Named(name='Ulm Courier', explicit=True),)
    """
    found: dict[str, bool] = {}
    for name, start, end, short in _mentions(text, _outlet_aliases(tuple(outlets))):
        explicit = _asks_outlet(text, start, end)
        # "the Pellin shipyard" does not mean Radio Pellin.
        if explicit or not short or _STANDS_ALONE.match(text[end:]):
            found[name] = found.get(name, False) or explicit
    return tuple(Named(name, explicit) for name, explicit in found.items())


def named_authors(text: str, authors: Sequence[str]) -> tuple[Named, ...]:
    """The authors among `authors` that `text` names by their whole name, or by the last one as one who writes.

    >>> named_authors("What did Ana Lim write about the mill?", ["Ana Lim", "Bo Lim"])
    (Named(name='Ana Lim', explicit=True),)
    """
    found: dict[str, bool] = {}
    aliases = _author_aliases(tuple(authors))
    for name, start, end, _ in _mentions(text, aliases):
        explicit = _asks_author(text, start, end)
        if explicit or " " in text[start:end]:
            found[name] = found.get(name, False) or explicit
    return tuple(Named(name, explicit) for name, explicit in found.items())


def _asks_outlet(text: str, start: int, end: int) -> bool:
    before, after = text[:start], text[end:]
    if _BEFORE_OUTLET.search(before):
        # At the very beginning it is asked for only as "Halden Post: which ..." or as one who says something.
        if before.strip(' "“«').lower() not in ("", "the", "by"):
            return not re.match(r"\s+[A-Z]", after)
        if re.match(r"[\"”»]?\s*:", after):
            return True
    if re.match(rf"['’]s?\s+(?:[\w-]+\s+)?{_PIECE}\b|\s+{_PIECE}\b", after, re.I):
        return True
    if _ASKED_BEFORE.search(before):
        return bool(re.match(rf"[\"”»]?\s+(?:\w+\s+)?{_SAYS}\b", after, re.I))
    return bool(
        re.match(
            r"[\"”»]?\s+(?:reports|reported|wrote|writes|says|said|claims|claimed|quotes|quoted)\b",
            after,
            re.I,
        )
    )


def _asks_author(text: str, start: int, end: int) -> bool:
    before, after = text[:start], text[end:]
    if _BEFORE_AUTHOR.search(before):
        return True
    if re.match(
        r"['’]s?\s+(?:[\w-]+\s+)?(?:articles?|reports?|reporting|columns?|pieces?|stories|story|coverage)\b",
        after,
        re.I,
    ):
        return True
    asked = bool(_ASKED_BEFORE.search(before)) and bool(re.match(rf"\s+{_WRITES}\b", after, re.I))
    return asked or bool(re.match(r"\s+(?:wrote|writes|reported|reports)\b", after, re.I))


def _mentions(text: str, aliases: dict[str, _Alias]) -> Iterator[tuple[str, int, int, bool]]:
    """Names with their places, and whether in short; of overlapping ones the longest."""
    words = [(match.group(), match.start(), match.end()) for match in _WORD.finditer(text)]
    index = 0
    while index < len(words):
        for count in range(min(_MAX_WORDS, len(words) - index), 0, -1):
            run = words[index : index + count]
            keys = [word for word, _, _ in run]
            last = re.sub(r"['’]s?$", "", keys[-1])
            alias = aliases.get(_key([*keys[:-1], last]))
            if alias is None or len(alias.names) != 1:
                continue
            start, end = run[0][1], run[-1][2] - (len(keys[-1]) - len(last))
            if _written_as_name(text, words, index, count, alias):
                yield next(iter(alias.names)), start, end, alias.short
                index += count - 1
                break
        index += 1


def _written_as_name(
    text: str, words: list[tuple[str, int, int]], index: int, count: int, alias: _Alias
) -> bool:
    first = words[index][0]
    if count > 1 and not alias.short:
        return True
    if alias.written == "acronym":
        return re.sub(r"['’]s?$", "", first).isupper()
    capital = first[0].isupper() or not first[0].isalpha() or first[0].lower() == first[0].upper()
    start, end = words[index][1], words[index + count - 1][2]
    if not capital:
        # "how many died, according to sputnik?", but "according to the observer" may be anyone.
        return not alias.short and bool(_ACCORDING.search(text[:start]) and _PAUSE.match(text[end:]))
    before, after = (
        words[index - 1] if index else None,
        words[index + count] if index + count < len(words) else None,
    )
    # "Apollo Observer Group" or "Old Courier Lane" are other names than "the Courier".
    if after and after[0][0].isupper() and text[end : after[1]] == " ":
        return False
    if alias.short:
        return before is not None and before[0].lower() in _ARTICLES
    # A whole name of one word: at the beginning of a sentence any word is capitalised.
    return before is None or not before[0][0].isupper() or before[0].lower() in _ARTICLES | _PREPOSITIONS


def _key(words: Sequence[str]) -> str:
    return " ".join(word.casefold().replace("’", "'") for word in words)


def _words_of(name: str) -> list[str]:
    words = _WORD.findall(name)
    return words[1:] if len(words) > 1 and words[0].lower() in _ARTICLES else words


@lru_cache(maxsize=8)
def _outlet_aliases(outlets: tuple[str, ...]) -> dict[str, _Alias]:
    aliases: dict[str, _Alias] = {}
    for outlet in dict.fromkeys(outlets):
        words = _words_of(outlet)
        if not words:
            continue
        _add(aliases, words, outlet, short=False)
        if len(words) >= 2:
            initials = "".join(word[0] for word in words if word[0].isupper())
            if len(initials) >= 3:
                _add(aliases, [initials], outlet, short=True, written="acronym")
            tail = words[-1]
            plain = all(word[0].isupper() or not word[0].isalpha() for word in words)
            if plain and len(tail) >= 4 and tail.lower() not in _INSTITUTIONS:
                _add(aliases, [tail], outlet, short=True)
                if len(words) >= 3:
                    _add(aliases, [words[0], tail], outlet, short=False)
    # A short form that is also a part of another outlet's name says nothing.
    for outlet in dict.fromkeys(outlets):
        for word in _words_of(outlet):
            alias = aliases.get(_key([word]))
            if alias is not None and alias.short and outlet not in alias.names:
                aliases[_key([word])] = _Alias(alias.names | {outlet}, short=True, written=alias.written)
    return aliases


@lru_cache(maxsize=8)
def _author_aliases(authors: tuple[str, ...]) -> dict[str, _Alias]:
    aliases: dict[str, _Alias] = {}
    for author in dict.fromkeys(authors):
        words = _words_of(author)
        capitals = [word for word in words if word[0].isupper() or word[0].lower() == word[0].upper()]
        if len(words) < 2 or len(capitals) < 2:
            continue  # "staff", "Reuters", "our correspondent": no person's name
        _add(aliases, words, author, short=False)
        _add(aliases, [words[-1]], author, short=False)
    return aliases


def _add(
    aliases: dict[str, _Alias], words: Sequence[str], name: str, *, short: bool, written: str = "name"
) -> None:
    key = _key(words)
    known = aliases.get(key)
    if known is None or (known.short and not short):
        aliases[key] = _Alias(frozenset({name}), short, written)
    elif known.short == short:
        aliases[key] = _Alias(known.names | {name}, short, written)
