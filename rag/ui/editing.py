"""The tools of an opened article as inert HTML: correcting, splitting and removing it, and what came of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.schema import Article
from rag.ui.evidence import escape, escape_line, pane_html

FIELD_WORDS = {
    "title": "Title",
    "outlet": "Outlet",
    "author": "Author",
    "published": "Date",
    "language": "Language code",
    "url": "Address",
}
"""What can be corrected by hand; the names are those of `rag.articles.corrections`."""
MAX_LINES = 1_000
_LINE_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a source file, numbered from 1."""

    number: int
    text: str


def field_value(article: Article, field: str) -> str:
    """The value of a field as a person writes it; empty where it is unknown."""
    value = getattr(article, field)
    return "" if value is None else str(value)


def tools_html(article: Article, *, state: str, splits: bool, notice: str = "") -> str:
    """`state` says how the article stands in the index; with `splits` it can be split and joined."""
    name = escape(article.id)
    split = f'<button type="button" data-do="lines" data-id="{name}">Split or join</button>' if splits else ""
    fields = "".join(
        f'<label><span>{words}</span><input type="{"date" if field == "published" else "text"}" '
        f'data-field="{field}" dir="auto" autocomplete="off" maxlength="500" '
        f'value="{escape(field_value(article, field))}"></label>'
        for field, words in FIELD_WORDS.items()
    )
    return (
        f'{notice}<p class="article-state">{escape_line(state)}</p><div class="tools">{split}'
        f'<button type="button" data-do="remove" data-id="{name}">Remove</button>'
        f'<details class="correct"><summary>Correct</summary><form data-correct="{name}">{fields}'
        '<p class="hint">What you set here holds whenever the file is read again. Empty means unknown.</p>'
        '<button type="submit">Save</button></form></details></div>'
    )


def lines_html(
    article: Article, lines: Sequence[SourceLine], *, before: Article | None, notice: str = ""
) -> str:
    """The pane with each line of `article` as a button that begins an article there.

    `before` is the article above it in the same file, to join it with.
    """
    name = escape(article.id)
    items = "".join(
        f'<li><button type="button" dir="auto" data-do="split" data-id="{name}" data-line="{line.number}" '
        f'aria-label="Begin an article at line {line.number}"><span class="line-number" aria-hidden="true">'
        f'{line.number}</span><span class="words">{escape_line(_short(line.text))}</span></button></li>'
        for line in lines[:MAX_LINES]
    )
    rest = len(lines) - MAX_LINES
    more = f'<p class="left-out">{rest:,} more lines; `rag split` takes any of them</p>' if rest > 0 else ""
    join = (
        f'<button type="button" data-do="join" data-id="{name}">Join with the article before: '
        f"<bdi>{escape_line(_short(before.title)) or 'Untitled'}</bdi></button>"
        if before is not None
        else ""
    )
    tools = (
        f'{notice}<div class="tools">{join}<button type="button" data-article="{name}">Back to the text'
        "</button></div>"
    )
    body = (
        '<div class="evidence-text split" tabindex="0" role="region" aria-label="Lines of the file">'
        '<p class="hint">Choose the line that another article begins with.</p>'
        f'<ol class="lines">{items}</ol>{more}</div>'
    )
    return pane_html(article, body, label="Split or join", shown=f"lines-{article.id}", tools=tools)


def notice_html(words: str, *, undo: bool) -> str:
    """What was done by hand, with a button to take it back."""
    button = '<button type="button" data-do="undo">Undo</button>' if undo else ""
    return f'<p class="notice" role="status"><span dir="auto">{escape_line(words)}</span>{button}</p>'


def trouble_html(message: str) -> str:
    """Why something could not be done."""
    return f'<p class="notice error" role="alert" dir="auto">{escape_line(message)}</p>'


def _short(text: str) -> str:
    return text if len(text) <= _LINE_CHARACTERS else text[:_LINE_CHARACTERS] + "…"
