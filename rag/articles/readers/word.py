"""DOCX documents: paragraphs, headings and tables in their order, read in a worker."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from rag.articles.readers import worker
from rag.articles.readers.files import File, ReadResult, clean
from rag.articles.readers.pdf import usable_author, usable_title
from rag.articles.readers.text import Stated, text_articles
from rag.articles.readers.worker import Refused

_MAX_RATIO = 100
_FREE_BYTES = 10_000_000
"""Up to here a part may pack as well as it likes: tables of like rows do."""
_MAX_PARTS = 10_000
_MAX_UNPACKED_BYTES = 200_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_TITLE = 150
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NOT_SHOWN = frozenset({f"{_W}pPr", f"{_W}rPr", f"{_W}del", f"{_W}moveFrom", _FALLBACK})
_SIGNS = {
    f"{_W}tab": "\t",
    f"{_W}br": "\n",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "\u2011",
}


def read_docx(file: File) -> ReadResult:
    """The document as articles. Its creation date is no publication date and is not used."""
    found = worker.extract(file, "docx")
    text: str = found["text"]
    first = text.split("\n", 1)[0]
    headed = found["headed"] or (len(first) <= _MAX_TITLE and first[-1] not in ".!?…:;,؟")
    properties = Stated(title=usable_title(found["title"]), author=usable_author(found["author"]))
    articles = text_articles(
        file,
        text,
        stated=Stated() if headed else Stated(title=properties.title),
        fallback=properties,
    )
    return ReadResult(file.source_hash, articles)


def extract_docx(data: bytes) -> dict[str, Any]:
    """Text and properties of the document in `data`; runs in the worker."""
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    if data.startswith(_OLE):
        raise Refused("protected by a password, or an old .doc; save it as .docx without one")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            _check(package)
        document: Any = Document(io.BytesIO(data))
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError, ValueError) as error:
        raise Refused(f"damaged or not a DOCX document ({type(error).__name__})") from error
    text = clean("\n\n".join(filter(str.strip, _blocks(document.element.body)))).strip()
    if not text:
        raise Refused("no text in it")
    properties = document.core_properties
    return {
        "text": text,
        "headed": _opens_with_heading(document),
        "title": properties.title or None,
        "author": properties.author or None,
    }


def _check(package: zipfile.ZipFile) -> None:
    parts = package.infolist()
    unpacked = sum(part.file_size for part in parts)
    # Drawings of one colour pack better than any text, so the ratio counts for what is parsed.
    dense = any(
        part.file_size > max(_FREE_BYTES, _MAX_RATIO * part.compress_size)
        for part in parts
        if part.filename.lower().endswith((".xml", ".rels"))
    )
    if dense or unpacked > _MAX_UNPACKED_BYTES or len(parts) > _MAX_PARTS:
        raise Refused("unpacks to far more than its size (a decompression bomb?)")


def _blocks(parent: Any) -> Iterator[str]:
    """Paragraphs and tables below `parent`: content controls and text boxes too, deleted text not."""
    for child in parent:
        if child.tag == f"{_W}p":
            yield _words(child)
        elif child.tag == f"{_W}tbl":
            yield "\n".join(_table_rows(child))
        elif child.tag not in _NOT_SHOWN and isinstance(child.tag, str):
            yield from _blocks(child)


def _table_rows(table: Any) -> Iterator[str]:
    for row in table.iter(f"{_W}tr"):
        if next(row.iterancestors(f"{_W}tbl")) is table:
            cells = (
                " ".join(" ".join(_blocks(cell)).split()) for cell in row.iter(f"{_W}tc") if _in(cell, row)
            )
            if line := " | ".join(filter(None, cells)):
                yield line


def _in(cell: Any, row: Any) -> bool:
    return next(cell.iterancestors(f"{_W}tr")) is row


def _words(paragraph: Any) -> str:
    pieces: list[str] = []
    _gather(paragraph, pieces)
    return "".join(pieces).strip()


def _gather(parent: Any, pieces: list[str]) -> None:
    for child in parent:
        if child.tag == f"{_W}t":
            pieces.append(child.text or "")
        elif child.tag in _SIGNS:
            pieces.append(_SIGNS[child.tag])
        elif child.tag == f"{_W}r" and _is_hidden(child):
            continue
        elif child.tag in (f"{_W}p", f"{_W}tbl"):  # a text box inside a paragraph
            pieces.append("\n" + "\n".join(_blocks([child])) + "\n")
        elif child.tag not in _NOT_SHOWN and isinstance(child.tag, str):
            _gather(child, pieces)


def _is_hidden(run: Any) -> bool:
    vanish = run.find(f"{_W}rPr/{_W}vanish")
    return vanish is not None and vanish.get(f"{_W}val", "true") not in ("0", "false", "off")


def _opens_with_heading(document: Any) -> bool:
    for paragraph in document.paragraphs:
        if paragraph.text.strip():
            return str(paragraph.style.name if paragraph.style else "").startswith(("Title", "Heading"))
    return False
