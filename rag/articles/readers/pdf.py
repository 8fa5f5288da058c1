"""PDF documents: the text of the pages, read in a worker; where each page starts is kept."""

from __future__ import annotations

import io
import re
from typing import Any

from rag.articles.dates import parse_day
from rag.articles.readers import worker
from rag.articles.readers.files import File, ReadResult, clean
from rag.articles.readers.text import Stated, text_articles
from rag.articles.readers.worker import Refused
from rag.schema import FileFailure

_MAX_TEXT_CHARACTERS = 50_000_000
_MAX_SHOWN_PAGES = 20
_FULL_LINE = 0.7
"""A line at least this long beside the longest ones was broken by the margin."""
_LEAST_WIDTH = 35
_ENDS = re.compile(r"""[.!?…:؟۔]["'”’»)\]]*\s*$""")
_NO_TITLE = re.compile(
    r"""^(?:microsoft\s(?:word|powerpoint|excel)\b.*|(?:untitled|document|doc|title|slide|presentation|layout|
    powerpoint\spresentation|no\stitle|new\sdocument|print|scan)[\s\d._-]*|
    .*\.(?:docx?|pdf|rtf|odt|txt|html?|php|aspx?|indd|qx[dp]|pptx?|xlsx?|tex|dvi|ps|pages)|https?:.*|about:blank)$""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_AUTHOR = re.compile(
    r"^(?:admin(?:istrator)?|user\d*|owner|unknown|anonymous|author|default|pc|root|none|n/?a|office|computer"
    r"|microsoft.*|windows.*|.*@.*)$",
    re.IGNORECASE,
)
_PRISM = (
    "http://prismstandard.org/namespaces/basic/2.0/",
    "http://prismstandard.org/namespaces/basic/2.1/",
    "http://prismstandard.org/namespaces/basic/3.0/",
)


def read_pdf(file: File) -> ReadResult:
    """The document as articles. Raises `ArticleError` when it is encrypted, damaged, too much, or has no text."""
    found = worker.extract(file, "pdf")
    stated = Stated(
        title=usable_title(found["title"]),
        author=usable_author(found["author"]),
        published=parse_day(found["published"]),
    )
    articles = text_articles(file, found["text"], page_starts=tuple(found["page_starts"]), stated=stated)
    unread = found["unread"]
    failed = [FileFailure(file.path, f"page {page} cannot be read ({why})") for page, why in unread]
    if len(failed) > _MAX_SHOWN_PAGES:
        rest = len(failed) - _MAX_SHOWN_PAGES
        failed = [*failed[:_MAX_SHOWN_PAGES], FileFailure(file.path, f"{rest} more pages like these")]
    return ReadResult(file.source_hash, articles, tuple(failed))


def usable_title(title: str | None) -> str | None:
    """A title from a document's properties, unless a program put it there.

    >>> usable_title("Microsoft Word - x.doc"), usable_title("The dam  failed")
    (None, 'The dam failed')
    """
    title = " ".join(clean(title or "").split())
    bare = not any(map(str.isalpha, title)) or _NO_TITLE.match(title)
    return None if bare or len(title) > 300 else title


def usable_author(author: str | None) -> str | None:
    """An author from a document's properties, unless it names an account or a program.

    >>> usable_author("Administrator"), usable_author("Ana Lim")
    (None, 'Ana Lim')
    """
    author = " ".join(clean(author or "").split())
    bare = not any(map(str.isalpha, author)) or _NO_AUTHOR.match(author)
    return None if bare or len(author) > 200 else author


def extract_pdf(data: bytes) -> dict[str, Any]:
    """Text, page starts and properties of the document in `data`; runs in the worker."""
    import logging

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, LimitReachedError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if b"%PDF-" not in data[:1024]:
        raise Refused("not a PDF document")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not _opens(reader):
            raise Refused("protected by a password; save a copy without one")
        pages, unread, limit_reached = _pages(reader)
    except LimitReachedError as error:
        raise Refused("unpacks to far more than its size (a decompression bomb?)") from error
    except DependencyError as error:
        raise Refused("encrypted in a way that is not read here; save a copy without a password") from error
    except (PyPdfError, RecursionError) as error:
        raise Refused(f"damaged or not a PDF document ({type(error).__name__})") from error
    if not any(pages):
        if limit_reached:
            raise Refused("unpacks to far more than its size (a decompression bomb?)")
        if unread and len(unread) == len(pages):
            raise Refused(f"damaged: none of its {len(pages)} pages can be read ({unread[0][1]})")
        raise Refused(
            f"no text in it, only images ({len(pages)} pages); run text recognition (OCR) on it first"
        )
    text, starts = "", []
    parts: list[str] = []
    length = 0
    for page in pages:
        if parts and page:
            parts.append("\n\n")
            length += 2
        starts.append(length)
        parts.append(page)
        length += len(page)
    text = "".join(parts)
    information = _quietly(lambda: reader.metadata)
    return {
        "text": text,
        "page_starts": starts,
        "title": _quietly(lambda: str(information.title)) if information and information.title else None,
        "author": _quietly(lambda: str(information.author)) if information and information.author else None,
        "published": _quietly(lambda: _published(reader)),
        "unread": unread,
    }


def _opens(reader: Any) -> bool:
    """Whether the empty password opens it: then it only forbids changes."""
    return bool(reader.decrypt(""))


def _pages(reader: Any) -> tuple[list[str], list[tuple[int, str]], bool]:
    from pypdf.errors import DependencyError, LimitReachedError

    pages: list[str] = []
    unread: list[tuple[int, str]] = []
    limit_reached = False
    characters = 0
    for number in range(len(reader.pages)):
        try:
            text = rejoined(clean(reader.pages[number].extract_text()).strip())
        except (MemoryError, DependencyError):
            raise
        except LimitReachedError as error:
            limit_reached = True
            text = ""
            unread.append((number + 1, " ".join(str(error).split())[:80]))
        except Exception as error:  # noqa: BLE001 - a damaged page may raise anything; the others count
            text = ""
            unread.append((number + 1, type(error).__name__))
        characters += len(text)
        if characters > _MAX_TEXT_CHARACTERS:
            raise Refused(f"over {_MAX_TEXT_CHARACTERS:,} characters of text; split it")
        pages.append(text)
    return pages, unread, limit_reached


def rejoined(page: str) -> str:
    r"""A page's text with the lines put together that only its margin broke, so that sentences are whole.

    A line is gone on with when it is about as long as the page is wide and ends in mid-sentence.

    >>> rejoined("Valve froze\nBy C. Ash\nA frozen valve in the second stage of the rocket\ncaused the loss.\nMore.")
    'Valve froze\nBy C. Ash\nA frozen valve in the second stage of the rocket caused the loss.\nMore.'
    """
    lines = page.split("\n")
    lengths = sorted(len(line) for line in lines if line.strip())
    width = lengths[int(0.9 * len(lengths))] if lengths else 0
    joined: list[str] = []
    goes_on = False
    for line in lines:
        if goes_on and line.strip():
            before = joined.pop()
            hyphenated = before[-1:] == "-" and before[-2:-1].islower() and line[:1].islower()
            joined.append(f"{before[:-1]}{line}" if hyphenated else f"{before} {line.lstrip()}")
        else:
            joined.append(line)
        full = _FULL_LINE * width <= len(line.strip()) and width >= _LEAST_WIDTH
        goes_on = full and not _ENDS.search(line)
    return "\n".join(joined)


def _published(reader: Any) -> str | None:
    """The publication date in the XMP data. `CreationDate` says when the file was made, no more."""
    xmp = reader.xmp_metadata
    for namespace in _PRISM if xmp is not None else ():
        for name in ("publicationDate", "coverDate"):
            for element in xmp.get_element("", namespace, name):
                value = str(getattr(element, "value", None) or xmp._get_text(element)).strip()
                if value:
                    return value
    return None


def _quietly(value: Any) -> Any:
    """A property of the document, or None where it cannot be read: no reason to refuse the text."""
    try:
        return value()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001
        return None
