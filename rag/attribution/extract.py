"""The verified extract: the source's own sentences that answer the question, ready before any model."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.attribution.gate import Backing
from rag.attribution.statements import Checked, Span
from rag.schema import Article, Evidence, Sentence, long_date

SentencesOf = Callable[[Article, int, int], list[Sentence]]
"""Sentences of an article within two offsets, in order."""

ANSWERS = 0.33
"""Strength from which on a sentence is taken to answer.

On the development questions 12% of those that have an answer stay below it, and seven tenths of those that have none
(`docs/evaluation.md`).
"""
_BESIDE, _BESIDE_SEVERAL = 0.3, 2.0
"""How far below the best, in log odds, a further sentence may be and is shown; more where several are asked for."""
_MOST = 3
_CONTEXT_CHARACTERS = 700
_OPENS_WITH_REFERENCE = re.compile(
    r"[\"“'‘«(\[]*(?:he|she|it|they|his|her|hers|its|their|him|them|this|that|these|those|such|both|but he|but she|"
    r"but it|but they|and he|and she|and it|and they|the (?:former|latter|two|pair|same))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ground:
    """A numbered piece of evidence: the sentence to quote, with what names its subject before it."""

    number: int
    span: Span
    backing: Backing
    strength: float

    @property
    def text(self) -> str:
        """The quote on one line."""
        return " ".join(self.span.quote.split())


def grounds(evidence: Sequence[Evidence], sentences_of: SentencesOf) -> list[Ground]:
    """The evidence numbered from 1; a sentence that opens with a pronoun brings the one that names it."""
    found: list[Ground] = []
    covered: set[tuple[str, int]] = set()
    for item in evidence:
        article, sentence = item.hit.article, item.sentence
        if (article.id, sentence.ordinal) in covered:
            continue
        before = sentences_of(article, max(0, sentence.start - _CONTEXT_CHARACTERS), sentence.start)
        run = [sentence]
        while before and _OPENS_WITH_REFERENCE.match(run[0].text) and len(run) < 3 and _is_whole(before[-1]):
            run.insert(0, before.pop())
        if any((article.id, member.ordinal) in covered for member in run):
            continue  # what names its subject is quoted already; twice the same words help nobody
        covered.update((article.id, member.ordinal) for member in run)
        dated = f"{article.published:%A} {long_date(article.published)}" if article.published else ""
        context = " ".join(
            [article.title, article.outlet or "", dated, *(member.text for member in before[-3:])]
        )
        span = Span(article, run[0].start, sentence.end)
        backing = Backing(" ".join(span.quote.split()), context, article.text, article.outlet or "")
        found.append(Ground(len(found) + 1, span, backing, item.score))
    return found


def _is_whole(sentence: Sentence) -> bool:
    """Whether it is a sentence of prose, not a caption, a headline or a heading."""
    return sentence.text.rstrip("\"'”’»)]")[-1:] in tuple(".!?…؟۔") and len(sentence.text.split()) > 3


def extract(of: Sequence[Ground], *, several: bool = False) -> list[Checked]:
    """The sentences to show without a model: the best, and others about as strong; none if all are weak.

    `several`: the question asks for statements side by side.
    """
    if not of or of[0].strength < ANSWERS:
        return []
    least = _log_odds(of[0].strength) - (_BESIDE_SEVERAL if several else _BESIDE)
    chosen = [item for item in of if item.strength >= ANSWERS and _log_odds(item.strength) >= least][:_MOST]
    return [Checked(item.text, "verbatim", (item.span,)) for item in chosen]


def _log_odds(probability: float) -> float:
    return math.log(max(probability, 1e-9) / max(1 - probability, 1e-9))
