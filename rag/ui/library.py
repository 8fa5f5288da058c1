"""The library: which articles are listed, and the list, its search and its collections as inert HTML."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.schema import NO_FILTERS, Article, ArticleRow, Filters, Removed, language_name
from rag.ui.evidence import escape, escape_line, origin_html, time_html, title_html
from rag.ui.filters import article_fields_html

MAX_LISTED = 500  # groups in the column, about a kilobyte each; the search looks through all articles


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the list is narrowed to: every one of the `words` stands in title or outlet, and `filters` hold."""

    words: str = ""
    filters: Filters = NO_FILTERS


@dataclass(frozen=True, slots=True)
class Group:
    """An article of the list, and its near-duplicates that are listed too."""

    shown: ArticleRow
    copies: tuple[ArticleRow, ...] = ()


ALL = Narrowing()


def narrowed(rows: Sequence[ArticleRow], narrowing: Narrowing) -> list[ArticleRow]:
    """The rows that `narrowing` lets through, in their order.

    Case, accents, and how quotes and dashes are written do not count. As in questions, an article without a date is
    left out as soon as a day is set.
    """
    words = _plain(narrowing.words).split()
    filters = narrowing.filters
    return [row for row in rows if _fits(row.article, filters) and _holds(row.article, words)]


def grouped(rows: Sequence[ArticleRow]) -> list[Group]:
    """Near-duplicates under the article they are copies of, or under the first of them where that is not in `rows`."""
    groups: dict[str, list[ArticleRow]] = {}
    for row in rows:
        groups.setdefault(row.article.duplicate_of or row.article.id, []).append(row)
    found = []
    for name, members in groups.items():
        first = next((row for row in members if row.article.id == name), members[0])
        found.append(Group(first, tuple(row for row in members if row is not first)))
    return found


def library_html(
    rows: Sequence[ArticleRow],
    narrowing: Narrowing = ALL,
    *,
    gone: Callable[[str], bool] = lambda _: False,
    notice: str = "",
    trouble: str | None = None,
    removed: Sequence[Removed] = (),
) -> str:
    """The count and the list of articles; a click on one opens it.

    `gone` tells of a source path whether its file is not there any more; `notice` is HTML to stand above the list;
    `trouble` says what was wrong with the last field of the search; what was `removed` is listed last.
    """
    if not rows:
        return f'{notice}<p class="library-empty">No articles yet.</p>{_removed_html(removed)}'
    kept = narrowed(rows, narrowing)
    groups = grouped(kept)
    by_id = {row.article.id: row.article for row in rows}
    items = "".join(_group_html(group, by_id, gone) for group in groups[:MAX_LISTED])
    rest = len(groups) - MAX_LISTED
    more = f'<p class="library-more">and {rest:,} more; search to see them</p>' if rest > 0 else ""
    count = f"{len(rows):,} article{'' if len(rows) == 1 else 's'}"
    said = count if narrowing == ALL else f"{len(kept):,} of {count}"
    none = '<p class="no-match">No article fits. Other words, or fewer filters?</p>' if not kept else ""
    alert = f'<p class="error" role="alert" dir="auto">{escape_line(trouble)}</p>' if trouble else ""
    return (
        f'{notice}{alert}<p class="count" role="status">{said}</p><ul class="library">{items}</ul>{none}{more}'
        f"{_removed_html(removed)}"
    )


def search_html(rows: Sequence[ArticleRow], narrowing: Narrowing) -> str:
    """The search box, and the fields that narrow the list by date, outlet and language."""
    fields = "".join(article_fields_html(rows, narrowing.filters, attribute="data-narrow"))
    return (
        '<search class="library-tools"><input type="search" data-narrow="words" '
        'aria-label="Search titles and outlets" placeholder="Title or outlet" dir="auto" autocomplete="off" '
        f'spellcheck="false" value="{escape_line(narrowing.words)}">'
        '<details class="narrow"><summary title="Which articles this list shows; answers still use all of them">'
        'Narrow this list</summary><div role="group" aria-label="Narrow this list">'
        f'{fields}<p class="hint"><button type="button" data-ask-these>Ask only these</button>'
        '<button type="button" data-all>Show all</button></p></div></details></search>'
    )


def collections_html(names: Sequence[str], current: str, *, trouble: str | None = None) -> str:
    """The collections to choose from, and a field to begin one; `trouble` says why one was not opened."""
    here = ' aria-current="true"'
    items = "".join(
        f'<li><button type="button" dir="auto" data-collection="{escape(name)}"{here if name == current else ""}>'
        f"{escape_line(name)}</button></li>"
        for name in names
    )
    alert = f'<p class="error" role="alert" dir="auto">{escape_line(trouble)}</p>' if trouble else ""
    return (
        '<details class="collections"><summary><span class="pane-name">Library</span> '
        f'<bdi class="collection">{escape_line(current)}</bdi></summary>'
        f'<div class="collection-menu"><ul aria-label="Collections">{items}</ul>{alert}'
        '<form data-begin><input type="text" name="name" dir="auto" maxlength="60" autocomplete="off" '
        'aria-label="Name of a new collection" placeholder="New collection">'
        '<button type="submit">Begin</button></form></div></details>'
    )


_SIGNS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʹʻʼʽ`´′‹›", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        # letters whose stroke is no accent to Unicode
        **dict(zip("øØłŁđĐı", "oOlLdDi", strict=True)),
    }
)


@lru_cache(maxsize=50_000)
def _plain(text: str) -> str:
    """Text without case and accents, with straight quotes and plain dashes."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_SIGNS))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def _holds(article: Article, words: Sequence[str]) -> bool:
    text = _plain(f"{article.title} {article.outlet or ''}") if words else ""
    return all(word in text for word in words)


def _fits(article: Article, filters: Filters) -> bool:
    day = article.published
    if filters.by_date and (
        day is None
        or (filters.date_from is not None and day < filters.date_from)
        or (filters.latest is not None and day > filters.latest)
    ):
        return False
    return (not filters.outlet or article.outlet == filters.outlet) and (
        not filters.language or article.language == filters.language
    )


def _group_html(group: Group, by_id: Mapping[str, Article], gone: Callable[[str], bool]) -> str:
    copies = ""
    if group.copies:
        listed = "".join(f"<li>{_item_html(row.article, by_id, gone)}</li>" for row in group.copies)
        words = f"{len(group.copies)} near-duplicate{'' if len(group.copies) == 1 else 's'}"
        copies = f'<details class="copies"><summary>{words}</summary><ul>{listed}</ul></details>'
    return f"<li>{_item_html(group.shown.article, by_id, gone)}{copies}</li>"


def _item_html(article: Article, by_id: Mapping[str, Article], gone: Callable[[str], bool]) -> str:
    outlet = (
        f'<bdi class="outlet">{escape_line(article.outlet)}</bdi><span class="comma">, </span>'
        if article.outlet
        else ""
    )
    language = f" · {escape_line(language_name(article.language))}" if article.language else ""
    when = f'<span class="when" dir="ltr">{time_html(article.published)}{language}</span>'
    if gone(article.source_path):
        state = '<span class="state gone">file gone</span>'
    else:
        state = '<span class="state">ready</span>'
    return (
        f'<button type="button" class="listed" dir="auto" data-article="{escape(article.id)}">'
        f'{title_html(article)}<span class="origin">{outlet}{when} {state}</span>'
        f"{_copy_html(article, by_id)}</button>"
    )


def _copy_html(article: Article, by_id: Mapping[str, Article]) -> str:
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


def _removed_html(removed: Sequence[Removed]) -> str:
    """What was removed by hand, folded up; nothing where nothing was."""
    if not removed:
        return ""
    items = "".join(_removed_item_html(item) for item in removed[:MAX_LISTED])
    rest = len(removed) - MAX_LISTED
    more = f"<li>and {rest:,} more; bring some of these back to see them</li>" if rest > 0 else ""
    return (
        f'<details class="removed"><summary>{len(removed):,} removed</summary>'
        f'<ul aria-label="Removed">{items}{more}</ul></details>'
    )


def _removed_item_html(item: Removed) -> str:
    file = Path(item.path).name
    title, origin = (
        (item.title or "An article", f"of {file}") if item.article_id else (file, "the whole file")
    )
    said = escape_line(title)
    return (
        f'<li><span class="words" dir="auto" title="{escape_line(item.path)}"><span class="title">{said}</span> '
        f'<span class="origin"><bdi>{escape_line(origin)}</bdi></span></span><button type="button" '
        f'data-do="restore" data-id="{escape(item.name)}" aria-label="Bring back: {said}">Bring back</button></li>'
    )
