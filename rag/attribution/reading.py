"""A text as the check reads it: words, figures and names in their places, and what two such texts say differently.

A figure or a name is an anchor: which words stand around it tells what it belongs to. The rules here are strict ones;
on invented news (`training/fit_check.py`) each of them speaks against fewer than 1 in 200 honest sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal

from rag.attribution import values, wording
from rag.index.words import STOP_WORDS, Analyzer

NEAR = 12
"""Words of a claim that tell where a figure or name belongs: at most so far from it."""
TITLES = frozenset("mr mrs ms miss dr prof professor sir dame lord lady the st".split())
TURN_GAP = 3
_GAPS = {",": 2, ";": 5, ":": 3, "—": 3, "–": 3, "(": 2, ")": 2, ".": 9, "!": 9, "?": 9}
"""How much farther apart punctuation puts two words; a word that turns the thought does by `TURN_GAP`."""
_TURNS = frozenset("but while whereas though although against".split())
_TELLING = frozenset("before after more most less least over under up down first last below above".split())
_SCOPE = 4
"""A denial speaks of so many content words after it, within its clause."""
_ONE_STEM = 5
"""Words of one family share so many letters: "collided" and "collision"."""
_CLEARLY = 1.15
_NEARLY = 0.8
"""From this share of words in common, in order, a claim is nearly a quotation."""
_PASSIVE_REACH = 9
_WAS = re.compile(
    r"\b(?:had|was|were|before|earlier|previous\w*|former\w*|first|initial\w*|original\w*|old|until|used to"
    r"|than|instead|rather|not|compared|against|from|planned|last)\b",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"\b(?:report(?:s|ed)?|wrote|writes|said|says|told|published|announced|according|as of|stated)\b",
    re.IGNORECASE,
)
_REFERS = re.compile(r"\b(?:he|she|they|who|i|we)\b", re.IGNORECASE)
_SAID_ON = 20
"""Characters between a verb of saying and its date."""
_CLAUSE = re.compile(r";|(?<=[a-z]{2})[.!?](?=\s+[A-Z])")
_WORD = re.compile(r"\w[\w'’]*|[,;:—–().!?]")

Kind = Literal["word", "number", "name", "day"]


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number or a name in a text; `place` counts words, with gaps where punctuation stands."""

    kind: Kind
    key: str
    word: str
    place: int


def read(text: str, analyzer: Analyzer, known: frozenset[str] = frozenset()) -> list[Token]:
    """The tokens of `text`; words by their stems, numbers by their values.

    What opens a sentence is a name if it is one of the `known` ones.
    """
    written = {item.start: item for item in values.written_numbers(text)}
    found: list[tuple[Kind, str, str, int]] = []
    place, until, starts = 0, 0, True
    for match in _WORD.finditer(text):
        if match.start() < until:
            continue
        word = match.group()
        if word in _GAPS:
            inside = match.end() < len(text) and not text[match.end()].isspace() and word in ".:,"
            if not inside:
                place += _GAPS[word]
                starts = word in ".!?"
            continue
        place += 1
        number = written.get(match.start())
        if number is not None:
            until = number.end
            found.append(("number", f"{number.value:g}{'%' * number.percent}", word, place))
        else:
            bare = re.sub(r"['’](?:s|S)?$", "", word)
            plain = bare.lower()
            if plain in _TURNS:
                place += TURN_GAP
            capital = bare[:1].isupper() and plain not in STOP_WORDS
            kind: Kind = "word"
            if capital and values.is_calendar_word(bare):
                kind = "day"
            elif capital and (not starts or plain in known):
                kind = "name"
            found.append((kind, "", plain, place))
        starts = False
    stems = analyzer.terms([word for _, _, word, _ in found])
    return [
        Token(kind, key or (terms[0] if terms else word), word, place)
        for (kind, key, word, place), terms in zip(found, stems, strict=True)
    ]


def matters(token: Token) -> bool:
    return token.kind != "word" or token.word not in STOP_WORDS or token.word in _TELLING


def held(key: str, known: set[str]) -> bool:
    return key in known or (len(key) >= _ONE_STEM and any(item.startswith(key[:_ONE_STEM]) for item in known))


def names_with(anchor: Token, said: Sequence[Token]) -> set[str]:
    """The words of the name that `anchor` is part of."""
    places = {token.place: token.key for token in said if token.kind == "name"}
    found = {anchor.key}
    for step in (-1, 1):
        place = anchor.place + step
        while place in places:
            found.add(places[place])
            place += step
    return found


def exchanged(kind: Kind, said: Sequence[Token], source: Sequence[Token]) -> bool:
    """Whether two figures (or names) of the claim would fit the source's words better in each other's place."""
    held_by_both = {token.key for token in source if token.kind == kind}
    found = [token for token in said if token.kind == kind and token.key in held_by_both]
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            if one.key == other.key or (one.kind == "name" and other.key in names_with(one, said)):
                continue
            apart = {one.key, other.key}
            as_said = _pull(one, one.key, apart, said, source) + _pull(other, other.key, apart, said, source)
            crossed = _pull(one, other.key, apart, said, source) + _pull(other, one.key, apart, said, source)
            if crossed > _CLEARLY * as_said:
                return True
    return False


def _pull(anchor: Token, key: str, apart: set[str], said: Sequence[Token], source: Sequence[Token]) -> float:
    """How near `key` stands in the source to the words around `anchor` in the claim."""
    homes = [token.place for token in source if token.key == key]
    total = 0.0
    for token in said:
        distance = abs(token.place - anchor.place)
        if not matters(token) or token.key in apart or token.word in TITLES or distance > NEAR:
            continue
        found = [abs(item.place - home) for item in source if item.key == token.key for home in homes]
        if found:
            total += 1 / (2 + distance) / (2 + min(found))
    return total


def denies(said: Sequence[Token], source: Sequence[Token], cues: re.Pattern[str]) -> bool:
    """Whether `source` denies, with one of `cues`, words that `said` asserts: no denial of `said` speaks of them."""
    asserted = {token.key for token in said if matters(token)}
    denied: set[str] = set()
    for index, token in enumerate(said):
        if _is_cue(token, values.REVERSAL):
            denied |= {token.key, *_scope(said, index)}
        elif _is_cue(token, values.NEGATION):
            denied |= set(_scope(said, index))
    for index, token in enumerate(source):
        if _is_cue(token, cues):
            scope = _scope(source, index)
            held_words = [key for key in scope if key in asserted]
            if len(held_words) * 2 >= max(1, len(scope)) and held_words and not denied & {token.key, *scope}:
                return True
    return False


def _is_cue(token: Token, cues: re.Pattern[str]) -> bool:
    return token.kind == "word" and cues.fullmatch(token.word) is not None


def _scope(tokens: Sequence[Token], index: int) -> list[str]:
    """The content words that a negation at `index` speaks of."""
    found: list[str] = []
    last = tokens[index].place
    for token in tokens[index + 1 :]:
        if token.place - last > 2 or len(found) >= _SCOPE:
            break
        last = token.place
        if matters(token):
            found.append(token.key)
    return found


def swapped(said: Sequence[Token], source: Sequence[Token]) -> bool:
    """Whether two names stand on other sides of the same word than in the source, with the voice unchanged."""
    ours = [token for token in said if token.kind == "name"]
    for first, second in pairwise(ours):
        if second.place - first.place < 2:
            continue
        between = [
            token
            for token in said
            if first.place < token.place < second.place and token.kind == "word" and matters(token)
        ]
        passive = any(token.word == "by" for token in said if first.place < token.place < second.place)
        for token in between:
            for other in source:
                if other.key != token.key:
                    continue
                left = [
                    item
                    for item in source
                    if item.key == second.key and -_PASSIVE_REACH < item.place - other.place < 0
                ]
                right = [
                    item
                    for item in source
                    if item.key == first.key and 0 < item.place - other.place < _PASSIVE_REACH
                ]
                if left and right:
                    theirs = any(
                        item.word == "by" for item in source if other.place < item.place < right[0].place
                    )
                    if theirs == passive:
                        return True
    return False


def superseded(claim: str, told: str) -> bool:
    """Whether a figure that the source gives as the former or the rejected one is asserted plainly."""
    asserted = {item.value: item.start for item in values.written_numbers(claim)}
    plain: set[float] = set()
    former: set[float] = set()
    for item in values.written_numbers(told):
        prior = wording.PRIOR.search(told[: item.start]) or wording.FROM_TO.search(told[: item.start])
        (former if prior else plain).add(item.value)
    return any(
        value in asserted
        and not wording.PRIOR.search(claim[: asserted[value]])
        and not _WAS.search(claim[: asserted[value]][-60:])
        for value in former - plain
    )


def nearly_quoted(said: Sequence[Token], source: Sequence[Token], wider: Sequence[Token]) -> bool:
    """Whether the claim is the source's sentence but for a word that `wider`, all a reader knows, does not hold.

    What is so near to a quotation is worth little beside it, and the one other word ("a year" for "a month") is what
    no score sees. A day must stand in the cited words themselves: the article's own date is known as well. Names and
    figures have rules of their own.
    """
    ours, theirs = [token.key for token in said], [token.key for token in source]
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    same = {index for block in blocks for index in range(block.a, block.a + block.size)}
    if len(same) < _NEARLY * len(ours):
        return False
    near, known = set(theirs), {token.key for token in wider}
    if len(said) > 1 and said[1].kind == "name" and said[1].place == said[0].place + 1:
        same.add(0)  # a first name that opens the claim
    return any(
        not held(token.key, near if token.kind == "day" else known)
        for index, token in enumerate(said)
        if index not in same and token.kind in ("word", "day") and matters(token)
    )


def other_day(claim: str, told: str) -> bool:
    """Whether the claim dates what `told` dates otherwise: no day or month in common, and it is not that of a report.

    A reader takes the date of the article for that of the event when the sentence gives another one.
    """
    for read_times in (values.days, values.months):
        ours, theirs = read_times(claim), read_times(told)
        if ours and theirs and not ours & theirs and not _dates_report(claim):
            return True
    return False


def _dates_report(claim: str) -> bool:
    """Whether the date is that of saying so: "wrote on 3 May", "On 3 May the paper said"."""
    starts = [start for start, _, _, _ in values.written_days(claim)]
    starts += [match.start() for match in wording.MONTH.finditer(claim)]
    return any(
        _REPORTED.search(claim[max(0, start - _SAID_ON) : start])
        or (start < _SAID_ON and _REPORTED.search(claim) is not None)
        for start in starts
    )


def other_mouth(claim: str, told: str, known: frozenset[str]) -> bool:
    """Whether a quotation stands, in the source, in a clause that names none of those whom the claim names.

    Only where another clause of the same sentences does name them, and no pronoun may stand for them in this one:
    then the words are somebody else's.
    """
    quoted = [values.plain(quote).strip(" .,") for quote in values.quotations(claim)]
    outside = claim
    for quote in values.quotations(claim):
        outside = outside.replace(quote, " ")
    names = {word.lower() for word in values.names(outside)} & known - TITLES
    clauses = [values.plain(clause) for clause in _CLAUSE.split(told)]
    for quote in quoted:
        holding = [clause for clause in clauses if quote in clause and not _REFERS.search(clause)]
        others = [clause for clause in clauses if quote not in clause]
        if names and holding and not _names_any(names, holding) and _names_any(names, others):
            return True
    return False


def _names_any(names: set[str], clauses: Sequence[str]) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", clause) for name in names for clause in clauses)
