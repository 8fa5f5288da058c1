"""Paths, folders and globs -> the regular files to read, each with what tells whether it changed."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.articles.readers import SUFFIXES
from rag.errors import ArticleError
from rag.schema import FileFailure

_INDEX_FILE = "library.sqlite3"
"""Tells a folder that holds an index."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read. `path` is absolute and names it in the index."""

    path: str
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Discovery:
    """Files to read, files passed over with the reason, and the folders that were walked."""

    sources: tuple[Source, ...]
    skipped: tuple[FileFailure, ...]
    folders: tuple[str, ...]


def discover(paths: Sequence[Path | str]) -> Discovery:
    """The readable files under `paths`, in order, each once.

    A named file is always taken; in folders only files with a known suffix are, hidden ones never.
    Symbolic links to folders are not followed, so loops cannot happen.
    Raises `ArticleError` when a path does not exist or no named file can be read; a folder may be empty.
    """
    if not paths:
        raise ArticleError("no path given; name a file, a folder or a glob")
    sources: dict[str, Source] = {}
    skipped: list[FileFailure] = []
    folders: list[str] = []
    for given in paths:
        for path in _expand(given):
            if path.is_dir():
                folders.append(str(path.absolute()))
                for file in _walk(path):
                    if file.suffix.lower() in SUFFIXES:
                        _take(file, sources, skipped)
                    else:
                        kinds = " ".join(sorted(SUFFIXES))
                        shown = os.fsencode(file).decode("utf-8", "replace")
                        skipped.append(FileFailure(shown, f"not a kind of file read here ({kinds})"))
            else:
                _take(path, sources, skipped)
    if not sources and not folders:
        failure = skipped[0]
        raise ArticleError(f"{failure.path}: {failure.reason}")
    return Discovery(tuple(sources.values()), tuple(skipped), tuple(folders))


def _expand(given: Path | str) -> Iterator[Path]:
    try:
        path = Path(given).expanduser()
        there = path.exists() or path.is_symlink()
    except (OSError, RuntimeError) as error:  # a name too long, a ~user who is not there
        raise ArticleError(f"{given}: not a usable path ({error}); check it") from error
    if there:
        yield path
        return
    matches = sorted(glob.glob(str(path), recursive=True)) if glob.has_magic(str(path)) else []  # noqa: PTH207
    if not matches:
        raise ArticleError(f"{given}: no such file or folder; check the path")
    yield from map(Path, matches)


def _walk(folder: Path) -> Iterator[Path]:
    for parent, names, files in os.walk(folder):
        if parent != str(folder) and _INDEX_FILE in files:
            names[:] = []  # an index among the articles is no article
            continue
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(parent, name)


def _take(path: Path, sources: dict[str, Source], skipped: list[FileFailure]) -> None:
    try:
        found = path.stat()
    except OSError as error:
        skipped.append(FileFailure(str(path), f"cannot be opened ({error.strerror})"))
        return
    if not stat.S_ISREG(found.st_mode):
        skipped.append(FileFailure(str(path), "not a regular file"))
        return
    absolute = str(path.absolute())
    shown = os.fsencode(absolute).decode("utf-8", "replace")
    if shown != absolute:
        skipped.append(FileFailure(shown, "its name is not valid UTF-8; rename it"))
        return
    sources.setdefault(absolute, Source(absolute, found.st_size, found.st_mtime_ns))
