"""Is the index sound? Every invariant that readers and citations rest on, checked row by row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rag.errors import RagIndexError
from rag.index import generations, tables, truth
from rag.index.reader import IndexReader
from rag.index.tables import LIBRARY_FILE
from rag.schema import CheckReport

_MAX_PROBLEMS = 50
_STRAY_COPIES = """SELECT id FROM articles WHERE duplicate_of IS NOT NULL AND duplicate_of NOT IN
    (SELECT id FROM articles WHERE duplicate_of IS NULL) LIMIT 10"""

_UNSIGNED = "SELECT count(*) FROM articles WHERE key NOT IN (SELECT article_key FROM signatures)"


def check(directory: Path, *, on_article: Callable[[int, int], None] | None = None) -> CheckReport:
    """Verify the library and all generations' checksums, then offsets, text search and vectors of the current one.

    `on_article(done, total)` tells how far it is. Raises `IndexMissing` when there is no index.
    """
    problems: list[str] = []
    for number in dict.fromkeys([generations.current(directory), *generations.numbers(directory)]):
        try:
            generations.verified(directory, number)
        except RagIndexError as error:
            problems.append(str(error))
    if (problem := truth.problem(directory)) is not None:
        problems.append(problem)
    try:
        reader = IndexReader(directory)
    except RagIndexError as error:
        return CheckReport(0, 0, tuple(dict.fromkeys([*problems, str(error)])))
    try:
        problems += _content(directory, reader, on_article or (lambda _done, _total: None))
        manifest = reader.manifest
    finally:
        reader.close()
    return CheckReport(manifest.articles, manifest.passages, tuple(dict.fromkeys(problems)))


def _content(directory: Path, reader: IndexReader, on_article: Callable[[int, int], None]) -> list[str]:
    problems: list[str] = []
    place = generations.folder(directory, reader.manifest.generation) / LIBRARY_FILE
    connection = tables.connect(place, read_only=True)
    try:
        (state,) = connection.execute("PRAGMA integrity_check").fetchone()
        if state != "ok":
            problems.append(f"{place}: {state}")
        rows = connection.execute("SELECT key, id, title, text FROM articles ORDER BY key")
        total = reader.manifest.articles
        passages = 0
        for done, (key, name, title, text) in enumerate(rows):
            on_article(done, total)
            spans = connection.execute(
                "SELECT start, end FROM passages WHERE article_key = ? ORDER BY ordinal", (key,)
            ).fetchall()
            pieces = connection.execute(
                "SELECT start, end FROM sentences WHERE article_key = ? ORDER BY ordinal", (key,)
            ).fetchall()
            passages += len(spans)
            if not _sound([tuple(row) for row in spans], [tuple(row) for row in pieces], len(text)):
                problems.append(f"article {name} ({title[:60]}): passages are not runs of its sentences")
            if len(problems) >= _MAX_PROBLEMS:
                return [*problems, "more problems were not listed"]
        stray = connection.execute(_STRAY_COPIES).fetchall()
        problems += [
            f"article {name} is marked as a copy of one that stands for no others" for (name,) in stray
        ]
        (alone,) = connection.execute(_UNSIGNED).fetchone()
        if alone:
            problems.append(f"{place}: {alone} articles were not compared with the others for copies")
        if passages != reader.manifest.passages:
            problems.append(f"{place}: {passages} passages, the manifest says {reader.manifest.passages}")
        (indexed,) = connection.execute("SELECT count(*) FROM passages_text").fetchone()
        if indexed != passages:
            problems.append(f"{place}: the text search knows {indexed} of {passages} passages")
        on_article(total, total)
    finally:
        connection.close()
    return problems


def _sound(passages: list[tuple[int, ...]], sentences: list[tuple[int, ...]], length: int) -> bool:
    """Whether sentences are ordered, inside the text, and each passage starts and ends with one."""
    ends = [0]
    for start, end in sentences:
        if not ends[-1] <= start < end <= length:
            return False
        ends.append(end)
    starts, stops = {start for start, _ in sentences}, {end for _, end in sentences}
    return all(start in starts and end in stops and start < end for start, end in passages)
