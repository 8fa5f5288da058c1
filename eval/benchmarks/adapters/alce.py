"""ALCE, its ASQA part (Gao et al., EMNLP 2023): are the short answers said, and do the citations carry them?

Protocol: the authors' `eval.py`. Each question comes with its passages, of which the first five are indexed.
`str_em` is the share of a question's short answers that stand in the reply, `str_hit` the share of questions with
all of them. Citation recall and precision need a judge of support, for the authors TRUE, an 11B model; give one as
a `Judge`, or run the authors' `eval.py --citations` on our report: its `data` has their format. As there, a
statement's first three documents count. Unlike there, a question without an answer scores 0 for its citations
rather than being left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .bench import Bench, Claim, Document, Reply, Result
from .files import Record, find, read_json
from .measures import mean, normalize

Judge = Callable[[str, str], bool]
"""Whether a premise (documents) supports a hypothesis (a statement)."""

DOCUMENTS = 5
_MOST_CITED = 3


class Passage(Record):
    """A passage of Wikipedia that retrieval found for a question."""

    title: str
    text: str


class Part(Record):
    """One reading of an ambiguous question."""

    short_answers: tuple[str, ...]


class Question(Record):
    """A question of asqa_eval_*.json."""

    question: str
    qa_pairs: tuple[Part, ...]
    docs: tuple[Passage, ...]
    answer: str = ""


def run(bench: Bench, data: Path, *, documents: int = DOCUMENTS, judge: Judge | None = None) -> Result:
    """`str_em` and `str_hit`; with a judge also citation recall and precision. `data`: asqa_eval_*.json."""
    path = find(data, "asqa_eval_gtr_top100.json", "asqa_eval_dpr_top100.json")
    present: list[float] = []
    recalls: list[float] = []
    precisions: list[float] = []
    records: list[dict[str, Any]] = []
    for question in bench.each(read_json(path, list[Question])):
        passages = question.docs[:documents]
        bench.swap(
            Document(str(number), item.text, item.title) for number, item in enumerate(passages, start=1)
        )
        reply = bench.ask(question.question)
        text = normalize(reply.text)
        said = [any(normalize(value) in text for value in part.short_answers) for part in question.qa_pairs]
        present.append(sum(said) / len(said) if said else 0.0)
        if judge is not None:
            recall, precision = citation_scores(reply.claims, passages, judge)
            recalls.append(recall)
            precisions.append(precision)
        records.append(
            {
                "question": question.question,
                "answer": question.answer,
                "qa_pairs": [part.model_dump(mode="json") for part in question.qa_pairs],
                "docs": [passage.model_dump() for passage in passages],
                "output": _output(reply),
                **reply.record(),
            }
        )
    scores = {"str_em": mean(present), "str_hit": mean(float(value == 1) for value in present)}
    if judge is not None:
        scores |= {"citation_recall": mean(recalls), "citation_precision": mean(precisions)}
    return Result(scores, records)


def citation_scores(
    claims: Sequence[Claim], passages: Sequence[Passage], judge: Judge
) -> tuple[float, float]:
    """Citation recall and precision of one reply; 0 and 0 without claims.

    A statement is recalled when its documents together support it. A document is precise when its statement is
    recalled and it supports it alone, or the others do not without it.
    """
    recalled = precise = cited = 0
    for claim in claims:
        texts = [
            f"Title: {passages[int(name) - 1].title}\n{passages[int(name) - 1].text}"
            for name in claim.documents[:_MOST_CITED]
        ]
        cited += len(texts)
        if not texts or not judge("\n".join(texts), claim.text):
            continue
        recalled += 1
        for place, text in enumerate(texts):
            others = texts[:place] + texts[place + 1 :]
            precise += not others or judge(text, claim.text) or not judge("\n".join(others), claim.text)
    return (recalled / len(claims) if claims else 0.0), (precise / cited if cited else 0.0)


def _output(reply: Reply) -> str:
    """The reply in ALCE's form: the numbers of documents in brackets, before the full stop."""
    sentences = []
    for claim in reply.claims:
        text = " ".join(claim.text.split())
        stop = text[-1:] if text.endswith((".", "!", "?")) else ""
        marks = "".join(f"[{name}]" for name in claim.documents)
        sentences.append(f"{text.removesuffix(stop)} {marks}{stop}")
    return " ".join(sentences)
