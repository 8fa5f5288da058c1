"""PDF: text, pages and properties; what is refused, each with its reason."""

from __future__ import annotations

import io
import time
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter

from rag.articles.readers import worker
from rag.articles.readers.files import File
from rag.errors import ArticleError
from tests.articles.documents import BODY, pdf, zipped

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/">
<prism:publicationDate>2024-05-06</prism:publicationDate></rdf:Description></rdf:RDF></x:xmpmeta>"""


def test_pages_are_kept(made: Any) -> None:
    first, second = "Dam fails\nStrait Wire, 6 May 2024\n" + BODY[:80], "A second page of words."
    result = made("a.pdf", pdf(first, "", second))
    (article,) = result.articles
    assert article.text == f"{first}\n\n{second}"
    assert article.page_starts == (0, len(first), article.text.index("A second"))
    assert article.page_of(article.text.index("fails")) == 1
    assert article.page_of(article.text.index("second page")) == 3
    assert (article.source_start, article.source_end, article.encoding) == (None, None, None)
    assert (article.title, article.outlet, article.published) == (
        "Dam fails",
        "Strait Wire",
        date(2024, 5, 6),
    )


def test_offsets_of_pages_are_those_of_their_words(made: Any) -> None:
    texts = [f"Page {number} begins here.\nAnd it ends." for number in range(1, 8)]
    article = made("a.pdf", pdf(*texts)).articles[0]
    for number, (start, text) in enumerate(zip(article.page_starts, texts, strict=True), start=1):
        assert article.text[start:].startswith(text)
        assert article.page_of(start) == article.page_of(start + len(text) - 1) == number


def test_properties(made: Any) -> None:
    info = {"Title": "The dam of Orl", "Author": "Ana Lim", "CreationDate": "D:20200101000000Z"}
    (article,) = made("a.pdf", pdf(BODY, info=info)).articles
    assert (article.title, article.author) == ("The dam of Orl", "Ana Lim")
    assert article.published is None, "the day on which a file was made is no publication date"


@pytest.mark.parametrize(
    "title",
    ["Microsoft Word - x.doc", "untitled", "Untitled-1", "report_final.indd", "  ", "1234", "Document1"],
)
def test_a_title_that_a_program_made_is_none(made: Any, title: str) -> None:
    (article,) = made(
        "a.pdf", pdf(f"Dam fails\n{BODY}", info={"Title": title, "Author": "Administrator"})
    ).articles
    assert (article.title, article.author) == ("Dam fails", None)


def test_the_publication_date_of_xmp(made: Any) -> None:
    assert made("a.pdf", pdf(BODY, xmp=XMP)).articles[0].published == date(2024, 5, 6)


def test_a_broken_page_is_named_and_the_others_are_read(made: Any) -> None:
    result = made("a.pdf", pdf("First page.", "Second page.", "Third page.", rotten=[1]))
    (article,) = result.articles
    assert article.text == "First page.\n\nThird page."
    (failure,) = result.failed
    assert failure.reason.startswith("page 2 cannot be read")
    assert article.page_of(article.text.index("Third")) == 3


def test_a_pdf_in_an_archive(made: Any) -> None:
    (article,) = made("a.zip", zipped({"in/b.pdf": pdf("First page.", "Second page.")})).articles
    assert article.source_path.endswith("a.zip!in/b.pdf")
    assert len(article.page_starts) == 2


def _encrypted(user_password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(BODY))))
    writer.encrypt(user_password, "owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_pdf_that_only_forbids_changes_is_read(made: Any) -> None:
    assert made("a.pdf", _encrypted("")).articles[0].text == BODY


BAD = {
    "password": (lambda: _encrypted("secret"), "protected by a password"),
    "no pdf": (lambda: b"just words", "not a PDF document"),
    "cut": (lambda: pdf(BODY)[:150], "damaged or not a PDF"),
    "noise": (lambda: b"%PDF-1.7\n" + bytes(range(1, 256)) * 50, "damaged or not a PDF"),
    "no pages": (pdf, "no text in it"),
    "image only": (lambda: pdf(b"q 100 0 0 100 0 0 cm /Im0 Do Q"), r"no text in it, only images \(1 pages\)"),
    "bomb": (lambda: pdf(b" " * 200_000_000), "decompression bomb"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_refused_says_why(made: Any, kind: str) -> None:
    document, reason = BAD[kind]
    with pytest.raises(ArticleError, match=rf"a\.pdf: {reason}" if kind != "bomb" else reason):
        made("a.pdf", document())


@pytest.mark.parametrize("cut", range(40, 900, 90))
def test_a_file_cut_anywhere_ends_with_articles_or_a_reason(made: Any, cut: int) -> None:
    try:
        assert made("a.pdf", pdf(f"Dam fails\n{BODY}")[:cut]).articles
    except ArticleError as error:
        assert "a.pdf: " in str(error)


def test_a_document_that_takes_too_long_is_killed(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "TIMEOUT_SECONDS", 0.05)
    started = time.perf_counter()
    with pytest.raises(ArticleError, match="takes over"):
        made("a.pdf", pdf(BODY))
    assert time.perf_counter() - started < 5


def test_a_worker_has_a_limit_of_memory() -> None:
    page = b"<p>" + b"x " * 250_000_000
    with pytest.raises(ArticleError, match="over 1 GB of memory"):
        worker.extract(File("/a.html", "a.html", b"", 1), "html", page)
