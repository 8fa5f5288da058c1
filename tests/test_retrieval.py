"""Retrieval: the right passage and sentence first, filters that explain themselves, follow-ups that stand alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from rag.errors import InputError
from rag.index import IndexReader, IndexWriter
from rag.index.words import Analyzer
from rag.ingest import ingest
from rag.retrieval import Question, Retriever, rewrite
from rag.schema import Filters
from tests.fake_models import WordEmbedder

TEXTS = {
    "ferry": "Ferry lost\nHarbour Post\n4 March 2024\n\nThe ferry Anke sank off Kestrel Point. It carried 41 people.",
    "ferry-again": "Ferry toll\nCoast Wire\n6 March 2024\n\nDivers found 39 bodies in the ferry Anke on Wednesday.",
    "budget": "Budget fails\nHarbour Post\n9 March 2024\n\nParliament rejected the budget. The minister resigned.",
    "note": "A note\n\nThe Coast Rescue Service (CRS) bought a boat. The Coast Rescue Service is based in Ulm.",
}


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retriever]:
    folder = tmp_path_factory.mktemp("pile")
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    index, embedder = tmp_path_factory.mktemp("index"), WordEmbedder()
    with IndexWriter(index, embedder="words", fingerprint="words-1", dimension=64) as writer:
        ingest([folder], writer=writer, embedder=embedder, passage_tokens=30, max_bytes=10**6)
    reader = IndexReader(index)
    yield Retriever(reader, embedder, Analyzer())
    reader.close()


def test_the_sentence_with_the_answer_comes_first(retriever: Retriever) -> None:
    result = retriever.search("How many bodies did divers find in the ferry?", hits=3, evidence=3)
    assert result.evidence[0].sentence.text == "Divers found 39 bodies in the ferry Anke on Wednesday."
    assert [hit.rank for hit in result.hits] == [1, 2, 3]
    assert {"fused", "dense_rank", "keyword_rank"} <= set(result.hits[0].why)


def test_evidence_scores_fall_and_offsets_hold(retriever: Retriever) -> None:
    found = retriever.search("the ferry", hits=10, evidence=20).evidence
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
    for item in found:
        sentence = item.sentence
        assert item.hit.article.text[sentence.start : sentence.end] == sentence.text


def test_as_of_hides_what_came_later_and_counts_the_undated(retriever: Retriever) -> None:
    result = retriever.search("ferry", hits=10, filters=Filters(as_of=date(2024, 3, 5)), evidence=5)
    assert {hit.article.title for hit in result.hits} == {"Ferry lost"}
    assert result.left_out_undated == 1
    assert any("1 article without a date" in note for note in result.notes)


def test_filters_that_leave_nothing_say_so(retriever: Retriever) -> None:
    result = retriever.search("ferry", hits=10, filters=Filters(date_from=date(2030, 1, 1)), evidence=5)
    assert result.hits == () and result.evidence == ()
    assert any("leave no article" in note for note in result.notes)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (Filters(outlet="Harbor Post"), "Harbour Post"),
        (Filters(language="xx"), "en"),
        (Filters(date_from=date(2024, 5, 1), date_to=date(2024, 4, 1)), "exclude everything"),
    ],
)
def test_senseless_filters_are_refused_with_a_hint(
    retriever: Retriever, filters: Filters, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        retriever.search("ferry", hits=1, filters=filters)


@pytest.mark.parametrize("question", ["", "   ", "?!", "x" * 5000])
def test_empty_and_endless_questions_are_refused(retriever: Retriever, question: str) -> None:
    with pytest.raises(InputError):
        retriever.search(question, hits=1)


def test_an_acronym_in_the_question_meets_its_long_form(retriever: Retriever) -> None:
    found = retriever.search("Where is the CRS based?", hits=5, evidence=5).evidence
    assert found[0].sentence.text == "The Coast Rescue Service is based in Ulm."


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Who resigned?", "person"),
        ("When did it sink?", "time"),
        ("How many people died?", "number"),
        ("Where did it sink?", "place"),
        ("Why did it sink?", "reason"),
        ("Did the ferry sink?", "none"),
    ],
)
def test_the_kind_of_value_asked_for_is_read(text: str, asks: str) -> None:
    assert Question.parse(text).asks == asks


def test_a_value_the_question_gives_itself_does_not_answer_it() -> None:
    question = Question.parse("How many of the 41 passengers of the Anke were saved?")
    assert not question.answered_in_kind("The Anke carried 41 people.")
    assert question.answered_in_kind("Only 2 of the 41 were saved.")


def test_follow_ups_bring_what_they_refer_to() -> None:
    history = (("Who owns the ferry Anke?", "Nordkai."), ("Where did the Anke sink?", "Off Kestrel Point."))
    assert rewrite("And when did it happen?", history).startswith("Where did the Anke sink?")
    assert rewrite("And when did it happen?", ()) == "And when did it happen?"
    assert (
        rewrite("Which minister left after the budget vote?", history)
        == "Which minister left after the budget vote?"
    )
