"""The keyword side: BM25 over postings of our own, made from the library's FTS5 table and mapped into memory.

FTS5 scores anew, for each question, every passage that holds one of its words, and looks up each one's length: 1.6 µs
a hit, and frequent words are in a quarter of all passages. The postings say which passages hold a term how often, so
a hit costs nanoseconds. Scores are FTS5's to the last bit.

`words.bin`, little-endian. A passage's place is its rank among the passages' keys; a count is twice the hits in the
text and once those in the title, which weighs half.

| part | numbers | what |
|---|---|---|
| header | 5 of 8 bytes | passages, terms, bytes of all terms, postings, bytes of a count |
| places | 4 bytes a posting | the passages that hold a term, ascending, term by term |
| lengths | 4 bytes a passage | its terms, with repetitions |
| holders | 4 bytes a term | how many passages hold it |
| sizes | 4 bytes a term | of the term itself |
| counts | 1 or 2 bytes a posting | how often the passage holds the term |
| terms | | UTF-8, ascending, one after the other |
"""

from __future__ import annotations

import math
import re
import sqlite3
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamaged
from rag.index import tables
from rag.index.scripts import FIRST_FOREIGN, fold, sound
from rag.index.vectors import Keys
from rag.index.words import STOP_WORDS, Analyzer

WORDS_FILE = "words.bin"
_WORD = re.compile(r"\w+")
_MAX_QUERY_WORDS = 64
_K1, _B, _LEAST_IDF = 1.2, 0.75, 1e-6
"""Those of FTS5 (https://www.sqlite.org/fts5.html#the_bm25_function)."""
_PHRASE = "SELECT rowid, -rank FROM passages_text WHERE passages_text MATCH ? AND rank MATCH 'bm25(0.5, 1.0)'"
_HITS = """SELECT group_concat(doc * 2 + (col = 'body')) FROM temp.instances
    WHERE term >= CAST(? AS TEXT) AND term <= CAST(? AS TEXT)"""
"""Numbers as one text: a row for each hit would cost three times as much in Python."""
_BLOCK = 2_000_000
"""Hits taken from FTS5 at a time; each needs about 50 bytes of memory for a moment."""
_NOWHERE = -1
_NUMBER = np.dtype("<u4")
_HEADER = np.dtype(("<u8", 5))
_Hits = tuple[NDArray[Any], NDArray[np.float64]]


def write(path: Path, library: Path) -> None:
    """Write the postings of the library at `library`, which no one changes meanwhile, to `path`."""
    with closing(tables.connect(library, read_only=True)) as connection, path.open("wb") as file:
        _write(file, connection)


def _write(file: BinaryIO, connection: sqlite3.Connection) -> None:
    cursor = connection.cursor()
    cursor.row_factory = None
    keys = [key for (key,) in cursor.execute("SELECT key FROM passages ORDER BY key")]
    place_of = np.full(max(keys, default=0) + 2, _NOWHERE, dtype=np.int32)
    place_of[keys] = np.arange(len(keys))
    # As bytes: FTS5 cuts a very long term where it likes, and what is left may be no UTF-8.
    rows = cursor.execute("SELECT CAST(term AS BLOB), cnt FROM temp.vocabulary").fetchall()
    terms = [term for term, _ in rows]
    hits = np.array([count for _, count in rows], dtype=np.int64)
    lengths = np.zeros(len(keys), dtype=np.int64)
    holders = np.zeros(len(terms), dtype=np.int64)
    counts: list[NDArray[np.uint16]] = [np.zeros(0, dtype=np.uint16)]
    file.write(bytes(_HEADER.itemsize))
    for block in _blocks(hits):
        (text,) = cursor.execute(_HITS, (terms[block][0], terms[block][-1])).fetchone()
        codes = np.fromstring(text or "", dtype=np.int64, sep=",")
        if len(codes) != hits[block].sum():
            raise sqlite3.DatabaseError("the text search counts other words than it holds")
        documents = codes >> 1
        # Hits come by term, and those of a term by passage: each run of equal pairs is one posting.
        first = np.ones(len(codes), dtype=np.bool_)
        np.not_equal(documents[1:], documents[:-1], out=first[1:])
        first[_sums(hits[block])[:-1]] = True
        begins = np.flatnonzero(first)
        places = place_of[np.clip(documents[begins], -1, len(place_of) - 1)]  # the last one is nowhere
        runs = np.diff(begins, append=len(codes))
        weights = np.add.reduceat(codes & 1, begins) + runs
        of_term = np.searchsorted(_sums(hits[block]), begins, side="right") - 1
        if (places == _NOWHERE).any():  # what is left of a passage that is gone, after damage
            places, runs, weights, of_term = (
                item[places != _NOWHERE] for item in (places, runs, weights, of_term)
            )
        lengths += np.bincount(places, weights=runs, minlength=len(keys)).astype(np.int64)
        holders[block] = np.bincount(of_term, minlength=len(hits[block]))
        counts.append(np.minimum(weights, np.iinfo(np.uint16).max).astype(np.uint16))
        file.write(places.astype(_NUMBER).tobytes())
    of_postings = np.concatenate(counts)
    width = 1 if of_postings.max(initial=0) < 256 else 2
    sizes = np.array([len(term) for term in terms], dtype=np.int64)
    for numbers in (lengths, holders, sizes):
        file.write(numbers.astype(_NUMBER).tobytes())
    file.write(of_postings.astype(f"<u{width}").tobytes())
    file.write(b"".join(terms))
    header = (len(keys), len(terms), int(sizes.sum()), len(of_postings), width)
    file.seek(0)
    file.write(np.array(header, dtype="<u8").tobytes())


def _blocks(hits: NDArray[np.int64]) -> Iterator[slice]:
    """Runs of terms that have `_BLOCK` hits together, or one term if it has more."""
    ends = np.cumsum(hits)
    start = 0
    while start < len(hits):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _BLOCK, side="right")))
        yield slice(start, stop)
        start = stop


class KeywordSearch:
    """BM25 over the postings of a generation: a passage's score is the sum over a question's words.

    Not thread-safe: it uses the caller's connection.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, keys: Keys, *, stored: bool) -> None:
        """`keys`: those of all passages, in order. Unless the generation has `stored` postings at `path` (formats
        1 and 2 had none), they are made now: 3 s for 100,000 passages.

        Raises `IndexDamaged` when the file is not of this kind or of other passages.
        """
        self._path = path
        self._connection = connection
        self._keys = keys
        self._analyzer = Analyzer()
        try:
            if stored:
                with path.open("rb") as file:
                    self._load(file)
            else:
                with tempfile.TemporaryFile() as file:
                    _write(file, connection)
                    file.flush()
                    self._load(file)
        except (OSError, ValueError) as error:
            raise IndexDamaged(f"{path}: not postings that Footnote writes") from error

    def _load(self, file: BinaryIO) -> None:
        """Map the two long parts, and take the others. Raises `ValueError` when sizes do not fit."""
        mapped = np.asarray(np.memmap(file, dtype=np.uint8, mode="r"))
        header = mapped[: _HEADER.itemsize].view(_HEADER.base)
        passages, terms, text, postings, width = (int(number) for number in header)
        sizes = (_HEADER.itemsize, 4 * postings, 4 * passages, 4 * terms, 4 * terms, width * postings, text)
        ends = list(accumulate(sizes))
        if len(mapped) != ends[-1] or passages != len(self._keys) or width not in (1, 2):
            raise ValueError(f"{len(mapped)} bytes of {passages} passages")
        parts = [mapped[start:stop] for start, stop in pairwise(ends)]
        self._places: NDArray[Any] = parts[0].view(_NUMBER)
        self._counts: NDArray[Any] = parts[4].view(f"<u{width}")
        self._terms = parts[5].tobytes()
        self._firsts = _sums(parts[2].view(_NUMBER))
        self._starts = _sums(parts[3].view(_NUMBER))
        if self._firsts[-1] != postings or self._starts[-1] != text:
            raise ValueError("the parts do not fit together")
        lengths = parts[1].view(_NUMBER).astype(np.float64)
        self._norms = _K1 * (1 - _B + _B * lengths / (float(lengths.mean()) if lengths.any() else 1.0))

    def search(self, question: str, count: int, allowed: Keys | None) -> list[tuple[int, float]]:
        """The `count` best keys for the words of `question` with their score, best first; equal ones by key.

        Raises `IndexDamaged` when the mapped file has changed since it was opened.
        """
        asked = _WORD.findall(question)
        words = [word for word in dict.fromkeys(map(str.lower, asked)) if word not in STOP_WORDS][
            :_MAX_QUERY_WORDS
        ]
        names = {word.lower() for word in asked if word[:1].isupper()}
        scores = np.zeros(len(self._keys))
        for word, terms in zip(words, self._analyzer.terms(words), strict=True):
            places, gains = self._phrase(word) if len(terms) > 1 else self._gains(self._forms(terms))
            scores[places] += gains
            if word in names:
                places, gains = self._gains(self._abroad(word))
                scores[places] += gains
        if allowed is not None:
            scores[~np.isin(self._keys, allowed)] = 0.0
        found = np.flatnonzero(scores)
        if len(found) > count:
            least = np.partition(scores[found], -count)[-count]
            found = found[scores[found] >= least]
        found = found[np.argsort(-scores[found], kind="stable")][:count]
        return list(zip(self._keys[found].tolist(), scores[found].tolist(), strict=True))

    def holders(self, term: str) -> int:
        """How many passages hold an analysed term."""
        return len(self._postings(self._forms([term]))[0])

    def close(self) -> None:
        """Free what analyses questions."""
        self._analyzer.close()

    def _term(self, number: int) -> bytes:
        return self._terms[self._starts[number] : self._starts[number + 1]]

    def _number(self, term: str) -> int | None:
        wanted = term.encode("utf-8")
        known = range(len(self._starts) - 1)
        number = bisect_left(known, wanted, key=self._term)
        return number if number < len(known) and self._term(number) == wanted else None

    def _forms(self, terms: Sequence[str]) -> list[int]:
        """The numbers of the index's terms that an analysed term stands for: of a stem in another script, all forms."""
        if not terms:
            return []
        if terms[0] >= FIRST_FOREIGN:
            return self._foreign[0].get(terms[0], [])
        number = self._number(terms[0])
        return [] if number is None else [number]

    def _abroad(self, name: str) -> list[int]:
        """The numbers of the terms in other scripts that sound like a name in Latin script."""
        known = self._foreign[1] if name < FIRST_FOREIGN else {}
        heard = sound(name) if known else None
        return known.get(heard, []) if heard else []

    @cached_property
    def _foreign(self) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        """The terms in other scripts than Latin by stem, and by sound."""
        first = bisect_left(range(len(self._starts) - 1), FIRST_FOREIGN.encode("utf-8"), key=self._term)
        by_stem: dict[str, list[int]] = {}
        by_sound: dict[str, list[int]] = {}
        for number in range(first, len(self._starts) - 1):
            term = self._term(number).decode("utf-8", errors="replace")
            by_stem.setdefault(fold(term), []).append(number)
            if heard := sound(term):
                by_sound.setdefault(heard, []).append(number)
        return by_stem, by_sound

    def _postings(self, numbers: Sequence[int]) -> _Hits:
        """Where in `keys` the passages with any of these terms are, and how often they hold them together."""
        runs = [slice(self._firsts[number], self._firsts[number + 1]) for number in numbers]
        if len(runs) == 1:
            return self._places[runs[0]], self._counts[runs[0]] / 2.0
        if not runs:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        places, of = np.unique(np.concatenate([self._places[run] for run in runs]), return_inverse=True)
        counts = np.concatenate([self._counts[run] / 2.0 for run in runs])
        return places, np.bincount(of, weights=counts, minlength=len(places)).astype(np.float64)

    def _gains(self, numbers: Sequence[int]) -> _Hits:
        """Where in `keys` the passages with any of these terms are, and what that adds to their score."""
        places, frequency = self._postings(numbers)
        holders = len(places)
        idf = math.log((len(self._keys) - holders + 0.5) / (holders + 0.5))
        idf = idf if idf > 0.0 else _LEAST_IDF
        try:
            return places, idf * ((frequency * (_K1 + 1.0)) / (frequency + self._norms[places]))
        except IndexError as error:
            raise IndexDamaged(
                f"{self._path}: damaged (no such passage); run `rag check --repair`"
            ) from error

    def _phrase(self, word: str) -> _Hits:
        """A word that the index holds as several terms, such as one with an underscore: FTS5 knows where they stand
        side by side."""
        cursor = self._connection.cursor()
        cursor.row_factory = None
        rows = cursor.execute(_PHRASE, (f'"{word}"',)).fetchall()
        keys = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        gains = np.fromiter((row[1] for row in rows), dtype=np.float64, count=len(rows))
        return np.searchsorted(self._keys, keys), gains


def _sums(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Where each of consecutive runs of these lengths begins, and where the last one ends."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(numbers, dtype=np.int64)])
