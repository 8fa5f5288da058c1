"""The model's draft, sentence by sentence: kept, pointed to better evidence, replaced by the quote, or dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from rag.attribution.extract import Ground
from rag.attribution.gate import problems
from rag.attribution.statements import Checked
from rag.chunking import sentences
from rag.index.words import Analyzer
from rag.prompts import NO_ANSWER
from rag.protocols import Scorer, scored_text

_MARKERS = re.compile(r"\s*\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]")
_MARKER_AFTER_STOP = re.compile(r"([.!?])((?:\s*\[[\d,; ]+\])+)")
_LEFT_OVER = re.compile(r"[\[\]<>{}|`]|https?:|\*\*")
SUPPORTED = 0.77
"""Probability of support from which on a drafted sentence may be shown, besides the gate.

On bundles held back 84% of the supported and 4% of the unsupported statements reach it, before the gate
(`training/README.md`).
"""
_REPLACE_COVERED = 0.5
"""A refused sentence that shares at least this much with its evidence was about it: the quote stands in."""


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
    cited = [
        int(number) for match in _MARKERS.finditer(sentence) for number in re.findall(r"\d+", match.group(1))
    ]
    text = " ".join(_MARKERS.sub("", sentence).split())
    return re.sub(r"\s+([.,;:!?])", r"\1", text), tuple(dict.fromkeys(cited))


def check_draft(
    draft: Iterable[tuple[str, tuple[int, ...]]], of: Sequence[Ground], analyzer: Analyzer, scorer: Scorer
) -> Iterator[tuple[Checked | None, list[str]]]:
    """For each drafted sentence what may be shown of it (None: nothing), and why not as drafted."""
    by_number = {item.number: item for item in of}
    shown: set[str] = set()
    for text, numbers in draft:
        if _LEFT_OVER.search(text) or text.rstrip(".") == NO_ANSWER.rstrip("."):
            yield None, ["it is no answer"]
            continue
        cited = [by_number[number] for number in numbers if number in by_number]
        checked, why = _judge(text, cited, of, analyzer, scorer)
        if checked is not None and checked.text in shown:
            yield None, ["it repeats itself"]
            continue
        if checked is not None:
            shown.add(checked.text)
        yield checked, why


def _judge(
    text: str, cited: Sequence[Ground], of: Sequence[Ground], analyzer: Analyzer, scorer: Scorer
) -> tuple[Checked | None, list[str]]:
    why = problems(text, [item.backing for item in cited], analyzer)
    if not why and not (why := unsupported(text, cited, scorer)):
        return Checked(text, "supported", tuple(item.span for item in cited)), []
    for item in of:
        if not problems(text, [item.backing], analyzer) and not unsupported(text, [item], scorer):
            return Checked(text, "supported", (item.span,)), ["its marker pointed elsewhere"]
    nearest = max(of, key=lambda item: _shared(text, item.text, analyzer), default=None)
    if nearest is not None and _shared(text, nearest.text, analyzer) >= _REPLACE_COVERED:
        return Checked(nearest.text, "verbatim", (nearest.span,)), why
    return None, why


def unsupported(claim: str, cited: Sequence[Ground], scorer: Scorer) -> list[str]:
    """Why the scorer does not take `claim` for supported by what it cites; an empty list lets it pass."""
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
    return [] if support >= SUPPORTED else [f"support is {support:.2f}, below {SUPPORTED:.2f}"]


def _shared(text: str, source: str, analyzer: Analyzer) -> float:
    wanted, known = analyzer.weighted_terms(text), set(analyzer.terms([source])[0])
    return sum(term in known for term in wanted) / len(wanted) if wanted else 0.0


def choose(
    kept: Sequence[Checked], extracted: Sequence[Checked], in_kind: Callable[[str], bool]
) -> Sequence[Checked]:
    """`kept` if the model earned its place, else `extracted`.

    It did when it worded something itself that rests on the best evidence, and still holds the kind of
    value the question asks for (`in_kind`).
    """
    worded = [item for item in kept if item.support == "supported"]
    best = extracted[0]
    if not any(best.spans[0] in item.spans for item in worded):
        return extracted
    if in_kind(best.text) and not any(in_kind(item.text) for item in kept):
        return extracted
    return kept
