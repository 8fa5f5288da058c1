"""The hard gate: what a sentence asserts must be borne out by the sentences it cites, word for word in kind.

It errs on the side of refusing: a refused sentence is replaced by the source's own words, so a false
alarm costs style and a miss costs trust.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.attribution import reading, roles, values, wording
from rag.attribution.voices import other_voice
from rag.index.words import STOP_WORDS, Analyzer, expansions

_MIN_COVERED = 0.7
"""Share of a sentence's content words that its cited sentences and their context must hold."""
_MIN_COVERED_BY_ONE = 0.35
"""Share that one cited sentence alone must hold: a claim is not to be stitched together."""
_MIN_WORDS = 3
_WORD = re.compile(r"\w[\w'’-]*")
_TITLES = frozenset("mr mrs ms miss dr prof professor sir dame".split())
_COMMON_ENDING = re.compile(r"\w{3,}(?:ing|ed|ly)$")
"""How words end that open a sentence and are no names."""


@dataclass(frozen=True, slots=True)
class Backing:
    """What may bear a sentence out: a cited sentence, and what a reader of it knows besides.

    `context` holds the title, the date line and the sentences before it in the paragraph; `article` is the
    whole text, in which acronyms are spelled out; `outlet` has published it.
    """

    sentence: str
    context: str
    article: str
    outlet: str = ""


def problems(claim: str, backing: Sequence[Backing], analyzer: Analyzer) -> list[str]:
    """Why `claim` is not borne out by `backing`; an empty list lets it pass."""
    if not backing:
        return ["it cites nothing"]
    if len(_WORD.findall(claim)) < _MIN_WORDS:
        return ["it is no sentence"]
    around = " ".join(f"{item.context} {item.sentence}" for item in backing)
    found: list[str] = []
    if lost := values.unfounded(claim, around):
        found.append(f"number not in the source: {', '.join(lost)}")
    if values.days(claim) - values.days(around):
        found.append("date not in the source")
    known = [_known_names(item, claim) for item in backing]
    wanted = _names(claim, around)
    if unknown := values.missing(wanted, frozenset().union(*known)):
        found.append(f"name not in the source: {', '.join(unknown)}")
    elif all(values.missing(wanted, names) for names in known):
        found.append("names of different sentences are brought together")
    spoken = values.plain(around)
    if any(values.plain(quote).strip(" .,") not in spoken for quote in values.quotations(claim)):
        found.append("quotation not in the source")
    # Acronyms were compared as names: their long form stands in other words.
    bare = " ".join(word for word in claim.split() if not word.strip(".,;:()").isupper())
    if (
        max(_covered(bare, item.sentence, analyzer) for item in backing) < _MIN_COVERED_BY_ONE
        or _covered(bare, around, analyzer) < _MIN_COVERED
    ):
        found.append("words not in the source")
    return found or _misread(claim, backing, analyzer)


def _misread(claim: str, backing: Sequence[Backing], analyzer: Analyzer) -> list[str]:
    """What the claim makes of the cited words that they do not say: denials, and what belongs to what."""
    told = " ".join(item.sentence for item in backing)
    known = names_known(claim, backing)
    said, source = reading.read(claim, analyzer, known), reading.read(told, analyzer, known)
    found: list[str] = []
    if any(reading.denies(*pair, values.NEGATION) for pair in ((said, source), (source, said))):
        found.append("negation differs from the source")
    elif any(reading.denies(*pair, values.REVERSAL) for pair in ((said, source), (source, said))):
        found.append("sense is turned round")
    if reading.swapped(said, source):
        found.append("names stand in another order")
    in_sentences = {token.key for token in source}
    beside = any(token.kind == "number" and token.key not in in_sentences for token in said)
    around = reading.read(" ".join(f"{item.context} {item.sentence}" for item in backing), analyzer, known)
    wider = around if beside else source
    if any(reading.exchanged(kind, said, wider) for kind in ("number", "name", "day")):
        found.append("figures or names have changed places")
    if reading.other_day(claim, told):
        found.append("the source dates it otherwise")
    articles, outlets = [item.article for item in backing], {item.outlet for item in backing}
    if reading.other_mouth(claim, told, known) or other_voice(claim, told, articles, outlets, analyzer):
        found.append("the quotation is somebody else's")
    if reading.nearly_quoted(said, source, around):
        found.append("nearly a quotation, but for a word")
    if roles.repeats(said, around) or roles.other_doer(said, source) or roles.other_role(claim, articles):
        found.append("somebody or something else does this in the source")
    if roles.unbounded(claim, told):
        found.append("the source bounds or rounds this figure otherwise")
    if roles.left_open(claim, said, source):
        found.append("the source leaves this open")
    if roles.opposed(said, source):
        found.append("the source says the opposite")

    def read_text(text: str) -> list[reading.Token]:
        return reading.read(text, analyzer, known)

    if roles.other_gender(claim, told):
        found.append("it is about a man, or a woman, where the source is not")
    if roles.speaks_as_one_quoted(claim) or roles.is_cut_off(claim):
        found.append("it is no statement that stands alone")
    if roles.only_asked(said, told, read_text) or roles.taken_back(claim, told):
        found.append("the source asks this, or takes it back")
    if roles.half_told(said, told, read_text) or roles.one_sided(claim, said, told, read_text):
        found.append("the source tells another side as well")
    if reading.superseded(claim, told):
        found.append("the source gives this figure as the former or the other one")
    return found


def names_known(claim: str, backing: Sequence[Backing]) -> frozenset[str]:
    """Lower-case words that stand capitalised within a sentence of the claim or its backing."""
    texts = [claim, *(f"{item.context} {item.sentence}" for item in backing)]
    return frozenset(match.lower() for text in texts for match in wording.INSIDE.findall(text))


def _covered(claim: str, source: str, analyzer: Analyzer) -> float:
    """Share of the claim's content words, numbers aside, that the source holds."""
    wanted = analyzer.weighted_terms(values.without_numbers(values.without_hedges(claim)))
    known = set(analyzer.terms([source])[0])
    return sum(term in known for term in wanted) / len(wanted) if wanted else 0.0


def _known_names(item: Backing, claim: str) -> frozenset[str]:
    """Lower-case words that a reader of this sentence knows.

    Acronyms and their long forms are among them, and the whole of a name of which the sentence gives a part, if
    the article has it.
    """
    known: set[str] = set()
    for word in _WORD.findall(f"{item.context} {item.sentence}"):
        bare = word.lower().removesuffix("'s").removesuffix("’s")
        known |= {bare, *bare.split("-")}
    for acronym, words in expansions(item.article).items():
        if acronym.lower() in known:
            known |= words
        elif words <= known:
            known.add(acronym.lower())
    for whole in values.whole_names(claim):
        parts = {word.lower() for word in whole.split()}
        if parts & known - _TITLES and whole in item.article:
            known |= parts
    return frozenset(known)


def _names(claim: str, around: str) -> list[str]:
    """Names in `claim`; its first word only if it is more than a capitalised common word."""
    found = [name for name in values.names(claim) if name.lower() not in STOP_WORDS | _TITLES]
    first = _WORD.search(claim)
    if found and first and first.group().startswith(found[0]) and _opens(claim, found[0], around):
        return found[1:]
    return found


def _opens(claim: str, word: str, around: str) -> bool:
    """Whether `word` opens `claim` as any word may: by its form, or because the source writes it small."""
    if values.numbers(word) or _COMMON_ENDING.match(word):
        return True
    return re.search(rf"(?<![\w'’]){re.escape(word.lower())}", around) is not None
