"""Lines that label what they say ("Source: Harbour Post", "Date: 3 May 2024"), one field a line or several."""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.articles.dates import find_date
from rag.articles.kinds import Kind, Line
from rag.articles.names import UPDATED, author_of, clean, is_people, nickname

_OUTLET_LABELS = frozenset(
    "source outlet feed media publication newspaper medium paper journal quelle zeitung источник издание газета kaynak "
    "المصدر الصحيفة الجريدة".split()
) | {
    "publication info",
    "publication title",
    "publication name",
    "outlet name",
    "source name",
    "media outlet",
}
_AUTHOR_LABELS = frozenset(
    "author authors byline by reporter journalist writer autor auteur автор الكاتب المؤلف yazar".split()
) | {"written by"}
_TITLE_LABELS = frozenset("headline heading header title titel titre заголовок العنوان başlık".split()) | {
    "article title"
}
_DATE_LABELS = frozenset(
    "published posted ran appeared updated modified date datum опубликовано обновлено дата التاريخ tarih".split()
) | {
    "last updated",
    "last modified",
    "publication date",
    "date published",
    "publié le",
    "mis à jour",
    "mis à jour le",
    "نشر في",
    "تاريخ النشر",
    "آخر تحديث",
}
_OTHER_LABELS = frozenset("section page language url link".split())
_WORDS = "|".join(
    sorted(
        map(re.escape, _OUTLET_LABELS | _AUTHOR_LABELS | _TITLE_LABELS | _DATE_LABELS | _OTHER_LABELS),
        key=len,
        reverse=True,
    )
)
_LABEL = re.compile(
    rf"^\s*[*_]*(?P<label>{_WORDS})(?:\s+(?:on|at))?\s*[*_]*\s*[:：]\s*[*_]*\s*(?P<value>.*)$", re.IGNORECASE
)
_NEXT_FIELD = re.compile(r"\s*(?:[|•·;]|\s[–—-]|\t)\s*(?=[^\W\d_][\w ]{1,20}[:：])")


def is_labelled(text: str) -> bool:
    """Whether a line says what it states: "Source: ...", "Date: ..."."""
    return _LABEL.match(text) is not None


def labelled(make: Callable[..., Line], text: str) -> Line | None:
    """The line of a field, or of several fields beside each other ("Source: Harbour Post | Date: 3 May 2024")."""
    whole = _LABEL.match(text)
    if whole is None:
        return None
    fields = [match for part in _NEXT_FIELD.split(text) if (match := _LABEL.match(part))]
    if len(fields) < 2:
        return make(Kind.LABEL, **_read(whole))
    known: dict[str, object] = {}
    for field in map(_read, fields):
        found = {"author": field["name"]} if field.get("label") == "author" else field
        known = {**found, **{key: value for key, value in known.items() if value}}
    if known.get("name"):
        known["label"] = "outlet"
    return make(Kind.LABEL, **known)


def _read(match: re.Match[str]) -> dict[str, object]:
    """What one field says."""
    label = match["label"].lower()
    value = match["value"].strip(" *_")
    when = find_date(value)
    known: dict[str, object] = {
        "day": when.day if when else None,
        "label": "updated" if UPDATED.search(label) else label,
    }
    if label in _OUTLET_LABELS:
        known["name"] = clean(value[: when.start] if when else value) or None
        if when and is_people(writer := clean(value[when.end :])):
            known["author"] = writer
        known["label"] = "outlet"
    elif label in _AUTHOR_LABELS:
        known["name"] = author_of(value) or nickname(value)
        known["label"] = "author"
    elif label in _TITLE_LABELS:
        known["title"] = value
        known["label"] = "title"
    return known
