"""The verified extract: the source's own sentences that answer the question, ready before any model."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.articles import is_planted
from rag.attribution.gate import Backing
from rag.attribution.statements import Checked, Span
from rag.quotations import quoted_spans
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
_LEAST = 0.05
"""Strength of a sentence that may answer one of several things asked.

Measured on 44 such questions of our own (`training/authored`, held back): the three best hold all of the evidence in
39%, those about as strong as the best in 14%, at a precision of .42 and .52. Searching for each part by itself held no
more.
"""
_CONTEXT_CHARACTERS = 700
_QUOTED_SENTENCES = 4
"""A quotation of so many sentences is shown whole, however few of them answer."""
_QUOTED_CHARACTERS = 1_500
_LIST_MARK = re.compile(r"[-•·▪◦‣*]\s+(?=\S)")
_OPENS_WITH_REFERENCE = re.compile(
    r"[\"“'‘«(\[]*(?:he|she|it|they|his|her|hers|its|their|him|them|this|that|these|those|such|both|but he|but she|"
    r"but it|but they|and he|and she|and it|and they|the (?:former|latter|two|pair|same))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ground:
    """A numbered piece of evidence: the sentence to quote, with what names its subject before it.

    A sentence that ends or begins within a quotation brings the rest of it; `answers` is then where it stands itself.
    """

    number: int
    span: Span
    backing: Backing
    strength: float
    answers: Span | None = None

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
        run = _with_whole_quotations(article, run, sentences_of)
        if any((article.id, member.ordinal) in covered for member in run):
            continue  # what names its subject is quoted already; twice the same words help nobody
        covered.update((article.id, member.ordinal) for member in run)
        dated = f"{article.published:%A} {long_date(article.published)}" if article.published else ""
        context = " ".join(
            [article.title, article.outlet or "", dated, *(member.text for member in before[-3:])]
        )
        # The mark of a list says nothing alone, and Markdown would make a list of the answer.
        mark = _LIST_MARK.match(run[0].text)
        span = Span(article, run[0].start + (mark.end() if mark else 0), run[-1].end)
        answers = Span(article, sentence.start, sentence.end) if run[-1].end > sentence.end else None
        backing = Backing(" ".join(span.quote.split()), context, article.text, article.outlet or "")
        found.append(Ground(len(found) + 1, span, backing, item.score, answers))
    return found


def _with_whole_quotations(
    article: Article, run: list[Sentence], sentences_of: SentencesOf
) -> list[Sentence]:
    """`run`, and the sentences around it that hold the rest of a quotation it cuts; `run` alone if those are many."""
    low, high = run[0].start, run[-1].end
    for _ in range(_QUOTED_SENTENCES):
        cut = [
            (start, end)
            for start, end in quoted_spans(article.text)
            if start < high and low < end and (start < low or high < end)
        ]
        if not cut:
            break
        low, high = min(low, cut[0][0]), max(high, cut[-1][1])
        if high - low > _QUOTED_CHARACTERS:
            return run
        near = sentences_of(article, max(0, low - _QUOTED_CHARACTERS), high + _QUOTED_CHARACTERS)
        wider = [item for item in near if item.end > low and item.start < high]
        if len(wider) > max(_QUOTED_SENTENCES, len(run)) or not wider:
            return run
        run, low, high = wider, wider[0].start, wider[-1].end
    return run


def _is_whole(sentence: Sentence) -> bool:
    """Whether it is a sentence of prose for readers, not a caption, a headline or a heading."""
    return not is_planted(sentence.text) and _ends(sentence.text) and len(sentence.text.split()) > 3


def extract(of: Sequence[Ground], *, several: bool = False, things: int = 1) -> list[Checked]:
    """The sentences to show without a model: the best, and others about as strong; none if all are weak.

    `several`: the question asks for statements side by side. `things`: of how many it asks at once; then the best
    are shown, one more than are asked for, for the second answer is seldom as strong as the first.
    """
    if not of or of[0].strength < ANSWERS:
        return []
    if things > 1:
        chosen = [item for item in of if item.strength >= _LEAST][: things + 1]
    else:
        least = _log_odds(of[0].strength) - (_BESIDE_SEVERAL if several else _BESIDE)
        near = (item for item in of if item.strength >= ANSWERS and _log_odds(item.strength) >= least)
        chosen = [item for item in near if item is of[0] or _ends(item.text)][:_MOST]
    return [Checked(item.text, "verbatim", (item.span,)) for item in chosen]


def _ends(text: str) -> bool:
    """Whether it ends as a sentence does: a headline beside the sentence under it says nothing more."""
    return text.rstrip("\"'”’»)]")[-1:] in tuple(".!?…؟۔")


def _log_odds(probability: float) -> float:
    return math.log(max(probability, 1e-9) / max(1 - probability, 1e-9))
