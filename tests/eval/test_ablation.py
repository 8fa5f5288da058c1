"""The ablation: every handle it takes is there, what it switches off is off, and the table says what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from eval.benchmarks import ablation
from rag.assistant import Assistant
from rag.protocols import ScoredText
from rag.schema import Filters, SearchResult
from tests.fake_models import EvenScorer, WordEmbedder

BY_NAME = {row.name: row for row in (*ablation.ROWS, *ablation.OTHER_SETTINGS)}
ARTICLES = {
    "early.txt": "Weir mended\nReed Post, 3 March 2024\n\nThe weir at Tarn cost nine million crowns in all.",
    "late.txt": "Weir fails\nMarsh Daily, 9 June 2024\n\nThe weir at Tarn broke again on Saturday, the mayor said.",
}


class CountingScorer(EvenScorer):
    """Tells what it was asked to read."""

    def __init__(self) -> None:
        self.read: list[ScoredText] = []

    def relevance(self, question: str, passages: Sequence[ScoredText]) -> list[list[float]]:
        self.read += passages
        return super().relevance(question, passages)


@contextmanager
def off(name: str) -> Iterator[None]:
    with ExitStack() as stack:
        for change in BY_NAME[name].changes:
            stack.enter_context(patch.object(*change))
        yield


@pytest.fixture
def asked(assistant: Assistant, tmp_path: Path) -> Assistant:
    for name, text in ARTICLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assistant.ingest([tmp_path / name for name in ARTICLES])
    return assistant


def search(assistant: Assistant, filters: Filters | None = None) -> SearchResult:
    return assistant.search("What did the weir at Tarn cost?", filters=filters or Filters(), evidence=5)


@pytest.mark.parametrize("name", BY_NAME)
def test_every_row_runs(asked: Assistant, name: str) -> None:
    before = search(asked)
    with off(name):
        assert search(asked).hits
    assert search(asked).evidence == before.evidence


@pytest.mark.parametrize(("name", "left"), [("dense search", "keyword"), ("keyword search", "dense")])
def test_a_search_that_is_off_finds_nothing(asked: Assistant, name: str, left: str) -> None:
    both = {"dense", "keyword"}
    assert both <= set(search(asked).hits[0].why)
    with off(name):
        assert both & set(search(asked).hits[0].why) == {left}


def test_a_feature_at_zero_counts_nothing(asked: Assistant) -> None:
    def scores() -> list[float]:
        return [item.score for item in search(asked).evidence]

    with off("trained scorer"):
        before = scores()
        with patch.object(
            EvenScorer, "relevance", lambda *asked: [[0.5] * len(one.sentences) for one in asked[2]]
        ):
            assert scores() == before


def test_what_is_off_by_day(asked: Assistant) -> None:
    march = Filters(as_of=next(row.article.published for row in asked.articles()[::-1]))
    assert len({hit.article.id for hit in search(asked, march).hits}) == 1
    with off("as-of filter"):
        assert len({hit.article.id for hit in search(asked, march).hits}) == 2


class TestRemembering:
    TEXT = ScoredText(("The weir cost nine.", "It rained."), title="Weir")

    def test_a_text_is_read_once(self) -> None:
        inner = CountingScorer()
        scorer = ablation.RememberingScorer(inner)
        first = scorer.relevance("What did the weir cost?", [self.TEXT, self.TEXT])
        assert first == EvenScorer().relevance("What did the weir cost?", [self.TEXT, self.TEXT])
        assert scorer.relevance("What did the weir cost?", [self.TEXT]) == first[:1]
        assert inner.read == [self.TEXT]

    def test_each_sentence_alone(self) -> None:
        inner = CountingScorer()
        (found,) = ablation.RememberingScorer(inner).relevance_alone("What of the weir?", [self.TEXT])
        assert found == [0.8, 0.02]
        assert [text.sentences for text in inner.read] == [("The weir cost nine.",), ("It rained.",)]
        assert {text.title for text in inner.read} == {"Weir"}

    def test_vectors(self) -> None:
        inner = WordEmbedder()
        embedder = ablation.RememberingEmbedder(inner)
        wanted = WordEmbedder().encode(["weir", "otter", "weir"])
        assert np.array_equal(embedder.encode(["weir", "otter", "weir"]), wanted)
        assert np.array_equal(embedder.encode(["otter"]), wanted[1:2])
        assert embedder.encode([]).shape == (0, wanted.shape[1])
        assert inner.encoded == ["weir", "otter"]


class TestTable:
    def scores(self, right: Sequence[float], silent: Sequence[float] = (1, 0)) -> ablation.Scores:
        ids = [str(number) for number in range(len(right))]
        return {
            "sentence": dict(zip(ids, right, strict=True)),
            "right": dict.fromkeys(ids, 0.5),
            "abstained": dict(zip("ab", silent, strict=True)),
            "answerable": {"a": 0.0, "b": 1.0},
            "strength": {"a": 0.2, "b": 0.9},
        }

    def test_what_changed_and_whether_by_chance(self) -> None:
        report = {
            "squad": {
                ablation.ALL_ON: self.scores([1.0] * 20),
                "dense search": self.scores([0.0] * 12 + [1.0] * 8, silent=(0, 0)),
                "keyword search": self.scores([0.0] + [1.0] * 19),
            }
        }
        lines = ablation.table(report, ablation.ROWS).splitlines()
        assert lines[0] == "| | squad: sentence @1 | squad: right | squad: F1 | squad: AUC |"
        assert lines[2:] == [
            f"| {ablation.ALL_ON} | 1.000 | .500 | 1.000 | 1.000 |",
            "| dense search | **−.600** | 0 | −1.000 | 0 |",
            "| keyword search | −.050 | 0 | 0 | 0 |",
        ]

    def test_how_deep(self) -> None:
        ranks = {"a": 1.0, "b": 4.0, "c": 10.0**6, "d": 2.0}
        told = ablation.depths({"news": {ablation.ALL_ON: {"plain_rank": ranks, "plain_rr": {}}}})
        assert told.splitlines()[2:] == ["| news: plain | .250 | .500 | .750 | .750 | .750 |"]
