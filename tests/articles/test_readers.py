"""Files into articles: kinds, encodings, true offsets, and what is refused with a reason."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rag.articles import ReadResult, read
from rag.errors import ArticleError
from rag.schema import Article

BODY = "The dam above the town failed in the night, and the lower streets were flooded by the morning, officials said."
PAGE = """<html lang="en"><head><title>Mill opens its doors</title>{head}</head><body>
<nav><a href="/">Home</a></nav><article><h1>Mill opens its doors</h1>{article}
<p>The mill has been grinding flour for the town since a day in May 2019, and its wheel has never once stood still.</p>
<p>It opens its doors to visitors next week, the owner told reporters who had come down to the river bank.</p>
</article><footer>Copyright 2021 Strait Wire</footer></body></html>"""
META = """<meta property="og:site_name" content="Strait Wire"><meta name="author" content="Ana Lim">
<meta property="article:published_time" content="2024-05-06T10:00:00Z">
<link rel="canonical" href="https://strait.example/mill">"""


def only(result: ReadResult) -> Article:
    (article,) = result.articles
    assert not result.failed
    return article


def rows(*items: object) -> str:
    return "\n".join(json.dumps(item) for item in items)


class TestText:
    @pytest.mark.parametrize("name", ["a.txt", "a.md", "a.MARKDOWN", "a.text", "no-suffix"])
    def test_a_file_is_one_article(self, made: Any, name: str) -> None:
        article = only(made(name, f"# Dam fails\n*Strait Wire, 6 May 2024*\n\n{BODY}\n"))
        assert (article.title, article.outlet, article.published) == (
            "Dam fails",
            "Strait Wire",
            date(2024, 5, 6),
        )
        assert article.language == "en"
        assert Path(article.source_path).name == name

    @pytest.mark.parametrize(
        ("encoding", "text"),
        [
            ("utf-8", f"Café\n\n{BODY} 🙂"),
            ("utf-8-sig", f"Café\n\n{BODY} 🙂"),
            ("utf-16", f"السد\n\n{BODY} 🙂"),
            ("utf-32", f"السد\n\n{BODY} 🙂"),
            (
                "cp1252",
                "Le barrage a cédé\n\nLa ville est inondée, « c’est très grave », a déclaré le préfet – hier.",
            ),
            (
                "cp1256",
                "السد ينهار ليلاً\n\nقال مسؤولون إن الشوارع غرقت قبل الفجر، وإن مئات السكان فقدوا منازلهم.",
            ),
        ],
    )
    def test_offsets_lead_back_to_the_file(self, made: Any, tmp_path: Path, encoding: str, text: str) -> None:
        data = f"\n  {text}\n\n".encode(encoding)
        article = only(made("a.txt", data))
        assert article.text == text
        assert article.encoding is not None
        assert data.decode(article.encoding)[article.source_start : article.source_end] == text
        assert article.source_hash == hashlib.sha256(data).hexdigest()

    @pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
    def test_utf16_of_either_byte_order(self, made: Any, mark: bytes) -> None:
        data = mark + BODY.encode("utf-16-le" if mark == b"\xff\xfe" else "utf-16-be")
        assert only(made("a.txt", data)).text == BODY

    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    def test_newlines_stay_as_they_are(self, made: Any, newline: str) -> None:
        text = newline.join(["Dam fails", "Strait Wire, 6 May 2024", "", BODY])
        article = only(made("a.txt", text))
        assert article.text == text
        assert (article.title, article.outlet) == ("Dam fails", "Strait Wire")

    @pytest.mark.parametrize(
        "data", [b"", b" \n\t", b"\xef\xbb\xbf", "\ufeff \n".encode(), "\n".encode("utf-16"), b"\xc2\xa0"]
    )
    def test_an_empty_file_is_refused(self, made: Any, data: bytes) -> None:
        with pytest.raises(ArticleError, match=r"a\.txt: the file is empty"):
            made("a.txt", data)

    @pytest.mark.parametrize(
        "data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04\0\0", BODY.encode("utf-16-le")]
    )
    def test_a_binary_file_is_refused(self, made: Any, data: bytes) -> None:
        with pytest.raises(ArticleError, match="looks like a binary file"):
            made("a.txt", data)

    def test_damaged_utf16_is_refused(self, made: Any) -> None:
        with pytest.raises(ArticleError, match="not valid utf-16"):
            made("a.txt", b"\xff\xfea\x00\x00")

    def test_a_file_over_the_limit_is_refused_unread(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text(BODY)
        with pytest.raises(ArticleError, match="over the limit of"):
            read(str(tmp_path / "a.txt"), max_bytes=len(BODY) - 1)
        assert read(str(tmp_path / "a.txt"), max_bytes=len(BODY)).articles

    @pytest.mark.parametrize("name", ["gone.txt", "folder.txt"])
    def test_what_cannot_be_opened_is_named(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "folder.txt").mkdir()
        with pytest.raises(ArticleError, match=rf"{name}: cannot be read \(.*\); check"):
            read(str(tmp_path / name), max_bytes=1_000_000)


class TestIdentity:
    def test_the_same_article_in_two_files_has_one_id(self, made: Any) -> None:
        text = f"Dam fails\nStrait Wire, 6 May 2024\n\n{BODY}"
        assert only(made("a.txt", text)).id == only(made("b.md", f"\n{text}\n")).id

    @pytest.mark.parametrize("name", ["id", "title", "outlet", "author", "url", "date", "text"])
    def test_the_id_changes_with_what_a_citation_shows(self, made: Any, name: str) -> None:
        row = {
            "id": "7",
            "title": "A",
            "outlet": "B",
            "author": "C",
            "url": "D",
            "date": "2024-05-06",
            "text": BODY,
        }
        before = only(made("a.jsonl", rows(row)))
        after = only(made("a.jsonl", rows({**row, name: "2024-05-07"})))
        assert before.id != after.id
        assert before == only(made("a.jsonl", rows(row)))

    def test_ids_need_no_metadata(self, made: Any) -> None:
        article = only(made("a.txt", BODY))
        assert article == replace(article, outlet=None, author=None, published=None, url=None)
        assert len(article.id) == 16


class TestHtml:
    def test_metadata_of_the_page(self, made: Any) -> None:
        article = only(made("a.html", PAGE.format(head=META, article="")))
        assert (article.title, article.outlet, article.author) == (
            "Mill opens its doors",
            "Strait Wire",
            "Ana Lim",
        )
        assert (article.published, article.url) == (date(2024, 5, 6), "https://strait.example/mill")

    def test_the_text_is_the_article_and_has_no_offsets_in_the_file(self, made: Any) -> None:
        article = only(made("a.htm", PAGE.format(head="", article="")))
        assert "its wheel has never once stood still" in article.text
        assert "Home" not in article.text
        assert "<" not in article.text
        assert (article.source_start, article.source_end) == (None, None)

    def test_a_page_without_a_date_stays_undated(self, made: Any) -> None:
        article = only(made("a.html", PAGE.format(head="", article="")))
        assert (article.published, article.author) == (None, None)

    def test_the_date_of_a_time_element(self, made: Any) -> None:
        stamp = '<time datetime="2024-05-06" pubdate>6 May 2024</time>'
        assert only(made("a.html", PAGE.format(head="", article=stamp))).published == date(2024, 5, 6)

    @pytest.mark.parametrize("text", ["<html></html>", "<html><body><script>x()</script></body></html>", "<"])
    def test_a_page_without_text_is_refused(self, made: Any, text: str) -> None:
        with pytest.raises(ArticleError, match=r"a\.html: no article text found"):
            made("a.html", text)


class TestJsonl:
    @pytest.mark.parametrize(
        "names",
        [
            ("id", "title", "text", "published", "outlet", "author", "url"),
            ("doc_id", "headline", "body", "published_at", "source", "byline", "link"),
            ("_id", "title", "content", "publish_date", "publisher", "authors", "url"),
            ("id", "title", "text", "date", "source", "author", "link"),
        ],
    )
    def test_the_usual_field_names(self, made: Any, names: tuple[str, ...]) -> None:
        values = (
            "7",
            "Dam fails",
            BODY,
            "2024-05-06T10:00:00Z",
            "Strait Wire",
            "Ana Lim",
            "https://x.example/7",
        )
        article = only(made("a.jsonl", rows(dict(zip(names, values, strict=True)))))
        assert (article.external_id, article.title, article.text) == values[:3]
        assert (article.outlet, article.author, article.url) == values[4:]
        assert article.published == date(2024, 5, 6)
        assert (article.source_start, article.source_end) == (None, None)

    def test_numbers_lists_and_objects(self, made: Any) -> None:
        row = {
            "id": 7,
            "text": BODY,
            "authors": ["Ana Lim", "Joss Poe"],
            "source": {"id": "sw", "name": "Strait Wire"},
        }
        article = only(made("a.ndjson", rows(row)))
        assert (article.external_id, article.author, article.outlet) == (
            "7",
            "Ana Lim, Joss Poe",
            "Strait Wire",
        )
        assert article.title == BODY

    def test_what_is_missing_stays_unknown(self, made: Any) -> None:
        row = {"title": "", "text": BODY, "date": None, "source": " ", "authors": []}
        article = only(made("a.jsonl", rows(row)))
        assert (article.published, article.outlet, article.author, article.url) == (None, None, None, None)

    def test_not_a_number_is_unknown(self, made: Any) -> None:
        article = only(made("a.jsonl", f'{{"text": "{BODY}", "date": NaN, "source": NaN, "title": NaN}}'))
        assert (article.published, article.outlet, article.title) == (None, None, BODY)

    def test_of_a_key_given_twice_the_last_counts(self, made: Any) -> None:
        assert only(made("a.jsonl", f'{{"title": "A", "text": "{BODY}", "title": "B"}}')).title == "B"

    def test_half_an_emoji_is_replaced(self, made: Any) -> None:
        article = only(made("a.jsonl", '{"text": "cut off here \\ud83d", "title": "whole \\ud83d\\ude42"}'))
        assert (article.text, article.title) == ("cut off here \ufffd", "whole 🙂")

    def test_windows_newlines_and_a_byte_order_mark(self, made: Any) -> None:
        result = made(
            "a.jsonl", ("\ufeff" + rows({"text": BODY}, {"text": BODY[::-1]})).replace("\n", "\r\n\r\n")
        )
        assert len(result.articles) == 2

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('{"text": "cut', "not JSON"),
            ("nonsense", "not JSON"),
            ('{"title": "A"}', "text: field required"),
            ('{"text": null}', "text: "),
            ('{"text": {"a": 1}}', "text: "),
            ('{"text": " "}', "the text is empty"),
            ('["text"]', "row: "),
            ("null", "row: "),
            ("[" * 100_000, "nested too deep"),
            ('{"id": ' + "9" * 5_000 + ', "text": "x"}', "4300 digits"),
        ],
        ids=lambda value: value[:20],
    )
    def test_a_bad_row_is_named_and_the_others_are_kept(self, made: Any, line: str, reason: str) -> None:
        result = made("a.jsonl", "\n".join([rows({"text": BODY}), "", line, rows({"text": "The last row."})]))
        assert [article.text for article in result.articles] == [BODY, "The last row."]
        (failure,) = result.failed
        assert failure.path.endswith("a.jsonl:3")
        assert reason in failure.reason

    def test_many_bad_rows_are_summed_up(self, made: Any) -> None:
        result = made("a.jsonl", "\n".join([*["bad"] * 50, rows({"text": BODY})]))
        assert len(result.articles) == 1
        assert len(result.failed) == 21
        assert result.failed[-1].reason == "30 more rows like these"
