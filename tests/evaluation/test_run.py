"""A run: asked once, kept at once, resumed after a cut, compared with an earlier one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag.errors import InputError
from rag.evaluation import GoldQuestion, Run, baseline, compare, evaluate, load_run
from rag.evaluation.run import is_exact
from rag.evaluation.statistics import figure, reliability
from rag.schema import NO_FILTERS, Answer, Article, ArticleRow, Filters, SearchResult
from tests.fakes import SAMPLE_ARTICLES, FakeAssistant, cite, hit_of

COST = "the work would take eleven weeks and cost £2.4 million"
GOLD = GoldQuestion.model_validate(
    {
        "id": "good",
        "question": "What does the repair cost?",
        "answer": "£2.4 million",
        "accepted": ["2.4 million"],
        "evidence": [{"file": SAMPLE_ARTICLES[0].source_path, "quote": COST}],
    }
)
BAD = GOLD.model_copy(update={"id": "bad", "question": "boom"})
UNKNOWN = GoldQuestion(id="unknown", question="Who is on Mars?", type="unanswerable")
QUESTIONS = [GOLD, BAD, UNKNOWN]


class Canned(FakeAssistant):
    """Counts what it is asked, and stops with ctrl-c at the question `stop`."""

    stop = ""
    budgets: list[float | None]

    def ask(self, question: str, **options: Any) -> Answer:
        if self.stop and self.stop in question:
            raise KeyboardInterrupt
        self.budgets = [*getattr(self, "budgets", []), options["budget_seconds"]]
        return super().ask(question)

    def search(
        self, question: str, *, k: int, filters: Filters = NO_FILTERS, evidence: int = 0
    ) -> SearchResult:
        hits = tuple(hit_of(rank, SAMPLE_ARTICLES[0], SAMPLE_ARTICLES[0].text[:200]) for rank in (1, 2))
        return SearchResult(question, hits[:k], (), 0.0)

    def articles(self) -> list[ArticleRow]:
        return [ArticleRow(replace(row.article, source_start=None), 1) for row in super().articles()]


def run_in(folder: Path | None, assistant: Canned | None = None, **options: Any) -> Run:
    return evaluate(assistant or Canned(), QUESTIONS, folder=folder, **options)  # type: ignore[arg-type]


def lines_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "run.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_failed_question_scores_zero_and_says_why(tmp_path: Path) -> None:
    counts: list[tuple[int, int]] = []
    folder = tmp_path / "deep" / "report"
    run = run_in(folder, on_question=lambda *of: counts.append(of))
    assert (run.scores["questions"], run.scores["failed"]) == (3, 1)
    assert run.scores["measures"]["correct"]["mean"] == 0.5
    assert run.scores["measures"]["refused_wrongly"]["mean"] == 0.5
    assert run.scores["measures"]["abstained"]["mean"] == 1.0
    assert run.scores["by_type"]["unanswerable"]["abstained"]["count"] == 1
    assert counts == [(1, 3), (2, 3), (3, 3)]
    good, bad, unknown = lines_in(folder)
    assert good["citations"]
    assert good["gold"]["accepted"] == [["2.4 million"]]
    assert "stopped working" in bad["error"]
    assert unknown["status"] == "abstained"
    assert json.loads((folder / "scores.json").read_text(encoding="utf-8")) == run.scores


def test_without_a_budget_no_clock_decides() -> None:
    assistant = Canned()
    run_in(None, assistant)
    assert set(assistant.budgets) == {math.inf}
    run_in(None, assistant, budget_seconds=2.0)
    assert assistant.budgets[-1] == 2.0


def test_a_cut_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    assistant = Canned()
    assistant.stop = "Mars"
    with pytest.raises(KeyboardInterrupt):
        run_in(tmp_path, assistant)
    with (tmp_path / "run.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "unkn')  # the cut came while a line was written
    again = Canned()
    run = run_in(tmp_path, again)
    assert again.questions == [("Who is on Mars?", ())]
    assert [line["id"] for line in lines_in(tmp_path)] == ["good", "bad", "unknown"]
    assert run.by_id == run_in(None).by_id


def test_a_whole_run_is_run_anew_and_the_old_one_kept(tmp_path: Path) -> None:
    run_in(tmp_path)
    assistant = Canned()
    run_in(tmp_path, assistant)
    assert len(assistant.questions) == 3
    assert len((tmp_path / "run.jsonl.old").read_text(encoding="utf-8").splitlines()) == 3


def test_another_set_up_does_not_go_on_with_a_cut_run(tmp_path: Path) -> None:
    assistant = Canned()
    assistant.stop = "Mars"
    with pytest.raises(KeyboardInterrupt):
        run_in(tmp_path, assistant)
    again = Canned()
    run_in(tmp_path, again, extractive=True)
    assert len(again.questions) == 3


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="report cannot be written"):
        run_in(tmp_path / "file" / "report")


def test_gold_that_is_not_among_the_articles() -> None:
    stray = GOLD.model_copy(update={"evidence": (GOLD.evidence[0].model_copy(update={"file": "no.txt"}),)})
    with pytest.raises(InputError, match=r"good: no\.txt is not among the indexed files"):
        evaluate(Canned(), [stray])  # type: ignore[arg-type]


def test_runs_and_baselines_are_read_back(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    kept = tmp_path / "baseline.json"
    kept.write_text(json.dumps(baseline(run)), encoding="utf-8")
    scored = {name: {k: v for k, v in of.items() if v is not None} for name, of in run.by_id.items()}
    assert load_run(kept) == scored
    for path in (tmp_path, tmp_path / "run.jsonl"):
        assert load_run(path) == run.by_id
    for text in ("{}", "nothing", "[]"):
        kept.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="is not a run"):
            load_run(kept)


def scores_of(values: list[float], name: str = "correct") -> Mapping[str, Mapping[str, float | None]]:
    return {str(number): {name: value} for number, value in enumerate(values)}


class TestComparison:
    def test_a_fall_beyond_chance(self) -> None:
        (change,) = compare(scores_of([1.0] * 10 + [0.0] * 10), scores_of([0.0] * 8 + [1.0] * 2 + [0.0] * 10))
        assert (change.name, change.before, change.after, change.count) == ("correct", 0.5, 0.1, 20)
        assert change.p == pytest.approx(2 / 2**8, abs=0.003)  # 8 signs alike, of two sides
        assert change.fell
        assert not change.rose

    def test_chance(self) -> None:
        (change,) = compare(scores_of([1.0, 0.0, 1.0, 0.0]), scores_of([0.0, 1.0, 0.0, 0.0]))
        assert not change.fell
        assert change.p > 0.5

    def test_no_change(self) -> None:
        (change,) = compare(scores_of([0.5] * 9), scores_of([0.5] * 9))
        assert (change.p, change.fell, change.rose) == (1.0, False, False)

    def test_lower_is_better_for_some(self) -> None:
        worse = compare(scores_of([0.0] * 9, "injected"), scores_of([1.0] * 9, "injected"))
        better = compare(scores_of([1.0] * 9, "injected"), scores_of([0.0] * 9, "injected"))
        neither = compare(scores_of([1.0] * 9, "words"), scores_of([9.0] * 9, "words"))
        assert [(of[0].fell, of[0].rose) for of in (worse, better, neither)] == [
            (True, False),
            (False, True),
            (False, False),
        ]

    def test_only_questions_of_both_runs(self) -> None:
        before = {"a": {"correct": 1.0}, "b": {"correct": 1.0}, "c": {"correct": None}}
        after = {"a": {"correct": 0.0}, "c": {"correct": 1.0}, "d": {"correct": 0.0}}
        (change,) = compare(before, after)
        assert change.count == 1
        assert compare(before, {}) == []


def test_the_interval_holds_the_mean_and_narrows() -> None:
    few, many = figure([0.0, 1.0] * 5), figure([0.0, 1.0] * 200)
    assert few.low < few.mean == 0.5 < few.high
    assert many.high - many.low < 0.15 < few.high - few.low
    assert figure([1.0]) == figure([1.0])


def test_reliability_counts_and_shares() -> None:
    rows = reliability([0.05, 0.95, 0.91, 1.0, -0.2], [False, True, False, True, False])
    assert [(row["count"], round(row["true"], 2)) for row in rows] == [(2, 0.0), (3, 0.67)]
    assert reliability([], []) == []


class TestQuoteIntegrity:
    @pytest.fixture
    def article(self, tmp_path: Path) -> Article:
        path = tmp_path / "01.txt"
        path.write_text(SAMPLE_ARTICLES[0].text, encoding="utf-8")
        return replace(SAMPLE_ARTICLES[0], source_path=str(path), encoding="utf-8")

    def test_an_exact_quote(self, article: Article) -> None:
        assert is_exact(cite(1, article, COST))
        assert is_exact(replace(cite(1, replace(article, source_start=None), COST)))

    def test_other_words_or_another_place(self, article: Article) -> None:
        good = cite(1, article, COST)
        assert not is_exact(replace(good, quote=COST.replace("2.4", "2.5")))
        assert not is_exact(replace(good, start=good.start + 1, end=good.end + 1))

    def test_a_source_file_that_changed_or_vanished(self, article: Article) -> None:
        path = Path(article.source_path)
        path.write_text("x" + article.text, encoding="utf-8")
        assert not is_exact(cite(1, article, COST))
        path.unlink()
        assert not is_exact(cite(1, article, COST))
