"""Which sentence answers the question: a few measured features, weighed and added up.

No trained model yet: this is what an embedder, word statistics and the question's own words can tell.
The weights were set by hand near what `training/fit_evidence.py` fits on invented news of our own, never on
questions that are used for evaluation; `docs/decisions/0004-evidence-ranking.md` has the figures of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rag.retrieval.question import Question


@dataclass(frozen=True, slots=True)
class Features:
    """What is known about one candidate sentence; every value lies between -1 and 1."""

    sentence_cosine: float
    passage_cosine: float
    sentence_words: float
    context_words: float
    value_kind: float
    names_missing: float
    passage_prior: float
    fragment: float


FEATURES = tuple(item.name for item in fields(Features))

_WEIGHTS = Features(
    sentence_cosine=5.0,
    passage_cosine=1.2,
    sentence_words=2.0,
    context_words=2.5,
    value_kind=0.7,
    names_missing=-0.8,
    passage_prior=1.5,
    fragment=-3.0,
)
_BIAS = -7.5
_MIN_WORDS = 5


def features(
    question: Question,
    *,
    sentence: str,
    context: str,
    sentence_terms: Sequence[str],
    context_terms: Sequence[str],
    weights: Mapping[str, float],
    acronyms: Mapping[str, frozenset[str]],
    sentence_cosine: float,
    passage_cosine: float,
    passage_rank: int,
) -> Features:
    """The features of `sentence`.

    `context` is what a reader knows when reading it: title and the sentences before it; the terms are the
    index's own analysis of both. `weights` gives the idf of the question's content terms. `passage_rank`
    counts from 1. `acronyms` are those the article spells out: a question that says CSTO is met by a
    sentence that gives the long form.
    """
    total = sum(weights.values()) or 1.0
    in_sentence, around = set(sentence_terms), set(context_terms) | set(sentence_terms)
    told, known = sentence.lower(), f"{context} {sentence}".lower()
    for name in question.names:
        if words := acronyms.get(name):
            in_sentence |= {name.lower()} if all(word in told for word in words) else set()
            around |= {name.lower()} if all(word in known for word in words) else set()
    missing = [name for name in question.names if name.lower() not in known and name.lower() not in around]
    whole = len(sentence.split()) >= _MIN_WORDS and sentence.rstrip("\"'”’»)]")[-1:] in tuple(".!?…؟۔:")
    return Features(
        sentence_cosine=sentence_cosine,
        passage_cosine=passage_cosine,
        sentence_words=sum(value for term, value in weights.items() if term in in_sentence) / total,
        context_words=sum(value for term, value in weights.items() if term in around) / total,
        value_kind=0.0 if question.asks == "none" else 1.0 if question.answered_in_kind(sentence) else -1.0,
        names_missing=len(missing) / len(question.names) if question.names else 0.0,
        passage_prior=1.0 / passage_rank,
        fragment=0.0 if whole else 1.0,
    )


def strength(of: Sequence[Features]) -> NDArray[np.float64]:
    """How well each candidate answers the question, as a probability; shape (len(of),)."""
    matrix = np.array([[getattr(item, name) for name in FEATURES] for item in of]).reshape(len(of), -1)
    weights = np.array([getattr(_WEIGHTS, name) for name in FEATURES])
    values: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-(matrix @ weights + _BIAS)))
    return values


def reciprocal_rank_fusion(rankings: Sequence[Sequence[int]], *, constant: int = 60) -> dict[int, float]:
    """Fused scores, best first (Cormack, Clarke, Büttcher 2009; 60 is their constant).

    >>> list(reciprocal_rank_fusion([[1, 2], [2, 3]]))
    [2, 1, 3]
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (constant + rank)
    best = sorted(scores, key=lambda key: (-scores[key], key))
    return {key: scores[key] for key in best}
