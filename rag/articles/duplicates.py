"""Copies: articles that print the same text under another title, outlet or date, or slightly edited.

A signature is made of each text once (MinHash: Broder 1997, by one permutation: Li, Owen, Zhang 2012, filled
up: Shrivastava 2017); `copies` groups signatures through locality-sensitive hashing. Both are pure and depend
on nothing but their arguments, so the groups are the same whatever the order in which articles came. A change
to `signature` needs a migration that empties the table of signatures. Thresholds and figures:
`docs/decisions/0005-duplicates.md`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from itertools import islice

import numpy as np
import xxhash
from numpy.typing import NDArray

RESEMBLANCE = 0.6
"""Two texts are copies from this share of common word pairs on: one may be cut to three fifths of the other."""
_SHORT_WORDS = 40
_SHORT_RESEMBLANCE = 0.9
"""In a text this short a few set phrases are half of the words, so it must be nearly equal."""
_FIGURES_REPLACED = 0.1
"""Share of figures that may stand in place of others: with more of them it is an update, not a copy."""

_MINIMA = 256
"""Standard error of the estimated resemblance: at most 1 / (2 * sqrt(256)) = 0.03."""
_BAND = 4
"""Minima per band; 64 bands of 4 bring together all but 1 in 7,000 of the pairs at 0.6, and 10% at 0.2."""
_BLOCK_WORDS = 1 << 20
"""Words hashed at a time; more than one, so that only a text of one word is hashed as such."""
_CROWDED = 20
"""Texts of one band that a text is held against, the latest first: templates cost no more than stories."""

Minima = NDArray[np.uint16]

# Scripts written without spaces: every character counts as a word.
_UNSPACED = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_ENDS_SENTENCE = re.compile(r"[.!?…؟。！？]['\"”’»)\]]*\s*$")
_DATELINE = re.compile(r"^[^\n.!?]{0,60}?(?:\s[-–—]\s|—)")
_FIGURE = re.compile(r"\d[\d.,:]*")
_MAX_DIGITS = 30
_YEAR = re.compile(r"(?:19|20)\d\d")
# Odd constants spread the hashes of a pair's words over all bits, in their order.
_FIRST, _SECOND = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))


@dataclass(frozen=True, slots=True)
class Signature:
    """What is kept of a text to compare it: 256 minima, its figures (hashed) and its number of words."""

    minima: Minima
    figures: frozenset[int]
    words: int

    def to_bytes(self) -> bytes:
        """The same on every machine: words (4 bytes), minima (2 each), figures in order (4 each)."""
        figures = np.array(sorted(self.figures), dtype="<u4")
        return self.words.to_bytes(4, "little") + self.minima.astype("<u2").tobytes() + figures.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Signature:
        """Undo `to_bytes`."""
        end = 4 + 2 * _MINIMA
        figures = np.frombuffer(data, dtype="<u4", offset=end)
        minima = np.frombuffer(data, dtype="<u2", offset=4, count=_MINIMA).astype(np.uint16)
        return cls(minima, frozenset(figures.tolist()), int.from_bytes(data[:4], "little"))


@dataclass(frozen=True, slots=True)
class Signed:
    """What is needed of an article to find its copies."""

    id: str
    published: date | None
    signature: Signature


def signature(text: str) -> Signature:
    """The signature of an article's text; lines above its first sentence do not count.

    >>> first, second = signature("A title\\n\\nIt rained again."), signature("Other\\n4 May\\n\\nIt rained again!")
    >>> resemblance(first, second)
    1.0
    """
    body = _body(unicodedata.normalize("NFKC", text))
    minima, words = _minima(_hash(match[0]) for match in _WORD.finditer(body.casefold()))
    return Signature(minima, _figures(body), words)


def resemblance(first: Signature, second: Signature) -> float:
    """Estimated share of the word pairs of both texts together that both have (Jaccard)."""
    if not first.words or not second.words:
        return 0.0
    return float(np.count_nonzero(first.minima == second.minima)) / _MINIMA


def are_copies(first: Signature, second: Signature) -> bool:
    """Whether both print the same text, and neither puts new figures in place of the other's."""
    needed = RESEMBLANCE if min(first.words, second.words) >= _SHORT_WORDS else _SHORT_RESEMBLANCE
    return resemblance(first, second) >= needed and _same_figures(first.figures, second.figures)


def copies(articles: Sequence[Signed]) -> dict[str, str]:
    """For each article that is a copy the id of the one that represents it.

    Representatives are taken earliest first, then longest, then by id (undated ones last); each other article
    goes to the representative that it resembles most. A copy so always resembles what stands for it: there
    are no chains along which a story drifts into another.
    """
    ordered = sorted(
        (item for item in articles if item.signature.words),
        key=lambda item: (item.published or date.max, -item.signature.words, item.id),
    )
    if len(ordered) < 2:
        return {}
    matrix = np.stack([item.signature.minima for item in ordered])
    found: dict[str, str] = {}
    buckets: dict[tuple[int, int], list[int]] = {}
    for place, keys in _meetings(matrix):
        near = np.array(sorted({other for key in keys for other in buckets.get(key, ())[-_CROWDED:]}), int)
        shared = np.count_nonzero(matrix[near] == matrix[place], axis=1)
        item = ordered[place]
        for best in np.argsort(-shared, kind="stable").tolist():
            if shared[best] < RESEMBLANCE * _MINIMA:
                break
            if are_copies(ordered[near[best]].signature, item.signature):
                found[item.id] = ordered[near[best]].id
                break
        if item.id not in found:
            for key in keys:
                buckets.setdefault(key, []).append(place)
    return found


def _meetings(matrix: Minima) -> list[tuple[int, list[tuple[int, int]]]]:
    """The rows that share a band with another row, in order, with those bands (number, value)."""
    bands = np.ascontiguousarray(matrix).view(np.uint64)
    assert bands.shape[1] * _BAND == matrix.shape[1]
    shared: dict[int, list[tuple[int, int]]] = {}
    for number in range(bands.shape[1]):
        column = bands[:, number]
        values = np.sort(column)
        repeated = np.unique(values[1:][values[1:] == values[:-1]])
        for place in np.flatnonzero(np.isin(column, repeated)).tolist():
            shared.setdefault(place, []).append((number, int(column[place])))
    return sorted(shared.items())


def _body(text: str) -> str:
    """The text without title, outlet and date lines and without the dateline in front of its first sentence."""
    lines = text.splitlines()
    first = next((index for index, line in enumerate(lines) if _ENDS_SENTENCE.search(line)), 0)
    return _DATELINE.sub("", "\n".join(lines[first:]), count=1)


def _minima(hashes: Iterator[int]) -> tuple[Minima, int]:
    """One-permutation hashing of the words' hashes: those of pairs fall into 256 bins by their upper bits, the least of
    each counts. Also how many words there are: they are taken in blocks, as those of 100 MB would fill the memory."""
    bins = np.arange(_MINIMA, dtype=np.uint64)
    least, filled = np.zeros(_MINIMA, dtype=np.uint64), np.zeros(_MINIMA, dtype=np.bool_)
    words, before = 0, np.zeros(0, dtype=np.uint64)
    while len(block := np.fromiter(islice(hashes, _BLOCK_WORDS), dtype=np.uint64)):
        words += len(block)
        hashed = np.concatenate([before, block])
        before = block[-1:]
        pairs = np.sort(hashed[:-1] * _FIRST + hashed[1:] * _SECOND if len(hashed) > 1 else hashed)
        found = pairs[np.minimum(np.searchsorted(pairs, bins << np.uint64(56)), len(pairs) - 1)]
        hit = found >> np.uint64(56) == bins
        least = np.where(hit & filled, np.minimum(least, found), np.where(hit, found, least))
        filled |= hit
    if not words:
        return np.zeros(_MINIMA, dtype=np.uint16), 0
    lenders = _lenders()
    borrowed = lenders[bins.astype(np.int64), filled[lenders].argmax(axis=1)]
    return np.where(filled, least, least[borrowed]).astype(np.uint16), words


@lru_cache(maxsize=1 << 17)
def _hash(word: str) -> int:
    return xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass"))


@cache
def _lenders() -> NDArray[np.int64]:
    """For each bin all bins in an order of its own: an empty one takes the value of the first that is not.

    Drawn by splitmix64 (Steele et al. 2014), not by numpy, whose streams may change: signatures are stored.
    """
    state = np.arange(1, _MINIMA * _MINIMA + 1, dtype=np.uint64) * _FIRST
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    drawn = (state ^ (state >> np.uint64(31))).reshape(_MINIMA, _MINIMA)
    return np.argsort(drawn, axis=1, kind="stable")


def _figures(text: str) -> frozenset[int]:
    """Hashes of the numbers in digits, but for years and times of day, which an editor adds or drops."""
    figures = (match[0] for match in _FIGURE.finditer(text))
    found = {re.sub(r"[.,]", "", figure) for figure in figures if ":" not in figure.rstrip(":")}
    plain = {str(int(figure.rstrip(":")[:_MAX_DIGITS])) for figure in found}
    return frozenset(
        xxhash.xxh32_intdigest(figure.encode()) for figure in plain if not _YEAR.fullmatch(figure)
    )


def _same_figures(first: frozenset[int], second: frozenset[int]) -> bool:
    """A cut or an addition leaves one side without figures of its own; an update replaces some."""
    replaced = min(len(first - second), len(second - first))
    return replaced <= _FIGURES_REPLACED * len(first | second)
