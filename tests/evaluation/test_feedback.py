"""Thumbs as questions: what was praised is expected, what was not is ruled out, what is gone is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.evaluation.feedback import (
    NOT_THIS,
    THERE_IS_ONE,
    feedback_question,
    feedback_questions,
    load_feedback,
)
from rag.evaluation.measures import answer_scores, citation_scores
from rag.feedback import Feedback, FeedbackStore, Thumb
from rag.schema import Answer, Article, ArticleRow, Citation, Filters, History, Statement
from tests.fakes import SAMPLE_ARTICLES, FakeAssistant

ANSWER = FakeAssistant().ask("How long will the bridge be closed?")
ABSTENTION = FakeAssistant().ask("Is there water on Mars?")


def rated(folder: Path, answer: Answer, thumb: Thumb, *, reason: str = "", history: History = ()) -> Feedback:
    store = FeedbackStore(folder)
    name = f"f{len(store.read())}"
    store.add(answer, name=name, thumb=thumb, reason=reason, history=history)
    return store.read()[-1]


def rows_of(*articles: Article) -> list[ArticleRow]:
    return [ArticleRow(article, 1) for article in articles]


# As in an index of HTML files: the words are not compared with a file.
ROWS = rows_of(*(replace(article, source_start=None) for article in SAMPLE_ARTICLES))


def test_a_praised_answer_gives_its_quotes_as_evidence(tmp_path: Path) -> None:
    question = feedback_question(rated(tmp_path, ANSWER, "up"))
    assert (question.question, question.type, question.accepted) == (ANSWER.question, "factoid", ())
    assert question.answer == " ".join(said.text for said in ANSWER.statements)
    assert "[1]" not in (question.answer or "")
    assert [item.quote for item in question.evidence] == [item.quote for item in ANSWER.citations]
    assert [item.file for item in question.evidence] == [i.article.source_path for i in ANSWER.citations]
    assert [item.start for item in question.evidence] == [item.source_start for item in ANSWER.citations]
    assert [item.point for item in question.evidence] == [0, 1, 2]
    assert question.evidence[0].outlet == ANSWER.citations[0].article.outlet
    assert question.evidence[0].published == ANSWER.citations[0].article.published
    scores = {**answer_scores(question, ANSWER), **citation_scores(question, ANSWER)}
    assert scores["correct"] is None
    assert scores["citation_recall"] == scores["citation_precision"] == scores["attribution"] == 1.0


def test_quotes_of_one_statement_are_alternatives(tmp_path: Path) -> None:
    first, *_ = ANSWER.statements
    both = replace(ANSWER, statements=(replace(first, citations=(1, 3)),))
    question = feedback_question(rated(tmp_path, both, "up"))
    points = {cited.number: item.point for cited, item in zip(both.citations, question.evidence, strict=True)}
    assert points[1] == points[3] == 0
    assert points[2] > 0


def test_an_answer_that_was_not_liked_must_not_be_said_again(tmp_path: Path) -> None:
    question = feedback_question(rated(tmp_path, ANSWER, "down", reason="that is the old date"))
    assert (question.answer, question.evidence, question.note) == (NOT_THIS, (), "that is the old date")
    assert question.must_not_say == tuple(said.text for said in ANSWER.statements)
    assert answer_scores(question, ANSWER)["said_wrong"] == 1.0
    other = replace(ANSWER, statements=(Statement("The ferry runs.", "verbatim", (1,)),))
    assert answer_scores(question, other)["said_wrong"] == 0.0
    assert answer_scores(question, other)["correct"] is None


def test_abstentions(tmp_path: Path) -> None:
    right = feedback_question(rated(tmp_path, ABSTENTION, "up"))
    assert (right.type, right.answerable) == ("unanswerable", False)
    assert answer_scores(right, ABSTENTION)["abstained"] == 1.0
    wrong = feedback_question(rated(tmp_path, ABSTENTION, "down"))
    assert (wrong.answer, wrong.evidence, wrong.must_not_say) == (THERE_IS_ONE, (), ())
    assert answer_scores(wrong, ABSTENTION)["refused_wrongly"] == 1.0


def test_history_and_filters_are_those_of_the_answer(tmp_path: Path) -> None:
    answer = replace(ANSWER, filters=Filters(as_of=date(2024, 5, 1)))
    history = (("Which bridge?", "Harrow Quay."),)
    question = feedback_question(rated(tmp_path, answer, "up", history=history))
    assert (question.type, question.turns) == ("followup", history)
    assert question.filters == Filters(as_of=date(2024, 5, 1))


def test_what_is_no_longer_indexed_is_left_out(tmp_path: Path) -> None:
    thumbs = [rated(tmp_path, answer, "up") for answer in (ANSWER, ABSTENTION)]
    thumbs.append(rated(tmp_path, ANSWER, "down"))
    questions, left_out = feedback_questions(thumbs, ROWS)
    assert ([item.id for item in questions], left_out) == (["f0", "f1", "f2"], [])
    bridge = SAMPLE_ARTICLES[0].source_path
    questions, left_out = feedback_questions(
        thumbs, [row for row in ROWS if row.article.source_path != bridge]
    )
    assert [item.id for item in questions] == ["f1"]
    assert len(left_out) == 2
    assert f"no longer indexed: {bridge}" in left_out[0]
    with pytest.raises(InputError, match=r"none of the rated .* ingest them again"):
        feedback_questions(thumbs[:1], [])


def test_words_that_have_changed_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "bridge.txt"
    path.write_text("It shuts on Monday.", encoding="utf-8")
    article = replace(
        SAMPLE_ARTICLES[0],
        text=path.read_text(encoding="utf-8"),
        source_path=str(path),
        source_start=0,
        encoding="utf-8",
    )
    quote = Citation(1, article, 3, 18, "shuts on Monday")
    answer = replace(ANSWER, statements=(Statement("x", "verbatim", (1,)),), citations=(quote,), conflicts=())
    thumbs = [rated(tmp_path, answer, "up"), rated(tmp_path, ABSTENTION, "up")]
    assert feedback_questions(thumbs, rows_of(article))[1] == []
    path.write_text("It shuts on Friday.", encoding="utf-8")
    questions, (note,) = feedback_questions(thumbs, rows_of(article))
    assert [item.id for item in questions] == ["f1"]
    assert "words have changed" in note


def test_no_thumbs_yet_says_where_they_come_from(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"feedback\.jsonl: no thumbs yet; press a thumb .*rag ui"):
        load_feedback(tmp_path)
    rated(tmp_path, ANSWER, "up")
    assert len(load_feedback(tmp_path)) == 1
