"""Which sentence answers the question: the scorer's judgement beside what it cannot see, weighed and added up.

It does not see which outlet or days the question asks for, how recent an article is beside the others, what kind of
value is wanted, and that a headline reads badly as an answer. `training/fit_evidence.py` fits the weights on bundles
that the scorer was not trained on and on the development questions of `eval/`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rag.retrieval.question import Question
from rag.retrieval.when import Period, ResolvedDay, resolve_days
from rag.schema import Article


@dataclass(frozen=True, slots=True)
class Features:
    """What is known about one candidate sentence; every value lies between -1 and 1."""

    relevance: float
    sentence_cosine: float
    sentence_words: float
    context_words: float
    value_kind: float
    passage_prior: float
    fragment: float
    outlet: float
    period: float
    recency: float


FEATURES = tuple(item.name for item in fields(Features))

_WEIGHTS = Features(
    relevance=7.90,
    sentence_cosine=4.76,
    sentence_words=-3.50,
    context_words=1.35,
    value_kind=0.29,
    passage_prior=1.07,
    fragment=-1.96,
    outlet=0.93,
    period=1.24,
    recency=3.93,
)
_BIAS = -1.50
"""As `training/fit_evidence.py` printed them, but for shared words (-4.03) and the bias (-1.40).

That shared words count against a sentence is no slip: embedder and scorer have counted them already, and the
sentence that only repeats the question is often the one above the answer. But the questions of the fit avoid the
articles' words, and people do not: with -3.5 as many sentences are right on our own, and .752 instead of .715 on SQuAD.
"""
_FOREIGN_WEIGHTS = Features(
    relevance=3.54,
    sentence_cosine=0.08,
    sentence_words=5.99,
    context_words=3.29,
    value_kind=0.29,
    passage_prior=1.44,
    fragment=-1.11,
    outlet=0.93,
    period=1.24,
    recency=3.93,
)
_FOREIGN_BIAS = -3.56
"""Where question or article is in a language that the scorer was not trained in: shared words tell most.

Fitted in the same way on 531 questions in Arabic, German, Russian, Spanish and Turkish (XQuAD, Artetxe et al. 2020);
those of the last three features, which it does not have, and of the kind of value are the ones above. Success@1 on
articles left out of the fit, with these weights and with those for English: .584 and .301 (Arabic .32 and .03, Russian
.59 and .08, German .70 and .52).
"""
_MIN_WORDS = 5
_ENDS = tuple(".!…۔:")
"""How a statement ends. A question answers none, and a headline or caption quoted as an answer reads badly."""
_MOST_LOGIT = 6.0


def features(
    question: Question,
    *,
    sentence: str,
    context: str,
    sentence_terms: Sequence[str],
    context_terms: Sequence[str],
    weights: Mapping[str, float],
    acronyms: Mapping[str, frozenset[str]],
    relevance: float,
    sentence_cosine: float,
    passage_rank: int,
    article: Article,
    recency: float,
) -> Features:
    """The features of `sentence`.

    `context` is what a reader knows when reading it: title and the sentences before it; the terms are the
    index's own analysis of both. `weights` gives the idf of the question's content terms. `passage_rank`
    counts from 1. `acronyms` are those the article spells out: a question that says CSTO is met by a
    sentence that gives the long form. `recency` is from 0 (oldest candidate, or not asked for) to 1 (newest).
    """
    total = sum(weights.values()) or 1.0
    in_sentence, around = set(sentence_terms), set(context_terms) | set(sentence_terms)
    told, known = sentence.lower(), f"{context} {sentence}".lower()
    for name in question.names:
        if words := acronyms.get(name):
            in_sentence |= {name.lower()} if all(word in told for word in words) else set()
            around |= {name.lower()} if all(word in known for word in words) else set()
    whole = len(sentence.split()) >= _MIN_WORDS and sentence.rstrip("\"'”’»)]")[-1:] in _ENDS
    return Features(
        relevance=_logit(relevance) / _MOST_LOGIT,
        sentence_cosine=sentence_cosine,
        sentence_words=sum(value for term, value in weights.items() if term in in_sentence) / total,
        context_words=sum(value for term, value in weights.items() if term in around) / total,
        value_kind=0.0 if question.asks == "none" else 1.0 if question.answered_in_kind(sentence) else -1.0,
        passage_prior=1.0 / passage_rank,
        fragment=0.0 if whole else 1.0,
        outlet=_outlet(question, article),
        period=_period(question, article, sentence),
        recency=recency,
    )


def _outlet(question: Question, article: Article) -> float:
    """1: of an outlet or author that the question asks for; -1: of another; 0: it asks for none."""
    asked = {item.name for item in (*question.outlets, *question.authors)}
    if not asked:
        return 0.0
    if asked & {article.outlet, article.author}:
        return 1.0
    return -1.0 if any(item.explicit for item in (*question.outlets, *question.authors)) else 0.0


def _period(question: Question, article: Article, sentence: str) -> float:
    """1: the sentence names a day of the period asked for; 0.5: its article is of that time; -1: too early for it."""
    period, day = question.period, article.published
    if period is None or day is None:
        return 0.0
    named = resolve_days(sentence, day)
    if any(_meet(period, item) for item in named):
        return 1.0
    if period.holds(day):
        return 0.5
    if period.first is not None and day < period.first:
        return -1.0
    return -0.5 if period.explicit or named else 0.0


def _meet(period: Period, named: ResolvedDay) -> bool:
    return (period.first is None or period.first <= named.last) and (
        period.last is None or named.first <= period.last
    )


def _logit(probability: float) -> float:
    """The log odds, within `_MOST_LOGIT` either way."""
    value = math.log(max(probability, 1e-9) / max(1.0 - probability, 1e-9))
    return max(-_MOST_LOGIT, min(_MOST_LOGIT, value))


def strength(of: Sequence[Features], foreign: Sequence[bool]) -> NDArray[np.float64]:
    """How well each candidate answers the question, as a probability; shape (len(of),).

    `foreign`: for each whether the scorer does not know its language or the question's.
    """
    matrix = np.array([[getattr(item, name) for name in FEATURES] for item in of]).reshape(len(of), -1)
    known, unknown = (
        matrix @ np.array([getattr(weights, name) for name in FEATURES]) + bias
        for weights, bias in ((_WEIGHTS, _BIAS), (_FOREIGN_WEIGHTS, _FOREIGN_BIAS))
    )
    values: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.where(foreign, unknown, known)))
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
