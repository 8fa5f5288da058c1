"""The bench: the index holds exactly the benchmark's documents, and no question is lost."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.benchmarks.adapters.bench import Bench, Claim, Document, Reply
from eval.benchmarks.adapters.files import Record, find, read_json, read_lines
from eval.benchmarks.adapters.measures import ranking_scores
from rag.assistant import Assistant
from rag.errors import GenerationFailed, InputError
from rag.schema import Abstention, Answer, Conflict, ConflictValue, Filters, Statement
from tests.eval.conftest import ScriptedBench
from tests.fakes import SAMPLE_ARTICLES, cite

Write = Callable[[str, Any], Path]
HERON = Document("heron", "The heron nests by the weir.", "Birds", published="2024-03-07T12:00:00+00:00")
OTTER = Document("otter", "The otter sleeps under the weir.", published="2025-01-02", outlet="Reed Post")


class TestDocuments:
    def test_the_index_holds_them_with_what_is_known_of_them(
        self, bench: ScriptedBench, assistant: Assistant
    ) -> None:
        bench.load([HERON, OTTER, Document("blank", " \n"), Document("titled", "", "Only a headline")])
        assert bench.held() == {"heron": HERON.text, "otter": OTTER.text, "titled": "Only a headline"}
        assert (bench.documents, bench.unread) == (4, 1)
        known = {row.article.external_id: row.article for row in assistant.articles()}
        assert (known["heron"].title, str(known["heron"].published)) == ("Birds", "2024-03-07")
        assert known["otter"].outlet == "Reed Post"

    def test_a_swap_leaves_nothing_of_the_question_before(self, bench: ScriptedBench) -> None:
        bench.swap([HERON, OTTER])
        bench.swap([Document("heron", "Another text under a used id."), Document("new", OTTER.text)])
        assert bench.held() == {"heron": "Another text under a used id.", "new": OTTER.text}
        assert bench.documents == 4

    def test_many_documents_in_several_files(
        self, bench: ScriptedBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("eval.benchmarks.adapters.bench._DOCUMENTS_PER_FILE", 1)
        bench.load([HERON, OTTER, Document("third", "A third text.")])
        assert set(bench.held()) == {"heron", "otter", "third"}
        bench.swap([OTTER])
        assert set(bench.held()) == {"otter"}

    def test_unchanged_documents_are_not_embedded_again(self, assistant: Assistant) -> None:
        Bench(assistant).load([HERON, OTTER])
        embedder: Any = assistant._embedder.get()
        before = len(embedder.encoded)
        Bench(assistant, keeps_index=True).load([HERON, OTTER])
        assert len(embedder.encoded) == before

    def test_other_articles_are_left_alone(
        self, bench: ScriptedBench, assistant: Assistant, write: Write
    ) -> None:
        assistant.ingest([write("mine.txt", "A note of mine.")])
        with pytest.raises(InputError, match=r"mine\.txt; give --index another folder"):
            bench.load([HERON])
        assert len(assistant.articles()) == 1

    def test_a_kept_index_is_not_swapped(self, assistant: Assistant) -> None:
        with pytest.raises(InputError, match="leave out --index"):
            Bench(assistant, keeps_index=True).swap([HERON])

    @pytest.mark.parametrize(
        ("documents", "reason"), [([HERON, HERON], "two documents have the id 'heron'"), ([], "no document")]
    )
    def test_documents_that_make_no_sense(
        self, bench: ScriptedBench, documents: list[Document], reason: str
    ) -> None:
        with pytest.raises(InputError, match=reason):
            bench.load(documents)


class TestQuestions:
    @pytest.mark.parametrize(("limit", "chosen"), [(None, "abcdefg"), (1, "a"), (3, "ace"), (9, "abcdefg")])
    def test_a_limit_is_spread_evenly(self, assistant: Assistant, limit: int | None, chosen: str) -> None:
        assert "".join(Bench(assistant, limit=limit).each("abcdefg")) == chosen

    def test_a_document_stands_where_its_first_passage_does(self, bench: ScriptedBench) -> None:
        long = " ".join(["The heron nests by the weir, and so does its mate."] * 60)
        bench.load([Document("long", long), OTTER])
        assert len(bench.hits("Where does the heron nest?", k=10)) > 2
        assert bench.ranked("Where does the heron nest?", passages=10) == ["long", "otter"]

    def test_a_search_that_fails_finds_nothing_and_is_counted(self, bench: ScriptedBench) -> None:
        bench.load([HERON])
        assert bench.ranked("heron", passages=10, filters=Filters(outlet="No Such Post")) == []
        assert bench.failed == 1

    def test_replies(self, assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
        article = SAMPLE_ARTICLES[0]
        cited = (
            cite(1, article, "Buses will be diverted"),
            cite(2, article, "The bridge carries"),
        )
        citations = tuple(_with_id(item, "7") for item in cited)
        shown = Answer(
            question="?",
            rewritten="?",
            filters=Filters(),
            statements=(Statement("Buses take another way.", "supported", (1, 2)),),
            citations=citations,
            hits=(),
            conflicts=(Conflict("cost", "contradicts", (ConflictValue("£2 million", 2),)),),
        )
        silent = Answer("?", "?", Filters(), (), (), (), Abstention("not_supported", "No."))
        answers: dict[str, Answer | Exception] = {
            "shown": shown,
            "silent": silent,
            "broken": GenerationFailed("it stopped"),
        }

        ways: list[dict[str, object]] = []

        def ask(question: str, **how: object) -> Answer:
            ways.append(how)
            answer = answers[question]
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(assistant, "ask", ask)
        bench = Bench(assistant, extractive=True)
        reply = bench.ask("shown")
        assert reply == Reply(
            (Claim("Buses take another way.", ("7",)),), values=(Claim("£2 million", ("7",)),)
        )
        assert (reply.answered, reply.text) == (True, "Buses take another way.")
        assert bench.ask("silent") == Reply(abstained=True)
        broken = bench.ask("broken")
        assert (broken.answered, broken.abstained, broken.error) == (False, False, "it stopped")
        assert broken.record()["error"] == "it stopped"
        assert (bench.failed, bench.seconds_p50) == (1, 0.0)
        assert ways[0] == {"filters": Filters(), "extractive": True, "budget_seconds": math.inf}


def _with_id(citation: Any, external_id: str) -> Any:
    return replace(citation, article=replace(citation.article, external_id=external_id))


class TestMeasures:
    def test_a_query_that_found_nothing_counts_as_zero(self) -> None:
        grades = {"1": {"a": 1}, "2": {"b": 1}}
        measures = "nDCG@10 R@100 RR@10 AP@10 Success@1"
        for ranked in ({"1": ["a"]}, {"1": ["a"], "2": []}, {"1": ["a"], "2": ["x"]}):
            assert set(ranking_scores(grades, ranked, measures).values()) == {0.5}

    def test_the_order_given_is_the_order_scored(self) -> None:
        names = [f"d{number}" for number in range(30, 0, -1)]
        assert ranking_scores({"q": {"d26": 1}}, {"q": names}, "RR@10 Success@4 Success@10") == {
            "RR@10": 0.2,
            "Success@4": 0.0,
            "Success@10": 1.0,
        }


class Line(Record):
    id: str
    text: str


class TestFiles:
    def test_lines(self, write: Write) -> None:
        path = write("a.jsonl", '\ufeff{"id": 1, "text": "one\u2028two", "more": []}\r\n\n')
        assert list(read_lines(path, Line)) == [Line(id="1", text="one\u2028two")]

    @pytest.mark.parametrize(
        ("line", "reason"), [("{", "line: "), ('{"id": "1"}', "text: field required"), ("[]", "line: ")]
    )
    def test_a_bad_line_is_named(self, write: Write, line: str, reason: str) -> None:
        path = write("a.jsonl", '{"id": "0", "text": ""}\n\n' + line + "\n")
        with pytest.raises(InputError, match=rf"a\.jsonl:3: {reason}"):
            list(read_lines(path, Line))

    def test_no_lines(self, write: Write) -> None:
        with pytest.raises(InputError, match="holds no lines"):
            list(read_lines(write("a.jsonl", "\n"), Line))

    def test_bad_json(self, write: Write) -> None:
        with pytest.raises(InputError, match=r"a\.json:2: not JSON"):
            read_json(write("a.json", '[{"id": "1", "text": ""},\n oops]'), list[Line])
        with pytest.raises(InputError, match=r"a\.json: 1\.text: field required"):
            read_json(write("a.json", json.dumps([{"id": "1", "text": ""}, {"id": "2"}])), list[Line])

    def test_not_readable(self, tmp_path: Path) -> None:
        for name, data in (("a.jsonl", b"\xff\xfe\xff"), ("a.jsonl.gz", b"no gzip")):
            (tmp_path / name).write_bytes(data)
            with pytest.raises(InputError, match=f"{name}: cannot be read"):
                list(read_lines(tmp_path / name, Line))

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"no one\.json or two\.json here; download"):
            find(tmp_path, "one.json", "two.json")
