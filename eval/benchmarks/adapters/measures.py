"""Measures that several benchmarks share: rankings by ir-measures, answers by the words they hold."""

from __future__ import annotations

import re
import statistics
import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def ranking_scores(
    relevant: Mapping[str, Mapping[str, int]], ranked: Mapping[str, Sequence[str]], measures: str
) -> dict[str, float]:
    """Means over all queries of `relevant` (query -> document -> grade) of trec_eval's measures.

    `ranked` holds each query's documents, best first, each once; a query that is missing there scores 0.
    `measures` are names of ir-measures (MacAvaney et al., ECIR 2022) with spaces between them.

    >>> grades = {"1": {"a": 1}, "2": {"b": 1}}
    >>> ranking_scores(grades, {"1": ["x", "a"]}, "Success@1 Success@2 RR@10")
    {'Success@1': 0.0, 'Success@2': 0.5, 'RR@10': 0.25}
    """
    import ir_measures

    wanted = [ir_measures.parse_measure(name) for name in measures.split()]
    grades = [
        ir_measures.Qrel(query, document, grade)
        for query, documents in relevant.items()
        for document, grade in documents.items()
    ]
    run = [
        ir_measures.ScoredDoc(query, document, 1.0 / rank)
        for query, documents in ranked.items()
        for rank, document in enumerate(documents, start=1)
    ]
    found: Mapping[Any, float] = ir_measures.calc_aggregate(wanted, grades, run)
    return {str(measure): round(float(found[measure]), 4) for measure in wanted}


def normalize(text: str) -> str:
    """Lower case without ASCII punctuation, articles and extra space (SQuAD's official script; ALCE's too).

    >>> normalize("The  Well-known U.S. Anthem!")
    'wellknown us anthem'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def says(text: str, value: str) -> bool:
    """Whether normalized `text` holds normalized `value` as whole words.

    >>> says("It sank in 1914.", "1914"), says("It cost 19,140 pounds.", "1914"), says("The Who", "the")
    (True, False, False)
    """
    wanted = normalize(value)
    return bool(wanted) and f" {wanted} " in f" {normalize(text)} "


def mean(values: Iterable[float]) -> float | None:
    """The rounded mean; None where there is nothing to measure."""
    found = list(values)
    return round(statistics.fmean(found), 4) if found else None
