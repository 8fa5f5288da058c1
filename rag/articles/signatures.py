"""Lines that sign: who wrote or issued an article, beside its title or below its last words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.articles.kinds import ANCHORS, Kind, Line, is_prose
from rag.articles.lines import read_lines
from rag.articles.names import (
    TRADES,
    clean,
    copyright_holder,
    credited,
    is_name,
    is_outlet,
    is_people,
    is_person,
    issuer,
    posted,
    signed_off,
)

_MAX_END = 600
_MAX_LINES = 6
_MAX_REMARK = 2
_MAX_BLOCK = 2
"""Characters and lines that are read as the end of a text; lines of a remark below a source, and of a signature."""
_AGENCY = re.compile(r"^[(\[]\s*(?P<name>[«“\"]?[A-ZÀ-ÞА-ЯЁ][\w .&-]{1,30}[»”\"]?)\s*[)\]]\s*$")


def signature(line: Line) -> Line:
    """A line of its own that says who wrote or issued: "Mira Tolland, Highland Tribune", "Dita Kroll and Rob Hale",
    "Ana Lim in Ostrava", "Official transcript, Hansard Service"."""
    if line.kind not in (Kind.TITLE, Kind.OUTLET):
        return line
    if (office := issuer(line.text)) is not None:
        return replace(line, kind=Kind.LABEL, label="outlet", name=office, title=None)
    if (name := posted(line.text)) is not None:
        return replace(line, kind=Kind.BYLINE, name=name, title=None)
    parts = [part.strip() for part in re.split("[,،]", line.text)]
    if (
        len(parts) == 2
        and parts[0].lower().endswith(tuple(TRADES))
        and is_name(parts[1])
        and is_outlet(parts[1])
    ):
        return replace(line, kind=Kind.DATE, name=parts[1], title=None)  # "Court reporter, Harbour Post"
    if len(parts) == 2 and all(is_name(part) for part in parts):
        outlet = next((part for part in parts if is_outlet(part)), None)
        author = next((part for part in parts if part != outlet and is_person(part)), None)
        if outlet or author:
            return replace(line, kind=Kind.DATE, name=outlet, author=author)
    if (
        line.blank_before == 0
        and re.fullmatch(r"[^,;:]{3,40} (?:and|&|et|и|و) ?[^,;:]{3,40}", line.text)
        and is_people(line.text)
    ):
        return replace(line, kind=Kind.DATE, author=line.text)
    return line


def closing_lines(text: str, *, dated: bool, signs: bool = False) -> list[Line]:
    """What the last lines say of who and when: "(AFP)", "(Harbour Post, 3 May 2024)", a copyright line, and where
    the head has no date, a signature with one. With `signs`, where the head names an outlet and no author, also a
    person alone below the text."""
    lines = _to_source(read_lines(text[-_MAX_END:])[-_MAX_LINES:])
    found: list[Line] = []
    if signs and (signer := _signs_alone(lines, text)) is not None:
        found.append(signer)
    for line in reversed(lines):
        if (name := credited(line.text)) is not None:
            found.insert(0, replace(line, kind=Kind.BYLINE, name=name, day=None, title=None))
            continue
        if (name := signed_off(line.text)) is not None and (is_prose(line) or line.blank_before):
            found.insert(0, replace(line, kind=Kind.BYLINE, name=name, day=None, title=None))
            if not is_prose(line):
                continue
        if is_prose(line):
            if line.label == "source" and (line.day or line.month_day):
                found.insert(0, replace(line, kind=Kind.DATE, label="tag"))
            break
        if line.kind is Kind.FURNITURE:
            tag = _AGENCY.match(line.text)
            name = line.name or (clean(tag["name"]) if tag else copyright_holder(line.text))
            if line.day or (name and is_name(name)):
                found.insert(0, replace(line, kind=Kind.DATE, name=name, label="tag"))
        elif line.kind is Kind.LABEL or (not dated and line.kind in (*ANCHORS, Kind.OUTLET, Kind.TITLE)):
            found.insert(0, signature(line))
    dated_here = any(
        line.day or line.month_day for line in found
    )  # without a date, a short line can be anything
    return [line for line in found if dated_here or line.kind is not Kind.OUTLET]


def _to_source(lines: list[Line]) -> list[Line]:
    """The last lines without a remark below the source in brackets, as it follows the last article of a file."""
    for place in range(len(lines) - 1, max(0, len(lines) - 1 - _MAX_REMARK), -1):
        line = lines[place - 1]
        if line.text[:1] in "([" and line.text[-1:] in ")]" and (line.day or line.month_day) and line.name:
            return lines[:place]
    return lines


def _signs_alone(lines: Sequence[Line], text: str) -> Line | None:
    """The person whose name stands alone right below the last words, a place or an office below it at most."""
    below = next((place for place in range(len(lines), 0, -1) if is_prose(lines[place - 1])), 0)
    block = list(lines[below : below + 1])
    for line in lines[below + 1 :]:
        if line.blank_before:
            break
        block.append(line)
    rest = lines[below + len(block) :]
    if (
        not below
        or not block
        or len(block) > _MAX_BLOCK
        or not all(line.kind in (Kind.OUTLET, Kind.TITLE) and len(line.text.split()) <= 5 for line in block)
        or not all(line.kind in (Kind.FURNITURE, Kind.CAPTION) or _is_numbered(line) for line in rest)
        or not block[0].blank_before
    ):
        return None
    name = clean(block[0].text)
    name = name.title() if name.isupper() else name
    spoken_of = text.count(name) > 1 or any(name in line.text for line in lines[:below])
    if not is_people(name) or is_outlet(name) or spoken_of:
        return None
    return replace(block[0], kind=Kind.BYLINE, name=name, title=None)


def _is_numbered(line: Line) -> bool:
    """Whether a line ends in a number, as the foot of a page does."""
    return line.text.rstrip(" .)]")[-1:].isdigit() and not line.day
