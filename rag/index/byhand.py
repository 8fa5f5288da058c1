"""What a person decided about files and articles: it outlives every reading, and every function changes the truth
within the caller's transaction.

Splits are kept by file and line, metadata and removals by the article's content hash. Of what was removed only
hashes, ids, places and titles are kept, no other words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.index import records
from rag.schema import Article, Removed, Split


@dataclass(frozen=True, slots=True)
class Removal:
    """What a person removed under one name: an article (by its id), or all of `contents`; and the `files` to read."""

    article_id: str | None
    contents: frozenset[str]
    files: tuple[str, ...]


def read_anew(connection: sqlite3.Connection, paths: Iterable[str]) -> None:
    """Let the files at `paths` be read at the next ingest though they are the same."""
    connection.executemany(
        "UPDATE files SET source_hash = '', modified_ns = 0 WHERE path = ?", [(path,) for path in paths]
    )


def set_splits(connection: sqlite3.Connection, path: str, splits: Sequence[Split], *, reset: bool) -> None:
    """Add to the splits of a file, or replace them with `reset`."""
    if reset:
        connection.execute("DELETE FROM splits WHERE path = ?", (path,))
    connection.executemany(
        "INSERT OR REPLACE INTO splits VALUES (?, ?, ?, ?)",
        [(path, item.line, item.occurrence, item.begins) for item in splits],
    )
    read_anew(connection, [path])


def set_corrections(connection: sqlite3.Connection, article_id: str, values: Mapping[str, str]) -> list[str]:
    """Remember metadata for the article's text; returns the files that hold it."""
    row = connection.execute("SELECT key, content_hash FROM articles WHERE id = ?", (article_id,)).fetchone()
    if row is None:
        return []
    connection.executemany(
        "INSERT OR REPLACE INTO corrections VALUES (?, ?, ?)",
        [(row["content_hash"], field, value) for field, value in values.items()],
    )
    query = "SELECT DISTINCT path FROM provenances WHERE article_key = ?"
    paths = [path for (path,) in connection.execute(query, (row["key"],))]
    read_anew(connection, paths)
    return paths


def remove_article(connection: sqlite3.Connection, article_id: str) -> bool:
    """Forget an article in every file that holds it, and keep it away from now on; False when there is none."""
    query = "SELECT key, content_hash, title FROM articles WHERE id = ?"
    row = connection.execute(query, (article_id,)).fetchone()
    if row is None:
        return False
    key, content, title = row
    # Another record may hold the same text under another head: then only the one with this head is kept away.
    twins = """SELECT 1 FROM articles WHERE content_hash = ? AND key != ?
        AND key IN (SELECT article_key FROM provenances)"""
    alone = connection.execute(twins, (content, key)).fetchone() is None
    connection.execute(
        "INSERT OR REPLACE INTO removed_articles VALUES (?, ?, ?, ?)", (article_id, content, alone, title)
    )
    connection.execute(
        """INSERT INTO left_out SELECT path, ?, member, source_hash, source_start, source_end
        FROM provenances WHERE article_key = ?""",
        (content, key),
    )
    connection.execute("DELETE FROM provenances WHERE article_key = ?", (key,))
    records.drop_orphans(connection, {key})
    return True


def removed(connection: sqlite3.Connection, articles: Iterable[Article]) -> set[str]:
    """Ids of those of `articles` that a person removed."""
    query = "SELECT 1 FROM removed_articles WHERE content_hash = ? AND (alone OR article_id = ?)"
    return {
        article.id
        for article in articles
        if connection.execute(query, (article.content_hash, article.id)).fetchone()
    }


def set_left_out(connection: sqlite3.Connection, path: str, articles: Sequence[Article]) -> None:
    """Record which articles of the file at `path`, as it is now, are not indexed as they were removed."""
    connection.execute("DELETE FROM left_out WHERE path = ?", (path,))
    connection.executemany(
        "INSERT INTO left_out VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                path,
                article.content_hash,
                article.source_path if article.source_path != path else None,
                article.source_hash,
                article.source_start,
                article.source_end,
            )
            for article in articles
        ],
    )


def removal(connection: sqlite3.Connection, target: str) -> Removal | None:
    """What was removed under the name `target`, and would be in files that are known.

    That is the id of an article, a path, or the bare name of the only file of which something was removed and that
    is called so. None if there is nothing.
    """
    query = "SELECT content_hash FROM removed_articles WHERE article_id = ?"
    one = connection.execute(query, (target,)).fetchone()
    place = Path(target).expanduser().absolute()
    left_out = connection.execute("SELECT path, content_hash FROM left_out").fetchall()
    if one is not None:
        contents, files = frozenset([one["content_hash"]]), []
    else:
        away = [path for (path,) in connection.execute("SELECT path FROM removed_files ORDER BY path")]
        known = [Path(path) for path in {*away, *(row["path"] for row in left_out)}]
        if not any(path.is_relative_to(place) for path in known):
            called = [path for path in known if path.name == target]
            place = called[0] if len(called) == 1 else place
        contents = frozenset(
            row["content_hash"] for row in left_out if Path(row["path"]).is_relative_to(place)
        )
        files = [path for path in away if Path(path).is_relative_to(place)]
    files += sorted({row["path"] for row in left_out if row["content_hash"] in contents})
    return Removal(None if one is None else target, contents, tuple(files)) if files else None


def kept_away(connection: sqlite3.Connection, *, titled: bool = True) -> list[Removed]:
    """Everything that a person removed and that may be brought back, by file and title.

    An article that several files hold is named once. `titled`: the library keeps titles (see `tables`).
    """
    title = "r.title" if titled else "''"
    rows = connection.execute(
        f"""SELECT min(l.path) AS path, r.article_id, {title} AS title FROM removed_articles r
        JOIN left_out l ON l.content_hash = r.content_hash GROUP BY r.article_id
        UNION ALL SELECT path, NULL, '' FROM removed_files ORDER BY 1, 3, 2"""
    )
    return [Removed(row["path"], row["article_id"], row["title"]) for row in rows]


def restore(connection: sqlite3.Connection, found: Removal) -> None:
    """Keep nothing of `found` away any more; its files are to be read anew."""
    if found.article_id is not None:
        connection.execute("DELETE FROM removed_articles WHERE article_id = ?", (found.article_id,))
        # Others with the same text that were removed too stay away by their own ids.
        forget = "UPDATE removed_articles SET alone = 0 WHERE content_hash = ?"
    else:
        forget = "DELETE FROM removed_articles WHERE content_hash = ?"
    connection.executemany(forget, [(content,) for content in found.contents])
    connection.executemany("DELETE FROM removed_files WHERE path = ?", [(path,) for path in found.files])
    read_anew(connection, found.files)


def carry_over(connection: sqlite3.Connection, path: str, articles: Sequence[Article]) -> None:
    """Let what was decided about the articles of the file at `path` hold for `articles`, which now lie there.

    The file is the same, but other readers may cut its articles otherwise. A correction goes to the article that has
    most of the corrected one's span; removed is what lies by more than half in the span of what was removed; where
    there are no spans, both go to the only one.
    """
    rows = connection.execute(
        """SELECT a.content_hash AS content, coalesce(p.member, p.path) AS place, p.source_hash AS source,
        p.source_start AS start, p.source_end AS end, NULL AS alone,
        EXISTS (SELECT 1 FROM corrections c WHERE c.content_hash = a.content_hash) AS corrected
        FROM provenances p JOIN articles a ON a.key = p.article_key WHERE p.path = ?1
        UNION ALL SELECT l.content_hash, coalesce(l.member, l.path), l.source_hash, l.source_start, l.source_end,
        (SELECT max(alone) FROM removed_articles r WHERE r.content_hash = l.content_hash), 0
        FROM left_out l WHERE l.path = ?1""",
        (path,),
    ).fetchall()
    held = {article.content_hash for article in articles}
    for row in rows:
        if row["content"] in held:
            continue
        here = [
            article
            for article in articles
            if (article.source_path, article.source_hash) == (row["place"], row["source"])
        ]
        if row["start"] is None:
            only = len(here) == 1 == sum(other["place"] == row["place"] for other in rows)
            shares = [(1, 1, article) for article in here if only]
        else:
            shares = [(_shared(article, row), _length(article), article) for article in here]
        if row["alone"] is not None:
            connection.executemany(
                "INSERT OR IGNORE INTO removed_articles VALUES (?, ?, ?, ?)",
                [
                    (article.id, article.content_hash, row["alone"], article.title)
                    for share, length, article in shares
                    if 2 * share > length
                ],
            )
        elif row["corrected"]:
            most, _, heir = max(shares, key=lambda share: share[0], default=(0, 0, None))
            if heir is not None and most > 0:
                connection.execute(
                    """INSERT OR IGNORE INTO corrections
                    SELECT ?, field, value FROM corrections WHERE content_hash = ?""",
                    (heir.content_hash, row["content"]),
                )


def _shared(article: Article, row: sqlite3.Row) -> int:
    return min(article.source_end or 0, int(row["end"])) - max(article.source_start or 0, int(row["start"]))


def _length(article: Article) -> int:
    return (article.source_end or 0) - (article.source_start or 0)
