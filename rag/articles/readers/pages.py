"""HTML pages: the article's text without what a browser would not show, and the page's own metadata."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from rag.articles.dates import parse_day
from rag.articles.readers import worker
from rag.articles.readers.files import File, ReadResult, clean, make_article
from rag.errors import ArticleError

_IN_PROCESS_CHARACTERS = 1_000_000
"""A longer page is read in a worker: a hostile one of this size takes seconds at most."""
_HIDING = re.compile(
    r"""(?:^|[;{\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0+(?:\.0+)?(?:px|pt|em|rem|%)?
    \s*(?:!important\s*)?(?:;|$)|(?:left|top|text-indent)\s*:\s*-\d{3,}(?:\.\d+)?(?:px|em|rem|pt))""",
    re.IGNORECASE | re.VERBOSE,
)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_MEDIA = re.compile(r"@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_SELECTOR = re.compile(r"^(?P<tag>[a-z][a-z0-9]*)?(?P<mark>[.#])(?P<name>[\w-]+)$", re.IGNORECASE)


def read_html(file: File) -> ReadResult:
    """The article of a page."""
    text, encoding = file.decode()
    large = len(text) > _IN_PROCESS_CHARACTERS
    page = worker.extract(file, "html", text.encode()) if large else page_of(text)
    if not page["text"]:
        raise ArticleError(f"{file.path}: no article text found in the page")
    url = page["url"]
    article = make_article(
        file,
        page["text"],
        encoding=encoding,
        title=(page["title"] or page["text"].splitlines()[0])[:300],
        outlet=page["outlet"] or (urlsplit(url).hostname if url else None),
        author=page["author"],
        published=parse_day(page["date"]),
        url=url,
    )
    return ReadResult(file.source_hash, (article,))


def extract_html(data: bytes) -> dict[str, Any]:
    """The page in `data` (UTF-8); runs in the worker."""
    return page_of(data.decode())


def page_of(text: str) -> dict[str, Any]:
    """Text, title, outlet, author, date and URL of the page; the text is empty where none is found."""
    from trafilatura import bare_extraction, load_html

    empty = {"text": "", "title": None, "outlet": None, "author": None, "date": None, "url": None}
    tree: Any = load_html(text)
    if tree is None:
        return empty
    _drop_hidden(tree)
    document: Any = bare_extraction(
        tree,
        with_metadata=True,
        include_comments=False,
        include_tables=True,
        favor_recall=True,
        # The extensive search takes any year for a date, as that of a copyright line.
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    if document is None:
        return empty
    return {
        "text": clean(document.text or "").strip(),
        "title": document.title or None,
        "outlet": document.sitename or None,
        "author": document.author or None,
        "date": document.date or None,
        "url": document.url or None,
    }


def plain_text(html: str) -> str:
    """All words that a browser would show of `html`, for pages that are no articles, as mails are."""
    from lxml.html import document_fromstring

    tree: Any = document_fromstring(html.encode(), parser=_utf8_parser())
    _drop_hidden(tree)
    for line_end in tree.iter("br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table"):
        line_end.tail = "\n" + (line_end.tail or "")
    for head in tree.findall("head"):
        head.drop_tree()
    lines = (" ".join(line.split()) for line in clean(tree.text_content()).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _utf8_parser() -> Any:
    from lxml.html import HTMLParser

    return HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)


def _drop_hidden(tree: Any) -> None:
    """Take out what is not shown: the `hidden` attribute, hiding styles, and classes and ids that hide.

    Style sheets are read as far as rules for one class or one id go; what only a script hides is unknown.
    """
    names = _hiding_names(style.text or "" for style in tree.iter("style"))
    hidden = [
        element
        for element in tree.iter()
        if isinstance(element.tag, str)
        and element.tag not in ("html", "body")  # hidden until a script has run: a guard against framing
        and (element.tag == "template" or _is_hidden(element, names))
    ]
    for element in hidden:
        if element.getparent() is not None:
            element.drop_tree()


def _is_hidden(element: Any, names: set[tuple[str, str, str]]) -> bool:
    attributes = element.attrib
    if "hidden" in attributes and attributes["hidden"].lower() != "until-found":
        return True
    if "style" in attributes and _HIDING.search(attributes["style"]):
        return True
    if not names:
        return False
    marks = [(".", name) for name in attributes.get("class", "").split()]
    marks += [("#", attributes["id"])] if "id" in attributes else []
    return any((tag, *mark) in names for mark in marks for tag in ("", element.tag))


def _hiding_names(sheets: Iterable[str]) -> set[tuple[str, str, str]]:
    names: set[tuple[str, str, str]] = set()
    for sheet in sheets:
        rules = re.sub(r"/\*.*?\*/", "", sheet[:200_000], flags=re.DOTALL)
        for selectors, body in _RULE.findall(_MEDIA.sub("", rules)):  # print and narrow screens hide much
            if _HIDING.search(body):
                found = (_SELECTOR.match(selector.strip()) for selector in selectors.split(","))
                names |= {
                    ((match["tag"] or "").lower(), match["mark"], match["name"]) for match in found if match
                }
    return names
