"""Thumbs from the chat as questions of the evaluation: what was praised is expected, what was not is ruled out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.evaluation.questions import GoldQuestion, check_evidence, same_file
from rag.feedback import Feedback, FeedbackStore, ShownAnswer
from rag.schema import ArticleRow

NOT_THIS, THERE_IS_ONE = "(not this)", "(there is one)"
_WHERE_FROM = "press a thumb under an answer of the chat page (rag ui), which keeps it beside the index"


def load_feedback(index_dir: Path) -> list[Feedback]:
    """The thumbs kept beside an index. Raises `InputError` when there are none or they cannot be read."""
    store = FeedbackStore(index_dir)
    found = store.read()
    if not found:
        raise InputError(f"{store.path}: no thumbs yet; {_WHERE_FROM}")
    return found


def feedback_questions(
    feedback: Sequence[Feedback], rows: Sequence[ArticleRow]
) -> tuple[list[GoldQuestion], list[str]]:
    """The questions that thumbs come to over the articles of `rows`, and a line on each that was left out.

    A praised answer gives its quotes as evidence, those of one statement as alternatives; no values are
    accepted, so whether an answer is correct is not judged. A praised abstention is unanswerable. Of what
    was not liked only that is known: its statements must not be said, or there is an answer.
    Raises `InputError` when no question is left.
    """
    sources = {
        row.article.source_path: row.article.encoding if row.article.source_start is not None else None
        for row in rows
    }
    questions: list[GoldQuestion] = []
    left_out: list[str] = []
    for item in feedback:
        said = f"left out “{' '.join(item.answer.question.split())}”"
        cited = dict.fromkeys(citation.source_path for citation in item.answer.citations)
        gone = [path for path in cited if not any(same_file(source, path) for source in sources)]
        if gone:
            left_out.append(f"{said}: no longer indexed: {', '.join(gone)}")
            continue
        question = feedback_question(item)
        try:
            check_evidence([question], sources)
        except InputError as error:
            left_out.append(f"{said}: its words have changed since: {error}")
            continue
        questions.append(question)
    if not questions:
        raise InputError(
            "none of the rated answers rests on articles that are still indexed; "
            f"ingest them again, or {_WHERE_FROM}"
        )
    return questions, left_out


def feedback_question(item: Feedback) -> GoldQuestion:
    """The question that one thumb comes to."""
    answer = item.answer
    liked, abstained = item.thumb == "up", answer.status == "abstained"
    fields: dict[str, Any] = {
        "id": item.id,
        "question": answer.question,
        "history": item.history,
        "as_of": answer.as_of,
        "type": "followup" if item.history else "factoid",
        "note": item.reason or None,
    }
    if abstained:
        fields |= {"type": "unanswerable"} if liked else {"answer": THERE_IS_ONE}
    elif liked:
        fields |= {"answer": " ".join(said.text for said in answer.statements), "evidence": _evidence(answer)}
    else:
        fields |= {"answer": NOT_THIS, "must_not_say": [said.text for said in answer.statements]}
    return GoldQuestion.model_validate(fields)


def _evidence(answer: ShownAnswer) -> list[dict[str, Any]]:
    """The quotes; each proves the first statement that cites it, or, cited by none, a point of its own."""
    points: dict[int, int] = {}
    for point, said in enumerate(answer.statements):
        for number in said.citations:
            points.setdefault(number, point)
    evidence = []
    for place, citation in enumerate(answer.citations):
        start, end = citation.source_start, citation.source_end
        fits = start is not None and end is not None and end - start == len(citation.quote)
        evidence.append(
            {
                "file": citation.source_path,
                "quote": citation.quote,
                "start": start if fits else None,
                "end": end if fits else None,
                "point": points.get(citation.number, len(answer.statements) + place),
                "outlet": citation.outlet,
                "published": citation.published,
            }
        )
    return evidence
