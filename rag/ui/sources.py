"""What lies behind the articles of the library: the assistant that changes them, and their source files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol, Self

from rag.articles import decode_source, source_bytes
from rag.articles.columns import raw_lines
from rag.articles.readers.files import MEMBER_MARK
from rag.config import Config
from rag.errors import ArticleError, InputError
from rag.schema import Article, ArticleRow, IngestReport, Progress, Removed
from rag.ui.editing import SourceLine

CHECKED_BYTES = 20_000_000
"""Larger source files are not read again just to say whether they changed."""
NOT_THERE = "This article is not in the index any more; reload the page to see what is."


class Library(Protocol):
    """What the librarian needs of `rag.assistant.Assistant`."""

    @property
    def config(self) -> Config: ...

    def over(self, index_dir: Path) -> Self: ...

    def articles(self) -> list[ArticleRow]: ...

    def article(self, article_id: str) -> Article | None: ...

    def ingest(
        self, paths: Sequence[Path | str], *, on_progress: Callable[[Progress], None] | None = None
    ) -> IngestReport: ...

    def restore(self, targets: Sequence[str]) -> IngestReport: ...

    def removed(self) -> list[Removed]: ...

    def split(
        self, path: Path | str, *, begin: Sequence[int] = (), join: Sequence[int] = ()
    ) -> list[ArticleRow]: ...

    def correct(self, article_id: str, values: Mapping[str, str]) -> ArticleRow: ...

    def remove(self, targets: Sequence[str]) -> int: ...


def known(library: Library, article_id: str) -> Article:
    """The article of this id. Raises `InputError` where there is none."""
    found = library.article(article_id)
    if found is None:
        raise InputError(NOT_THERE)
    return found


def short_title(article: Article) -> str:
    """Its title, shortened."""
    title = " ".join(article.title.split())
    return title if len(title) <= 80 else title[:79].rstrip() + "…"


def start_of(article: Article) -> int:
    """Where it begins in its file; 0 where that is not known."""
    return article.source_start or 0


def of_its_file(library: Library, article: Article) -> list[ArticleRow]:
    """The articles of the same file, in its order."""
    rows = [row for row in library.articles() if row.article.source_path == article.source_path]
    return sorted(rows, key=lambda row: start_of(row.article))


def article_at(rows: Sequence[ArticleRow], offset: int) -> str:
    """The id of the article of a file that holds `offset`; `rows` are in the file's order, and not empty."""
    holding = [row.article for row in rows if start_of(row.article) <= offset]
    return (holding[-1] if holding else rows[0].article).id


def file_of(article: Article) -> str:
    """The file on disk that it was read from; for a member of an archive, the archive."""
    return article.source_path.partition(MEMBER_MARK)[0]


def can_be_split(article: Article) -> bool:
    """Whether it is a piece of a plain text file, whose lines can be told to begin articles."""
    return article.source_start is not None and MEMBER_MARK not in article.source_path


def source_lines(article: Article, max_megabytes: int) -> list[SourceLine]:
    """The lines of the file that an article stands on, blank ones left out.

    Raises `InputError` when the file is not what was read.
    """
    if article.source_start is None or article.source_end is None or not can_be_split(article):
        raise InputError(f"{article.source_path}: only plain text and Markdown can be split by hand")
    data = source_bytes(article.source_path, max_bytes=max_megabytes * 1_000_000)
    text = decode_source(data, article.encoding or "utf-8")
    if text[article.source_start : article.source_end] != article.text:
        raise InputError(f"{article.source_path}: the file has changed since it was read; add it again")
    return [
        SourceLine(number, line)
        for number, (start, line) in enumerate(raw_lines(text), 1)
        if start < article.source_end and start + len(line) > article.source_start and line.strip()
    ]


def brought_back(library: Library, article_id: str, path: str) -> str:
    """Bring a removed article back by reading its file, at `path`, anew; gives its id."""
    if library.article(article_id) is None:  # it may be back already, by another page
        library.restore([article_id])
    if library.article(article_id) is None:
        raise InputError(f"{path}: the file has changed, and this article is not in it any more")
    return article_id


def gone() -> Callable[[str], bool]:
    """Tells of a source path whether its file is not there any more; each file is looked for once."""
    return cache(lambda path: not Path(path.partition(MEMBER_MARK)[0]).exists())


def file_state(article: Article) -> str:
    """Whether the source file still is what was read."""
    place = Path(file_of(article))
    try:
        if place.stat().st_size > CHECKED_BYTES:
            return "its file is too large to be compared here"
        data = source_bytes(article.source_path, max_bytes=CHECKED_BYTES)
    except OSError:
        return "its file is gone, the index keeps its words"
    except ArticleError:
        return "its file cannot be read any more, the index keeps its words"
    same = hashlib.sha256(data).hexdigest() == article.source_hash
    return (
        "its file is as it was read" if same else "its file has changed since; add it again to read the rest"
    )


def counts(rows: Sequence[ArticleRow], paths: Sequence[Path]) -> dict[str, int]:
    """How many articles each of the files holds."""
    counts = dict.fromkeys(map(str, paths), 0)
    for row in rows:
        path = row.article.source_path
        name = path if path in counts else path.partition(MEMBER_MARK)[0]
        if name in counts:
            counts[name] += 1
    return counts
