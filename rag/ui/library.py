"""The library: the list of articles as inert HTML, and one of them with its text."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from rag.index import IndexReader, has_index
from rag.schema import Article, ArticleRow
from rag.ui.evidence import escape, escape_line, language_name, origin_html, time_html, title_html

MAX_LISTED = 2_000  # articles in the column, about 400 bytes each; the script narrows only what is listed


class ArticleTexts:
    """Articles with their text out of the newest generation of an index. Thread-safe.

    The generation stays open between two articles, as opening one compares the checksums of all its files.
    """

    def __init__(self, index_dir: Path) -> None:
        self._index_dir = index_dir
        self._reader: IndexReader | None = None
        self._lock = threading.Lock()

    def get(self, article_id: str) -> Article | None:
        """The article of this id; None where there is none.

        Raises `IndexDamaged` or `IndexMismatch` when the index cannot be read.
        """
        with self._lock:
            if not has_index(self._index_dir):
                return None
            if self._reader is None or not self._reader.is_current(self._index_dir):
                before, self._reader = self._reader, IndexReader(self._index_dir)
                if before is not None:
                    before.close()
            return self._reader.article(article_id)


def library_html(rows: Sequence[ArticleRow]) -> str:
    """The count and the list of articles; a click on one opens it, and the script narrows the list."""
    if not rows:
        return '<p class="library-empty">No articles yet.</p>'
    by_id = {row.article.id: row.article for row in rows}
    items = "".join(_item_html(row.article, by_id) for row in rows[:MAX_LISTED])
    rest = len(rows) - MAX_LISTED
    more = (
        f'<p class="library-more">and {rest:,} more; the search looks through the {MAX_LISTED:,} above</p>'
        if rest > 0
        else ""
    )
    count = f"{len(rows):,} article{'' if len(rows) == 1 else 's'}"
    return (
        f'<p class="count" role="status" data-count="{count}">{count}</p><ul class="library">{items}</ul>'
        f'<p class="no-match" hidden>No title or outlet holds these words.</p>{more}'
    )


def _item_html(article: Article, by_id: dict[str, Article]) -> str:
    outlet = f'<bdi class="outlet">{escape_line(article.outlet)}</bdi>, ' if article.outlet else ""
    language = f" · {escape_line(language_name(article.language))}" if article.language else ""
    when = f'<span class="when" dir="ltr">{time_html(article.published)}{language}</span>'
    return (
        f'<li><button type="button" class="listed" dir="auto" data-article="{escape(article.id)}">'
        f'{title_html(article)}<span class="origin">{outlet}{when}</span>'
        f"{_copy_html(article, by_id)}</button></li>"
    )


def _copy_html(article: Article, by_id: dict[str, Article]) -> str:
    """What a near-duplicate is a copy of: by title, or where it kept that, by outlet and date."""
    if article.duplicate_of is None:
        return ""
    first = by_id.get(article.duplicate_of)
    if first is None:
        of = "another article"
    elif " ".join(first.title.split()) == " ".join(article.title.split()):
        of = origin_html(first)
    else:
        of = f"“<bdi>{escape_line(first.title) or 'Untitled'}</bdi>”"
    return f'<span class="copy">copy of {of}</span>'
