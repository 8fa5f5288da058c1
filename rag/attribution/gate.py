"""The hard gate: what a sentence asserts must be borne out by the sentences it cites, word for word in kind.

It errs on the side of refusing: a refused sentence is replaced by the source's own words, so a false
alarm costs style and a miss costs trust.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.attribution import values
from rag.index.words import STOP_WORDS, Analyzer, expansions

_MIN_COVERED = 0.85
"""Share of a sentence's content words that its cited sentences and their context must hold."""
_MIN_COVERED_BY_ONE = 0.6
"""Share that one cited sentence alone must hold: a claim is not to be stitched together."""
_MIN_WORDS = 3
_WORD = re.compile(r"\w[\w'’-]*")


@dataclass(frozen=True, slots=True)
class Backing:
    """What may bear a sentence out: a cited sentence, and what a reader of it knows besides.

    `context` holds the title, the date line and the sentences before it in the paragraph; `article` is the
    whole text, in which acronyms are spelled out.
    """

    sentence: str
    context: str
    article: str


def problems(claim: str, backing: Sequence[Backing], analyzer: Analyzer) -> list[str]:
    """Why `claim` is not borne out by `backing`; an empty list lets it pass."""
    if not backing:
        return ["it cites nothing"]
    if len(_WORD.findall(claim)) < _MIN_WORDS:
        return ["it is no sentence"]
    around = " ".join(f"{item.context} {item.sentence}" for item in backing)
    found: list[str] = []
    if lost := values.numbers(claim) - values.numbers(around):
        found.append(f"number not in the source: {', '.join(f'{value:g}' for value, _ in sorted(lost))}")
    if values.days(claim) - values.days(around):
        found.append("date not in the source")
    known = [_known_names(item) for item in backing]
    wanted = _names(claim)
    if unknown := values.missing(wanted, frozenset().union(*known)):
        found.append(f"name not in the source: {', '.join(unknown)}")
    elif all(values.missing(wanted, names) for names in known):
        found.append("names of different sentences are brought together")
    spoken = values.plain(around)
    if any(values.plain(quote).strip(" .,") not in spoken for quote in values.quotations(claim)):
        found.append("quotation not in the source")
    best = max(backing, key=lambda item: _covered(claim, item.sentence, analyzer))
    bare = " ".join(word for word in claim.split() if not word.strip(".,;:()").isupper())
    if values.negated(claim) != values.negated(best.sentence):
        found.append("negation differs from the source")
    elif values.reverses(claim) != values.reverses(best.sentence):
        found.append("sense is turned round")
    if _swapped(claim, best.sentence):
        found.append("names stand in another order")
    # Acronyms were compared as names: their long form stands in other words.
    if (
        _covered(bare, best.sentence, analyzer) < _MIN_COVERED_BY_ONE
        or _covered(bare, around, analyzer) < _MIN_COVERED
    ):
        found.append("words not in the source")
    return found


def _covered(claim: str, source: str, analyzer: Analyzer) -> float:
    """Share of the claim's content words, numbers aside, that the source holds."""
    wanted = analyzer.weighted_terms(values.without_numbers(claim))
    known = set(analyzer.terms([source])[0])
    return sum(term in known for term in wanted) / len(wanted) if wanted else 0.0


def _known_names(item: Backing) -> frozenset[str]:
    """Lower-case words that a reader of this sentence knows, acronyms and their long forms among them."""
    known = {
        word.lower().removesuffix("'s").removesuffix("’s")
        for word in _WORD.findall(f"{item.context} {item.sentence}")
    }
    for acronym, words in expansions(item.article).items():
        if acronym.lower() in known:
            known |= words
        elif words <= known:
            known.add(acronym.lower())
    return frozenset(known)


def _names(claim: str) -> list[str]:
    """Names in `claim`; its first word only if it is more than a capitalised common word."""
    found = values.names(claim)
    first = _WORD.search(claim)
    if found and first and first.group().startswith(found[0]) and found[0].lower() in STOP_WORDS:
        return found[1:]
    return [name for name in found if name.lower() not in STOP_WORDS]


def _swapped(claim: str, source: str) -> bool:
    """Whether names that both texts hold come in another order: who did it to whom may have changed."""
    text = values.plain(source)
    names = [name for name in dict.fromkeys(_names(claim)) if not values.is_calendar_word(name)]
    places = [text.find(name.lower()) for name in names]
    found = [place for place in places if place >= 0]
    return found != sorted(found)
