"""BEIR (Thakur et al., NeurIPS 2021): document ranking on any folder in BEIR's format.

Protocol: nDCG@10, Recall@100 and RR@10 as trec_eval computes them, over all queries with judgements; a document
with the id of the query is taken out of its ranking. A document stands where its first passage does. rag fuses
two lists of fifty passages, so it often ranks fewer than 100 documents: see `documents_ranked`.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from rag.errors import InputError

from .bench import Bench, Document, Result
from .files import Record, find, numbered, read_lines
from .measures import mean, ranking_scores

_PASSAGES = 100


class Entry(Record):
    """A document of corpus.jsonl or a query of queries.jsonl."""

    id: str = Field(alias="_id")
    text: str
    title: str = ""


def run(bench: Bench, data: Path) -> Result:
    """nDCG@10, Recall@100 and RR@10. `data` holds corpus.jsonl, queries.jsonl and qrels/test.tsv."""
    grades = judgements(find(data, "qrels/test.tsv"))
    queries = {item.id: item.text for item in read_lines(find(data, "queries.jsonl"), Entry)}
    if unknown := grades.keys() - queries.keys():
        raise InputError(f"{data}: queries.jsonl lacks the judged query {min(unknown)!r}; download it again")
    corpus = find(data, "corpus.jsonl", "corpus.jsonl.gz")
    bench.load(Document(item.id, item.text, item.title) for item in read_lines(corpus, Entry))
    ranked = {
        name: [found for found in bench.ranked(queries[name], passages=_PASSAGES) if found != name]
        for name in bench.each(list(grades))
    }
    scores = ranking_scores({name: grades[name] for name in ranked}, ranked, "nDCG@10 R@100 RR@10")
    return Result(
        {
            "nDCG@10": scores["nDCG@10"],
            "Recall@100": scores["R@100"],
            "RR@10": scores["RR@10"],
            "documents_ranked": mean(float(len(found)) for found in ranked.values()),
        },
        [{"id": name, "question": queries[name], "documents": found} for name, found in ranked.items()],
    )


def judgements(path: Path) -> dict[str, dict[str, int]]:
    """query -> document -> grade, in the order of the file. Raises `InputError` naming a line that is wrong."""
    grades: dict[str, dict[str, int]] = {}
    for number, line in numbered(path):
        cells = line.split("\t")
        if number == 1 and not cells[-1].isdigit():
            continue  # the header: query-id, corpus-id, score
        if len(cells) != 3 or not cells[2].strip().lstrip("-").isdigit():
            raise InputError(f"{path}:{number}: expected query, document and a whole grade between tabs")
        grades.setdefault(cells[0], {})[cells[1]] = int(cells[2])
    if not grades:
        raise InputError(f"{path}: holds no judgements; download it again")
    return grades
