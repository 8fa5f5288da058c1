"""The reader: one sound generation, opened read-only, searched by meaning and by words."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock

import numpy as np

from rag.errors import IndexDamaged, IndexMismatch, IndexMissing, RagIndexError
from rag.index import byhand, generations, tables, truth
from rag.index.keywords import WORDS_FILE, KeywordSearch
from rag.index.tables import LIBRARY_FILE
from rag.index.vectors import VECTORS_FILE, Keys, VectorSearch
from rag.protocols import Embedder, Vectors
from rag.schema import Article, ArticleRow, Filters, Passage, Removed, Sentence

_log = logging.getLogger(__name__)
_MAX_CACHED_ARTICLES = 512
_MAX_OPENINGS = 5


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage's key in this generation with its score: larger is better."""

    key: int
    score: float


class IndexReader:
    """A snapshot: whatever is written meanwhile, it answers from the generation it opened. Thread-safe."""

    def __init__(self, directory: Path) -> None:
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
                    self._open(directory, number)
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

    def _open(self, directory: Path, number: int) -> None:
        place = generations.folder(directory, number)
        self._path = place / LIBRARY_FILE
        self._vectors = VectorSearch(place / VECTORS_FILE)
        try:
            self._connection = tables.connect(self._path, read_only=True)
        except sqlite3.DatabaseError as error:
            raise IndexDamaged(f"{self._path}: unreadable ({error})") from error
        try:
            self._load(directory, place)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise IndexDamaged(f"{self._path}: unreadable ({error})") from error
        except RagIndexError:
            self._connection.close()
            raise

    def _load(self, directory: Path, place: Path) -> None:
        if tables.schema_version(self._connection, self._path) < tables.OLDEST_READ:
            raise IndexMismatch(
                f"{directory}: written by an older version of Footnote; bring it up to date with "
                "`rag check --repair`, or ingest again"
            )
        rows = self._rows("SELECT key, article_key FROM passages ORDER BY key")
        self._keys: Keys = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        self._article_of: Keys = np.fromiter((row[1] for row in rows), dtype=np.int64, count=len(rows))
        if not np.array_equal(self._keys, np.sort(self._vectors.keys)):
            raise IndexDamaged(f"{place}: passages and vectors do not match")
        self._words = KeywordSearch(
            place / WORDS_FILE, self._connection, self._keys, stored=WORDS_FILE in self.manifest.files
        )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone. Raises `IndexDamaged` when what is read makes no sense: it was
        sound when it was opened, so the disk has changed since."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.ProgrammingError:
                raise  # it was closed
            except (
                sqlite3.DatabaseError,
                ValueError,
                TypeError,
            ) as error:  # TypeError: a row that is not there
                raise IndexDamaged(truth.damage(self._path, str(error))) from error

    def _rows(self, query: str) -> list[tuple[int, ...]]:
        """The rows of a query as plain tuples: named ones cost twice the time, and there may be a million."""
        cursor = self._connection.cursor()
        cursor.row_factory = None
        return cursor.execute(query).fetchall()

    def close(self) -> None:
        """Release the files; it may be called twice."""
        self._connection.close()
        self._words.close()

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
        # As one text: a row for each of thousands of articles costs three times as much, and wakes the collector.
        query = f"SELECT group_concat(key) FROM articles WHERE {where}"
        with self._reading() as connection:
            (found,) = connection.execute(query, [*values, *other_values]).fetchone()
            undated = 0
            if conditions:
                where = " AND ".join(["published IS NULL", *others])
                count = f"SELECT count(*) FROM articles WHERE {where}"
                undated = int(connection.execute(count, other_values).fetchone()[0])
        articles = np.fromstring(found or "", dtype=np.int64, sep=",")
        return self._keys[np.isin(self._article_of, articles)], undated

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
            with self._reading() as connection:
                self._known_names[column] = [row[0] for row in connection.execute(query)]
        return self._known_names[column]

    def inverse_frequencies(self, terms: Sequence[str]) -> list[float]:
        """BM25's idf of each analysed term: how much it tells passages apart (about 0 to 12)."""
        total = self.manifest.passages
        counts = [self._words.holders(term) for term in terms]
        return [float(np.log(1 + (total - count + 0.5) / (count + 0.5))) for count in counts]

    def dense(self, vector: Vectors, count: int, allowed: Keys | None) -> list[ScoredPassage]:
        """The `count` passages nearest to `vector` by cosine, best first."""
        return [ScoredPassage(*found) for found in self._vectors.search(vector, count, allowed)]

    def keyword(self, question: str, count: int, allowed: Keys | None) -> list[ScoredPassage]:
        """The `count` best passages for the words of `question` by BM25 (stemmed), best first."""
        with self._reading():
            return [ScoredPassage(*found) for found in self._words.search(question, count, allowed)]

    def passages(self, keys: Sequence[int]) -> list[tuple[Passage, Article]]:
        """The passages of `keys`, in their order, each with its article."""
        found: list[tuple[Passage, Article]] = []
        for key in keys:
            with self._reading() as connection:
                row = connection.execute(
                    "SELECT article_key, ordinal, start, end FROM passages WHERE key = ?", (key,)
                ).fetchone()
                article_key, ordinal, start, end = (int(value) for value in row)
            article = self._article(article_key)
            name = f"{article.id}-{ordinal}"
            found.append((Passage(name, article.id, ordinal, start, end, article.text[start:end]), article))
        return found

    def _article(self, key: int) -> Article:
        with self._reading() as connection:
            if (known := self._articles.get(key)) is not None:
                return known
            query = f"SELECT {tables.ARTICLE_COLUMNS}, a.text FROM {tables.ARTICLE_FROM} WHERE a.key = ?"
            row = connection.execute(query, (key,)).fetchone()
            article = tables.article_from(row, row["text"])
            if len(self._articles) >= _MAX_CACHED_ARTICLES:
                self._articles.clear()
            self._articles[key] = article
            return article

    def sentences(self, article: Article, start: int, end: int) -> list[Sentence]:
        """The sentences of `article` that lie within `start` and `end`, in order."""
        query = """SELECT s.ordinal, s.start, s.end, s.speaker FROM sentences s JOIN articles a
            ON a.key = s.article_key WHERE a.id = ? AND s.start >= ? AND s.end <= ? ORDER BY s.ordinal"""
        with self._reading() as connection:
            rows = connection.execute(query, (article.id, start, end)).fetchall()
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

    def article(self, article_id: str) -> Article | None:
        """The article of this id with its text; None when there is none."""
        with self._reading() as connection:
            row = connection.execute("SELECT key FROM articles WHERE id = ?", (article_id,)).fetchone()
        return self._article(row["key"]) if row is not None else None

    def articles(self) -> list[ArticleRow]:
        """All articles without their text, newest first."""
        with self._reading() as connection:
            return tables.article_rows(connection)

    def kept_away(self) -> list[Removed]:
        """Everything that a person removed and that may be brought back, by file and title."""
        with self._reading() as connection:
            version = tables.schema_version(connection, self._path)
            return byhand.kept_away(connection, titled=version > 5) if version > 4 else []
