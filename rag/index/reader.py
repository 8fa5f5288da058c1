"""The reader: one sound generation, opened read-only, searched by meaning and by words."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock

import numpy as np

from rag.errors import IndexDamaged, IndexMismatch, IndexMissing
from rag.index import generations, tables
from rag.index.tables import LIBRARY_FILE
from rag.index.vectors import VECTORS_FILE, Keys, VectorSearch
from rag.index.words import STOP_WORDS
from rag.protocols import Embedder, Vectors
from rag.schema import Article, ArticleRow, Filters, Passage, Sentence

_log = logging.getLogger(__name__)
_WORD = re.compile(r"\w+")
_TITLE_WEIGHT = 0.5
"""BM25 weight of a hit in the title against one in the text."""
_MAX_QUERY_WORDS = 64
_MAX_CACHED_ARTICLES = 512
_MAX_OPENINGS = 5


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage's key in this generation with its score: larger is better."""

    key: int
    score: float


class IndexReader:
    """A snapshot: whatever is written meanwhile, it answers from the generation it opened. Thread-safe."""

    def __init__(self, directory: Path, *, threads: int = 1) -> None:
        """Open the current generation, or the newest older one that is sound.

        Raises `IndexMissing` when there is none, `IndexDamaged` when none is sound.
        """
        self._lock = Lock()
        self._articles: dict[int, Article] = {}
        self._known_names: dict[str, list[str]] = {}
        damage: IndexDamaged | None = None
        for _ in range(_MAX_OPENINGS):
            first = generations.current(directory)
            for number in generations.candidates(directory):
                try:
                    self.manifest = generations.verified(directory, number)
                    self._open(directory, number, threads)
                except IndexDamaged as error:
                    _log.warning("%s; trying the generation before it", error)
                    damage = damage or error
                else:
                    return
            if generations.current(directory) == first:
                break  # else a writer published twice meanwhile and took away what was being opened
        if damage is None:
            raise IndexMissing(f"{directory}: no index here yet; build one with `rag ingest PATH`")
        raise IndexDamaged(
            f"{damage}; run `rag check --repair` to rebuild it from {LIBRARY_FILE}"
        ) from damage

    def _open(self, directory: Path, number: int, threads: int) -> None:
        place = generations.folder(directory, number)
        self._vectors = VectorSearch(place / VECTORS_FILE, threads=threads)
        try:
            self._connection = tables.connect(place / LIBRARY_FILE, read_only=True)
        except sqlite3.DatabaseError as error:
            raise IndexDamaged(f"{place / LIBRARY_FILE}: unreadable ({error})") from error
        try:
            if tables.schema_version(self._connection, place / LIBRARY_FILE) < tables.SCHEMA_VERSION:
                self._connection.close()
                raise IndexMismatch(
                    f"{directory}: written by an older version of Footnote; bring it up to date with "
                    "`rag check --repair`, or ingest again"
                )
            rows = self._connection.execute("SELECT key FROM passages ORDER BY key").fetchall()
            keys = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise IndexDamaged(f"{place / LIBRARY_FILE}: unreadable ({error})") from error
        if not np.array_equal(keys, np.sort(self._vectors.keys)):
            self._connection.close()
            raise IndexDamaged(f"{place}: passages and vectors do not match")

    def close(self) -> None:
        """Release the files; it may be called twice."""
        self._connection.close()

    def require(self, embedder: Embedder) -> None:
        """Raises `IndexMismatch` when the vectors were made by another embedder: they would mean nothing."""
        if embedder.fingerprint != self.manifest.embedder_fingerprint:
            raise IndexMismatch(
                f"the index was built with the embedder {self.manifest.embedder!r}, not {embedder.name!r}; "
                f"choose that one (`rag models use {self.manifest.embedder}`) or ingest into a new folder with --index"
            )

    def is_current(self, directory: Path) -> bool:
        """Whether this is still the newest published generation."""
        try:
            return generations.current(directory) == self.manifest.generation
        except (IndexMissing, IndexDamaged):
            return True

    def allowed(self, filters: Filters) -> tuple[Keys | None, int]:
        """Keys of the passages that `filters` let through (None: all), and how many articles without a
        date a date filter left out."""
        conditions: list[str] = []
        values: list[str] = []
        if filters.date_from is not None:
            conditions.append("published >= ?")
            values.append(filters.date_from.isoformat())
        if filters.latest is not None:
            conditions.append("published <= ?")
            values.append(filters.latest.isoformat())
        others: list[str] = []
        other_values: list[str] = []
        if filters.outlet is not None:
            others.append("outlet = ? COLLATE NOCASE")
            other_values.append(filters.outlet)
        if filters.language is not None:
            others.append("language = ? COLLATE NOCASE")
            other_values.append(filters.language)
        if not conditions and not others:
            return None, 0
        where = " AND ".join([*conditions, *others])
        query = f"SELECT p.key FROM passages p JOIN articles a ON a.key = p.article_key WHERE {where}"
        with self._lock:
            rows = self._connection.execute(query, [*values, *other_values]).fetchall()
            undated = 0
            if conditions:
                where = " AND ".join(["published IS NULL", *others])
                count = f"SELECT count(*) FROM articles WHERE {where}"
                undated = int(self._connection.execute(count, other_values).fetchone()[0])
        return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows)), undated

    def outlets(self) -> list[str]:
        """Names of the outlets, alphabetically."""
        return self._names("outlet")

    def languages(self) -> list[str]:
        """Codes of the languages, alphabetically."""
        return self._names("language")

    def authors(self) -> list[str]:
        """Names of the authors, alphabetically."""
        return self._names("author")

    def newest(self) -> date | None:
        """The day of the newest article; None when none has a date."""
        days = self._names("published")
        return date.fromisoformat(days[-1]) if days else None

    def _names(self, column: str) -> list[str]:
        """The values of a column, in order; a generation never changes, so they are read once."""
        if column not in self._known_names:
            query = f"SELECT DISTINCT {column} FROM articles WHERE {column} IS NOT NULL ORDER BY 1"
            with self._lock:
                self._known_names[column] = [row[0] for row in self._connection.execute(query)]
        return self._known_names[column]

    def inverse_frequencies(self, terms: Sequence[str]) -> list[float]:
        """BM25's idf of each analysed term: how much it tells passages apart (about 0 to 12)."""
        total = self.manifest.passages
        query = "SELECT doc FROM temp.vocabulary WHERE term = ?"
        with self._lock:
            counts = [(self._connection.execute(query, (term,)).fetchone() or (0,))[0] for term in terms]
        return [float(np.log(1 + (total - count + 0.5) / (count + 0.5))) for count in counts]

    def dense(self, vector: Vectors, count: int, allowed: Keys | None) -> list[ScoredPassage]:
        """The `count` passages nearest to `vector` by cosine, best first."""
        return [ScoredPassage(*found) for found in self._vectors.search(vector, count, allowed)]

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """The stored vectors of these passages, shape (len(keys), dimension)."""
        return self._vectors.vectors(keys)

    def keyword(self, question: str, count: int, allowed: Keys | None) -> list[ScoredPassage]:
        """The `count` best passages for the words of `question` by BM25 (stemmed), best first."""
        found_words = dict.fromkeys(word.lower() for word in _WORD.findall(question))
        words = [word for word in found_words if word not in STOP_WORDS][:_MAX_QUERY_WORDS]
        if not words:
            return []
        query = " OR ".join(f'"{word}"' for word in words)
        # With a filter the ranking is cut afterwards: FTS5 has no id set to search in.
        limit = count if allowed is None else -1
        with self._lock:
            rows = self._connection.execute(
                "SELECT rowid, bm25(passages_text, ?, 1.0) AS score FROM passages_text "
                "WHERE passages_text MATCH ? ORDER BY score LIMIT ?",
                (_TITLE_WEIGHT, query, limit),
            ).fetchall()
        found = [ScoredPassage(int(row[0]), -float(row[1])) for row in rows]
        if allowed is not None:
            keys = set(allowed.tolist())
            found = [item for item in found if item.key in keys]
        return found[:count]

    def passages(self, keys: Sequence[int]) -> list[tuple[Passage, Article]]:
        """The passages of `keys`, in their order, each with its article."""
        found: list[tuple[Passage, Article]] = []
        for key in keys:
            with self._lock:
                row = self._connection.execute(
                    "SELECT article_key, ordinal, start, end FROM passages WHERE key = ?", (key,)
                ).fetchone()
            article = self._article(int(row["article_key"]))
            start, end = int(row["start"]), int(row["end"])
            ordinal = int(row["ordinal"])
            name = f"{article.id}-{ordinal}"
            found.append((Passage(name, article.id, ordinal, start, end, article.text[start:end]), article))
        return found

    def _article(self, key: int) -> Article:
        with self._lock:
            if (known := self._articles.get(key)) is not None:
                return known
            query = f"SELECT {tables.ARTICLE_COLUMNS}, a.text FROM {tables.ARTICLE_FROM} WHERE a.key = ?"
            row = self._connection.execute(query, (key,)).fetchone()
            article = tables.article_from(row, row["text"])
            if len(self._articles) >= _MAX_CACHED_ARTICLES:
                self._articles.clear()
            self._articles[key] = article
            return article

    def sentences(self, article: Article, start: int, end: int) -> list[Sentence]:
        """The sentences of `article` that lie within `start` and `end`, in order."""
        query = """SELECT s.ordinal, s.start, s.end, s.speaker FROM sentences s JOIN articles a
            ON a.key = s.article_key WHERE a.id = ? AND s.start >= ? AND s.end <= ? ORDER BY s.ordinal"""
        with self._lock:
            rows = self._connection.execute(query, (article.id, start, end)).fetchall()
        return [
            Sentence(
                article.id,
                row["ordinal"],
                row["start"],
                row["end"],
                article.text[row["start"] : row["end"]],
                row["speaker"],
            )
            for row in rows
        ]

    def articles(self) -> list[ArticleRow]:
        """All articles without their text, newest first."""
        with self._lock:
            return tables.article_rows(self._connection)
