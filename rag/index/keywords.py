"""The FTS5 side: passages that hold a question's words, ranked by BM25 (stemmed)."""

from __future__ import annotations

import re
import sqlite3
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from rag.index.vectors import Keys
from rag.index.words import STOP_WORDS

_WORD = re.compile(r"\w+")
_BM25 = "bm25(0.5, 1.0)"
"""A hit in the title weighs half of one in the text. As `rank` it takes a fifth less time than as a function."""
_MAX_QUERY_WORDS = 64
_MAX_REMEMBERED = 4_000_000
"""Hits of words that are kept, 12 bytes each. A few frequent words have most of them, and they come back."""
_Hits = tuple[NDArray[np.int32], NDArray[np.float64]]


class KeywordSearch:
    """BM25 word by word: a passage's score is the sum over the words, so each word is looked up once.

    FTS5 itself would score every passage that holds any word anew for each question, which takes 40 ms where a
    question's words are in a quarter of 100,000 passages. Not thread-safe: it uses the caller's connection.
    """

    def __init__(self, connection: sqlite3.Connection, keys: Keys) -> None:
        """`keys`: those of all passages, in order."""
        self._connection = connection
        self._keys = keys
        self._remembered: OrderedDict[str, _Hits] = OrderedDict()
        self._hits = 0

    def search(self, question: str, count: int, allowed: Keys | None) -> list[tuple[int, float]]:
        """The `count` best keys for the words of `question` with their score, best first; equal ones by key."""
        found_words = dict.fromkeys(word.lower() for word in _WORD.findall(question))
        words = [word for word in found_words if word not in STOP_WORDS][:_MAX_QUERY_WORDS]
        scores = np.zeros(len(self._keys))
        for word in words:
            places, gains = self._hits_of(word)
            scores[places] += gains
        if allowed is not None:
            scores[~np.isin(self._keys, allowed)] = 0.0
        found = np.flatnonzero(scores)
        if len(found) > count:
            least = np.partition(scores[found], -count)[-count]
            found = found[scores[found] >= least]
        found = found[np.argsort(-scores[found], kind="stable")][:count]
        return list(zip(self._keys[found].tolist(), scores[found].tolist(), strict=True))

    def _hits_of(self, word: str) -> _Hits:
        """Where in `keys` the passages with `word` are, and what it adds to their score."""
        if (known := self._remembered.get(word)) is not None:
            self._remembered.move_to_end(word)
            return known
        cursor = self._connection.cursor()
        cursor.row_factory = None
        rows = cursor.execute(
            "SELECT rowid, -rank FROM passages_text WHERE passages_text MATCH ? AND rank MATCH ?",
            (f'"{word}"', _BM25),
        ).fetchall()
        keys = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        gains = np.fromiter((row[1] for row in rows), dtype=np.float64, count=len(rows))
        found = np.searchsorted(self._keys, keys).astype(np.int32), gains
        self._remembered[word] = found
        self._hits += len(rows)
        while self._hits > _MAX_REMEMBERED and len(self._remembered) > 1:
            _, (gone, _) = self._remembered.popitem(last=False)
            self._hits -= len(gone)
        return found
