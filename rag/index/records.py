"""Rows of the truth: what goes in and out of it, and an article written and deleted with all that hangs on it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from rag.schema import Article, Passage, Sentence


@dataclass(frozen=True, slots=True)
class ArticleParts:
    """An article with its sentences and passages; `vector_hashes` name each passage's vector."""

    article: Article
    sentences: Sequence[Sentence]
    passages: Sequence[Passage]
    vector_hashes: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class FileState:
    """What is known of a source file that was ingested."""

    path: str
    source_hash: str
    size_bytes: int
    modified_ns: int
    reader_version: int = 0
    """Of the readers and the splitter that read it last; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class SignedArticle:
    """What the library knows of an article that bears on its copies."""

    key: int
    id: str
    published: date | None
    duplicate_of: str | None
    signature: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """How many articles a change added, replaced and removed."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0


def key_of(connection: sqlite3.Connection, article_id: str) -> int | None:
    """The key of the article with this id; None when there is none."""
    row = connection.execute("SELECT key FROM articles WHERE id = ?", (article_id,)).fetchone()
    return None if row is None else int(row[0])


def keys_of(connection: sqlite3.Connection, path: str) -> set[int]:
    """Keys of the articles that the file at `path` holds."""
    query = "SELECT article_key FROM provenances WHERE path = ?"
    return {int(row[0]) for row in connection.execute(query, (path,))}


def put_file(connection: sqlite3.Connection, state: FileState) -> None:
    """Record the state of a file."""
    connection.execute(
        """INSERT INTO files (path, source_hash, size_bytes, modified_ns, reader_version) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (path) DO UPDATE SET source_hash = excluded.source_hash, size_bytes = excluded.size_bytes,
        modified_ns = excluded.modified_ns, reader_version = excluded.reader_version""",
        (state.path, state.source_hash, state.size_bytes, state.modified_ns, state.reader_version),
    )


def insert(connection: sqlite3.Connection, part: ArticleParts) -> int:
    """Add an article with its sentences, passages and search terms; returns its key."""
    article = part.article
    cursor = connection.execute(
        """INSERT INTO articles (id, title, outlet, author, published, updated, language, url, text,
        content_hash, external_id, duplicate_of, page_starts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            article.id,
            article.title,
            article.outlet,
            article.author,
            article.published.isoformat() if article.published else None,
            article.updated.isoformat() if article.updated else None,
            article.language,
            article.url,
            article.text,
            article.content_hash,
            article.external_id,
            article.duplicate_of,
            json.dumps(article.page_starts),
        ),
    )
    key = int(cursor.lastrowid or 0)
    _insert_pieces(connection, key, part)
    return key


def resplit(connection: sqlite3.Connection, key: int, part: ArticleParts) -> None:
    """Give the article of `key`, whose words stay, the sentences and passages of `part`; nothing if it has them."""
    sentences = [(item.ordinal, item.start, item.end, item.speaker) for item in part.sentences]
    passages = [
        (item.ordinal, item.start, item.end, name)
        for item, name in zip(part.passages, part.vector_hashes, strict=True)
    ]
    for table, columns, wanted in (
        ("sentences", "ordinal, start, end, speaker", sentences),
        ("passages", "ordinal, start, end, vector_hash", passages),
    ):
        query = f"SELECT {columns} FROM {table} WHERE article_key = ? ORDER BY ordinal"
        if [tuple(row) for row in connection.execute(query, (key,))] != wanted:
            break
    else:
        return
    _delete_pieces(connection, key)
    _insert_pieces(connection, key, part)
    # Signatures rest on the text, but a newer version may make them otherwise.
    connection.execute("DELETE FROM signatures WHERE article_key = ?", (key,))


def _insert_pieces(connection: sqlite3.Connection, key: int, part: ArticleParts) -> None:
    connection.executemany(
        "INSERT INTO sentences VALUES (?, ?, ?, ?, ?)",
        ((key, item.ordinal, item.start, item.end, item.speaker) for item in part.sentences),
    )
    for passage, name in zip(part.passages, part.vector_hashes, strict=True):
        cursor = connection.execute(
            "INSERT INTO passages (article_key, ordinal, start, end, vector_hash) VALUES (?, ?, ?, ?, ?)",
            (key, passage.ordinal, passage.start, passage.end, name),
        )
        connection.execute(
            "INSERT INTO passages_text (rowid, title, body) VALUES (?, ?, ?)",
            (cursor.lastrowid, part.article.title, passage.text),
        )


def _delete_pieces(connection: sqlite3.Connection, key: int) -> list[bytes]:
    """Delete the article's sentences, passages and search terms; returns the names of the passages' vectors."""
    title, text = connection.execute("SELECT title, text FROM articles WHERE key = ?", (key,)).fetchone()
    rows = connection.execute(
        "SELECT key, start, end, vector_hash FROM passages WHERE article_key = ?", (key,)
    ).fetchall()
    connection.executemany(
        # A contentless FTS5 table forgets a row only when told what was in it.
        "INSERT INTO passages_text (passages_text, rowid, title, body) VALUES ('delete', ?, ?, ?)",
        [(row["key"], title, text[row["start"] : row["end"]]) for row in rows],
    )
    for table in ("sentences", "passages"):
        connection.execute(f"DELETE FROM {table} WHERE article_key = ?", (key,))
    return [row["vector_hash"] for row in rows]


def drop_orphans(connection: sqlite3.Connection, keys: Iterable[int]) -> int:
    """Delete those articles of `keys` that no file holds any more."""
    dropped = 0
    for key in keys:
        if connection.execute("SELECT 1 FROM provenances WHERE article_key = ?", (key,)).fetchone():
            continue
        names = _delete_pieces(connection, key)
        connection.execute("DELETE FROM articles WHERE key = ?", (key,))
        connection.executemany(
            "DELETE FROM vectors WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM passages WHERE vector_hash = ?1)",
            [(name,) for name in names],
        )
        dropped += 1
    return dropped
