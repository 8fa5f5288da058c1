"""Plain text into articles: the one way for text files and for the bodies of PDF, DOCX and mails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from rag.articles.closing import completed
from rag.articles.corrections import apply_splits
from rag.articles.digest import boundaries
from rag.articles.folders import filed
from rag.articles.issue import read_heads
from rag.articles.metadata import Head
from rag.articles.position import by_position
from rag.articles.readers.files import File, ReadResult, make_article
from rag.errors import ArticleError
from rag.schema import Article


@dataclass(frozen=True, slots=True)
class Stated:
    """What a container says about the text in it, outside the text."""

    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    published: date | None = None


NOTHING = Stated()


def read_text(file: File) -> ReadResult:
    """A plain-text or Markdown file: its articles are slices of it."""
    text, encoding = file.decode()
    if not text or text.isspace():
        raise ArticleError(f"{file.path}: the file is empty")
    return ReadResult(file.source_hash, text_articles(file, text, encoding=encoding))


def text_articles(
    file: File,
    text: str,
    *,
    encoding: str | None = None,
    page_starts: tuple[int, ...] = (),
    stated: Stated = NOTHING,
    fallback: Stated = NOTHING,
) -> tuple[Article, ...]:
    """The articles of `text`, which is not blank.

    With `encoding`, `text` is the whole decoded file and the articles get their offsets in it; without,
    it was extracted from `file`. `page_starts` are offsets into `text`. `stated` goes before what the
    head of the text says, `fallback` after it.
    """
    found = boundaries(text)
    starts = apply_splits(text, [item.start for item in found], file.splits)
    folders = {item.start: item.folder for item in found if item.folder is not None}
    ends = [folders.get(start, start) for start in starts[1:]]
    spans = list(zip(starts, [*ends, len(text)], strict=True))
    if len(spans) > 1:  # the container speaks of the whole digest: of its articles only where they are silent
        stated, fallback = (
            NOTHING,
            replace(
                stated,
                title=None,
                outlet=stated.outlet or fallback.outlet,
                author=stated.author or fallback.author,
            ),
        )
    bodies = [text[start:end].rstrip() for start, end in spans]
    above = [text[folders[start] : start].strip() if start in folders else None for start in starts]
    heads = by_position(read_heads(text[: starts[0]], bodies), bodies)
    heads = completed(filed(heads, above), bodies)
    return tuple(
        _article(
            file,
            start,
            body,
            head,
            encoding=encoding,
            page_starts=page_starts,
            stated=stated,
            fallback=fallback,
        )
        for (start, _), body, head in zip(spans, bodies, heads, strict=True)
    )


def _article(
    file: File,
    start: int,
    body: str,
    head: Head,
    *,
    encoding: str | None,
    page_starts: tuple[int, ...],
    stated: Stated,
    fallback: Stated,
) -> Article:
    sliced = encoding is not None
    return make_article(
        file,
        body,
        encoding=encoding,
        title=stated.title or head.title or fallback.title or "",
        outlet=stated.outlet or head.outlet or fallback.outlet,
        author=stated.author or head.author or fallback.author,
        published=stated.published or head.published or fallback.published,
        updated=head.updated,
        url=head.url,
        source_start=start if sliced else None,
        source_end=start + len(body) if sliced else None,
        # Pages before the article count as starting with it, so that page numbers stay those of the file.
        page_starts=tuple(min(max(0, page - start), len(body)) for page in page_starts),
    )
