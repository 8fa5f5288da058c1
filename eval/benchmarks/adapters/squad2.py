"""SQuAD 2.0 (Rajpurkar et al., ACL 2018): does rag answer what its articles answer, and nothing else?

All contexts go into one index and every question is put to all of them: harder than reading one given context, and
the label is weaker, for another context may answer a question that its own does not. An abstention is right when
the question is labelled impossible. A question that fails neither answers nor abstains: it counts against us.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError

from .bench import Bench, Document, Reply, Result
from .files import Record, find, read_json
from .measures import mean, says


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its label, whichever file it came from."""

    id: str
    question: str
    impossible: bool
    answers: tuple[str, ...]


class GoldAnswer(Record):
    """A span of the context."""

    text: str


class OfficialQuestion(Record):
    """A question of dev-v2.0.json."""

    id: str
    question: str
    is_impossible: bool
    answers: tuple[GoldAnswer, ...]


class Paragraph(Record):
    """A context and its questions."""

    context: str
    qas: tuple[OfficialQuestion, ...]


class OfficialArticle(Record):
    """An article of Wikipedia."""

    title: str
    paragraphs: tuple[Paragraph, ...]


class Official(Record):
    """dev-v2.0.json."""

    data: tuple[OfficialArticle, ...]


class Query(Record):
    """A question of queries.json."""

    id: str
    context: str
    question: str


class Queries(Record):
    """queries.json: questions with their contexts, without labels."""

    queries: tuple[Query, ...]


class Truth(Record):
    """A label of ground_truth.json."""

    answers: tuple[str, ...]
    is_impossible: bool


def run(bench: Bench, data: Path) -> Result:
    """Precision, recall and F1 of abstention, false refusals, and answers that hold a gold answer.

    `data` is dev-v2.0.json, or a folder with it or with queries.json and ground_truth.json.
    """
    documents, questions = load(data)
    bench.load(documents)
    pairs = [(question, bench.ask(question.question)) for question in bench.each(questions)]
    rows = [
        {
            "id": question.id,
            "question": question.question,
            "impossible": question.impossible,
            "right": right(question, reply),
            **reply.record(),
        }
        for question, reply in pairs
    ]
    return Result(scores(pairs), rows)


def load(data: Path) -> tuple[list[Document], list[Question]]:
    """The contexts, each once, and the questions. Raises `InputError` for files that do not fit."""
    path = find(data, "queries.json", "dev-v2.0.json")
    if path.name == "queries.json":
        truth = read_json(find(path.parent, "ground_truth.json"), dict[str, Truth])
        queries = read_json(path, Queries).queries
        if missing := next((item.id for item in queries if item.id not in truth), None):
            raise InputError(f"{path}: ground_truth.json has no label for {missing}; download it again")
        contexts = {item.context: "" for item in queries}
        questions = [
            Question(item.id, item.question, truth[item.id].is_impossible, truth[item.id].answers)
            for item in queries
        ]
    else:
        articles = read_json(path, Official).data
        contexts = {
            item.context: article.title.replace("_", " ")
            for article in articles
            for item in article.paragraphs
        }
        questions = [
            Question(item.id, item.question, item.is_impossible, tuple(gold.text for gold in item.answers))
            for article in articles
            for paragraph in article.paragraphs
            for item in paragraph.qas
        ]
    documents = [Document(str(number), text, title) for number, (text, title) in enumerate(contexts.items())]
    return documents, questions


def right(question: Question, reply: Reply) -> bool:
    """An abstention where the question is impossible, else an answer that holds a gold answer."""
    return (
        reply.abstained if question.impossible else any(says(reply.text, gold) for gold in question.answers)
    )


def scores(pairs: Sequence[tuple[Question, Reply]]) -> dict[str, Any]:
    """The measures, each None where nothing counts towards it."""
    impossible = [reply for question, reply in pairs if question.impossible]
    possible = [(question, reply) for question, reply in pairs if not question.impossible]
    abstained = [question.impossible for question, reply in pairs if reply.abstained]
    rightly = sum(abstained)
    either = len(abstained) + len(impossible)
    return {
        "impossible": len(impossible),
        "abstained": len(abstained),
        "abstention_precision": mean(map(float, abstained)),
        "abstention_recall": mean(float(reply.abstained) for reply in impossible),
        "abstention_f1": round(2 * rightly / either, 4) if either else None,
        "false_refusals": mean(float(not reply.answered) for _, reply in possible),
        "answered_with_gold": mean(float(right(*pair)) for pair in possible if pair[1].answered),
        "possible_with_gold": mean(float(right(*pair)) for pair in possible),
    }
