"""Outlets and authors read by where they stand: in a regular file the same field is in the same place of every article.

Where most articles of a file name their outlet in one place (the second part of the line below the title, say), what
stands there in the others is one too, though nothing else would tell; so with authors. A person read as the outlet
because nothing named another gives way to what stands in the outlet's place.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.articles.dates import find_date, find_month_day
from rag.articles.kinds import URL
from rag.articles.metadata import Head
from rag.articles.names import BY, SENTENCE_END, clean, is_name, is_outlet, is_people, is_reference
from rag.articles.pieces import READING_TIME

_HEAD_LINES, _TAIL_LINES = 8, 3
_MAX_LINE = 90
_MIN_ARTICLES, _MIN_SHARE = 3, 0.75
"""A place is a field's where so many articles have it there, and such a share of those that state the field at all."""
_MIN_OTHERS = 2
"""So many other outlets with an author beside them tell that a person in their place is no outlet."""
_MAX_WORDS = 5
_PART = re.compile(r"\s*[|•·,،;()\[\]]\s*|\s[–—-]+\s|\t+|\s/\s|\s//\s")

Place = tuple[str, int, int]
"""From the title or from the end, how many lines, and which part of the line."""


def by_position(heads: Sequence[Head], articles: Sequence[str]) -> list[Head]:
    """The heads of the articles of a file, with the outlets and authors that stand where the others have theirs.

    >>> texts = [f"Title of article {n}\\n{name}\\n3 May 2024\\n\\n{'It fell. ' * 9}" for n, name in
    ...          enumerate(("Sund Post", "Vell Times", "Coast Wire", "Karvik"))]
    >>> names = ("Sund Post", "Vell Times", "Coast Wire", None)
    >>> heads = [Head(text.partition("\\n")[0], outlet=name) for text, name in zip(texts, names, strict=True)]
    >>> by_position(heads, texts)[3].outlet
    'Karvik'
    """
    seen = [_places(head.title, text) for head, text in zip(heads, articles, strict=True)]
    heads = _writers_alone(heads, seen)
    outlets = _usual([_found(places, head.outlet) for places, head in zip(seen, heads, strict=True)])
    authors = _usual([_found(places, head.author) for places, head in zip(seen, heads, strict=True)])
    return [_completed(head, places, outlets, authors) for head, places in zip(heads, seen, strict=True)]


def _writers_alone(heads: Sequence[Head], seen: Sequence[dict[Place, str]]) -> list[Head]:
    """The heads with a person who was read as the outlet for want of another name as the author, where other articles
    have outlet and author on that line and none of these outlets could be a person."""
    outlets = [_found(places, head.outlet) for places, head in zip(seen, heads, strict=True)]
    authors = [_found(places, head.author) for places, head in zip(seen, heads, strict=True)]
    whole: dict[tuple[str, int], list[str]] = defaultdict(list)
    for head, own, signed in zip(heads, outlets, authors, strict=True):
        for line in {place[:2] for place in own} & {place[:2] for place in signed}:
            whole[line].append(head.outlet or "")
    stated = Counter(head.outlet for head in heads)
    found = list(heads)
    for index, (head, own, places) in enumerate(zip(heads, outlets, seen, strict=True)):
        others = max((whole[place[:2]] for place in own), key=len, default=[])
        alone = (
            head.author is None
            and stated[head.outlet] == 1
            and _has_two_names(head.outlet or "")
            and not any(_names_beside(places, place) for place in own)
        )
        if alone and len(others) >= _MIN_OTHERS and not any(map(is_people, others)):
            found[index] = replace(head, outlet=None, author=head.outlet)
    return found


def _names_beside(places: dict[Place, str], place: Place) -> bool:
    """Whether anything else on the line names someone, a desk say."""
    return any(
        other != place
        and other[:2] == place[:2]
        and any(map(str.isalpha, text))
        and not (find_date(text) or find_month_day(text) or READING_TIME.search(text))
        for other, text in places.items()
    )


def _has_two_names(name: str) -> bool:
    """Whether a name is a forename and a family name, as most writers have: outlets of more words look like persons."""
    words = name.split()
    return len(words) == 2 and all(word[:1].isupper() for word in words) and is_people(name)


def _completed(head: Head, places: dict[Place, str], outlets: Place | None, authors: Place | None) -> Head:
    """The head with what stands in the usual places of the outlet and of the author."""
    stands = _read(places, outlets, _names_outlet, besides=(head.title, head.author))
    signs = _read(places, authors, is_people, besides=(head.title, head.outlet))
    outlet, author = head.outlet, head.author
    if outlets and authors and (places.get(outlets), places.get(authors)) == (author, outlet):
        outlet, author = author, outlet  # two names, either of which could be a person's
    if (
        outlet
        and stands
        and author is None
        and stands != outlet
        and is_people(outlet)
        and not is_outlet(outlet)
    ):
        outlet, author = stands, outlet
    outlet = outlet or stands
    return replace(head, outlet=outlet, author=author or (signs if signs != outlet else None))


def _places(title: str, text: str) -> dict[Place, str]:
    """What stands in the places of an article where a name can stand."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    head, tail = lines[:_HEAD_LINES], lines[-_TAIL_LINES:]
    at = next((index for index, line in enumerate(head) if title and title in line), 0)
    found: dict[Place, str] = {}
    for side, numbered in (
        ("title", [(index - at, line) for index, line in enumerate(head) if title not in line or not title]),
        ("end", [(index - len(tail), line) for index, line in enumerate(tail)]),
    ):
        for offset, line in numbered:
            if len(line) > _MAX_LINE or URL.match(line):
                continue
            parts = [part for part in _PART.split(line) if part.strip()]
            for number, part in enumerate(parts):
                found[side, offset, number] = clean(part)
    return found


def _found(places: dict[Place, str], value: str | None) -> list[Place]:
    if not value:
        return []
    return [place for place, text in places.items() if _bare(text).casefold() == value.casefold()]


def _usual(found: Sequence[Sequence[Place]]) -> Place | None:
    """The place where most articles have the field."""
    stated = sum(bool(places) for places in found)
    counts = Counter(place for places in found for place in places)
    if not counts:
        return None
    place, times = counts.most_common(1)[0]
    return place if times >= max(_MIN_ARTICLES, stated * _MIN_SHARE) else None


def _read(
    places: dict[Place, str],
    place: Place | None,
    fits: Callable[[str], bool],
    *,
    besides: Sequence[str | None],
) -> str | None:
    """What stands in a place, if it can be the field."""
    text = _bare(places.get(place, "")) if place else ""
    if not text or text in besides or find_date(text) or find_month_day(text):
        return None
    return text if fits(text) else None


def _bare(text: str) -> str:
    told = BY.match(text)
    return clean(told["name"]) if told else text


def _names_outlet(text: str) -> bool:
    return (
        is_name(text)
        and ": " not in text
        and len(text.split()) <= _MAX_WORDS
        and not is_reference(text)
        and not SENTENCE_END.search(text)
        and (is_outlet(text) or not is_people(text))
    )
