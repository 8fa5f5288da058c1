"""Who, where and when: title, outlet, author, dates and language, from what an article says about itself.

Nothing is guessed: what the head of an article does not state stays None.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from rag.articles.lines import (
    Kind,
    Line,
    clean,
    copyright_holder,
    is_name,
    is_outlet,
    is_prose,
    read_lines,
    script_of,
)

_HEAD_LINES = 10
_HEAD_CHARACTERS = 6_000
_MAX_TITLE = 300
_MARKS = re.compile(r"^(?:#{1,6}\s+|\d{1,3}\s*[.)]\s+)")
_AGENCY = re.compile(r"^[(\[]\s*(?P<name>[A-Z][\w .&-]{1,30})\s*[)\]]\s*$")


@dataclass(frozen=True, slots=True)
class Head:
    """What the first lines of an article say about it."""

    title: str
    outlet: str | None = None
    author: str | None = None
    published: date | None = None
    updated: date | None = None


def read_head(text: str) -> Head:
    """Title, outlet, author and dates from the first lines of one article.

    The head is what stands before the first body text. An outlet is taken from its date line, its byline, a label,
    a short line of its own next to one of them, or the agency in the dateline or at the very end.
    """
    lines = read_lines(text[:_HEAD_CHARACTERS])
    if not lines:
        return Head(title="")
    head = _head_lines(lines)
    body = lines[len(head)] if len(head) < len(lines) else None
    days = [line for line in head if line.day is not None]
    published = next((line.day for line in days if line.label != "updated"), None)
    updated = next(
        (line.changed or line.day for line in days if line.changed or line.label == "updated"), None
    )
    outlet, author = _names(head)
    closing = _closing(text, dated=published is not None)
    if closing:
        end_outlet, end_author = _names(closing)
        outlet, author = outlet or (body.dateline if body else None) or end_outlet, author or end_author
        published = published or next((line.day for line in closing if line.day), None)
    return Head(
        title=_title(head),
        outlet=outlet or (body.dateline if body is not None else None) or None,
        author=author,
        published=published,
        updated=updated,
    )


def _head_lines(lines: Sequence[Line]) -> list[Line]:
    """The lines before the body; the first line always belongs to the head."""
    head = [lines[0]]
    for line in lines[1:_HEAD_LINES]:
        if is_prose(line) or line.kind in (Kind.SEPARATOR, Kind.SPEAKER):
            break
        head.append(line)
    return head


def _title(head: Sequence[Line]) -> str:
    labelled = [line.title for line in head if line.label == "title" and line.title]
    if labelled:
        return labelled[0][:_MAX_TITLE]
    first = head[0]
    if first.kind in (Kind.DATE, Kind.OUTLET, Kind.BYLINE, Kind.LABEL, Kind.FURNITURE) and not (
        first.kind is Kind.DATE and first.title
    ):
        for line in head[1:]:
            if line.kind is Kind.TITLE or (line.kind is Kind.DATE and line.title):
                return _bare(line.title or line.text)
    return _bare(first.title or first.text)


def _bare(title: str) -> str:
    return (_MARKS.sub("", title).strip(" \t\u00a0*_") or title)[:_MAX_TITLE]


def _names(head: Sequence[Line]) -> tuple[str | None, str | None]:
    """Outlet and author.

    A label names the outlet, a byline the author. Of the names on the date line and on short lines beside it, the
    one that says itself what it is ("Herald") is the outlet, else the first; another that looks like a person's is
    the author.
    """
    head = [head[0], *map(_signature, head[1:])]
    authors = [
        line.name for line in head if line.name and (line.kind is Kind.BYLINE or line.label == "author")
    ]
    authors += [line.author for line in head if line.author]
    labelled = [line.name for line in head if line.name and line.label == "outlet"]
    first_date = next((place for place, line in enumerate(head) if line.day is not None), len(head))
    lone = _lone_names(head)
    named = [(place, name) for place, name in lone if place < first_date or _can_follow_date(name)]
    named += [
        (place, line.name)
        for place, line in enumerate(head)
        if line.name and line.kind is Kind.DATE and line.label != "updated"
    ]
    named.sort(key=lambda item: (not is_outlet(item[1]), item[0]))
    outlets = labelled + [name for _, name in named]
    outlets += [line.title for line in head if line.kind is Kind.BYLINE and line.title]
    outlet = outlets[0] if outlets else None
    people = [name for _, name in [*lone, *named] if name != outlet and _is_person(name)]
    writers = authors + people
    return outlet, writers[0] if writers else None


def _can_follow_date(name: str) -> bool:
    """Below the date stand outlets and authors alike: only what says it is an outlet, or one word, is taken for one."""
    return is_outlet(name) or len(name.split()) == 1


def _is_person(name: str) -> bool:
    words = name.split()
    return (
        2 <= len(words) <= 4
        and not is_outlet(name)
        and not name.isupper()
        and all(word[:1].isupper() or not word.isascii() for word in words)
    )


def _lone_names(head: Sequence[Line]) -> list[tuple[int, str]]:
    """Names on lines of their own that stand beside a date or byline, or right under the title."""
    anchors = [place for place, line in enumerate(head) if line.kind in (Kind.DATE, Kind.BYLINE) or line.day]
    titled = any(line.kind is Kind.TITLE for line in head)
    found: list[tuple[int, str]] = []
    for place, line in enumerate(head):
        if line.kind not in (Kind.OUTLET, Kind.BULLET) or not line.name or (place == 0 and not titled):
            continue
        beside = any(
            abs(place - anchor) <= 2 and (place < anchor or line.blank_before == 0 or place == anchor + 1)
            for anchor in anchors
        )
        if (
            beside and not (place > max(anchors) and line.blank_before and not is_outlet(line.name) and found)
        ) or (not anchors and place == 1 and line.blank_before == 0):
            found.append((place, line.name))
    return found


def _closing(text: str, *, dated: bool) -> list[Line]:
    """What the last lines say of who and when: "(AFP)", "(Harbour Post, 3 May 2024)", a copyright line, and where
    the head has no date, a signature with one."""
    lines = read_lines(text[-600:])[-6:]
    found: list[Line] = []
    for line in reversed(lines):
        if is_prose(line):
            break
        if line.kind is Kind.FURNITURE:
            tag = _AGENCY.match(line.text)
            name = line.name or (clean(tag["name"]) if tag else copyright_holder(line.text))
            if line.day or (name and is_name(name)):
                found.insert(0, replace(line, kind=Kind.DATE, name=name))
        elif not dated and line.kind in (Kind.DATE, Kind.BYLINE, Kind.OUTLET, Kind.TITLE):
            found.insert(0, _signature(line))
    return (
        found
        if any(line.day for line in found) or not any(line.kind is Kind.OUTLET for line in found)
        else []
    )


def _signature(line: Line) -> Line:
    """ "Mira Tolland, Highland Tribune" or "Dita Kroll and Rob Hale" on a line of its own: author and outlet."""
    if line.kind not in (Kind.TITLE, Kind.OUTLET):
        return line
    parts = [part.strip() for part in line.text.split(",")]
    if len(parts) == 2 and all(is_name(part) for part in parts):
        outlet = next((part for part in parts if is_outlet(part)), None)
        author = next((part for part in parts if part != outlet and _is_person(part)), None)
        if outlet or author:
            return replace(line, kind=Kind.DATE, name=outlet, author=author)
    if line.blank_before == 0 and re.fullmatch(r"[^,;:]{3,40} (?:and|&|et|и|و) ?[^,;:]{3,40}", line.text):
        people = re.split(r" (?:and|&|et|и) | و ?", line.text)
        if len(people) == 2 and all(_is_person(name) for name in people):
            return replace(line, kind=Kind.DATE, author=line.text)
    return line


_FUNCTION_WORDS = {
    "en": frozenset("the of and to in that was for is on with as said by".split()),
    "fr": frozenset("le la les des et une dans que pour est sur qui du au".split()),
    "de": frozenset("der die das und den von mit ist nicht für dem ein zu".split()),
    "es": frozenset("el los las que una por con para del se es al".split()),
    "tr": frozenset("ve bir bu için ile olarak da de daha olan sonra".split()),
}
_LETTERS = {
    "fa": frozenset("پچژگ"),
    "uk": frozenset("іїєґ"),
}


def language_of(text: str) -> str | None:
    """The ISO 639-1 language of `text` by its script, or for Latin script by its function words."""
    sample = text[:4_000]
    script = script_of(sample)
    if script == "arabic":
        return "fa" if sum(char in _LETTERS["fa"] for char in sample) > len(sample) / 100 else "ar"
    if script == "cyrillic":
        return "uk" if sum(char in _LETTERS["uk"] for char in sample) > len(sample) / 100 else "ru"
    if script != "latin" or not any(map(str.isalpha, sample)):
        return next(
            (code for code, first, last in _BLOCKS if any(first <= char <= last for char in sample)), None
        )
    words = re.findall(r"[^\W\d_]+", sample.lower())
    counts = {code: sum(word in known for word in words) for code, known in _FUNCTION_WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] >= max(2, len(words) * 0.05) else None


_BLOCKS = (
    ("hy", "\u0531", "\u0587"),
    ("ka", "\u10a0", "\u10ff"),
    ("he", "\u05d0", "\u05ea"),
    ("el", "\u0391", "\u03c9"),
)
