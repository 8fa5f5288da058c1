"""The evidence pane: an article's words as inert HTML, with the quoted ones marked.

Everything here is a pure function from nouns to a string. Articles are somebody else's text: each piece
is escaped, nothing in it becomes a link, an image or markup.
"""

from __future__ import annotations

import html
import re
from datetime import date

from rag.contract import shown_path
from rag.schema import Article, long_date

LANGUAGE_NAMES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "cs": "Czech",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hy": "Armenian",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "zh": "Chinese",
}

# A quote is read in its surroundings; of a very long article only so much is sent to the page at a time.
CONTEXT_CHARACTERS = 30_000

_SPOOFING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
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


def time_html(day: date | None) -> str:
    """A day as a `<time>` element; an unknown one is plain words."""
    if day is None:
        return '<span class="undated">date unknown</span>'
    return f'<time dir="ltr" datetime="{day.isoformat()}">{long_date(day)}</time>'


def origin_html(article: Article) -> str:
    """Outlet and date on one line; the outlet is left out where it is unknown."""
    outlet = f'<bdi class="outlet">{escape_line(article.outlet)}</bdi>, ' if article.outlet else ""
    return outlet + time_html(article.published)


def language_name(code: str) -> str:
    """A language for people; of an unknown one its code.

    >>> language_name("fa"), language_name("PT"), language_name("tlh")
    ('Persian', 'Portuguese', 'tlh')
    """
    return LANGUAGE_NAMES.get(code.lower(), code)


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
        "<kbd>Esc</kbd> back to the text · <kbd>?</kbd> all keys</p></div>"
    )


def evidence_html(article: Article, start: int, end: int, *, label: str, shown: str = "") -> str:
    """The pane with `article` opened at `article.text[start:end]`, which alone stands in `<mark>`.

    `label` names the piece ("Footnote 1"); `shown` tells the page apart from the one shown before.
    """
    first = _window_start(article.text, start)
    last = _window_end(article.text, end)
    breaks = _Breaks(article.text)
    words = f"{breaks.html(first, start)}<mark>{breaks.html(start, end)}</mark>{breaks.html(end, last)}"
    return _pane_html(article, (first, last), words, label=label, shown=shown, page=article.page_of(start))


def article_html(article: Article, *, shown: str = "") -> str:
    """The pane with `article` opened at its beginning, nothing marked."""
    last = _window_end(article.text, 0)
    words = _Breaks(article.text).html(0, last)
    return _pane_html(article, (0, last), words, label="Article", shown=shown)


def _pane_html(
    article: Article, window: tuple[int, int], words: str, *, label: str, shown: str, page: int | None = None
) -> str:
    """`words` (already HTML) stand for the `window` of the article's text."""
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
        f'<p class="evidence-path"><bdi>{escape_line(shown_path(article.source_path))}</bdi></p></header>',
        '<div class="evidence-text" dir="auto" tabindex="0" role="document" aria-label="Article text">',
        _left_out(window[0], "before this"),
        words,
        _left_out(len(article.text) - window[1], "after this"),
        "</div></article>",
    ]
    return "".join(rows)


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
