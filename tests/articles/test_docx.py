"""DOCX: words in their order, what is not shown left out, properties only where the text is silent."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import pytest
from docx import Document
from docx.oxml import parse_xml

from rag.errors import ArticleError
from tests.articles.documents import BODY, docx, saved, zipped

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def test_paragraphs_headings_and_tables_in_order(made: Any) -> None:
    document = Document()
    document.add_heading("Dam fails")
    document.add_paragraph("Strait Wire, 6 May 2024")
    document.add_paragraph(BODY)
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Street", "Depth", "Mill Lane", "2 m"], strict=True):
        cell.text = text
    document.add_heading("What comes next", level=2)
    document.add_paragraph("Nobody\tknows.")
    (article,) = made("a.docx", saved(document)).articles
    assert article.text.split("\n\n") == [
        "Dam fails",
        "Strait Wire, 6 May 2024",
        BODY,
        "Street | Depth\nMill Lane | 2 m",
        "What comes next",
        "Nobody\tknows.",
    ]
    assert (article.title, article.outlet, article.published) == (
        "Dam fails",
        "Strait Wire",
        date(2024, 5, 6),
    )
    assert (article.source_start, article.encoding, article.page_starts) == (None, None, ())


def test_properties_only_where_the_text_says_nothing(made: Any) -> None:
    created = datetime(2020, 1, 1, tzinfo=UTC)
    (article,) = made("a.docx", docx(BODY, title="The dam", author="Ana Lim", created=created)).articles
    assert (article.title, article.author, article.published) == ("The dam", "Ana Lim", None)
    (article,) = made(
        "b.docx", docx("# Dam fails", "By Joss Poe", BODY, title="x", author="Ana Lim", created=created)
    ).articles
    assert (article.title, article.author, article.published) == ("Dam fails", "Joss Poe", None)


def test_much_of_the_same_is_no_bomb(made: Any) -> None:
    assert made("a.docx", docx(*[BODY] * 2_000)).articles[0].text.count(BODY) == 2_000


def test_the_template_of_a_program_names_nobody(made: Any) -> None:
    (article,) = made("a.docx", docx("# Dam fails", BODY, author="Administrator")).articles
    assert article.author is None


def test_changes_hidden_text_and_content_controls(made: Any) -> None:
    document = Document()
    document.add_paragraph("Start.")
    body = document.element.body
    for number, inner in enumerate(
        [
            "<w:p {W}><w:pPr><w:tabs><w:tab w:val='left' w:pos='1'/></w:tabs></w:pPr><w:ins w:id='1' w:author='a'>"
            "<w:r><w:t>Put in.</w:t></w:r></w:ins><w:del w:id='2' w:author='a'><w:r><w:delText>Gone.</w:delText></w:r>"
            "</w:del></w:p>",
            "<w:p {W}><w:r><w:rPr><w:vanish/></w:rPr><w:t>Hidden.</w:t></w:r><w:r><w:t>Seen.</w:t></w:r></w:p>",
            "<w:sdt {W}><w:sdtContent><w:p><w:r><w:t>Controlled.</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        ]
    ):
        body.insert(1 + number, parse_xml(inner.replace("{W}", W)))
    assert made("a.docx", saved(document)).articles[0].text == "Start.\n\nPut in.\n\nSeen.\n\nControlled."


def _entity_bomb() -> bytes:
    bomb = (
        "<!DOCTYPE x [<!ENTITY a '"
        + "x" * 1000
        + "'>"
        + "".join(f"<!ENTITY {new} '{f'&{old};' * 50}'>" for old, new in zip("abcde", "bcdef", strict=True))
    )
    return _with_document(
        f"{bomb}]><w:document {W}><w:body><w:p><w:r><w:t>&f;</w:t></w:r></w:p></w:body></w:document>"
    )


def _with_document(xml: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(docx(BODY))) as package:
        parts = {part.filename: package.read(part) for part in package.infolist()}
    return zipped({**parts, "word/document.xml": xml})


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "protected by a password, or an old"),
        (lambda: b"just words", "damaged or not a DOCX"),
        (lambda: docx(BODY)[:-200], "damaged or not a DOCX"),
        (lambda: zipped({"a.txt": BODY}), "damaged or not a DOCX"),
        (docx, "no text in it"),
        (lambda: _with_document(" " * 50_000_000), "decompression bomb"),
        (_entity_bomb, "damaged|no text"),
    ],
)
def test_what_is_refused_says_why(made: Any, document: Any, reason: str) -> None:
    with pytest.raises(ArticleError, match=rf"a\.docx: .*(?:{reason})"):
        made("a.docx", document())
