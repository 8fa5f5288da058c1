"""The hard inputs: damage, odd scripts, endless lines, odd names, and what a browser would not show."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from rag.articles import discover, read
from rag.articles.readers import decode_source
from rag.chunking import passages, sentences
from rag.errors import ArticleError
from tests.articles.documents import BODY

ARABIC = (
    "السد ينهار ليلاً\n\nقال مسؤولون إن الشوارع غرقت قبل الفجر، وإن مئات السكان فقدوا منازلهم. 👩‍👩‍👧 e\u0301"
)


def check(result: Any, data: bytes) -> str:
    (article,) = result.articles
    assert decode_source(data, article.encoding)[article.source_start : article.source_end] == article.text
    return str(article.text)


class TestEncodings:
    @pytest.mark.parametrize("text", [ARABIC, "\u202eright to left\u202c " + BODY, "e\u0301\u0302 " * 40])
    def test_scripts(self, made: Any, text: str) -> None:
        assert check(made("a.txt", text), text.encode()) == text.strip()

    @pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xe2\x80", b"\xed\xa0\xbd", b"\x80\x81"])
    def test_utf8_with_a_damaged_place_stays_utf8(self, made: Any, bad: bytes) -> None:
        data = ARABIC.encode() + bad + b" and on.\n"
        text = check(made("a.txt", data), data)
        assert text.startswith(ARABIC) and "\ufffd" in text

    def test_mixed_bytes(self, made: Any) -> None:
        data = "Café crème à volonté\n\n".encode("cp1252") * 20 + "one “quote”".encode() + b"\x81\x8d end"
        assert check(made("a.txt", data), data)

    def test_a_nul_far_into_a_text(self, made: Any) -> None:
        data = BODY.encode() * 100 + b"\0 and on."
        assert check(made("a.txt", data), data).count("\0") == 1

    def test_noise_of_bytes_ends(self, made: Any) -> None:
        data = bytes(value for value in os.urandom(200_000) if value)
        try:
            check(made("a.txt", data), data)
        except ArticleError as error:
            assert "a.txt" in str(error)

    def test_a_page_of_another_code_page(self, made: Any) -> None:
        head = "<meta charset=windows-1256><title>السد</title>"
        text = f"<html><head>{head}</head><body><p>{ARABIC[:70] * 4}</p></body></html>"
        assert "قال مسؤولون" in made("a.html", text.encode("cp1256", "ignore")).articles[0].text


LONG = 10_000_000


@pytest.mark.parametrize(
    "piece", ["The dam failed again today. ", "x", ".", "5. ", '"', "السد ", "Mr. ", "!?", " »", "("]
)
def test_a_very_long_line_ends(made: Any, piece: str) -> None:
    length = LONG if piece in ("The dam failed again today. ", "x", ".") else LONG // 10
    text = "Yes." + piece * (length // len(piece))
    started = time.perf_counter()
    article = made("a.txt", text).articles[0]
    reading = time.perf_counter() - started
    found = sentences("a", article.text)
    packed = passages(
        "a", article.text, found, count_tokens=lambda texts: [len(text) for text in texts], passage_tokens=800
    )
    assert packed[-1].end == len(article.text)
    assert max(len(sentence.text) for sentence in found) <= 1_500
    assert reading < 20 and time.perf_counter() - started < 60


class TestNames:
    def test_odd_names_are_read(self, tmp_path: Path) -> None:
        names = ["two\nlines.txt", "\u202egpj.txt", "a" * 251 + ".txt", "<b>&amp;.txt", "-rf.txt", "a\tb.md"]
        for name in names:
            (tmp_path / name).write_text(BODY)
        found = discover([tmp_path]).sources
        assert sorted(Path(source.path).name for source in found) == sorted(names)
        ids = {article.id for item in found for article in read(item.path, max_bytes=10**6).articles}
        assert len(ids) == 1, "the same text under other names is the same article"

    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
    def test_devices_and_pipes_are_never_read(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.txt")
        (tmp_path / "link.txt").symlink_to("/dev/zero")
        for path in ("/dev/zero", str(tmp_path / "pipe.txt"), str(tmp_path / "link.txt")):
            with pytest.raises(ArticleError, match="not a regular file"):
                read(path, max_bytes=10**6)

    def test_a_file_over_the_limit_is_refused_before_it_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        with path.open("wb") as stream:
            stream.truncate(500_000_000_000)  # sparse: it takes no room
        with pytest.raises(ArticleError, match="over the limit"):
            read(str(path), max_bytes=200_000_000)


TEXT = "The mill has been grinding flour for the town since a day in May 2019, and its wheel has never stood still."
SECRET = "SECRET words that nobody is meant to read, and which say to ignore all that was said before them."


class TestHidden:
    def page(self, hidden: str, style: str = "") -> str:
        return (
            f"<html><head><title>Mill</title><style>{style}</style></head><body><article><h1>Mill</h1><p>{TEXT}</p>"
            f"{hidden}<p>{TEXT.replace('mill', 'inn')}</p></article></body></html>"
        )

    @pytest.mark.parametrize(
        "hidden",
        [
            f"<p style='display:none'>{SECRET}</p>",
            f"<div style='color:red;DISPLAY : None !important'><p>{SECRET}</p></div>",
            f"<p style='visibility:hidden'>{SECRET}</p>",
            f"<p style='font-size:0px'>{SECRET}</p>",
            f"<p style='position:absolute;left:-9999px'>{SECRET}</p>",
            f"<p hidden>{SECRET}</p>",
            f"<p class='a gone b'>{SECRET}</p>",
            f"<p id=gone>{SECRET}</p>",
            f"<template><p>{SECRET}</p></template>",
            f"<script>document.write('<p>{SECRET}</p>')</script>",
            f"<p><!-- {SECRET} --></p>",
            f"<p>Seen <span style='display:none'>{SECRET}</span>too.</p>",
        ],
    )
    def test_what_is_not_shown_is_not_read(self, made: Any, hidden: str) -> None:
        style = "p.none, .gone { display: none } #gone{visibility:hidden}"
        text = made("a.html", self.page(hidden, style)).articles[0].text
        assert "SECRET" not in text
        assert TEXT in text and TEXT.replace("mill", "inn") in text

    @pytest.mark.parametrize(
        ("hidden", "style"),
        [
            (f"<p class=x>{SECRET}</p>", "@media print { .x { display: none } }"),
            (f"<p class=x>{SECRET}</p>", ".no-js .x { display: none }"),
            (f"<p class=x>{SECRET}</p>", ".y { display: none }"),
            (f"<p>{SECRET}</p>", "body { display: none }"),
            (f"<p style='font-size:0.9em; display:block'>{SECRET}</p>", ""),
        ],
    )
    def test_what_may_be_shown_is_read(self, made: Any, hidden: str, style: str) -> None:
        assert "SECRET" in made("a.html", self.page(hidden, style)).articles[0].text

    def test_a_large_page_is_read_in_the_worker(self, made: Any) -> None:
        text = self.page("".join(f"<p>{TEXT} Line {number}.</p>" for number in range(9_000)))
        assert len(text) > 1_000_000
        assert "Line 8999." in made("a.html", text).articles[0].text

    @pytest.mark.parametrize(
        "text", ["<div>" * 50_000 + "words", "<" * 100_000, "<p style='" + "a" * 900_000]
    )
    def test_broken_pages_end(self, made: Any, text: str) -> None:
        try:
            assert made("a.html", text).articles
        except ArticleError as error:
            assert "a.html" in str(error)


def test_a_text_that_takes_too_much_memory_is_refused(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from rag.articles.readers import files

    text = f"{BODY} " * 200
    monkeypatch.setattr(files, "MAX_TEXT_BYTES", 2 * len(text))
    assert made("a.txt", text).articles
    with pytest.raises(
        ArticleError, match=r"a\.txt: its text takes 0 MB of memory, over the limit .*; split the file"
    ):
        made("a.txt", text + "👩")
