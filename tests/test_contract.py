"""The JSON shapes: exactly the keys that scripts were promised, and nothing json cannot write."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rag.contract import (
    answer_json,
    article_json,
    check_json,
    citation_json,
    error_json,
    hit_json,
    ingest_json,
    question_line,
    search_json,
    shown_path,
)
from rag.errors import InputError
from rag.schema import (
    Abstention,
    Answer,
    ArticleRow,
    CheckReport,
    Conflict,
    ConflictValue,
    FileFailure,
    Filters,
    IngestReport,
    SearchResult,
    Statement,
    TimelineEntry,
    Timing,
)
from tests.fakes import SAMPLE_ARTICLES, cite, hit_of

BRIDGE = replace(SAMPLE_ARTICLES[0], source_start=7, external_id="x1", url="https://courier.example/1")
WEB = replace(BRIDGE, source_start=None, source_end=None, encoding=None)
QUOTE = "It last closed for more than a weekend in 1987"
HIT_KEYS = set(
    """rank score article_id external_id title outlet published passage_id start end source_path source_start
    source_end page text why""".split()
)
CITATION_KEYS = set(
    """number article_id external_id title outlet author published url source_path source_hash content_hash page
    start end source_start source_end quote days""".split()
)
ANSWER_KEYS = set(
    """question rewritten as_of status abstention text statements citations conflicts timeline independent_sources
    notes hits models seconds tokens""".split()
)


def written(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.fixture
def answer() -> Answer:
    statement = Statement("It last closed in 1987.", "supported", (1,))
    return Answer(
        question="When?",
        rewritten="When did it close?",
        filters=Filters(as_of=date(2024, 6, 1)),
        statements=(statement,),
        citations=(cite(1, BRIDGE, QUOTE),),
        hits=(hit_of(1, BRIDGE, QUOTE),),
        conflicts=(Conflict("year", "contradicts", (ConflictValue("1987", 1), ConflictValue("1988", 1))),),
        timeline=(TimelineEntry(date(1987, 1, 2), statement),),
        independent_sources=1,
        notes=("a note",),
        models={"embedder": "minilm"},
        seconds=Timing(0.1, 0.2, 0.3, 0.15),
    )


def test_ingest() -> None:
    report = IngestReport(
        1,
        2,
        3,
        4,
        (FileFailure("a", "b"),),
        (FileFailure("c", "d"),),
        5,
        6,
        0.12345,
        (FileFailure("e", "f"),),
    )
    assert written(ingest_json(report)) == {
        "added": 1,
        "updated": 2,
        "unchanged": 3,
        "removed": 4,
        "failed": [{"path": "a", "reason": "b"}],
        "skipped": [{"path": "c", "reason": "d"}],
        "left_out": [{"path": "e", "reason": "f"}],
        "articles": 5,
        "passages": 6,
        "seconds": 0.123,
    }


def test_article() -> None:
    row = written(article_json(ArticleRow(BRIDGE, 3)))
    assert set(row) == set(
        """id external_id title outlet author published updated language url source_path source_start source_end
        duplicate_of passages""".split()
    )
    assert (row["published"], row["updated"], row["passages"]) == ("2024-03-07", None, 3)


def test_hit_has_the_passages_own_offsets() -> None:
    row = written(hit_json(hit_of(1, BRIDGE, QUOTE)))
    assert set(row) == HIT_KEYS
    assert BRIDGE.text[row["start"] : row["end"]] == row["text"] == QUOTE
    assert (row["source_start"], row["source_end"]) == (row["start"] + 7, row["end"] + 7)


def test_search() -> None:
    row = written(search_json(SearchResult("When?", (hit_of(1, BRIDGE, QUOTE),), (), 0.1, notes=("n",))))
    assert set(row) == {"question", "seconds", "hits", "notes"}
    assert set(row["hits"][0]) == HIT_KEYS


def test_answer(answer: Answer) -> None:
    row = written(answer_json(answer))
    assert set(row) == ANSWER_KEYS
    assert (row["status"], row["abstention"], row["as_of"]) == ("answered", None, "2024-06-01")
    assert row["text"] == "It last closed in 1987.[1]"
    assert row["statements"] == [
        {"text": "It last closed in 1987.", "support": "supported", "citations": [1]}
    ]
    assert row["conflicts"] == [
        {
            "about": "year",
            "kind": "contradicts",
            "values": [{"value": "1987", "citation": 1}, {"value": "1988", "citation": 1}],
        }
    ]
    assert row["timeline"] == [{"date": "1987-01-02", "citation": 1, "text": "It last closed in 1987."}]
    assert row["seconds"] == {"retrieval": 0.1, "generation": 0.2, "total": 0.3, "first_text": 0.15}
    assert row["models"] == {"embedder": "minilm"}


def test_abstention_has_the_same_keys(answer: Answer) -> None:
    abstained = replace(
        answer, statements=(), citations=(), hits=(), abstention=Abstention("nothing_found", "Nothing says.")
    )
    row = written(answer_json(abstained))
    assert set(row) == ANSWER_KEYS
    assert (row["status"], row["text"]) == ("abstained", "Nothing says.")
    assert row["abstention"] == {"reason": "nothing_found", "message": "Nothing says."}


def test_citation_leads_back_to_the_source() -> None:
    row = written(citation_json(cite(1, BRIDGE, QUOTE)))
    assert set(row) == CITATION_KEYS
    assert BRIDGE.text[row["start"] : row["end"]] == row["quote"] == QUOTE
    assert (row["source_start"], row["source_end"]) == (row["start"] + 7, row["end"] + 7)


@pytest.mark.parametrize("row", [citation_json(cite(1, WEB, QUOTE)), hit_json(hit_of(1, WEB, QUOTE))])
def test_no_source_offsets_without_a_plain_text_source(row: dict[str, Any]) -> None:
    assert (row["source_start"], row["source_end"]) == (None, None)
    assert WEB.text[row["start"] : row["end"]] == QUOTE


def test_pages_count_from_one() -> None:
    paged = replace(WEB, page_starts=(0, 50))
    assert citation_json(cite(1, paged, "The old swing bridge"))["page"] == 1
    assert citation_json(cite(1, paged, QUOTE))["page"] == 2


def test_check_and_error() -> None:
    assert written(check_json(CheckReport(1, 2, ("bad",)))) == {
        "articles": 1,
        "passages": 2,
        "problems": ["bad"],
    }
    assert written(error_json("q1", "why")) == {"id": "q1", "error": "why"}


class TestQuestionLine:
    def test_all_fields(self) -> None:
        line = question_line(
            '{"id": 7, "question": "Q?", "from": "2024-01-01", "to": "2024-02-01", "as_of": "2024-03-01",'
            ' "outlet": "O", "language": "en", "history": [["a", "b"]], "gold": {"more": 1}}'
        )
        assert (line.id, line.question, line.turns) == ("7", "Q?", (("a", "b"),))
        assert line.filters == Filters(date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1), "O", "en")

    @pytest.mark.parametrize(
        ("text", "where"),
        [
            ("{", "line: "),
            ("[]", "line: "),
            ('{"question": "Q?"}', "id: "),
            ('{"id": "1"}', "question: "),
            ('{"id": "1", "question": "Q?", "from": "soon"}', "from: "),
            ('{"id": "1", "question": "Q?", "history": [["a"]]}', "history.0"),
        ],
    )
    def test_a_wrong_field_is_named(self, text: str, where: str) -> None:
        with pytest.raises(InputError, match=f"^{where}"):
            question_line(text)


def test_paths_are_shown_from_where_the_reader_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    assert shown_path(str(tmp_path / "a" / "b.txt")) == str(Path("a", "b.txt"))
    assert shown_path(str(tmp_path.parent / "c.txt")) == str(Path("~", "c.txt"))
    assert shown_path("/elsewhere/d.txt") == "/elsewhere/d.txt"
