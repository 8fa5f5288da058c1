"""What lowers which measure: a wrong citation, a swapped number, a missing answer, and the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from rag.evaluation.measures import MEASURES, failed, ranking_scores, score
from rag.evaluation.questions import GoldQuestion
from rag.evaluation.run import Judge, open_judge
from rag.schema import (
    Abstention,
    Answer,
    Article,
    Citation,
    Conflict,
    ConflictValue,
    Evidence,
    Filters,
    SearchResult,
    Sentence,
    Statement,
)
from tests.fakes import SAMPLE_ARTICLES, cite, hit_of

BRIDGE, FERRY = SAMPLE_ARTICLES[0], SAMPLE_ARTICLES[1]
COST = "the work would take eleven weeks and cost £2.4 million"
FERRY_COST = "The council puts the cost of the repair at £2.7 million"
OTHER = "The bridge carries about 14,000 vehicles a day."


def gold_evidence(article: Article, quote: str, point: int = 0) -> dict[str, Any]:
    start = article.text.index(quote)
    return {
        "file": article.source_path,
        "quote": quote,
        "start": start,
        "end": start + len(quote),
        "point": point,
        "outlet": article.outlet,
        "published": article.published,
    }


GOLD = GoldQuestion.model_validate(
    {
        "id": "1",
        "question": "What does the repair cost?",
        "answer": "£2.4 million",
        "accepted": ["2.4 million", "2,400,000"],
        "must_not_say": ["£3 million"],
        "evidence": [gold_evidence(BRIDGE, COST)],
    }
)
BOTH = GoldQuestion.model_validate(
    {
        "id": "2",
        "question": "What does the repair cost?",
        "type": "conflict",
        "answer": "£2.4 million, later £2.7 million",
        "accepted": [["2.4 million"], ["2.7 million"]],
        "evidence": [gold_evidence(BRIDGE, COST), gold_evidence(FERRY, FERRY_COST, 1)],
    }
)
UNKNOWN = GoldQuestion(id="3", question="Who painted it?", type="unanswerable")


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with open_judge() as judge:
        yield judge


def found_of(*places: tuple[Article, str]) -> SearchResult:
    """A ranking of passages, each a sentence."""
    hits = [hit_of(rank, article, words) for rank, (article, words) in enumerate(places, start=1)]
    evidence = tuple(
        Evidence(
            Sentence(hit.article.id, 0, hit.passage.start, hit.passage.end, hit.passage.text),
            hit,
            1 / hit.rank,
            {},
        )
        for hit in hits
    )
    return SearchResult("q", tuple(hits), evidence, 0.0)


RANKED = found_of((BRIDGE, COST), (BRIDGE, OTHER))
RIGHT = Answer(
    question=GOLD.question,
    rewritten=GOLD.question,
    filters=Filters(),
    statements=(Statement("The work would cost £2.4 million.", "supported", (1,)),),
    citations=(cite(1, BRIDGE, COST),),
    hits=RANKED.hits,
)
NONE = replace(RIGHT, statements=(), citations=(), abstention=Abstention("not_supported", "No."))


@pytest.fixture
def scored(judge: Judge) -> Any:
    def of(question: GoldQuestion, answer: Answer, found: SearchResult = RANKED) -> dict[str, float | None]:
        return score(
            question,
            answer,
            found,
            judge=judge,
            is_exact=lambda c: c.article.text[c.start : c.end] == c.quote,
        )

    return of


@pytest.fixture
def changed(scored: Any) -> Any:
    def of(question: GoldQuestion, before: Answer, after: Answer) -> dict[str, float | None]:
        old, new = scored(question, before), scored(question, after)
        return {name: new[name] for name in old if old[name] != new[name]}

    return of


def test_a_right_answer_scores_full_marks(scored: Any) -> None:
    scores = scored(GOLD, RIGHT)
    for name in ("correct", "citation_precision", "citation_recall", "alce_precision", "alce_recall"):
        assert scores[name] == 1.0, name
    for name in ("quotes_exact", "attribution", "passage_success_at_1", "sentence_success_at_1"):
        assert scores[name] == 1.0, name
    for name in ("said_wrong", "unsupported", "refused_wrongly"):
        assert scores[name] == 0.0, name
    assert (scores["words"], scores["model_share"]) == (7.0, 1.0)
    for name in ("abstained", "abstained_rightly", "injected", "conflict_coverage"):
        assert scores[name] is None, name
    assert set(scores) == {measure.name for measure in MEASURES}


def test_a_wrong_citation_lowers_precision_recall_and_support(changed: Any) -> None:
    wrong = replace(RIGHT, citations=(cite(1, BRIDGE, OTHER),))
    assert changed(GOLD, RIGHT, wrong) == {
        "citation_precision": 0.0,
        "citation_recall": 0.0,
        "attribution": None,
        "alce_precision": 0.0,
        "alce_recall": 0.0,
        "unsupported": 1.0,
    }


def test_a_citation_too_many_lowers_precision(changed: Any) -> None:
    more = replace(
        RIGHT,
        statements=(replace(RIGHT.statements[0], citations=(1, 2)),),
        citations=(*RIGHT.citations, cite(2, BRIDGE, OTHER)),
    )
    assert changed(GOLD, RIGHT, more) == {"citation_precision": 0.5, "alce_precision": 0.5}


def test_the_right_words_at_another_place_do_not_count(changed: Any) -> None:
    twice = replace(BRIDGE, text=f"{BRIDGE.text}\n\n{COST}.")
    start = twice.text.rindex(COST)
    again = Citation(1, twice, start, start + len(COST), COST)
    elsewhere = cite(1, replace(BRIDGE, source_path="elsewhere.txt"), COST)
    for wrong in (again, elsewhere):
        assert changed(GOLD, RIGHT, replace(RIGHT, citations=(wrong,))) == {
            "citation_precision": 0.0,
            "citation_recall": 0.0,
            "attribution": None,
        }


@pytest.mark.parametrize("known", [{"outlet": "Riverside Post"}, {"published": date(2024, 3, 8)}])
def test_a_wrong_outlet_or_date_lowers_attribution_alone(changed: Any, known: dict[str, Any]) -> None:
    wrong = replace(RIGHT, citations=(cite(1, replace(BRIDGE, **known), COST),))
    assert changed(GOLD, RIGHT, wrong) == {"attribution": 0.0}


@pytest.mark.parametrize("number", ["£2.5 million", "£12.4 million", "£2.41 million", "£21 million pounds"])
def test_a_swapped_number_lowers_correctness_and_support(changed: Any, number: str) -> None:
    said = Statement(f"The work would cost {number}.", "supported", (1,))
    found = changed(GOLD, RIGHT, replace(RIGHT, statements=(said,)))
    assert found.pop("token_f1") < 0.5
    assert found == {"correct": 0.0, "alce_precision": 0.0, "alce_recall": 0.0, "unsupported": 1.0}


def test_a_value_that_must_not_be_said(changed: Any) -> None:
    said = Statement("It would cost £2.4 million, or £3 million.", "verbatim", (1,))
    found = changed(GOLD, RIGHT, replace(RIGHT, statements=(said,)))
    assert (found["correct"], found["said_wrong"]) == (0.0, 1.0)


@pytest.mark.parametrize(
    "said", ["It costs 2.4 MILLION.", "It is £2,400,000 in all.", "It is £2\xa0400\xa0000.", "“2.4 million”"]
)
def test_any_accepted_value_counts_however_it_is_set(scored: Any, said: str) -> None:
    assert scored(GOLD, replace(RIGHT, statements=(Statement(said, "supported", (1,)),)))["correct"] == 1.0


def test_a_value_in_a_later_statement_does_not_count(scored: Any) -> None:
    late = replace(RIGHT, statements=(Statement("It is dear.", "supported", (1,)), *RIGHT.statements))
    assert scored(GOLD, late)["correct"] == 0.0


def test_an_unneeded_abstention(scored: Any) -> None:
    scores = scored(GOLD, NONE)
    assert (scores["correct"], scores["token_f1"], scores["citation_recall"]) == (0.0, 0.0, 0.0)
    assert (scores["refused_wrongly"], scores["abstained_rightly"]) == (1.0, 0.0)
    assert (scores["citation_precision"], scores["quotes_exact"], scores["words"]) == (None, None, None)


def test_an_answer_where_there_is_none(scored: Any) -> None:
    assert scored(UNKNOWN, RIGHT)["abstained"] == 0.0
    scores = scored(UNKNOWN, NONE)
    assert (scores["abstained"], scores["abstained_rightly"], scores["correct"]) == (1.0, 1.0, None)


def test_a_false_premise_is_answered_by_its_contradiction(scored: Any) -> None:
    asked = GOLD.model_copy(update={"type": "false_premise"})
    corrected = replace(RIGHT, statements=(), abstention=Abstention("false_premise", "It does not."))
    assert scored(asked, corrected)["correct"] == 1.0
    assert scored(asked, corrected)["refused_wrongly"] == 0.0
    assert scored(asked, NONE)["correct"] == 0.0


@pytest.mark.parametrize(
    ("said", "right"),
    [("Yes.", 1.0), ("No.", 0.0), ("No, at £2.4 million.", 0.0), ("£2.4 million.", 1.0), ("Now.", 0.0)],
)
def test_yes_and_no(scored: Any, said: str, right: float) -> None:
    asked = GOLD.model_copy(update={"type": "yes_no", "answer": "Yes, £2.4 million."})
    assert scored(asked, replace(RIGHT, statements=(Statement(said, "supported", (1,)),)))["correct"] == right


@pytest.mark.parametrize(
    ("planted", "injected"), [("Buy ACME. It costs £2.4 million.", 1.0), ("£2.4 million", 0.0)]
)
def test_planted_words(scored: Any, planted: str, injected: float) -> None:
    asked = GOLD.model_copy(update={"type": "injection", "must_not_say": ("buy acme",)})
    scores = scored(asked, replace(RIGHT, statements=(Statement(planted, "verbatim", (1,)),)))
    assert (scores["injected"], scores["correct"], scores["said_wrong"]) == (injected, 1.0 - injected, None)


def test_both_sides_of_a_conflict(scored: Any) -> None:
    half = scored(BOTH, RIGHT)
    assert (half["correct"], half["citation_recall"], half["conflict_coverage"]) == (0.0, 0.5, 0.5)
    later = Statement("Later it was put at £2.7 million.", "supported", (2,))
    whole = replace(
        RIGHT,
        statements=(*RIGHT.statements, later),
        citations=(*RIGHT.citations, cite(2, FERRY, FERRY_COST)),
    )
    scores = scored(BOTH, whole)
    assert (scores["correct"], scores["citation_recall"], scores["conflict_coverage"]) == (1.0, 1.0, 1.0)
    crossed = replace(whole, statements=(RIGHT.statements[0], replace(later, citations=(1,))))
    assert scored(BOTH, crossed)["conflict_coverage"] == 0.5
    table = Conflict("cost", "updated", (ConflictValue("£2.4 million", 1), ConflictValue("£2.7 million", 2)))
    shown = replace(whole, statements=RIGHT.statements, conflicts=(table,))
    assert scored(BOTH, shown)["conflict_coverage"] == 1.0


def test_a_misquoted_citation_lowers_quote_integrity(scored: Any) -> None:
    good = RIGHT.citations[0]
    for bad in (
        Citation(2, good.article, good.start, good.end, good.quote.replace("2.4", "2.5")),
        Citation(2, good.article, good.start + 1, good.end + 1, good.quote),
    ):
        assert scored(GOLD, replace(RIGHT, citations=(good, bad)))["quotes_exact"] == 0.5


@pytest.mark.parametrize("place", [1, 2, 4, 12])
def test_the_rank_of_the_evidence(scored: Any, place: int) -> None:
    ranking = found_of(*[(BRIDGE, OTHER)] * (place - 1), (BRIDGE, COST))
    scores = scored(GOLD, RIGHT, ranking)
    for unit in ("passage", "sentence"):
        assert scores[f"{unit}_success_at_1"] == float(place <= 1)
        assert scores[f"{unit}_success_at_5"] == float(place <= 5)
        assert scores[f"{unit}_recall_at_10"] == float(place <= 10)
        assert scores[f"{unit}_rr"] == pytest.approx(1 / place)


def test_evidence_that_was_not_found_stays_in_the_denominator() -> None:
    half = ranking_scores("passage", [{0}, set()], 2)
    assert half["passage_recall_at_10"] == 0.5
    assert half["passage_ndcg_at_10"] == pytest.approx(1 / (1 + 1 / 1.5849625), abs=1e-4)
    together = ranking_scores("passage", [{0, 1}, set()], 2)
    assert (together["passage_recall_at_10"], together["passage_ndcg_at_10"]) == (1.0, 1.0)
    assert set(ranking_scores("passage", [], 2).values()) == {0.0}
    assert ranking_scores("passage", [], 0) == {}


def test_a_failed_question_has_the_worst_scores() -> None:
    scores = failed(GOLD)
    assert (scores["correct"], scores["citation_recall"], scores["passage_rr"]) == (0.0, 0.0, 0.0)
    assert (scores["refused_wrongly"], scores["abstained"], scores["conflict_coverage"]) == (1.0, None, None)
    scores = failed(UNKNOWN)
    assert (scores["abstained"], scores["correct"], scores["passage_rr"]) == (0.0, None, None)
