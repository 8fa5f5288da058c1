"""The library between two writers: is it what was written, and from where is it restored if it is not?

`library.sqlite3` is at rest byte for byte what the newest generation holds, so its manifest vouches for it.
A writer that was killed, or that ended before it published, leaves `writer.json` behind: then the library
holds more than the generation, and its structure and the texts' own hashes are checked instead.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from enum import Enum
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import IndexDamaged, IndexMismatch, RagIndexError
from rag.index import generations, tables
from rag.index.tables import LIBRARY_FILE

LOCK = "writer.lock"
HOLDER = "writer.json"
_RESTORED = ".library.restored"
DAMAGED = f"{LIBRARY_FILE}.damaged"


class State(Enum):
    """What the bytes of the library say."""

    NEW = "there is none yet"
    PUBLISHED = "it is what the current generation holds"
    EARLIER = "it is what another generation holds"
    CHANGED = "a writer ended before it published"
    DAMAGED = "nothing accounts for its bytes"
    MISSING = "it is gone, though there are generations"


def state(directory: Path, *, unfinished: bool) -> State:
    """What is known of the library without opening it; `unfinished`: a writer left its mark."""
    path = directory / LIBRARY_FILE
    numbers = generations.numbers(directory)
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    if size == 0:
        return State.MISSING if numbers and not _has_log(directory) else State.NEW
    known: dict[int, generations.FileEntry] = {}
    for number in numbers:
        try:
            known[number] = generations.manifest(directory, number).files[LIBRARY_FILE]
        except (RagIndexError, KeyError):
            continue
    if any(entry.size_bytes == size for entry in known.values()):
        found = generations.FileEntry(size_bytes=size, xxh3_128=generations.checksum(path))
        if not _has_log(directory) and known.get(_current(directory)) == found:
            return State.PUBLISHED
        if found in known.values():
            return State.EARLIER
    return State.CHANGED if unfinished or _has_log(directory) or not known else State.DAMAGED


def verify(connection: sqlite3.Connection, path: Path) -> None:
    """Check the structure of the library and the hash of each text. Raises `IndexDamaged`."""
    try:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise IndexDamaged(damage(path, str(found).splitlines()[-1]))
        if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise IndexDamaged(damage(path, "a row names another that is not there"))
        if tables.schema_version(connection, path) == tables.SCHEMA_VERSION:
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as pattern:
                tables.migrate(pattern, path)
                if _schema(connection) != _schema(pattern):
                    raise IndexDamaged(damage(path, "its tables are not those of this version"))
        if connection.execute("PRAGMA query_only").fetchone()[0]:
            connection.execute("SELECT sum(cnt) FROM temp.vocabulary").fetchone()
        else:
            connection.execute("INSERT INTO passages_text (passages_text) VALUES ('integrity-check')")
        for name, text, expected in connection.execute("SELECT id, text, content_hash FROM articles"):
            if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != expected:
                raise IndexDamaged(damage(path, f"the text of article {name} has changed"))
    except sqlite3.DatabaseError as error:
        raise IndexDamaged(damage(path, str(error))) from error


def damage(path: Path, what: str) -> str:
    """The line for people about a damaged library."""
    return f"{path}: damaged ({what}); run `rag check --repair`"


def problem(directory: Path) -> str | None:
    """What is wrong with the library, in one line; None while a writer, who has checked it, is at work."""
    if (found := _problem(directory)) is None:
        return None
    lock = FileLock(directory / LOCK, timeout=0)
    try:
        with lock:
            return _problem(directory)
    except Timeout:
        return None
    except OSError:  # a folder that cannot be written has no writer
        return found


def _problem(directory: Path) -> str | None:
    path = directory / LIBRARY_FILE
    found = state(directory, unfinished=(directory / HOLDER).exists())
    if found in (State.DAMAGED, State.MISSING):
        return damage(path, found.value)
    if found is State.CHANGED and not _has_log(directory):
        try:
            with closing(tables.connect(path, read_only=True)) as connection:
                if tables.schema_version(connection, path):
                    verify(connection, path)
        except sqlite3.DatabaseError as error:
            return damage(path, str(error))
        except (IndexDamaged, IndexMismatch) as error:
            return str(error)
    return None


def restore(directory: Path) -> int:
    """Put the library of the newest sound generation in the place of a damaged one, which is kept aside.

    Raises `IndexDamaged` when no generation is sound. A kill at any point leaves what can be restored again.
    """
    for number in generations.numbers(directory):
        try:
            generations.verified(directory, number)
            break
        except IndexDamaged:
            continue
    else:
        raise IndexDamaged(
            f"{directory}: neither {LIBRARY_FILE} nor a generation is sound; delete this folder and ingest again"
        )
    aside, path = directory / _RESTORED, directory / LIBRARY_FILE
    try:
        shutil.copyfile(generations.folder(directory, number) / LIBRARY_FILE, aside)
        generations.fsync(aside)
        if path.exists():
            path.replace(directory / DAMAGED)
        for suffix in ("-wal", "-shm"):  # they belong to the damaged one, and would be replayed into the new
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        generations.fsync(directory)
        os.replace(aside, path)  # noqa: PTH105 - the atomic call, named as such
        generations.fsync(directory)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RagIndexError(
            f"{path}: cannot be restored ({reason}); make room and run `rag check --repair`"
        ) from error
    return number


def _schema(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    rows = connection.execute(
        "SELECT type, name, coalesce(sql, '') FROM main.sqlite_master ORDER BY type, name"
    )
    return [(kind, name, " ".join(sql.split())) for kind, name, sql in rows]


def _has_log(directory: Path) -> bool:
    try:
        return (directory / f"{LIBRARY_FILE}-wal").stat().st_size > 0
    except OSError:
        return False


def _current(directory: Path) -> int:
    try:
        return generations.current(directory)
    except RagIndexError:
        return -1
