"""Conversations that outlive a page and a restart: `conversations.sqlite3` beside the index.

A turn is kept as it was shown: the answer with the articles as they were then (each once, however many answers
cite it) and its receipt. So footnotes lead to the same words after the index changed. The file is its own:
writing to it never waits for the index. Conversations belong to an owner, the browser that asked; nobody else
is told of them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.ui.answers import Turn
from rag.ui.records import folded, pack, unpack

logger = logging.getLogger(__name__)

CONVERSATIONS = "conversations.sqlite3"
TITLE_CHARACTERS = 60
MAX_LISTED = 200
UNDO_SECONDS = 600.0
_PATIENCE_SECONDS = 5
"""How long one server waits for another that writes."""

_MIGRATIONS = (
    """
    CREATE TABLE conversations (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, changed REAL NOT NULL, deleted REAL
    ) WITHOUT ROWID;
    CREATE INDEX conversations_owner ON conversations (owner, changed);
    CREATE TABLE turns (
        conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, number INTEGER NOT NULL,
        question TEXT NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (conversation, number)
    ) WITHOUT ROWID;
    CREATE TABLE articles (digest TEXT PRIMARY KEY, record BLOB NOT NULL);
    CREATE TABLE turn_articles (
        conversation TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL REFERENCES articles (digest),
        PRIMARY KEY (conversation, number, digest),
        FOREIGN KEY (conversation, number) REFERENCES turns (conversation, number) ON DELETE CASCADE
    ) WITHOUT ROWID;
    CREATE INDEX turn_articles_digest ON turn_articles (digest);
    """,
)
SCHEMA_VERSION = len(_MIGRATIONS)


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list; `changed` is when something was last asked."""

    id: str
    title: str
    changed: datetime


class ConversationStore:
    """The conversations of one index folder. Thread-safe; several processes may use the same file.

    The file is made when the first question is kept. Every method raises `InputError` when the file cannot be
    used, saying what to do; damage to single rows does not count as that.
    """

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self.path = folder / CONVERSATIONS
        self._now = now
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def begin(self, owner: str, conversation: str, turn: Turn) -> None:
        """Write a question down before it is answered; the first one makes the conversation and its title."""
        with self._changing() as connection:
            connection.execute(
                "INSERT INTO conversations (id, owner, title, changed) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET changed = excluded.changed WHERE owner = excluded.owner",
                (conversation, owner, title_of(turn.question), self._now()),
            )
            _put(connection, owner, conversation, turn)
            self._purge(connection, self._now() - UNDO_SECONDS)

    def keep(self, owner: str, conversation: str, turn: Turn) -> None:
        """Keep what became of a turn that `begin` wrote down; nothing where the conversation is gone by now."""
        with self._changing() as connection:
            _put(connection, owner, conversation, turn)

    def listed(self, owner: str, words: str = "") -> list[Listed]:
        """The conversations of `owner`, the newest first: those that hold all `words`, whatever case and accents."""
        fitting = "".join(
            " AND (instr(folded(c.title), ?) OR EXISTS "
            "(SELECT 1 FROM turns t WHERE t.conversation = c.id AND instr(t.words, ?)))"
            for _ in folded(words).split()
        )
        values = [word for word in folded(words).split() for _ in range(2)]
        with self._reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT c.id, c.title, c.changed FROM conversations c WHERE c.owner = ? AND c.deleted IS NULL"
                f"{fitting} ORDER BY c.changed DESC, c.id LIMIT {MAX_LISTED}",
                (owner, *values),
            ).fetchall()
        return [Listed(str(row[0]), str(row[1]), _moment(row[2])) for row in rows]

    def find(self, owner: str, conversation: str) -> Listed | None:
        """A conversation; None where `owner` has no such one."""
        with self._reading() as connection:
            row = (
                connection
                and connection.execute(
                    "SELECT id, title, changed FROM conversations WHERE id = ? AND owner = ? AND deleted IS NULL",
                    (conversation, owner),
                ).fetchone()
            )
        return Listed(str(row[0]), str(row[1]), _moment(row[2])) if row else None

    def turns(self, owner: str, conversation: str) -> list[Turn]:
        """The turns of a conversation as they were shown; none where `owner` has no such one.

        A turn whose record is damaged keeps its question and says so in place of the answer.
        """
        with self._reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT t.number, t.question, t.record FROM turns t JOIN conversations c ON c.id = t.conversation "
                "WHERE t.conversation = ? AND c.owner = ? AND c.deleted IS NULL ORDER BY t.number",
                (conversation, owner),
            ).fetchall()

            def article(digest: str) -> bytes | None:
                row = connection.execute("SELECT record FROM articles WHERE digest = ?", (digest,)).fetchone()
                return None if row is None else bytes(row[0])

            return [unpack(int(number), str(question), record, article) for number, question, record in rows]

    def rename(self, owner: str, conversation: str, title: str) -> None:
        """Give a conversation another title; an empty one leaves it as it is."""
        title = " ".join(title.split())[: 2 * TITLE_CHARACTERS].rstrip()
        if title:
            with self._changing() as connection:
                connection.execute(
                    "UPDATE conversations SET title = ? WHERE id = ? AND owner = ?",
                    (title, conversation, owner),
                )

    def delete(self, owner: str, conversation: str) -> None:
        """Delete a conversation; for `UNDO_SECONDS`, or until the next is deleted, `restore` brings it back."""
        with self._changing() as connection:
            connection.execute("DELETE FROM conversations WHERE owner = ? AND deleted IS NOT NULL", (owner,))
            connection.execute(
                "UPDATE conversations SET deleted = ? WHERE id = ? AND owner = ?",
                (self._now(), conversation, owner),
            )
            self._purge(connection, self._now() - UNDO_SECONDS)

    def restore(self, owner: str, conversation: str) -> None:
        """Undo `delete`."""
        with self._changing() as connection:
            connection.execute(
                "UPDATE conversations SET deleted = NULL WHERE id = ? AND owner = ?", (conversation, owner)
            )

    def _purge(self, connection: sqlite3.Connection, before: float) -> None:
        """What was deleted before this moment goes for good, and the articles that no answer needs any more."""
        connection.execute("DELETE FROM conversations WHERE deleted < ?", (before,))
        connection.execute("DELETE FROM articles WHERE digest NOT IN (SELECT digest FROM turn_articles)")

    # The file

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """The file, or None where there is none yet."""
        with self._lock, self._explained("read"):
            if self._connection is None and not self.path.exists():
                yield None
            else:
                yield self._opened()

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self._lock, self._explained("written"):
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def _explained(self, done: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise InputError(
                f"{self.path}: cannot be {done} ({error}); correct its permissions, free the disk, or move the "
                "file away to begin a new one"
            ) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # For this user only, as it holds questions and articles; SQLite gives its side files the same mode.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(
                self.path, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                connection.create_function("folded", 1, folded, deterministic=True)
                _log_ahead(connection)
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA secure_delete = ON")
                self._migrate(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            raise InputError(
                f"{self.path}: written by a newer version of Footnote (format {version}, this one reads up to "
                f"{SCHEMA_VERSION}); upgrade, or move the file away to begin a new one"
            )
        if version == SCHEMA_VERSION:
            return
        connection.execute("BEGIN EXCLUSIVE")  # another server may open a new file at the same moment
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            for script in _MIGRATIONS[version:]:
                for statement in script.split(";"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def owner_of(session: str) -> str:
    """The owner in a session `OWNER/PAGE`."""
    return session.partition("/")[0]


def title_of(question: str) -> str:
    """A title made of a question, shortened at a word.

    >>> title_of("What did the harbour board  decide about the ferry that will replace the bridge?")
    'What did the harbour board decide about the ferry that will…'
    """
    words = " ".join(question.split())
    if len(words) <= TITLE_CHARACTERS:
        return words
    cut = words[:TITLE_CHARACTERS]
    head = cut.rpartition(" ")[0] if words[TITLE_CHARACTERS] != " " else cut
    return (head or cut[:-1]).rstrip(" ,;:.") + "…"


def file_name(title: str) -> str:
    """A harmless name for a file, without a suffix.

    >>> file_name('../What of "x"?')
    'What of x'
    """
    return re.sub(r"\W+", " ", title).strip()[:60].strip() or "conversation"


def _moment(stored: Any) -> datetime:
    """A stored time; damage makes it long ago."""
    try:
        return datetime.fromtimestamp(stored, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _put(connection: sqlite3.Connection, owner: str, conversation: str, turn: Turn) -> None:
    if not connection.execute(
        "SELECT 1 FROM conversations WHERE id = ? AND owner = ?", (conversation, owner)
    ).fetchone():
        return
    packed = pack(turn)
    connection.execute(
        "INSERT INTO turns (conversation, number, question, words, record) VALUES (?, ?, ?, ?, ?) ON CONFLICT "
        "(conversation, number) DO UPDATE SET words = excluded.words, record = excluded.record",
        (conversation, turn.number, turn.question, packed.words, packed.record),
    )
    for digest, record in packed.articles.items():
        connection.execute("INSERT OR IGNORE INTO articles (digest, record) VALUES (?, ?)", (digest, record))
        connection.execute(
            "INSERT OR IGNORE INTO turn_articles (conversation, number, digest) VALUES (?, ?, ?)",
            (conversation, turn.number, digest),
        )


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log. Where others do so at the same moment, SQLite does not wait for them by itself."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
