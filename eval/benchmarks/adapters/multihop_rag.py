"""MultiHop-RAG (Tang and Yang, COLM 2024): does one of the first passages hold a fact that the answer needs?

Protocol: the authors' `retrieval_evaluate.py`. A passage is a hit when it holds the complete text of any gold
fact, case and all, with spaces and newlines taken out of both; null queries are dropped. The passages are our
own: the authors' are 256 tokens long with an overlap of 200, and rag's passages never overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag.errors import InputError

from .bench import Bench, Document, Result
from .files import Record, find, read_json
from .measures import mean, ranking_scores

_DEPTH = 10


class Article(Record):
    """An article of corpus.json."""

    title: str
    body: str
    author: str | None = None
    source: str | None = None
    published_at: str | None = None
    url: str | None = None


class Fact(Record):
    """A gold fact of a question: words of an article."""

    fact: str


class Question(Record):
    """A question of MultiHopRAG.json."""

    query: str
    question_type: str
    evidence_list: tuple[Fact, ...]


def run(bench: Bench, data: Path) -> Result:
    """Hits@4, Hits@10, MRR@10 and MAP@10. `data` holds corpus.json and MultiHopRAG.json."""
    questions = [
        question
        for question in read_json(find(data, "MultiHopRAG.json"), list[Question])
        if question.question_type != "null_query"
    ]
    if not all(question.evidence_list for question in questions):
        raise InputError(f"{data}: a question that is no null query has no evidence; download the data again")
    bench.load(
        Document(
            id=str(number),
            text=item.body,
            title=item.title,
            published=item.published_at,
            outlet=item.source,
            author=item.author,
            url=item.url,
        )
        for number, item in enumerate(read_json(find(data, "corpus.json"), list[Article]))
    )
    relevant: dict[str, dict[str, int]] = {}
    ranked: dict[str, list[str]] = {}
    average_precisions: list[float] = []
    records = []
    for number, question in enumerate(bench.each(questions)):
        name = str(number)
        facts = [_bare(item.fact) for item in question.evidence_list]
        hits = bench.hits(question.query, k=_DEPTH)
        found = [[fact for fact in facts if fact in _bare(hit.passage.text)] for hit in hits]
        ranked[name] = [hit.passage.id for hit in hits]
        # What is not found stays relevant, so that a question without any hit still counts.
        relevant[name] = {f"fact {place}": 1 for place in range(len(facts))}
        relevant[name] |= {hit.passage.id: 1 for hit, held in zip(hits, found, strict=True) if held}
        average_precisions.append(average_precision(found, len(facts)))
        ranks = [rank for rank, held in enumerate(found, start=1) if held]
        records.append({"question": question.query, "type": question.question_type, "hits_at": ranks})
    scores = ranking_scores(relevant, ranked, f"Success@4 Success@{_DEPTH} RR@{_DEPTH}")
    return Result(
        {
            "Hits@4": scores["Success@4"],
            "Hits@10": scores["Success@10"],
            "MRR@10": scores["RR@10"],
            "MAP@10": mean(average_precisions),
        },
        records,
    )


def average_precision(found: Sequence[Sequence[str]], gold: int) -> float:
    """The authors' own: facts first found at a rank over that rank, summed, over the number of gold facts.

    It is not trec_eval's: precision at a rank leaves out what earlier ranks found.

    >>> average_precision([["a"], [], ["a", "b"]], 2)
    0.6666666666666666
    """
    seen: set[str] = set()
    total = 0.0
    for rank, held in enumerate(found[:_DEPTH], start=1):
        new = set(held) - seen
        seen |= new
        total += len(new) / rank
    return total / min(gold, _DEPTH)


def _bare(text: str) -> str:
    return text.replace(" ", "").replace("\n", "")
