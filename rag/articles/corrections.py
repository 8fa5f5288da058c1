"""What a person corrected by hand: where articles of a file begin, and who published them when.

A split is remembered by the words of its line, so it survives edits elsewhere in the file; metadata is remembered
by the article's content hash, so it survives moving and renaming.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rag.articles.columns import raw_lines
from rag.articles.dates import parse_day
from rag.errors import InputError
from rag.schema import Article, Split

FIELDS = ("title", "outlet", "author", "published", "language", "url")
"""Metadata that may be corrected."""
UNKNOWN = ""
"""The value that makes a field unknown."""


def split_at(text: str, number: int, *, begins: bool) -> Split:
    """The split at line `number` (from 1) of `text`. Raises `InputError` when there is no such line or it is blank."""
    lines = [line for _, line in raw_lines(text)]
    if not 1 <= number <= len(lines):
        raise InputError(f"there is no line {number}; the file has {len(lines)}")
    line = lines[number - 1].strip()
    if not line:
        raise InputError(f"line {number} is blank; name the line an article begins with")
    return Split(line, sum(other.strip() == line for other in lines[: number - 1]), begins)


def apply_splits(text: str, starts: Sequence[int], splits: Iterable[Split]) -> list[int]:
    """`starts` (offsets) with what was corrected by hand; a line that is not there any more changes nothing.

    >>> apply_splits("A\\nb\\nC\\nd", [0], [Split("C", 0, True)])
    [0, 4]
    """
    places: dict[str, list[int]] = {}
    for position, raw in raw_lines(text):
        places.setdefault(raw.strip(), []).append(position + len(raw) - len(raw.lstrip()))
    found = set(starts)
    for split in splits:
        offsets = places.get(split.line, [])
        if split.occurrence < len(offsets):
            (found.add if split.begins else found.discard)(offsets[split.occurrence])
    return sorted(found) or list(starts[:1])


def checked_value(field: str, value: str) -> str:
    """A corrected value as it is stored. Raises `InputError` for an unknown field or an unreadable date."""
    if field not in FIELDS:
        raise InputError(f"{field!r} cannot be corrected; fields are {', '.join(FIELDS)}")
    value = " ".join(value.split())
    if field == "published" and value:
        day = parse_day(value)
        if day is None:
            raise InputError(f"{value!r} is not a date; write it as 2023-09-20")
        return day.isoformat()
    if field == "title" and not value:
        raise InputError("a title cannot be empty")
    return value


def apply_values(article: Article, values: Mapping[str, str]) -> Article:
    """`article` with corrected metadata, and the id that belongs to it."""
    known = {field: (value or None) for field, value in values.items() if field in FIELDS}
    if not known:
        return article
    published = known.pop("published", None) if "published" in known else article.published
    changed = replace(article, **known, published=parse_day(published))  # type: ignore[arg-type]
    return replace(changed, id=article_id(changed))


def article_id(article: Article) -> str:
    """An id that rests on everything a citation would show."""
    identity = [article.external_id, article.title, article.outlet, article.author, article.url]
    identity += [str(article.published), article.content_hash]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
