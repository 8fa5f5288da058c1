"""How well a drafted sentence stands on what it cites: the scorer's judgement beside what it is weak at, added up.

A small cross-encoder knows what two sentences are about. It is weak at which figure or name belongs to what: that is
told here by rules over the words. `training/fit_check.py` fits the weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from rag.attribution import wording
from rag.attribution.gate import Backing, names_known
from rag.attribution.reading import NEAR, TITLES, TURN_GAP, Token, held, matters, names_with, read
from rag.index.words import Analyzer

_MOST_LOGIT = 6.0
_PRONOUNS = frozenset("he she it they i we you who which that".split())
_SENTENCE_GAP = 5
_SAYING = frozenset("said says say saying told tells wrote writes".split())


@dataclass(frozen=True, slots=True)
class Features:
    """What is known about a drafted sentence and what it cites; every value lies between -1 and 1."""

    support: float
    numbers_placed: float
    names_placed: float
    names_beside: float
    numbers_beside: float
    speaker: float
    several: float
    substituted: float
    clauses: float
    strange: float
    numbers_owned: float
    names_owned: float


FEATURES = tuple(item.name for item in fields(Features))

_WEIGHTS = Features(
    support=3.01,
    numbers_placed=0.32,
    names_placed=0.77,
    names_beside=0.07,
    numbers_beside=-1.06,
    speaker=-0.27,
    several=-0.49,
    substituted=-0.21,
    clauses=1.52,
    strange=0.37,
    numbers_owned=1.64,
    names_owned=0.96,
)
_BIAS = -3.68
"""As `training/fit_check.py` printed them before the rules of `roles` (anew they choose no better); to be fitted again
whenever the scorer is."""


def features(claim: str, backing: Sequence[Backing], support: float, analyzer: Analyzer) -> Features:
    """The features of `claim`, cited to `backing`; `support` is the scorer's probability."""
    told = " ".join(item.sentence for item in backing)
    known = names_known(claim, backing)
    said, source = read(claim, analyzer, known), read(told, analyzer, known)
    in_sentence = {token.key for token in source}
    names = [token for token in said if token.kind == "name"]
    numbers = [token for token in said if token.kind == "number"]
    return Features(
        support=max(-1.0, min(1.0, _logit(support) / _MOST_LOGIT)),
        numbers_placed=_placed(numbers, said, source),
        names_placed=_placed(names, said, source),
        names_beside=_share(token.key not in in_sentence for token in names),
        numbers_beside=_share(token.key not in in_sentence for token in numbers),
        speaker=float(_other_speaker(claim, told, {item.outlet for item in backing}, analyzer)),
        several=float(len(backing) > 1),
        substituted=float(_substituted(said, source)),
        clauses=_clauses(said, source),
        strange=_strange(said, source),
        numbers_owned=_owned(numbers, said, source),
        names_owned=_owned(names, said, source),
    )


def probability(item: Features) -> float:
    """That the sentence is borne out (a logistic model)."""
    total = _BIAS + sum(getattr(_WEIGHTS, name) * getattr(item, name) for name in FEATURES)
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def _logit(probability: float) -> float:
    return math.log(max(probability, 1e-9) / max(1 - probability, 1e-9))


def _share(found: Iterator[bool] | Sequence[bool]) -> float:
    held = list(found)
    return sum(held) / len(held) if held else 0.0


def _placed(anchors: Sequence[Token], said: Sequence[Token], source: Sequence[Token]) -> float:
    """How well figures (or names) of the claim sit beside the same words as in the source; 1: none fits better.

    For each one, the source's figure that is nearest to the words around it is looked for.
    """
    lowest = 1.0
    for anchor in anchors:
        homes = [token for token in source if token.kind == anchor.kind]
        if not any(token.key == anchor.key for token in homes):
            continue
        beside = names_with(anchor, said) if anchor.kind == "name" else {anchor.key}
        near = [
            token
            for token in said
            if matters(token)
            and token.key not in beside
            and token.word not in TITLES
            and abs(token.place - anchor.place) <= NEAR
            and not (anchor.kind == "name" and _describes(token, anchor, source))
        ]
        strength: dict[str, float] = {}
        for home in homes:
            pull = 0.0
            for token in near:
                distances = [abs(other.place - home.place) for other in source if other.key == token.key]
                if distances:
                    pull += 1 / (2 + abs(token.place - anchor.place)) / (2 + min(distances))
            strength[home.key] = max(strength.get(home.key, 0.0), pull)
        rivals = [
            value
            for key, value in strength.items()
            if key not in beside and not any(token.key == key for token in near if anchor.kind == "name")
        ]
        best = max(rivals, default=0.0)
        own = max(strength[key] for key in strength if key in beside)
        if best > 0:
            lowest = min(lowest, own / max(own, best))
    return lowest


def _owned(anchors: Sequence[Token], said: Sequence[Token], source: Sequence[Token]) -> float:
    """Of the words next to a figure (or name) of the claim, the share that is nearest to it in the source too."""
    homes = {kind: [token for token in source if token.kind == kind] for kind in ("number", "name")}
    votes: list[bool] = []
    for anchor in anchors:
        rivals = homes[anchor.kind]
        beside = names_with(anchor, said) if anchor.kind == "name" else {anchor.key}
        if not any(token.key in beside for token in rivals):
            continue
        for token in _neighbours(anchor, beside, said):
            if anchor.kind == "name" and _describes(token, anchor, source):
                continue
            nearest = [
                min(rivals, key=lambda home, place=other.place: abs(home.place - place)).key  # type: ignore[misc]
                for other in source
                if other.kind == "word" and _word_key(other) == _word_key(token)
            ]
            if nearest:
                votes.append(any(key in beside for key in nearest))
    return _share(votes) if votes else 1.0


def _neighbours(anchor: Token, beside: set[str], said: Sequence[Token]) -> list[Token]:
    """The content word before and the one after `anchor`, if they are near; verbs of saying count for names."""
    found = []
    for step in (-1, 1):
        near = [
            token
            for token in said
            if token.kind == "word"
            and (matters(token) or (anchor.kind == "name" and token.word in _SAYING))
            and token.key not in beside
            and token.word not in TITLES
            and 0 < (token.place - anchor.place) * step <= 3
        ]
        if near:
            found.append(min(near, key=lambda token: abs(token.place - anchor.place)))
    return found


def _word_key(token: Token) -> str:
    return "say" if token.word in _SAYING else token.key


def _describes(token: Token, anchor: Token, source: Sequence[Token]) -> bool:
    """Whether `token` is part of how the source calls the name: "Premier" of "Premier Truelle"."""
    if token.kind != "word" or abs(token.place - anchor.place) > 2:
        return False
    places = [item.place for item in source if item.key == anchor.key]
    return any(item.key == token.key and 0 < place - item.place <= 2 for item in source for place in places)


def _substituted(said: Sequence[Token], source: Sequence[Token]) -> bool:
    """Whether a word of the claim that the source lacks stands where the source has another word.

    The word before is the same in both, and it or the one before that, or what comes after, tells the place.
    """
    known, ours = {token.key for token in source}, {token.key for token in said}
    for index in range(1, len(said)):
        token, before = said[index], said[index - 1]
        if not matters(token) or held(token.key, known):
            continue
        for place in range(1, len(source)):
            other = source[place]
            if source[place - 1].key != before.key or other.kind != token.kind:
                continue
            if not matters(other) or held(other.key, ours):
                continue
            two = index > 1 and place > 1 and said[index - 2].key == source[place - 2].key
            if matters(before) or two or _after(said, index) == _after(source, place):
                return True
    return False


def _after(tokens: Sequence[Token], index: int) -> str:
    """The word after the one at `index`; empty at the end of a sentence."""
    if index + 1 == len(tokens) or tokens[index + 1].place - tokens[index].place > _SENTENCE_GAP:
        return ""
    return tokens[index + 1].key


def _clauses(said: Sequence[Token], source: Sequence[Token]) -> float:
    """How much of each clause of the claim one clause of the source holds; the least of them."""
    clauses = [{token.key for token in run} for run in _split(source)]
    shares = [
        max(_share([held(token.key, clause) for token in run]) for clause in clauses)
        for run in _split(said)
        if len(run) > 1
    ]
    return min(shares, default=1.0) if clauses else 0.0


def _split(tokens: Sequence[Token]) -> list[list[Token]]:
    """The content words between full stops, semicolons and words that turn the thought."""
    runs: list[list[Token]] = [[]]
    last = 0
    for token in tokens:
        if token.place - last > TURN_GAP:
            runs.append([])
        last = token.place
        if matters(token):
            runs[-1].append(token)
    return [run for run in runs if run]


def _strange(said: Sequence[Token], source: Sequence[Token]) -> float:
    """How many content words the cited sentences lack, of four."""
    known = {token.key for token in source}
    return min(4, len({token.key for token in said if matters(token) and not held(token.key, known)})) / 4


def _other_speaker(claim: str, told: str, outlets: set[str], analyzer: Analyzer) -> bool:
    """Whether both name who says it, nothing of the one is in the other, and it is not the outlet that says it."""
    ours, theirs = _speakers(claim, analyzer), _speakers(told, analyzer)
    outlet_words = {term for outlet in outlets for term in analyzer.weighted_terms(outlet)}
    return bool(ours and theirs and not ours & theirs and not ours & outlet_words)


def _speakers(text: str, analyzer: Analyzer) -> set[str]:
    found: set[str] = set()
    for match in wording.SPEAKER.finditer(text):
        words = next(group for group in match.groups() if group)
        if words.split()[-1].lower() in _PRONOUNS:
            continue
        found |= set(analyzer.weighted_terms(words)) - TITLES
    return found
