"""Published generations: built aside, checksummed, switched by one atomic rename, verified when opened."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import xxhash
from pydantic import BaseModel, ConfigDict, ValidationError

from rag.errors import IndexDamaged, IndexMismatch, IndexMissing, RagIndexError

FORMAT_VERSION = 3
"""2: vectors in half precision, and in lists where there are many. 3: the words' postings. All three are read."""
CURRENT = "CURRENT"
GENERATIONS = "generations"
MANIFEST = "manifest.json"
_BUILDING = ".building-"
_DELETED = ".deleted-"
_KEPT = 2
_BLOCK_BYTES = 1 << 22
_log = logging.getLogger(__name__)


class FileEntry(BaseModel):
    """Size and XXH3 checksum of a file of a generation."""

    model_config = ConfigDict(frozen=True)

    size_bytes: int
    xxh3_128: str


class Manifest(BaseModel):
    """What a generation is: how it was made, what it counts, and the checksum of each file."""

    model_config = ConfigDict(frozen=True)

    format_version: int
    generation: int
    created: datetime
    embedder: str
    embedder_fingerprint: str
    dimension: int
    metric: str
    articles: int
    passages: int
    files: dict[str, FileEntry]
    publish_seconds: float = 0.0
    """What making and checksumming the files took; 0 where that was not recorded."""


def has_index(directory: Path) -> bool:
    """Whether a generation was ever published in `directory`."""
    return (directory / CURRENT).is_file()


def numbers(directory: Path) -> list[int]:
    """Numbers of the generations on disk, newest first."""
    try:
        names = [path.name for path in (directory / GENERATIONS).iterdir()]
    except OSError:
        return []
    return sorted((int(name) for name in names if name.isdigit()), reverse=True)


def folder(directory: Path, number: int) -> Path:
    """Where generation `number` lies."""
    return directory / GENERATIONS / f"{number:06d}"


def current(directory: Path) -> int:
    """The number in `CURRENT`. Raises `IndexMissing` when nothing was published."""
    try:
        return int((directory / CURRENT).read_text(encoding="ascii").strip())
    except FileNotFoundError as error:
        raise IndexMissing(f"{directory}: no index here yet; build one with `rag ingest PATH`") from error
    except (OSError, ValueError) as error:
        found = numbers(directory)
        if not found:
            raise IndexDamaged(f"{directory / CURRENT}: unreadable; run `rag check --repair`") from error
        return found[0]


def candidates(directory: Path) -> Iterator[int]:
    """Generations to try: the current one, then the others, newest first."""
    first = current(directory)
    yield first
    yield from (number for number in numbers(directory) if number != first)


def verified(directory: Path, number: int) -> Manifest:
    """The manifest of generation `number` after every checksum was compared.

    Raises `IndexDamaged` naming the file, or `IndexMismatch` for a newer format.
    """
    place = folder(directory, number)
    found = manifest(directory, number)
    for name, entry in found.files.items():
        file = place / name
        try:
            sound = file.stat().st_size == entry.size_bytes and checksum(file) == entry.xxh3_128
        except OSError as error:
            raise IndexDamaged(f"{file}: unreadable ({error.strerror})") from error
        if not sound:
            raise IndexDamaged(f"{file}: the checksum does not match")
    return found


def manifest(directory: Path, number: int) -> Manifest:
    """The manifest of generation `number`, itself checked, its files not."""
    path = folder(directory, number) / MANIFEST
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        body = data["manifest"]
        if xxhash.xxh3_128_hexdigest(_canonical(body)) != data["xxh3_128"]:
            raise IndexDamaged(f"{path}: the checksum does not match")
        if int(body["format_version"]) > FORMAT_VERSION:
            raise IndexMismatch(f"{path}: written by a newer version of Footnote; upgrade to read it")
        return Manifest.model_validate(body)
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise IndexDamaged(f"{path}: unreadable ({type(error).__name__})") from error


def checksum(path: Path) -> str:
    """XXH3-128 of a file: fast enough to read every generation whole before it is served."""
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def new_folder(directory: Path) -> tuple[int, Path]:
    """The next number and an empty folder to build it in."""
    number = max(numbers(directory), default=0) + 1
    sweep(directory)
    aside = directory / GENERATIONS / f"{_BUILDING}{number:06d}"
    aside.mkdir(parents=True)
    return number, aside


def publish(directory: Path, number: int, aside: Path, manifest: Manifest) -> None:
    """Make the files in `aside` generation `number` and the current one; older ones than the last go."""
    body = manifest.model_dump(mode="json")
    text = json.dumps({"manifest": body, "xxh3_128": xxhash.xxh3_128_hexdigest(_canonical(body))}, indent=1)
    (aside / MANIFEST).write_text(text, encoding="utf-8")
    for path in aside.iterdir():
        fsync(path)
    fsync(aside)
    aside.rename(folder(directory, number))
    fsync(directory / GENERATIONS)
    pointer = directory / f".{CURRENT}.new"
    pointer.write_text(f"{number}\n", encoding="ascii")
    fsync(pointer)
    os.replace(pointer, directory / CURRENT)  # noqa: PTH105 - the atomic call, named as such
    fsync(directory)
    for old in numbers(directory)[_KEPT:]:
        _delete(directory, old)


def abandon(directory: Path, number: int) -> None:
    """Give back the room of a generation that could not be published."""
    sweep(directory)
    try:
        served = current(directory)
    except RagIndexError:
        served = None
    if served != number:
        _delete(directory, number)


def sweep(directory: Path) -> None:
    """Delete what a writer that was killed left half built or half deleted."""
    for prefix in (_BUILDING, _DELETED):
        for path in (directory / GENERATIONS).glob(f"{prefix}*"):
            shutil.rmtree(path, ignore_errors=True)


def _delete(directory: Path, number: int) -> None:
    """Renamed first, so that a kill leaves no half of a generation under its name."""
    gone = directory / GENERATIONS / f"{_DELETED}{number:06d}"
    try:
        folder(directory, number).rename(gone)
    except OSError:
        return
    shutil.rmtree(gone, ignore_errors=True)


def drop_unsound(directory: Path) -> None:
    """Delete every generation whose checksums do not hold."""
    for number in numbers(directory):
        try:
            verified(directory, number)
        except IndexDamaged:
            _delete(directory, number)


def entries(aside: Path) -> dict[str, FileEntry]:
    """Size and checksum of each file in `aside`."""
    return {
        path.name: FileEntry(size_bytes=path.stat().st_size, xxh3_128=checksum(path))
        for path in sorted(aside.iterdir())
    }


def now() -> datetime:
    """The time that goes into a manifest."""
    return datetime.now(UTC)


def _canonical(body: object) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def fsync(path: Path) -> None:
    """Wait until a file or a folder is on disk."""
    if os.name == "nt" and path.is_dir():  # Windows cannot sync a folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
