"""The one writer: changes the truth in transactions, and publishes generations from it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from rag.errors import IndexDamaged, IndexLocked, IndexMismatch, RagIndexError
from rag.index import byhand, derived, generations, records, tables, truth, vectors
from rag.index.byhand import Removal
from rag.index.records import ArticleParts, Change, FileState, SignedArticle
from rag.index.tables import LIBRARY_FILE
from rag.protocols import Vectors
from rag.schema import Article, Split

_UNSIGNED = """SELECT key FROM articles WHERE key NOT IN (SELECT article_key FROM signatures)
    AND key IN (SELECT article_key FROM provenances)"""


class IndexWriter:
    """Exclusive access to the truth of an index; use as a context manager.

    Every method that changes something is one transaction: after it returns, a kill loses nothing.
    Readers see nothing of it before `publish`.
    """

    def __init__(
        self, directory: Path, *, embedder: str, fingerprint: str, dimension: int, repair: bool = False
    ) -> None:
        """Raises `IndexLocked`, `IndexMismatch`, or `IndexDamaged` unless `repair` can restore the library."""
        self._directory = directory
        self._dimension = dimension
        self._published_at: int | None = None
        """`total_changes` when the library was what the current generation holds; None: it was not."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(directory / truth.LOCK, timeout=0)
            self._lock.acquire()
        except Timeout as error:
            raise IndexLocked(
                f"{directory}: {self._holder()} is writing to this index; try again later"
            ) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RagIndexError(
                f"{directory}: cannot be written ({reason}); choose another with --index"
            ) from error
        try:
            self._mark()
            try:
                self._connect()
            except IndexDamaged:
                if not repair:
                    raise
                self._disconnect()
                truth.restore(directory)
                self._connect()
            generations.sweep(directory)
            self._claim(embedder, fingerprint, dimension)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise RagIndexError(f"{directory}: the index cannot be opened for writing ({error})") from error
        except BaseException:
            self.close()
            raise

    def _mark(self) -> None:
        """Say who writes. The mark stays behind when a writer ends before it has published (see `truth`)."""
        holder = self._directory / truth.HOLDER
        self._unfinished = holder.exists()
        if not self._unfinished:
            self._published_at = 0  # so that `close` takes the mark away again if nothing changes
        holder.write_text(json.dumps({"pid": os.getpid()}), encoding="utf-8")
        generations.fsync(holder)
        generations.fsync(self._directory)

    def _connect(self) -> None:
        """Open a library that is sound, and bring it to this version."""
        path = self._directory / LIBRARY_FILE
        state = truth.state(self._directory, unfinished=self._unfinished)
        if state is truth.State.MISSING:
            raise IndexDamaged(truth.damage(path, state.value))
        try:
            self._connection = tables.connect(path, read_only=False)
            version = tables.schema_version(self._connection, path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise IndexDamaged(truth.damage(path, str(error))) from error
        if state is truth.State.DAMAGED:
            raise IndexDamaged(truth.damage(path, state.value))
        if state is truth.State.CHANGED and version:
            truth.verify(self._connection, path)
        tables.migrate(self._connection, path)
        current = state is truth.State.PUBLISHED and version == tables.SCHEMA_VERSION
        self._published_at = self._connection.total_changes if current else None

    def _disconnect(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()
            del self._connection

    def _is_published(self) -> bool:
        connection = getattr(self, "_connection", None)
        changes = 0 if connection is None else connection.total_changes
        return self._published_at == changes

    def _holder(self) -> str:
        try:
            pid = json.loads((self._directory / truth.HOLDER).read_text(encoding="utf-8"))["pid"]
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"
        return f"process {pid}"

    def _claim(self, embedder: str, fingerprint: str, dimension: int) -> None:
        known = {row["key"]: row["value"] for row in self._connection.execute("SELECT key, value FROM meta")}
        empty = self._connection.execute("SELECT 1 FROM articles LIMIT 1").fetchone() is None
        if not empty and known.get("embedder_fingerprint") not in (None, fingerprint):
            raise IndexMismatch(
                f"{self._directory}: built with the embedder {known.get('embedder')!r}, not {embedder!r}; choose "
                f"that one (`rag models use {known.get('embedder')}`) or ingest into a new folder with --index"
            )
        self._embedder, self._fingerprint = embedder, fingerprint
        wanted = {"embedder": embedder, "embedder_fingerprint": fingerprint, "dimension": str(dimension)}
        if {name: known.get(name) for name in wanted} == wanted:
            return
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            if known.get("embedder_fingerprint") != fingerprint:
                # A run that was killed may have left vectors, and they are those of the other embedder.
                self._connection.execute("DELETE FROM vectors")
            self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(wanted.items()))

    def __enter__(self) -> IndexWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, sqlite3.IntegrityError):
            return
        if isinstance(error, sqlite3.OperationalError):
            raise RagIndexError(
                f"{self._directory / LIBRARY_FILE}: cannot be written ({error}); what was done before is kept, "
                "make room and ingest again"
            ) from error
        if isinstance(error, sqlite3.DatabaseError):
            raise IndexDamaged(truth.damage(self._directory / LIBRARY_FILE, str(error))) from error

    def close(self) -> None:
        """Give the index back; it may be called twice."""
        finished = self._is_published()
        self._disconnect()
        if self._lock.is_locked:
            if finished:
                (self._directory / truth.HOLDER).unlink(missing_ok=True)
            self._lock.release()

    def files(self) -> dict[str, FileState]:
        """Every ingested file by its path."""
        rows = self._connection.execute(
            "SELECT path, source_hash, size_bytes, modified_ns, reader_version FROM files"
        )
        return {row["path"]: FileState(*row) for row in rows}

    def article_count(self, path: str) -> int:
        """How many articles of the file at `path` are indexed."""
        query = "SELECT count(*) FROM provenances WHERE path = ?"
        return int(self._connection.execute(query, (path,)).fetchone()[0])

    def has_articles(self, ids: Iterable[str]) -> set[str]:
        """Those of `ids` that are indexed already."""
        query = "SELECT 1 FROM articles WHERE id = ?"
        return {item for item in ids if self._connection.execute(query, (item,)).fetchone()}

    def has_vectors(self, hashes: Iterable[bytes]) -> set[bytes]:
        """Those of `hashes` whose vector is stored already."""
        query = "SELECT 1 FROM vectors WHERE hash = ?"
        return {item for item in hashes if self._connection.execute(query, (item,)).fetchone()}

    def splits(self, path: str) -> list[Split]:
        """Where a person put the beginnings of articles in the file at `path`."""
        query = "SELECT line, occurrence, begins FROM splits WHERE path = ?"
        return [
            Split(row["line"], row["occurrence"], bool(row["begins"]))
            for row in self._connection.execute(query, (path,))
        ]

    def set_splits(self, path: str, splits: Sequence[Split], *, reset: bool = False) -> None:
        """Add to the splits of a file (or replace them with `reset`); it is read anew at the next ingest."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            byhand.set_splits(self._connection, path, splits, reset=reset)

    def corrections(self, content_hash: str) -> dict[str, str]:
        """Metadata that a person set for the article with this text."""
        query = "SELECT field, value FROM corrections WHERE content_hash = ?"
        return {row["field"]: row["value"] for row in self._connection.execute(query, (content_hash,))}

    def set_corrections(self, article_id: str, values: Mapping[str, str]) -> list[str]:
        """Remember metadata for the article's text; returns the files that hold it, to be read anew."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            return byhand.set_corrections(self._connection, article_id, values)

    def carry_over(self, path: str, articles: Sequence[Article]) -> None:
        """Let what was corrected and removed in the file at `path`, which is the same, hold for its `articles` now."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            byhand.carry_over(self._connection, path, articles)

    def removed(self, articles: Iterable[Article]) -> set[str]:
        """Ids of those of `articles` that a person removed."""
        return byhand.removed(self._connection, articles)

    def left_out(self) -> dict[str, int]:
        """How many articles of each file are not indexed because a person removed them."""
        return dict(self._connection.execute("SELECT path, count(*) FROM left_out GROUP BY path").fetchall())

    def removed_files(self) -> dict[str, str]:
        """The files that a person removed, each with the name (its own or a folder's) that was asked for."""
        return dict(self._connection.execute("SELECT path, asked FROM removed_files").fetchall())

    def removal(self, target: str) -> Removal | None:
        """What a person removed under the name `target`: an article's id, or a path; None if nothing was."""
        return byhand.removal(self._connection, target)

    def restore(self, removals: Iterable[Removal]) -> None:
        """Keep these away no longer: their files are read anew at the next ingest."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for found in removals:
                byhand.restore(self._connection, found)

    def touch(self, state: FileState) -> None:
        """Record that the file at `state.path` is the same as before but for its time stamp."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            records.put_file(self._connection, state)

    def add_vectors(self, vector_of: Mapping[bytes, Vectors]) -> None:
        """Store vectors ahead of their passages, so that a killed run need not embed them again."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                [(name, vector.astype(vectors.STORED).tobytes()) for name, vector in vector_of.items()],
            )

    def put(
        self, state: FileState, parts: Sequence[ArticleParts], left_out: Sequence[Article] = ()
    ) -> Change:
        """Make the file at `state.path` hold exactly the articles `parts`; their vectors are stored already.

        `parts` of articles that are indexed already may lack sentences and passages; else these replace theirs.
        `left_out`: articles that the file holds too, but that a person removed.
        """
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            before = records.keys_of(self._connection, state.path)
            self._connection.execute("DELETE FROM provenances WHERE path = ?", (state.path,))
            records.put_file(self._connection, state)
            byhand.set_left_out(self._connection, state.path, left_out)
            self._connection.execute("DELETE FROM removed_files WHERE path = ?", (state.path,))
            after: set[int] = set()
            for position, part in enumerate(parts):
                key = records.key_of(self._connection, part.article.id)
                if key is None:
                    key = records.insert(self._connection, part)
                elif part.passages:
                    records.resplit(self._connection, key, part)
                article = part.article
                self._connection.execute(
                    "INSERT INTO provenances VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        state.path,
                        position,
                        key,
                        article.source_hash,
                        article.source_start,
                        article.source_end,
                        article.encoding,
                        # What lies in an archive or a mail is cited by its own name.
                        article.source_path if article.source_path != state.path else None,
                    ),
                )
                after.add(key)
            # Articles that no file holds any more go when this is published: a file that waits in the same
            # batch may hold them now, and its parts then come without sentences and passages.
        new, gone = len(after - before), len(before - after)
        updated = min(new, gone)
        return Change(new - updated, updated, len(after & before), gone - updated)

    def remove_files(self, paths: Iterable[str], *, asked: str | None = None) -> int:
        """Forget these files; returns how many articles went with them.

        `asked`: the path by which a person removed them; they stay away until it, or their own, is asked for again.
        """
        removed = 0
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for path in paths:
                keys = records.keys_of(self._connection, path)
                self._connection.execute("DELETE FROM files WHERE path = ?", (path,))
                if asked is not None:
                    self._connection.execute(
                        "INSERT OR REPLACE INTO removed_files VALUES (?, ?)", (path, asked)
                    )
                removed += records.drop_orphans(self._connection, keys)
        return removed

    def remove_article(self, article_id: str) -> bool:
        """Forget one article in every file that holds it, for good; False when there is none of that id."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            return byhand.remove_article(self._connection, article_id)

    def unsigned(self) -> list[int]:
        """Keys of the articles without a signature: new ones, and all after an upgrade from version 1."""
        return [int(row[0]) for row in self._connection.execute(_UNSIGNED)]

    def text(self, key: int) -> str:
        """The text of the article of that key."""
        return str(self._connection.execute("SELECT text FROM articles WHERE key = ?", (key,)).fetchone()[0])

    def add_signatures(self, signature_of: Mapping[int, bytes]) -> None:
        """Store the signatures of these articles, by key."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT OR REPLACE INTO signatures VALUES (?, ?)", signature_of.items()
            )

    def signed(self) -> list[SignedArticle]:
        """Every article that has a signature."""
        query = """SELECT a.key, a.id, a.published, a.duplicate_of, s.signature FROM signatures s
            JOIN articles a ON a.key = s.article_key
            WHERE a.key IN (SELECT article_key FROM provenances) ORDER BY a.key"""
        return [
            SignedArticle(key, name, date.fromisoformat(day) if day else None, copied, signature)
            for key, name, day, copied, signature in self._connection.execute(query)
        ]

    def set_duplicates(self, duplicate_of: Mapping[int, str | None]) -> None:
        """Say of these articles, by key, whose copies they are (None: of no other)."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "UPDATE articles SET duplicate_of = ? WHERE key = ?",
                [(name, key) for key, name in duplicate_of.items()],
            )

    def published(self) -> generations.Manifest | None:
        """The manifest of the current generation; None when there is none, it is damaged, an older version wrote
        it, or the library holds something that was not published (a run was killed in between)."""
        if not self._is_published():
            return None
        try:
            number = generations.current(self._directory)
            manifest = generations.verified(self._directory, number)
        except RagIndexError:
            return None
        copy = generations.folder(self._directory, number) / LIBRARY_FILE
        connection = tables.connect(copy, read_only=True)
        try:
            outdated = tables.schema_version(connection, copy) < tables.SCHEMA_VERSION
        finally:
            connection.close()
        return None if outdated or manifest.format_version < generations.FORMAT_VERSION else manifest

    def publish_seconds(self) -> float:
        """What the last publication took, also an earlier run's; 0 when that is not known."""
        try:
            number = generations.current(self._directory)
            return generations.manifest(self._directory, number).publish_seconds
        except RagIndexError:
            return 0.0

    def publish(self) -> generations.Manifest:
        """Make the present state what readers see."""
        number, started = 0, time.perf_counter()
        try:
            self._drop_unheld()
            number, aside = generations.new_folder(self._directory)
            (busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:  # then the file lacks what the connection sees
                raise RagIndexError(
                    f"{self._directory / LIBRARY_FILE}: another program has it open; close that and ingest again"
                )
            # No other connection writes (the lock), so the file is a whole database once checkpointed.
            shutil.copyfile(self._directory / LIBRARY_FILE, aside / LIBRARY_FILE)
            articles, passages = derived.write(aside, self._dimension)
            manifest = generations.Manifest(
                format_version=generations.FORMAT_VERSION,
                generation=number,
                created=generations.now(),
                embedder=self._embedder,
                embedder_fingerprint=self._fingerprint,
                dimension=self._dimension,
                metric="inner_product",
                articles=articles,
                passages=passages,
                files=generations.entries(aside),
                publish_seconds=round(time.perf_counter() - started, 3),
            )
            generations.publish(self._directory, number, aside, manifest)
        except (OSError, RuntimeError, sqlite3.OperationalError, RagIndexError) as error:
            if number:
                generations.abandon(self._directory, number)
            if isinstance(error, RagIndexError):
                raise
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise RagIndexError(
                f"{self._directory}: the new generation cannot be written ({reason}); nothing is lost, make "
                "room and ingest again"
            ) from error
        self._published_at = self._connection.total_changes
        return manifest

    def repair(self) -> generations.Manifest:
        """Publish anew from the library, and delete the generations that are damaged."""
        manifest = self.publish()
        generations.drop_unsound(self._directory)
        return manifest

    def _drop_unheld(self) -> None:
        query = "SELECT key FROM articles WHERE key NOT IN (SELECT article_key FROM provenances)"
        keys = [int(row[0]) for row in self._connection.execute(query)]
        loose = "FROM vectors WHERE NOT EXISTS (SELECT 1 FROM passages WHERE vector_hash = hash)"
        if keys or self._connection.execute(f"SELECT 1 {loose} LIMIT 1").fetchone():
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                records.drop_orphans(self._connection, keys)
                self._connection.execute(f"DELETE {loose}")
