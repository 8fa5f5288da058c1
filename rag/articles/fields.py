"""Blocks of fields above an article, as clipping services, archives and monitors of broadcasts print them.

Three or more lines of one paragraph that each open with another label ("Station: ...", "Datum: ...   Seite: 2",
"HD   ...") are the head of an article where the labels say at least two things a head says: who printed it, when, who
wrote it, what it is called. All lines of the block belong to the head then, whatever the other labels are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.articles.dates import find_date
from rag.articles.kinds import Kind, Line
from rag.articles.marks import MAIL_FIELD
from rag.articles.names import author_of, clean, full_name, is_name, nickname

_MIN_FIELDS, _MIN_ROLES = 3, 2
_MAX_LINE = 250
_TITLE, _OUTLET, _AUTHOR, _DATE = "title", "outlet", "author", "date"
_ROLES = {
    label: role
    for role, labels in {
        _OUTLET: "source outlet feed blog website portal media medium publication newspaper paper journal magazine "
        "station channel broadcaster "
        "quelle zeitung sender medio periódico diario fuente cadena média journal chaîne testata giornale fonte gazete "
        "kaynak yayın kanal издание источник газета сми канал المصدر الصحيفة الجريدة القناة الوسيلة sn",
        _AUTHOR: "author authors byline by reporter journalist writer autor autorin autora verfasser auteur autrice "
        "yazar muhabir автор авторы الكاتب المؤلف المحرر",
        _TITLE: "title headline heading header subject topic titel thema überschrift betreff título titular asunto "
        "tema titre sujet titolo başlık konu заголовок название тема العنوان الموضوع hd",
        _DATE: "date published posted aired datum fecha data tarih дата التاريخ pd",
    }.items()
    for label in labels.split()
}
"""What labels name, in the languages read here; the capitals are those of databases that shorten them."""
_UNKNOWN = re.compile(
    r"^\W*(?:not (?:given|stated|known)|unknown|none|n\.?/?a\.?|k\. ?a\.?|unbekannt|inconnu|desconocido|"
    r"неизвестно|bilinmiyor|غير معروف)?\W*$",
    re.IGNORECASE,
)
_COLON = re.compile(
    r"^(?P<label>[^\W\d_][^\W\d_.'/-]*(?:[ ./'-][^\W\d_]+){0,2})\s*[:：](?:\s+(?P<value>\S.*))?$"
)
_CODE = re.compile(r"^(?P<label>[A-Z]{2,3})(?:\s{2,}|\t)\s*(?P<value>\S.*)$")
_NEXT = re.compile(r"(?<=[^\s:：])(?:\s{2,}|\t|\s[|•·]\s)\s*(?=[^\W\d_][^\W\d_.-]*(?: [^\W\d_]+)?\s*[:：]\s)")
_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]?\s*$")
_COUNTER = re.compile(
    r"^[^\W\d_]+(?: [^\W\d_]+)?\.?\s*\d{1,4}\s*(?:/|of|von|de|sur|из|من)\s*\d{1,4}\b[\W_]*$", re.IGNORECASE
)
_PARTS_OF_RECORD = re.compile(r"^[A-Z]{2}$")


@dataclass(frozen=True, slots=True)
class _Field:
    label: str
    value: str

    @property
    def role(self) -> str | None:
        return _ROLES.get(self.label.casefold())


def read_field_blocks(lines: list[Line], text: str) -> None:
    """Mark the lines of blocks of fields in place, each with what it says; `text` is what the lines were read from."""
    first = 0
    for index in range(1, len(lines) + 1):
        if index < len(lines) and not lines[index].blank_before:
            continue
        _read_block(lines, range(first, index), text)
        first = index


def _read_block(lines: list[Line], paragraph: range, text: str) -> None:
    fields = {place: found for place in paragraph if (found := _fields(lines[place].text))}
    begin = min(fields, default=0)
    goes_on = [place for place in paragraph if place > begin and place not in fields]
    labels = [field.label for found in fields.values() for field in found]
    roles = {field.role for found in fields.values() for field in found if field.role}
    if (
        len(fields) < _MIN_FIELDS
        or len(set(labels)) < len(labels)
        or len(roles) < _MIN_ROLES
        or not roles & {_OUTLET, _DATE}
        or sum(MAIL_FIELD.match(lines[place].text) is not None for place in paragraph) > 1
        or not all(_indented(lines[place], text) for place in goes_on)
    ):
        return
    for place, first in fields.items():
        found, end = first, place + 1
        while end in goes_on:
            found = [*found[:-1], replace(found[-1], value=f"{found[-1].value} {lines[end].text}")]
            lines[end] = _plain(lines[end])
            end += 1
        known = lines[place].kind is Kind.LABEL and not any(field.role for field in found)
        lines[place] = lines[place] if known else _told(lines[place], found, dated=_DATE in roles)
    for place in range(paragraph.start, begin):
        if _COUNTER.match(lines[place].text):
            lines[place] = replace(_plain(lines[place]), kind=Kind.OVERLINE)
    for place in range(
        paragraph.stop, len(lines)
    ):  # "LP" above the first paragraph: a part of the same record
        if any(len(label) == 2 and label.isupper() for label in labels) and _PARTS_OF_RECORD.match(
            lines[place].text
        ):
            lines[place] = _plain(lines[place])


def _fields(text: str) -> list[_Field]:
    """The fields on a line; empty where it is none."""
    if len(text) > _MAX_LINE:
        return []
    if match := _CODE.match(text):
        return [_Field(match["label"], match["value"])]
    matches = [_COLON.match(part) for part in _NEXT.split(text)]
    if not all(matches):
        return []
    return [_Field(match["label"], (match["value"] or "").strip()) for match in matches if match]


def _indented(line: Line, text: str) -> bool:
    """Whether a line goes on from the field above: it stands further in."""
    return (
        text[max(0, line.start - 2) : line.start].isspace() and "\n" not in text[line.start - 2 : line.start]
    )


def _plain(line: Line) -> Line:
    return replace(
        line, kind=Kind.RECORD, day=None, name=None, label=None, title=None, author=None, number=None
    )


def _told(line: Line, fields: Sequence[_Field], *, dated: bool) -> Line:
    """The line with what its fields say of the article; a day behind a label unknown here counts where no other field
    of the block is `dated`."""
    found = replace(_plain(line), label="field")
    for field in fields:
        value = "" if _UNKNOWN.match(field.value) else field.value
        if field.role == _TITLE and value:
            found = replace(found, kind=Kind.LABEL, label=found.label if found.name else _TITLE, title=value)
        elif field.role == _DATE or (not dated and field.role is None and _is_day(value)):
            when = find_date(value)
            found = replace(found, kind=Kind.LABEL, day=when.day if when else None)
            found = replace(found, label=_DATE if found.label == "field" else found.label)
        elif field.role == _OUTLET and (name := outlet_in(value)):
            found = replace(found, kind=Kind.LABEL, label=_OUTLET, name=name)
        elif field.role == _AUTHOR and (name := _author_in(value)):
            alone = not found.name
            found = replace(found, kind=Kind.LABEL, author=name)
            found = replace(found, label=_AUTHOR, name=name) if alone else found
    return found


def _is_day(value: str) -> bool:
    when = find_date(value)
    return when is not None and not clean(f"{value[: when.start]} {value[when.end :]}")


def outlet_in(value: str) -> str | None:
    """The outlet in the value of a field: without a remark in brackets behind it.

    >>> outlet_in("Küstenblatt (Tageszeitung)"), outlet_in("Tolm Press Agency (TPA)"), outlet_in("")
    ('Küstenblatt', 'Tolm Press Agency', None)
    """
    name = clean(_REMARK.sub("", full_name(value)))
    return name or None


def _author_in(value: str) -> str | None:
    name = author_of(re.sub(r"^(?:by|von|par|por)\s+", "", value, flags=re.IGNORECASE))
    return name if name and is_name(name) else nickname(value)
