"""JSON, CSV and TSV through the row model: shapes, delimiters, and rows that are no articles."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rag.errors import ArticleError
from tests.articles.documents import BODY

ROW = {"id": 7, "headline": "Dam fails", "body": BODY, "date": "2024-05-06", "source": "Strait Wire"}


@pytest.mark.parametrize("shape", [ROW, [ROW], {"articles": [ROW], "totalResults": 1}])
@pytest.mark.parametrize("indent", [None, 2])
def test_shapes_of_json(made: Any, shape: object, indent: int | None) -> None:
    (article,) = made("a.json", json.dumps(shape, indent=indent)).articles
    assert (article.external_id, article.title, article.text) == ("7", "Dam fails", BODY)
    assert (article.outlet, article.published) == ("Strait Wire", date(2024, 5, 6))


def test_json_lines_in_a_json_file(made: Any) -> None:
    result = made("a.json", f"{json.dumps(ROW)}\nbad\n{json.dumps(ROW)}\n")
    assert len(result.articles) == 2
    assert result.failed[0].path.endswith("a.json:2")


def test_items_that_are_no_articles_are_numbered(made: Any) -> None:
    result = made("a.json", json.dumps([ROW, {"title": "x"}, 3, ROW]))
    assert len(result.articles) == 2
    assert [Path(failure.path).name for failure in result.failed] == ["a.json[1]", "a.json[2]"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON .*line 1"),
        ("nonsense", "not JSON"),
        ("3", "expected an object"),
        ('"words"', "expected an object"),
        ("[]", "no article text found"),
        ("[" * 100_000, "nested too deep"),
        ("9" * 5_000, "4300 digits"),
        ("\ufeff\ufeff{}", "not JSON"),
    ],
    ids=lambda value: value[:10],
)
def test_what_is_no_json_of_articles(made: Any, text: str, reason: str) -> None:
    with pytest.raises(ArticleError, match=reason):
        made("a.json", text)


def table(*lines: list[str], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(lines)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t"), ("a.csv", "|")]
)
def test_delimiters(made: Any, name: str, delimiter: str) -> None:
    text = 'Two lines,\n"quoted"; with every|mark\tin it.'
    data = table(
        ["ID", "Title", "Text", "Published at"], ["7", "A, b; c", text, "2024-05-06"], delimiter=delimiter
    )
    (article,) = made(name, "\ufeff" + data).articles
    assert (article.external_id, article.title, article.text) == ("7", "A, b; c", text)
    assert article.published == date(2024, 5, 6)


def test_ragged_rows_are_named_with_their_line(made: Any) -> None:
    data = table(
        ["title", "text", "date"],
        ["A", "Two\nlines.", "2024-05-06"],
        ["B", "Too short."],
        ["C", "Too long.", "", "", "more"],
        [],
        ["D", "Empty cells at the end.", "NaN", "", ""],
        ["E", "  ", ""],
    )
    result = made("a.csv", data)
    assert [article.title for article in result.articles] == ["A", "D"]
    assert result.articles[1].published is None
    assert [(Path(failure.path).name, failure.reason) for failure in result.failed] == [
        ("a.csv:4", "2 cells, but the header names 3"),
        ("a.csv:5", "5 cells, but the header names 3"),
        ("a.csv:8", "the text is empty"),
    ]


def test_a_quotation_that_never_ends(made: Any) -> None:
    result = made("a.csv", 'title,text\nA,Words.\nB,"open\nC,Swallowed.\n')
    assert [article.title for article in result.articles] == ["A"]
    assert result.failed[0].path.endswith("a.csv:3")
    assert "never closed" in result.failed[0].reason


def test_a_stray_quotation_mark_costs_one_row(made: Any) -> None:
    result = made("a.csv", 'title,text\n"A"x,Words.\nB,Words.\n')
    assert [article.title for article in result.articles] == ["B"]
    assert result.failed[0].path.endswith("a.csv:2")


def test_values_of_data_frames(made: Any) -> None:
    (article,) = made("a.csv", "title,text,source,author,date\nnan,Words.,NaN,None,NaT\n").articles
    assert (article.title, article.outlet, article.author, article.published) == ("Words.", None, None, None)


def test_a_very_long_cell(made: Any) -> None:
    text = "words " * 100_000 + "end"
    assert made("a.csv", table(["text"], [text])).articles[0].text == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A,B\n1,2\n", "no column named text, body or content"),
        ("text,text\na,b\n", "names the column 'text' twice"),
        ("text\n", "no article text found"),
        ('"text\n', "no usable header"),
        ("\n\n", "the file is empty"),
    ],
)
def test_a_table_without_a_header_is_refused(made: Any, text: str, reason: str) -> None:
    with pytest.raises(ArticleError, match=reason):
        made("a.csv", text)
