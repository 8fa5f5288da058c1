"""The tables of the truth: numbered migrations, and how rows become nouns."""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from pathlib import Path

from rag.errors import IndexDamaged, IndexMismatch
from rag.index.words import TOKENIZER
from rag.schema import Article, ArticleRow

LIBRARY_FILE = "library.sqlite3"

_MIGRATIONS = (
    f"""
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE files (
        path TEXT PRIMARY KEY, source_hash TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        modified_ns INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE articles (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, outlet TEXT, author TEXT,
        published TEXT, updated TEXT, language TEXT, url TEXT, text TEXT NOT NULL,
        content_hash TEXT NOT NULL, external_id TEXT, duplicate_of TEXT, page_starts TEXT NOT NULL
    );
    CREATE INDEX articles_published ON articles (published);
    CREATE TABLE provenances (
        path TEXT NOT NULL REFERENCES files (path) ON DELETE CASCADE, position INTEGER NOT NULL,
        article_key INTEGER NOT NULL REFERENCES articles (key), source_hash TEXT NOT NULL,
        source_start INTEGER, source_end INTEGER, encoding TEXT, PRIMARY KEY (path, position)
    ) WITHOUT ROWID;
    CREATE INDEX provenances_article ON provenances (article_key);
    CREATE TABLE passages (
        key INTEGER PRIMARY KEY, article_key INTEGER NOT NULL REFERENCES articles (key),
        ordinal INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
        vector_hash BLOB NOT NULL, UNIQUE (article_key, ordinal)
    );
    CREATE INDEX passages_vector ON passages (vector_hash);
    CREATE TABLE sentences (
        article_key INTEGER NOT NULL REFERENCES articles (key), ordinal INTEGER NOT NULL,
        start INTEGER NOT NULL, end INTEGER NOT NULL, speaker TEXT, PRIMARY KEY (article_key, ordinal)
    ) WITHOUT ROWID;
    CREATE TABLE vectors (hash BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
    CREATE VIRTUAL TABLE passages_text USING fts5 (
        title, body, content = '', tokenize = "{TOKENIZER}"
    );
    """,
    """
    ALTER TABLE provenances ADD COLUMN member TEXT;
    CREATE TABLE splits (
        path TEXT NOT NULL, line TEXT NOT NULL, occurrence INTEGER NOT NULL, begins INTEGER NOT NULL,
        PRIMARY KEY (path, line, occurrence)
    ) WITHOUT ROWID;
    CREATE TABLE corrections (
        content_hash TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (content_hash, field)
    ) WITHOUT ROWID;
    """,
    # Apart from `articles`: reading all signatures must not turn the pages of all texts.
    """
    CREATE TABLE signatures (
        article_key INTEGER PRIMARY KEY REFERENCES articles (key) ON DELETE CASCADE, signature BLOB NOT NULL
    );
    """,
    # 0: read by a version that did not say which it was.
    "ALTER TABLE files ADD COLUMN reader_version INTEGER NOT NULL DEFAULT 0",
    # What a person removed (`byhand`). `alone`: nothing else had the same text, so that goes under any head.
    # `left_out`: what each file would hold besides its provenances.
    """
    CREATE TABLE removed_articles (
        article_id TEXT PRIMARY KEY, content_hash TEXT NOT NULL, alone INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX removed_articles_content ON removed_articles (content_hash);
    CREATE TABLE left_out (
        path TEXT NOT NULL REFERENCES files (path) ON DELETE CASCADE, content_hash TEXT NOT NULL, member TEXT,
        source_hash TEXT NOT NULL, source_start INTEGER, source_end INTEGER
    );
    CREATE INDEX left_out_path ON left_out (path);
    CREATE TABLE removed_files (path TEXT PRIMARY KEY, asked TEXT NOT NULL) WITHOUT ROWID;
    """,
    # Empty: removed before titles were kept.
    "ALTER TABLE removed_articles ADD COLUMN title TEXT NOT NULL DEFAULT ''",
)
SCHEMA_VERSION = len(_MIGRATIONS)
OLDEST_READ = 4
"""The oldest version that readers take: what came later only writers need."""


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection to the library at `path`; a read-only one takes no locks and sees a fixed file.

    Raises `sqlite3.DatabaseError` for a damaged file, also where its damage makes SQLite's message no text.
    """
    try:
        return _connect(path, read_only=read_only)
    except UnicodeDecodeError as error:
        raise sqlite3.DatabaseError("its schema is damaged") from error


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    if read_only:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
        for name, kind in (("vocabulary", "row"), ("instances", "instance")):
            connection.execute(
                f"CREATE VIRTUAL TABLE temp.{name} USING fts5vocab (main, passages_text, {kind})"
            )
        connection.execute("PRAGMA query_only = 1")
    else:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    connection.row_factory = sqlite3.Row
    return connection


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the library to this version. Raises `IndexMismatch` when a newer version wrote it."""
    version = schema_version(connection, path)
    for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")


def schema_version(connection: sqlite3.Connection, path: Path) -> int:
    """The version that wrote the library. Raises `IndexMismatch` when it is newer than this one."""
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise IndexDamaged(f"{path}: not a readable index ({error}); see `rag check --repair`") from error
    if version > SCHEMA_VERSION:
        raise IndexMismatch(
            f"{path}: written by a newer version of Footnote (format {version}, this one reads up to "
            f"{SCHEMA_VERSION}); upgrade, or build a new index with --index"
        )
    return version


ARTICLE_COLUMNS = """a.key, a.id, a.title, a.outlet, a.author, a.published, a.updated, a.language, a.url,
    a.content_hash, a.external_id, a.duplicate_of, a.page_starts,
    coalesce(p.member, p.path) AS path, p.source_hash, p.source_start, p.source_end, p.encoding"""
ARTICLE_FROM = """articles a JOIN provenances p ON p.article_key = a.key AND (p.path, p.position) =
    (SELECT path, position FROM provenances WHERE article_key = a.key ORDER BY path, position LIMIT 1)"""


def article_from(row: sqlite3.Row, text: str) -> Article:
    """The article of a row of `ARTICLE_COLUMNS`."""
    return Article(
        id=row["id"],
        title=row["title"],
        text=text,
        source_path=row["path"],
        source_hash=row["source_hash"],
        content_hash=row["content_hash"],
        outlet=row["outlet"],
        author=row["author"],
        published=_day(row["published"]),
        updated=_day(row["updated"]),
        language=row["language"],
        url=row["url"],
        source_start=row["source_start"],
        source_end=row["source_end"],
        encoding=row["encoding"],
        page_starts=tuple(json.loads(row["page_starts"])),
        external_id=row["external_id"],
        duplicate_of=row["duplicate_of"],
    )


def article_rows(connection: sqlite3.Connection) -> list[ArticleRow]:
    """All articles without their text, newest first, undated last."""
    query = f"""SELECT {ARTICLE_COLUMNS},
        (SELECT count(*) FROM passages WHERE article_key = a.key) AS passages
        FROM {ARTICLE_FROM} ORDER BY a.published IS NULL, a.published DESC, a.title, a.key"""
    return [ArticleRow(article_from(row, ""), row["passages"]) for row in connection.execute(query)]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
