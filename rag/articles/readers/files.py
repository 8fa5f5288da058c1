"""A file as the readers see it: its bytes, its name in citations, its text; and the articles made of it."""

from __future__ import annotations

import codecs
import hashlib
import stat
import sys
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from rag.articles.corrections import article_id
from rag.articles.language import language_of
from rag.errors import ArticleError
from rag.schema import Article, FileFailure, Split

MEMBER_MARK = "!"
"""Stands between a container and the name inside it: `/pile/archive.zip!folder/member.txt`."""
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark starts with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY_SAMPLE_BYTES = 8192
_DETECTION_BYTES = 1_000_000
"""An encoding is guessed from this much of the file; guessing takes seconds for each megabyte."""
MAX_TEXT_BYTES = 300_000_000
"""A text with one emoji takes four bytes for each character, and readers hold up to three copies: this keeps them
below 1 GB."""
_DAMAGED_UTF8 = 2
"""With this many whole UTF-8 characters for each broken one, a file is UTF-8 with damage, not Latin."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The articles of a file; what of it (rows, members, pages) failed; and members passed over."""

    source_hash: str
    articles: tuple[Article, ...]
    failed: tuple[FileFailure, ...] = ()
    skipped: tuple[FileFailure, ...] = ()


@dataclass(frozen=True)  # without slots: cached_property needs room
class File:
    """The bytes of a file or of a member of a container. `path` is what citations name."""

    path: str
    name: str
    data: bytes = field(repr=False)
    max_bytes: int
    depth: int = 0
    splits: tuple[Split, ...] = ()

    @property
    def suffix(self) -> str:
        """The suffix in small letters, with its dot."""
        return PurePosixPath(self.name).suffix.lower()

    @cached_property
    def source_hash(self) -> str:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def member(self, name: str, data: bytes) -> File:
        """What lies in this container under `name`."""
        return File(
            f"{self.path}{MEMBER_MARK}{name}",
            PurePosixPath(name).name,
            data,
            self.max_bytes,
            self.depth + 1,
        )

    def decode(self) -> tuple[str, str]:
        """The text with every newline as it is, and the encoding: `decode_source` gives the same text.

        Raises `ArticleError` when no encoding fits, or the text is too large for the memory a reader may take.
        """
        text, encoding = _decode(self.data, self.path)
        if (size := sys.getsizeof(text)) > MAX_TEXT_BYTES:
            raise ArticleError(
                f"{self.path}: its text takes {size / 1e6:.0f} MB of memory, over the limit of "
                f"{MAX_TEXT_BYTES / 1e6:.0f} MB; split the file"
            )
        return text, encoding


def open_file(path: str, *, max_bytes: int) -> File:
    """The file at `path`. Raises `ArticleError` when it is too large, no regular file or not readable."""
    place = Path(path)
    try:
        state = place.stat()
        if not stat.S_ISREG(state.st_mode) and not stat.S_ISDIR(state.st_mode):
            raise ArticleError(f"{path}: not a regular file")  # a pipe would block, a device never end
        check_size(path, state.st_size, max_bytes)
        with place.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise ArticleError(f"{path}: cannot be read ({error.strerror}); check the permissions") from error
    check_size(path, len(data), max_bytes)
    return File(path, place.name, data, max_bytes)


def check_size(path: str, size_bytes: int, max_bytes: int) -> None:
    """Raises `ArticleError` when a file of `size_bytes` may not be read."""
    if size_bytes > max_bytes:
        raise ArticleError(
            f"{path}: {size_bytes / 1e6:.0f} MB, over the limit of {max_bytes / 1e6:.0f} MB (max_file_megabytes)"
        )


def decode_source(data: bytes, encoding: str) -> str:
    """The text in which `source_start` and `source_end` count, from the bytes and `Article.encoding`."""
    return data.decode(encoding, "replace")


def _decode(data: bytes, path: str) -> tuple[str, str]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise ArticleError(
                    f"{path}: not valid {encoding} ({error.reason}); save it as UTF-8"
                ) from error
    if b"\0" in data[:_BINARY_SAMPLE_BYTES]:
        raise ArticleError(f"{path}: looks like a binary file, not text")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        mended = data.decode("utf-8", "replace")
    broken = mended.count("\ufffd") - data.count("\ufffd".encode())
    whole = len(mended) - len(mended.encode("ascii", "ignore")) - mended.count("\ufffd")
    if whole >= _DAMAGED_UTF8 * broken:
        return mended, "utf-8"
    encoding = _guess(data, path)
    return decode_source(data, encoding), encoding


def _guess(data: bytes, path: str) -> str:
    from charset_normalizer import from_bytes

    matches = from_bytes(data[:_DETECTION_BYTES])
    best = matches.best()
    if best is None:
        raise ArticleError(f"{path}: no text encoding fits; save it as UTF-8")
    # Short texts fit many Latin encodings alike; cp1252 is by far the most common of them.
    western = any(
        "cp1252" in match.could_be_from_charset
        and match.chaos <= best.chaos + 0.05
        and match.coherence >= best.coherence - 0.02
        for match in matches
    )
    return "cp1252" if western else best.encoding


def make_article(file: File, text: str, *, encoding: str | None = None, **known: Any) -> Article:
    """An article with its derived fields. The id rests on everything that a citation would show."""
    article = Article(
        id="",
        text=text,
        source_path=file.path,
        source_hash=file.source_hash,
        content_hash=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        encoding=encoding,
        language=known.pop("language", None) or language_of(text),
        **known,
    )
    return replace(article, id=article_id(article))


def clean(text: str) -> str:
    """Text from a container format without what is no text: lone surrogates and control characters.

    >>> clean("cut\\ud83d off\\x00")
    'cut\\ufffd off'
    """
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.translate(_CONTROLS)


_CONTROLS = dict.fromkeys(code for code in range(32) if chr(code) not in "\t\n\r")
