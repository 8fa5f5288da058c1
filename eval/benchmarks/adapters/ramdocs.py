"""RAMDocs (Wang et al., COLM 2025): documents that support several right answers, wrong ones, or nothing.

Each question comes with its own documents. `exact_match` is the paper's: every gold answer is named and no wrong
one. Ours is stricter about sources: `all_gold_cited` wants each gold answer named in a statement, or in a side of
a conflict, that cites a document which gives that answer. Answers are compared as whole words after SQuAD's
normalization.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .bench import Bench, Document, Reply, Result
from .files import Record, find, read_lines
from .measures import mean, normalize, says


class Source(Record):
    """A document and the answer that it supports; "unknown" where it is noise."""

    text: str
    answer: str


class Question(Record):
    """A line of RAMDocs_test.jsonl."""

    question: str
    documents: tuple[Source, ...]
    gold_answers: tuple[str, ...]
    wrong_answers: tuple[str, ...]


def run(bench: Bench, data: Path) -> Result:
    """Gold answers named and cited, wrong answers named. `data` is RAMDocs_test.jsonl."""
    rows: list[dict[str, Any]] = []
    for question in bench.each(list(read_lines(find(data, "RAMDocs_test.jsonl"), Question))):
        bench.swap(
            Document(str(number), source.text)
            for number, source in enumerate(question.documents)
            if source.text.strip()
        )
        reply = bench.ask(question.question)
        rows.append({"question": question.question, **score(question, reply), **reply.record()})
    with_wrong = [row for row in rows if row["wrong"]]
    return Result(
        {
            "exact_match": mean(float(row["exact_match"]) for row in rows),
            "all_gold_named": mean(float(row["gold_named"] == len(row["gold"])) for row in rows),
            "all_gold_cited": mean(float(row["gold_cited"] == len(row["gold"])) for row in rows),
            "gold_named": mean(row["gold_named"] / len(row["gold"]) for row in rows),
            "wrong_named": mean(float(row["wrong_named"] > 0) for row in with_wrong),
            "questions_with_wrong": len(with_wrong),
            "abstained": mean(float(row["abstained"]) for row in rows),
        },
        rows,
    )


def score(question: Question, reply: Reply) -> dict[str, Any]:
    """The counts of one reply; equal answers count once."""
    gold, wrong = _distinct(question.gold_answers), _distinct(question.wrong_answers)
    told = (*reply.claims, *reply.values)
    named = [value for value in gold if any(says(claim.text, value) for claim in told)]
    cited = [
        value
        for value in gold
        if any(
            says(claim.text, value) and any(_gives(question, name, value) for name in claim.documents)
            for claim in told
        )
    ]
    wrongly = [value for value in wrong if any(says(claim.text, value) for claim in told)]
    return {
        "gold": gold,
        "wrong": wrong,
        "gold_named": len(named),
        "gold_cited": len(cited),
        "wrong_named": len(wrongly),
        "exact_match": len(named) == len(gold) and not wrongly,
    }


def _gives(question: Question, name: str, value: str) -> bool:
    return normalize(question.documents[int(name)].answer) == normalize(value)


def _distinct(answers: Iterable[str]) -> list[str]:
    return list({normalize(value): value for value in answers}.values())
