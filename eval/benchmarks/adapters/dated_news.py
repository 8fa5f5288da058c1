"""Dated news questions (after RealTime QA, Kasai et al., NeurIPS 2023): is an article with the answer found?

Document level: an article stands where its first passage does. Each question is searched twice, plain and with
its day as `as_of`, which hides later articles. Gold articles were published in the fortnight before the question
and hold the answer string, a weak label: other articles may answer as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rag.schema import NO_FILTERS, Filters

from .bench import Bench, Document, Result
from .files import Record, find, read_lines
from .measures import ranking_scores

_PASSAGES = 100
_MEASURES = "Success@1 Success@4 Success@10 RR@10"


class Article(Record):
    """A line of corpus.jsonl."""

    doc_id: str
    title: str
    body: str
    published_at: str | None = None
    source: str | None = None
    authors: tuple[str, ...] = ()
    url: str | None = None


class Question(Record):
    """A line of questions.jsonl."""

    id: str
    question: str
    as_of: date
    gold_doc_ids: tuple[str, ...]


def run(bench: Bench, data: Path) -> Result:
    """Success@1, @4, @10 and RR@10, plain and with as_of. `data` holds corpus.jsonl(.gz) and questions.jsonl."""
    questions = list(read_lines(find(data, "questions.jsonl"), Question))
    corpus = find(data, "corpus.jsonl.gz", "corpus.jsonl")
    bench.load(
        Document(
            id=item.doc_id,
            text=item.body,
            title=item.title,
            published=item.published_at,
            outlet=item.source,
            author=", ".join(item.authors) or None,
            url=item.url,
        )
        for item in read_lines(corpus, Article)
    )
    asked: list[Question] = []
    plain: dict[str, list[str]] = {}
    dated: dict[str, list[str]] = {}
    for question in bench.each(questions):
        asked.append(question)
        for ranked, filters in ((plain, NO_FILTERS), (dated, Filters(as_of=question.as_of))):
            ranked[question.id] = bench.ranked(question.question, passages=_PASSAGES, filters=filters)
    gold = {item.id: dict.fromkeys(item.gold_doc_ids, 1) for item in asked}
    return Result(
        {
            "plain": ranking_scores(gold, plain, _MEASURES),
            "as_of": ranking_scores(gold, dated, _MEASURES),
        },
        [
            {
                "id": item.id,
                "question": item.question,
                "plain_rank": _rank(plain[item.id], item.gold_doc_ids),
                "as_of_rank": _rank(dated[item.id], item.gold_doc_ids),
            }
            for item in asked
        ],
    )


def _rank(ranked: Sequence[str], gold: Sequence[str]) -> int | None:
    return next((rank for rank, name in enumerate(ranked, start=1) if name in gold), None)
