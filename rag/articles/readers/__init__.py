"""One file in, its articles out: text, HTML, PDF, DOCX, mails, tables of rows, and archives of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from rag.articles.readers.archive import member_bytes, read_zip
from rag.articles.readers.files import MEMBER_MARK, File, ReadResult, decode_source, open_file
from rag.articles.readers.mail import attachment_bytes, read_mail
from rag.articles.readers.pages import read_html
from rag.articles.readers.pdf import read_pdf
from rag.articles.readers.rows import read_csv, read_json, read_jsonl
from rag.articles.readers.text import read_text
from rag.articles.readers.word import read_docx
from rag.errors import ArticleError
from rag.schema import Split

__all__ = ["SUFFIXES", "ReadResult", "decode_source", "read", "source_bytes"]

_READERS: dict[str, Callable[[File], ReadResult]] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_text,
    ".markdown": read_text,
    ".html": read_html,
    ".htm": read_html,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".pdf": read_pdf,
    ".docx": read_docx,
}
_CONTAINERS = {".zip": read_zip, ".eml": read_mail}
SUFFIXES = frozenset(_READERS) | frozenset(_CONTAINERS)
"""Suffixes of the files that are read when a folder or an archive is named."""


def read(path: str, *, max_bytes: int, splits: Sequence[Split] = ()) -> ReadResult:
    """The articles of the file at `path` (absolute); `splits` say where a person put their beginnings.

    Articles of members of archives and of attachments have a `source_path` of the form
    `/pile/archive.zip!folder/member.txt`; their `source_hash` and offsets are those of the member.
    Raises `ArticleError` when the file is too large, empty, binary or holds no article.
    """
    return _read(replace(open_file(path, max_bytes=max_bytes), splits=tuple(splits)))


def source_bytes(source_path: str, *, max_bytes: int) -> bytes:
    """The bytes that `Article.source_path` names, in a file or in a member of a container.

    With `decode_source` and `Article.encoding` they give the text in which source offsets count.
    Raises `ArticleError` when they are not there any more.
    """
    if Path(source_path).is_file():
        return open_file(source_path, max_bytes=max_bytes).data
    container, mark, rest = "", "", source_path
    while MEMBER_MARK in rest:
        piece, mark, rest = rest.partition(MEMBER_MARK)
        container += piece
        if Path(container).is_file():
            break
        container += mark
    else:
        return open_file(source_path, max_bytes=max_bytes).data  # says why not
    file = open_file(container, max_bytes=max_bytes)
    return member_bytes(file, rest) if file.suffix == ".zip" else attachment_bytes(file, rest)


def _read(file: File) -> ReadResult:
    if not file.data or file.data.isspace():
        raise ArticleError(f"{file.path}: the file is empty")
    if container := _CONTAINERS.get(file.suffix):
        result = container(file, _read, SUFFIXES)
    else:
        result = _READERS.get(file.suffix, read_text)(file)
    if not result.articles and not result.failed:
        raise ArticleError(f"{file.path}: no article text found in it")
    return result
