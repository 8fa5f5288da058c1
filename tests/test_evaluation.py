"""The harness: question files, what lowers which score, and the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.evaluation import GoldQuestion, evaluate, load_questions, summary
from rag.evaluation.run import score
from rag.schema import Abstention, Answer, Article, Citation, Filters, Statement
from tests.fakes import SAMPLE_ARTICLES, FakeAssistant, cite, hit_of

BRIDGE, FERRY = SAMPLE_ARTICLES[0], SAMPLE_ARTICLES[1]
COST = "the work would take eleven weeks and cost £2.4 million"
FERRY_COST = "The council puts the cost of the repair at £2.7 million"
OTHER = "The bridge carries about 14,000 vehicles a day."
GOLD = GoldQuestion.model_validate(
    {
        "id": "1",
        "question": "What does the repair cost?",
        "answer": "£2.4 million",
        "accepted": ["2.4 million", "2,400,000"],
        "evidence": [{"file": "articles/01.txt", "quote": COST}],
    }
)
BOTH = GOLD.model_copy(
    update={
        "type": "conflict",
        "accepted": ("2.4 million", "2.7 million"),
        "evidence": (
            *GOLD.evidence,
            GOLD.evidence[0].model_copy(update={"file": "02.txt", "quote": FERRY_COST}),
        ),
    }
)
UNKNOWN = GoldQuestion(id="2", question="Who painted it?", type="unanswerable")


class Canned(FakeAssistant):
    def ask(self, question: str, **_: object) -> Answer:
        return super().ask(question)


@pytest.fixture
def articles(tmp_path: Path) -> tuple[Article, Article]:
    """Articles whose files hold their words."""
    for article in (BRIDGE, FERRY):
        (tmp_path / Path(article.source_path).name).write_text(article.text, encoding="utf-8")
    bridge, ferry = (
        replace(article, source_path=str(tmp_path / Path(article.source_path).name), encoding="utf-8")
        for article in (BRIDGE, FERRY)
    )
    return bridge, ferry


@pytest.fixture
def right(articles: tuple[Article, Article]) -> Answer:
    bridge, _ = articles
    return Answer(
        question=GOLD.question,
        rewritten=GOLD.question,
        filters=Filters(),
        statements=(Statement("The work would cost £2.4 million.", "supported", (1,)),),
        citations=(cite(1, bridge, COST),),
        hits=(hit_of(1, bridge, COST), hit_of(2, bridge, OTHER)),
    )


def changed(question: GoldQuestion, before: Answer, after: Answer) -> set[str]:
    """Which measures differ."""
    old, new = score(question, before), score(question, after)
    return {name for name in old | new if old.get(name) != new.get(name)}


def test_a_right_answer_scores_full_marks(right: Answer) -> None:
    assert score(GOLD, right) == {
        "quotes_exact": 1.0,
        "success_at_1": 1.0,
        "success_at_10": 1.0,
        "correct": 1.0,
        "citation_precision": 1.0,
        "citation_recall": 1.0,
        "refused_wrongly": 0.0,
    }


def test_a_wrong_citation_lowers_precision_and_recall(right: Answer) -> None:
    wrong = replace(right, citations=(cite(1, right.citations[0].article, OTHER),))
    assert changed(GOLD, right, wrong) == {"citation_precision", "citation_recall"}


def test_a_citation_too_many_lowers_precision(right: Answer) -> None:
    more = replace(right, citations=(*right.citations, cite(2, right.citations[0].article, OTHER)))
    assert changed(GOLD, right, more) == {"citation_precision"}
    assert score(GOLD, more)["citation_precision"] == 0.5


def test_the_right_words_from_another_file_do_not_count(right: Answer) -> None:
    elsewhere = replace(right.citations[0].article, source_path="elsewhere.txt", encoding=None)
    assert changed(GOLD, right, replace(right, citations=(cite(1, elsewhere, COST),))) == {
        "citation_precision",
        "citation_recall",
    }


@pytest.mark.parametrize("number", ["£2.5 million", "£12.4 million", "£2.41 million", "£24 million"])
def test_a_swapped_number_lowers_correctness(right: Answer, number: str) -> None:
    said = Statement(f"The work would cost {number}.", "supported", (1,))
    assert changed(GOLD, right, replace(right, statements=(said,))) == {"correct"}


@pytest.mark.parametrize("said", ["It costs 2.4 MILLION.", "It is £2,400,000 in all.", "“2.4 million”"])
def test_any_accepted_value_counts_however_it_is_set(right: Answer, said: str) -> None:
    assert not changed(GOLD, right, replace(right, statements=(Statement(said, "supported", (1,)),)))


def test_a_value_in_a_later_statement_does_not_count(right: Answer) -> None:
    late = replace(right, statements=(Statement("It is dear.", "supported", (1,)), *right.statements))
    assert changed(GOLD, right, late) == {"correct"}


def test_an_unneeded_abstention(right: Answer) -> None:
    none = replace(right, statements=(), citations=(), abstention=Abstention("not_supported", "No."))
    assert changed(GOLD, right, none) == {
        "correct",
        "citation_recall",
        "citation_precision",
        "refused_wrongly",
        "quotes_exact",
    }
    assert score(GOLD, none)["citation_recall"] == 0.0
    assert score(GOLD, none)["citation_precision"] is None


def test_an_answer_where_there_is_none(right: Answer) -> None:
    assert score(UNKNOWN, right)["abstained_rightly"] == 0.0
    none = replace(right, statements=(), citations=(), abstention=Abstention("nothing_found", "No."))
    assert score(UNKNOWN, none) == {"quotes_exact": None, "abstained_rightly": 1.0}


@pytest.mark.parametrize(
    ("drop", "measures"), [(1, {"success_at_1"}), (10, {"success_at_1", "success_at_10"})]
)
def test_the_rank_of_the_evidence(right: Answer, drop: int, measures: set[str]) -> None:
    other = hit_of(1, right.citations[0].article, OTHER)
    assert changed(GOLD, right, replace(right, hits=(*[other] * drop, *right.hits))) == measures


def test_several_sources_want_every_value_and_every_citation(
    right: Answer, articles: tuple[Article, Article]
) -> None:
    half = score(BOTH, right)
    assert (half["correct"], half["citation_recall"], half["citation_precision"]) == (0.0, 0.5, 1.0)
    whole = replace(
        right,
        statements=(*right.statements, Statement("Later it was put at £2.7 million.", "supported", (2,))),
        citations=(*right.citations, cite(2, articles[1], FERRY_COST)),
    )
    assert (score(BOTH, whole)["correct"], score(BOTH, whole)["citation_recall"]) == (1.0, 1.0)


def test_a_misquoted_citation(right: Answer) -> None:
    good = right.citations[0]
    for bad in (
        Citation(1, good.article, good.start, good.end, good.quote.replace("2.4", "2.5")),
        Citation(1, good.article, good.start + 1, good.end + 1, good.quote),
    ):
        assert score(GOLD, replace(right, citations=(good, bad)))["quotes_exact"] == 0.5


def test_a_source_file_that_changed_or_vanished(right: Answer) -> None:
    path = Path(right.citations[0].article.source_path)
    path.write_text("x" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert changed(GOLD, replace(right, citations=()), right) >= {"quotes_exact"}
    assert score(GOLD, right)["quotes_exact"] == 0.0
    path.unlink()
    assert score(GOLD, right)["quotes_exact"] == 0.0


class TestRun:
    def test_a_failed_question_counts_as_wrong(self, tmp_path: Path) -> None:
        questions = [
            GOLD.model_copy(update={"id": "good"}),
            GOLD.model_copy(update={"id": "bad", "question": "boom"}),
            UNKNOWN.model_copy(update={"question": "boom"}),
        ]
        counts: list[tuple[int, int]] = []
        scores = evaluate(
            Canned(),  # type: ignore[arg-type]
            questions,
            report=tmp_path / "deep" / "report",
            on_question=lambda *of: counts.append(of),
        )
        assert (scores["questions"], scores["failed"]) == (3, 2)
        assert (scores["correct"], scores["refused_wrongly"], scores["abstained_rightly"]) == (0.5, 0.5, 0.0)
        assert counts == [(1, 3), (2, 3), (3, 3)]
        lines = (tmp_path / "deep" / "report" / "run.jsonl").read_text(encoding="utf-8").splitlines()
        good, bad, _ = map(json.loads, lines)
        assert good["id"] == "good"
        assert good["citations"]
        assert "stopped working" in bad["error"]
        assert (
            json.loads((tmp_path / "deep" / "report" / "scores.json").read_text(encoding="utf-8")) == scores
        )
        assert "3 questions, 2 failed" in summary(scores)

    def test_only_failures(self) -> None:
        scores = evaluate(Canned(), [GOLD.model_copy(update={"question": "boom"})])  # type: ignore[arg-type]
        assert scores["seconds_p50"] is None
        assert "1 failed" in summary(scores)

    def test_a_report_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(InputError, match="report cannot be written"):
            evaluate(Canned(), [UNKNOWN], report=tmp_path / "file" / "report")  # type: ignore[arg-type]


class TestQuestions:
    def write(self, folder: Path, text: str) -> Path:
        path = folder / "questions.jsonl"
        path.write_text(text, encoding="utf-8")
        return path

    def test_known_and_unknown_fields(self, tmp_path: Path) -> None:
        text = GOLD.model_copy(update={"difficulty": "hard"}).model_dump_json(by_alias=True)
        (found,) = load_questions(self.write(tmp_path, f"\ufeff\n{text}\r\n\n"))
        assert (found.id, found.accepted, found.evidence) == (GOLD.id, GOLD.accepted, GOLD.evidence)

    def test_a_line_separator_inside_a_string(self, tmp_path: Path) -> None:
        (found,) = load_questions(self.write(tmp_path, '{"id": "1", "question": "One\u2028two\x85?"}'))
        assert found.question == "One\u2028two\x85?"
        assert not found.answerable

    @pytest.mark.parametrize(
        ("line", "where"),
        [
            ("{", "line"),
            ('{"id": "1"}', "question"),
            ('{"id": "1", "question": "Q?", "to": "x"}', "to"),
            ('{"id": "1", "question": "Q?", "accepted": "one"}', "accepted"),
            ('{"id": "1", "question": "Q?", "accepted": [""]}', r"accepted\.0"),
            ('{"id": "1", "question": "Q?", "evidence": [{"file": "a"}]}', r"evidence\.0\.quote"),
            (
                '{"id": "1", "question": "Q?", "evidence": [{"file": "a", "quote": ""}]}',
                r"evidence\.0\.quote",
            ),
        ],
    )
    def test_a_bad_line_is_named_with_its_field(self, tmp_path: Path, line: str, where: str) -> None:
        path = self.write(tmp_path, f'{{"id": "0", "question": "Q?"}}\n\n{line}\n')
        with pytest.raises(InputError, match=rf"questions\.jsonl:3: {where}: "):
            load_questions(path)

    @pytest.mark.parametrize("text", ["", "\n \n"])
    def test_no_questions(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(InputError, match="holds no questions"):
            load_questions(self.write(tmp_path, text))

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="cannot be read"):
            load_questions(tmp_path / "none.jsonl")
