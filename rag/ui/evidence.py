"""The evidence pane: an article's words as inert HTML, with the quoted ones marked.

Everything here is a pure function from nouns to a string. Articles are somebody else's text: each piece
is escaped, nothing in it becomes a link, an image or markup.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import date

from rag.contract import shown_path
from rag.schema import Answer, Article, Citation, language_name, long_date

# A quote is read in its surroundings; of a very long article only so much is sent to the page at a time.
CONTEXT_CHARACTERS = 30_000
CARD_CHARACTERS = 400
SNIPPET_CHARACTERS = 160

_SPOOFING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_COMMAND = re.compile(r"(?:^|[;.]\s+)[^;.`]*`rag [^`]*`[^;.]*")
_NEWLINES = re.compile(r"[ \t]*(?:\r\n|\r|\n)(?:[ \t]*(?:\r\n|\r|\n))*")
_LINE_END = re.compile(r"\r\n|\r|\n")
_LONG_LINE = 120


def escape(text: str) -> str:
    """Text as inert HTML, character for character; safe in attributes too.

    >>> escape('<b title="x">&')
    '&lt;b title=&quot;x&quot;&gt;&amp;'
    """
    return html.escape(text, quote=True)


def escape_line(text: str) -> str:
    """One line of metadata as inert HTML: blanks run together, control and direction characters shown as �.

    A file name may hold a right-to-left override to look like another one.

    >>> escape_line("a\\n b\\u202etxt.exe")
    'a b�txt.exe'
    """
    return escape(_SPOOFING.sub("\ufffd", " ".join(text.split())))


def without_commands(text: str) -> str:
    """A message without what it says of the terminal, which a reader of the page may not have.

    >>> without_commands("It was removed; `rag remove --undo a.txt` brings it back")
    'It was removed'
    >>> without_commands("Greek was not read. `rag models add` adds a model that does.")
    'Greek was not read.'
    """
    return _COMMAND.sub("", text).strip().removeprefix(".")


def time_html(day: date | None) -> str:
    """A day as a `<time>` element; an unknown one is plain words."""
    if day is None:
        return '<span class="undated">date unknown</span>'
    return f'<time dir="ltr" datetime="{day.isoformat()}">{long_date(day)}</time>'


def origin_html(article: Article) -> str:
    """Outlet and date on one line; the outlet is left out where it is unknown."""
    outlet = f'<bdi class="outlet">{escape_line(article.outlet)}</bdi>, ' if article.outlet else ""
    return outlet + time_html(article.published)


def title_html(article: Article) -> str:
    """The title. Its element has no direction of its own, so that one with dir="auto" around it follows it."""
    return f'<span class="title">{escape_line(article.title) or "Untitled"}</span>'


def empty_html(*, trouble: str | None = None) -> str:
    """The pane before anything was opened, or with the reason why something cannot be."""
    if trouble is not None:
        return (
            '<div class="evidence-empty"><p class="pane-name"><span>Evidence</span>'
            '<button type="button" class="close" data-close aria-label="Close the evidence">Close</button></p>'
            f'<p class="error" role="alert" dir="auto">{escape_line(trouble)}</p></div>'
        )
    return (
        '<div class="evidence-empty"><p class="pane-name">Evidence</p>'
        "<p>Choose a footnote and its source opens here, at the exact words the sentence rests on. "
        "An article of the library opens here too.</p>"
        '<p class="keys"><kbd>1</kbd>–<kbd>9</kbd> open a footnote of the last answer · '
        "<kbd>Esc</kbd> closes it · <kbd>?</kbd> all keys</p></div>"
    )


def evidence_html(
    article: Article, start: int, end: int, *, label: str, shown: str = "", around: str = ""
) -> str:
    """The pane with `article` opened at `article.text[start:end]`, which alone stands in `<mark>`.

    `label` names the piece ("Footnote 1"); `shown` tells the page apart from the one shown before; `around`
    (HTML) stands below the text.
    """
    first = _window_start(article.text, start)
    last = _window_end(article.text, end)
    breaks = _Breaks(article.text)
    words = f"{breaks.html(first, start)}<mark>{breaks.html(start, end)}</mark>{breaks.html(end, last)}"
    text = _text_html(article, (first, last), words)
    return pane_html(article, text + around, label=label, shown=shown, page=article.page_of(start))


def article_html(article: Article, *, shown: str = "", tools: str = "") -> str:
    """The pane with `article` opened at its beginning, nothing marked; `tools` (HTML) stand above the text."""
    last = _window_end(article.text, 0)
    words = _Breaks(article.text).html(0, last)
    return pane_html(
        article, _text_html(article, (0, last), words), label="Article", shown=shown, tools=tools
    )


def cards_html(citations: Sequence[Citation]) -> str:
    """What stands behind each marker, beside which the page shows it: title, outlet, date and the quoted words."""
    return "".join(
        f'<div class="card" popover="manual" role="tooltip" data-card="{citation.number}">'
        f'<p class="card-title" dir="auto">{title_html(citation.article)}</p>'
        f'<p class="origin">{origin_html(citation.article)}</p>'
        f'<p class="card-quote" dir="auto">{_first_words_html(citation.quote)}</p></div>'
        for citation in citations
    )


def around_html(answer: Answer, *, turn: int, kind: str, number: int) -> str:
    """The other places of an answer, to go on to: its footnotes, then the passages that were found but not cited.

    `turn`, `kind` and `number` name the one that is open.
    """
    here = (kind, number)
    cited = [
        _place_html("citation", item.number, item.article, item.quote, here) for item in answer.citations
    ]
    quoted = {(item.article.id, item.start) for item in answer.citations}
    found = [
        _place_html("passage", hit.rank, hit.article, hit.passage.text, here)
        for hit in answer.hits
        if not any(
            article == hit.article.id and hit.passage.start <= start < hit.passage.end
            for article, start in quoted
        )
    ]
    parts = [
        f'<p class="label">{label}</p><ul>{"".join(places)}</ul>'
        for label, places in (("Cited in this answer", cited), ("Also found for this question", found))
        if places
    ]
    counts = [
        _count(len(cited), "footnote") if cited else "",
        _count(len(found), "passage") + " also found" if found else "",
    ]
    summary = ", ".join(count for count in counts if count)
    return (
        f'<details class="around" data-turn="{turn}"><summary>{summary}</summary>{"".join(parts)}</details>'
        if parts
        else ""
    )


def pane_html(
    article: Article, body: str, *, label: str, shown: str, page: int | None = None, tools: str = ""
) -> str:
    """The pane with what is known about `article` above the `body`; `tools` and `body` are HTML already."""
    byline = [
        f"By <bdi>{escape_line(article.author)}</bdi>" if article.author else "",
        escape_line(language_name(article.language)) if article.language else "",
        f"page {page}" if page is not None else "",
    ]
    updated = f" · updated {time_html(article.updated)}" if article.updated else ""
    by = " · ".join(part for part in byline if part)
    rows = [
        f'<article class="evidence" data-shown="{escape(shown)}">',
        f'<header><p class="pane-name"><span>{escape_line(label)}</span>'
        '<button type="button" class="close" data-close aria-label="Close the evidence">Close</button></p>',
        f'<div dir="auto"><h2 class="evidence-title">{title_html(article)}</h2>',
        f'<p class="evidence-origin">{origin_html(article)}{updated}</p>',
        f'<p class="evidence-by">{by}</p></div>' if by else "</div>",
        f'<p class="evidence-path"><bdi>{escape_line(shown_path(article.source_path))}</bdi></p>{tools}</header>',
        f"{body}</article>",
    ]
    return "".join(rows)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _place_html(kind: str, number: int, article: Article, words: str, here: tuple[str, int]) -> str:
    mark = f'<span class="numbers">{number}</span>' if kind == "citation" else ""
    current = ' aria-current="true"' if here == (kind, number) else ""
    return (
        f'<li><button type="button" class="place" dir="auto" data-{kind}="{number}"{current}>{mark}'
        f'{title_html(article)}<span class="origin">{origin_html(article)}</span>'
        f'<span class="snippet" dir="auto">{escape_line(words[:SNIPPET_CHARACTERS])}</span></button></li>'
    )


def _first_words_html(quote: str) -> str:
    """The beginning of a long quote, cut at a blank."""
    if len(quote) <= CARD_CHARACTERS:
        return f"<q>{escape(quote)}</q>"
    begin = quote[:CARD_CHARACTERS]
    return f"<q>{escape(begin.rpartition(' ')[0] or begin)}</q> …"


def _text_html(article: Article, window: tuple[int, int], words: str) -> str:
    """`words` (already HTML) stand for the `window` of the article's text."""
    return (
        '<div class="evidence-text" dir="auto" tabindex="0" role="document" aria-label="Article text">'
        f"{_left_out(window[0], 'before this')}{words}"
        f"{_left_out(len(article.text) - window[1], 'after this')}</div>"
    )


def _left_out(characters: int, where: str) -> str:
    return f'<p class="left-out">{characters:,} more characters {where}</p>' if characters else ""


def _window_start(text: str, start: int) -> int:
    if start <= CONTEXT_CHARACTERS:
        return 0
    floor = start - CONTEXT_CHARACTERS
    newline = text.find("\n", floor, start)
    return floor if newline < 0 else newline + 1


def _window_end(text: str, end: int) -> int:
    if len(text) - end <= CONTEXT_CHARACTERS:
        return len(text)
    ceiling = end + CONTEXT_CHARACTERS
    newline = text.rfind("\n", end, ceiling)
    return ceiling if newline < 0 else newline


class _Breaks:
    """Escapes slices of a text and breaks its paragraphs without adding or losing a character.

    The breaks are empty elements, so the page's text stays the article's text. Files come with one line
    per paragraph or hard-wrapped at some width; a wrapped line runs on, unless it is short, which ends a
    paragraph, a line of verse or an item.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        width = max((len(line) for line in _LINE_END.split(text)), default=0)
        self._short = width + 1 if width > _LONG_LINE else int(width * 0.6)

    def html(self, start: int, end: int) -> str:
        pieces = []
        position = start
        for found in _NEWLINES.finditer(self._text, start, end):
            pieces.append(escape(self._text[position : found.end()]))
            position = found.end()
            if len(_LINE_END.findall(found.group())) > 1:
                pieces.append('<span class="gap"></span>')
            elif self._line_length(found.start()) < self._short:
                gap = "gap" if self._short > _LONG_LINE else "line"
                pieces.append(f'<span class="{gap}"></span>')
        pieces.append(escape(self._text[position:end]))
        return "".join(pieces)

    def _line_length(self, end: int) -> int:
        return end - 1 - max(self._text.rfind("\n", 0, end), self._text.rfind("\r", 0, end))
