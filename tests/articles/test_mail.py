"""Mails: headers as metadata, the body, and attachments as further articles."""

from __future__ import annotations

import hashlib
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from rag.articles.readers import source_bytes
from rag.errors import ArticleError
from tests.articles.documents import BODY, docx, mail, pdf, zipped


def test_headers_say_who_and_when(made: Any) -> None:
    (article,) = made("a.eml", mail().as_bytes()).articles
    assert (article.title, article.author, article.outlet) == ("Dam fails", "Ana Lim", None)
    assert (article.published, article.text) == (date(2024, 5, 6), BODY)
    assert (article.source_start, article.source_end, article.encoding) == (None, None, None)


@pytest.mark.parametrize(
    ("sender", "outlet", "author"),
    [
        ("Strait Wire <newsletter@mail.example>", "Strait Wire", None),
        ("Strait Wire <bounce@straitwire.example>", "Strait Wire", None),
        ("Ana Lim via Strait Wire <x@lists.example>", "Strait Wire", "Ana Lim"),
        ("ana@mail.example", None, None),
        ('"ana@mail.example" <ana@mail.example>', None, None),
        ("=?utf-8?b?2KPZhdmEINmG2YjYsQ==?= <amal@mail.example>", None, "أمل نور"),
        ("<<<broken", None, None),
    ],
)
def test_the_sender(made: Any, sender: str, outlet: str | None, author: str | None) -> None:
    data = mail().as_bytes().replace(b"Ana Lim <ana@mail.example>", sender.encode())
    (article,) = made("a.eml", data).articles
    assert (article.outlet, article.author) == (outlet, author)


@pytest.mark.parametrize("subject", ["Re: Dam fails", "FWD: Re: Dam fails", "AW: Dam fails"])
def test_the_subject_without_marks_of_replies(made: Any, subject: str) -> None:
    assert made("a.eml", mail(Subject=subject).as_bytes()).articles[0].title == "Dam fails"


@pytest.mark.parametrize("stamp", ["", "yesterday", "Mon, 99 May 2024 99:00:00", "0"])
def test_a_date_that_is_none(made: Any, stamp: str) -> None:
    data = mail().as_bytes().replace(b"Mon, 06 May 2024 10:00:00 +0200", stamp.encode())
    assert made("a.eml", data).articles[0].published is None


def test_plain_text_goes_before_html(made: Any) -> None:
    (article,) = made("a.eml", mail(html="<p>Other words.</p>").as_bytes()).articles
    assert article.text == BODY


def test_html_only(made: Any) -> None:
    html = f"<html><body><p>{BODY}</p><p style='display:none'>HIDDEN</p><script>x()</script></body></html>"
    (article,) = made("a.eml", mail(None, html=html).as_bytes()).articles
    assert BODY in article.text and "HIDDEN" not in article.text and "x()" not in article.text
    assert article.title == "Dam fails"


@pytest.mark.parametrize("charset", ["windows-1256", "no-such-charset", "utf-8"])
def test_charsets(made: Any, charset: str) -> None:
    text = "السد ينهار ليلاً والشوارع غرقت قبل الفجر"
    data = text.encode("cp1256" if charset == "windows-1256" else "utf-8")
    head = f"Subject: x\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    assert made("a.eml", head.encode() + data).articles[0].text == text


def test_attachments_are_further_articles(made: Any, tmp_path: Path) -> None:
    message = mail()
    note = f"A note\n\n{BODY[::-1]}".encode()
    inner = mail("The mail inside.", Subject="Inside")
    message.add_attachment(note, maintype="text", subtype="plain", filename="note.txt")
    message.add_attachment(b"Another note.", maintype="text", subtype="plain", filename="note.txt")
    message.add_attachment(pdf("A page."), maintype="application", subtype="pdf", filename="p.pdf")
    message.add_attachment(docx("# In Word", BODY), maintype="application", subtype="x", filename="w.docx")
    message.add_attachment(zipped({"a.txt": BODY}), maintype="application", subtype="zip", filename="z.zip")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="logo.png")
    message.add_attachment(inner)
    result = made("a.eml", message.as_bytes())
    path = str(tmp_path / "a.eml")
    assert [article.source_path.removeprefix(path) for article in result.articles] == [
        "",
        "!note.txt",
        "!note (2).txt",
        "!p.pdf",
        "!w.docx",
        "!Inside.eml",
    ]
    article = result.articles[1]
    assert article.source_hash == hashlib.sha256(note).hexdigest()
    assert source_bytes(article.source_path, max_bytes=10**6) == note
    assert source_bytes(result.articles[2].source_path, max_bytes=10**6) == b"Another note."
    assert [failure.path.removeprefix(path) for failure in result.failed] == ["!z.zip"]
    assert [failure.path.removeprefix(path) for failure in result.skipped] == ["!logo.png"]


@pytest.mark.parametrize(
    "data", [b"\x00\x01", b"just words without headers", b"Subject: x\n\n", b"\n\nwords"]
)
def test_what_is_no_mail_is_refused(made: Any, data: bytes) -> None:
    with pytest.raises(ArticleError, match=r"a\.eml: "):
        made("a.eml", data)


def test_mails_nested_very_deep_end(made: Any) -> None:
    message = mail()
    for _ in range(60):
        outer = EmailMessage()
        outer["Subject"] = "x"
        outer.make_mixed()
        outer.attach(message)
        message = outer
    try:
        assert made("a.eml", message.as_bytes())
    except ArticleError as error:
        assert "a.eml" in str(error)


def test_parts_nested_very_deep_end(made: Any) -> None:
    data = b"Subject: x\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number) for number in range(3000)
    )
    with pytest.raises(ArticleError):
        made("a.eml", data + b"Content-Type: text/plain\n\nwords\n")
