"""Plain text into articles: the one way for text files and for the bodies of PDF, DOCX and mails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from rag.articles.readers.files import File, ReadResult, make_article
from rag.articles.sections import Section, sections_of
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
    sections = sections_of(text, file.splits)
    if (
        len(sections) > 1
    ):  # the container speaks of the whole digest: of its articles only where they are silent
        stated, fallback = (
            NOTHING,
            replace(
                stated,
                title=None,
                outlet=stated.outlet or fallback.outlet,
                author=stated.author or fallback.author,
            ),
        )
    return tuple(
        _article(
            file,
            section,
            text[section.start : section.end],
            encoding=encoding,
            page_starts=page_starts,
            stated=stated,
            fallback=fallback,
        )
        for section in sections
    )


def _article(
    file: File,
    section: Section,
    body: str,
    *,
    encoding: str | None,
    page_starts: tuple[int, ...],
    stated: Stated,
    fallback: Stated,
) -> Article:
    sliced = encoding is not None
    start, head = section.start, section.head
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
