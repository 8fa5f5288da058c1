"""The model's draft, sentence by sentence: kept, pointed to better evidence, replaced by the quote, or dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.attribution.bearing import features, probability
from rag.attribution.extract import Ground
from rag.attribution.gate import problems
from rag.attribution.statements import Checked
from rag.chunking import sentences
from rag.generation.contents import visible
from rag.index.words import Analyzer
from rag.prompts import NO_ANSWER
from rag.protocols import Scorer, scored_text

_MARKERS = re.compile(r"\s*\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]")
_MARKER_AFTER_STOP = re.compile(r"([.!?])((?:\s*\[[\d,; ]+\])+)")
_VERDICT = re.compile(r"^\W*(?:yes|no)\s*[,:;.—–-]+\s*", re.IGNORECASE)
_LEFT_OVER = re.compile(r"[\[\]<>{}|`]|https?:|\*\*")
SUPPORTED = 0.825
"""Probability (`bearing`) from which on a drafted sentence that passes the gate is shown.

`eval/benchmarks/check.py` prints what other thresholds would keep and let through.
"""
DECLINED = ["the model finds no answer"]
"""Why nothing is shown of a draft that says so."""
_REPLACE_COVERED = 0.5
"""A refused sentence that shares at least this much with its evidence was about it: the quote stands in."""
_MEANT = 0.15
"""The same for each sentence that a large model cites."""


def split_draft(pieces: Iterable[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Complete sentences of a draft as they arrive, each with the numbers it cites.

    Half-streamed sentences and markers are held back; a last sentence without an end counts only if the
    draft ended by itself.

    >>> list(split_draft(["It rai", "ned on Monday", " [1]. Nobody came.", "[2] "]))
    [('It rained on Monday.', (1,)), ('Nobody came.', (2,))]
    """
    text = ""
    for piece in pieces:
        text += piece
        found = _cut(text)
        # A sentence is whole once another one has begun: its first word complete, and no marker of this one.
        while len(found) > 1 and " " in found[1][0] and not found[1][0].startswith("["):
            yield _parse(found[0][0])
            text = text[found[1][1] :]
            found = _cut(text)
    for sentence, _ in _cut(text):
        yield _parse(sentence)


def _cut(text: str) -> list[tuple[str, int]]:
    # Markers after the full stop belong to the sentence before it: moved inside, lengths unchanged.
    moved = _MARKER_AFTER_STOP.sub(lambda match: match.group(2) + match.group(1), text)
    return [(item.text, item.start) for item in sentences("", moved)]


def _parse(sentence: str) -> tuple[str, tuple[int, ...]]:
    sentence = visible(sentence)  # what nobody can see is not shown either
    cited = [
        int(number) for match in _MARKERS.finditer(sentence) for number in re.findall(r"\d+", match.group(1))
    ]
    text = " ".join(_MARKERS.sub("", sentence).split())
    return re.sub(r"\s+([.,;:!?])", r"\1", text), tuple(dict.fromkeys(cited))


def check_draft(
    draft: Iterable[tuple[str, tuple[int, ...]]],
    of: Sequence[Ground],
    analyzer: Analyzer,
    scorer: Scorer,
    *,
    by_large: bool = False,
) -> Iterator[tuple[Checked | None, list[str]]]:
    """For each drafted sentence what may be shown of it (None: nothing), and why not as drafted.

    What a large model cites is shown in the source's own words where its wording is refused; of a small one only
    what its sentence plainly was about.
    """
    by_number = {item.number: item for item in of}
    shown: set[str] = set()
    for text, numbers in draft:
        if text.rstrip(".") == NO_ANSWER.rstrip("."):
            yield None, DECLINED
            continue
        if _LEFT_OVER.search(text):
            yield None, ["it is no answer"]
            continue
        cited = [by_number[number] for number in numbers if number in by_number]
        found, why = _judge(text, cited, of, analyzer, scorer, by_large=by_large)
        if not found:
            yield None, why
        for checked in found:
            yield (None, ["it repeats itself"]) if checked.text in shown else (checked, why)
            shown.add(checked.text)


def _judge(
    text: str,
    cited: Sequence[Ground],
    of: Sequence[Ground],
    analyzer: Analyzer,
    scorer: Scorer,
    *,
    by_large: bool,
) -> tuple[list[Checked], list[str]]:
    refused: list[str] = []
    for attempt in attempts(text, cited, of, analyzer, scorer):
        if attempt.probability >= SUPPORTED:
            spans = tuple(item.span for item in attempt.cited)
            moved = [] if attempt.cited is cited else ["its marker pointed elsewhere"]
            return [Checked(attempt.claim, "supported", spans)], moved
        refused = refused or attempt.why
    if by_large and cited:
        meant = [item for item in cited if _shared(text, item.text, analyzer) >= _MEANT]
        return [Checked(item.text, "verbatim", (item.span,)) for item in meant], refused
    nearest = max(of, key=lambda item: _shared(text, item.text, analyzer), default=None)
    if nearest is not None and _shared(text, nearest.text, analyzer) >= _REPLACE_COVERED:
        return [Checked(nearest.text, "verbatim", (nearest.span,))], refused
    return [], refused


@dataclass(frozen=True, slots=True)
class Attempt:
    """A drafted sentence held against some evidence: how probably it is borne out, and what speaks against it."""

    claim: str
    cited: Sequence[Ground]
    probability: float
    why: list[str]


def attempts(
    text: str, cited: Sequence[Ground], of: Sequence[Ground], analyzer: Analyzer, scorer: Scorer
) -> Iterator[Attempt]:
    """`text` held against what it cites, then against each other piece of evidence alone."""
    claim = without_verdict(text)
    for evidence in (cited, *([item] for item in of if [item] != list(cited))):
        backing = [item.backing for item in evidence]
        if why := problems(claim, backing, analyzer):
            yield Attempt(claim, evidence, 0.0, why)
            continue
        found = probability(features(claim, backing, support_of(claim, evidence, scorer), analyzer))
        yield Attempt(claim, evidence, found, [f"support is {found:.2f}, below {SUPPORTED:.2f}"])


def support_of(claim: str, cited: Sequence[Ground], scorer: Scorer) -> float:
    """The scorer's probability that `cited` bears `claim` out."""
    first, *others = cited
    article = first.span.article
    sentences = [first.text]
    for item in others:
        if (
            item.span.article.id != article.id
        ):  # another article's sentences follow its header, as in training
            sentences.append(f"{scored_text(item.span.article, ()).header} .")
            article = item.span.article
        sentences.append(item.text)
    (support,) = scorer.support([(claim, scored_text(first.span.article, tuple(sentences)))])
    return support


def without_verdict(text: str) -> str:
    """`text` without a "Yes" or "No" before its statement: sentences bear out statements, not verdicts.

    >>> without_verdict("No, the ferry sailed on Monday.")
    'The ferry sailed on Monday.'
    """
    bare = _VERDICT.sub("", text)
    return bare[:1].upper() + bare[1:]


def _shared(text: str, source: str, analyzer: Analyzer) -> float:
    wanted, known = analyzer.weighted_terms(text), set(analyzer.terms([source])[0])
    return sum(term in known for term in wanted) / len(wanted) if wanted else 0.0


def choose(
    kept: Sequence[Checked],
    extracted: Sequence[Checked],
    in_kind: Callable[[str], bool],
    *,
    by_large: bool = False,
) -> Sequence[Checked]:
    """`kept` if the model earned its place, else `extracted`.

    It did when it worded something itself that rests on the best evidence, and still holds the kind of
    value the question asks for (`in_kind`). What a large model takes up need not be the ranking's best, nor
    its own words.
    """
    best = extracted[0] if extracted else None
    worded = [item for item in kept if item.support == "supported"]
    if not by_large and not any(best and best.spans[0] in item.spans for item in worded):
        return extracted
    if best and in_kind(best.text) and not any(in_kind(item.text) for item in kept):
        return extracted
    return kept
