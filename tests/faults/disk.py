"""The disk is full, or a file may not grow: one clear line, the old generation serves, and room heals it."""

from __future__ import annotations

import os
import pickle
import resource
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.faults import pile
from tests.faults.child import OPTIONS, Children, Recorder, _writer
from tests.faults.rows import Row

_ROOM = 16 * 2**20


def _ingest(index: Path, articles: str, problems: list[str]) -> str | None:
    """None, or the line that says why not; it must be that of a `RagError`."""
    from rag import ingest
    from rag.errors import RagError

    try:
        ingest._BATCH_PASSAGES = 8
        with _writer(index) as writer:
            ingest.ingest([articles], writer=writer, embedder=Recorder(), **OPTIONS)
    except RagError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        problems.append(f"not a RagError: {type(error).__name__}: {error}")
        return type(error).__name__
    return None


def _verdict(index: Path, before: str | None, after: str, said: str | None, problems: list[str]) -> None:
    """What must hold once the first run is over and there is room again."""
    from rag.errors import IndexMissing
    from rag.index import IndexReader, check

    if said is not None and ("\n" in said or len(said) > 400):
        problems.append(f"not one clear line: {said!r}")
    known = [pickle.loads(Path(name).read_bytes()) for name in (before, after) if name is not None]
    try:
        reader = IndexReader(index)
    except IndexMissing:
        if before is not None:
            problems.append("the old generation does not serve")
    else:
        held = pile.snapshot(reader, index)
        problems += pile.mismatches(reader, held) + pile.strays(held, known)
        reader.close()
        problems += [f"check: {item}" for item in check(index).problems]


def _finish(index: Path, articles: str, after: str, problems: list[str]) -> None:
    from rag.index import IndexReader

    if (said := _ingest(index, articles, problems)) is not None:
        problems.append(f"with room: {said}")
        return
    reader = IndexReader(index)
    held = pile.snapshot(reader, index)
    problems += pile.mismatches(reader, held)
    problems += [
        f"with room: {item}" for item in pile.differences(held, pickle.loads(Path(after).read_bytes()))
    ]
    reader.close()


def fill(work: str, articles: str, base: str | None, before: str | None, after: str, free: int) -> Any:
    """Ingest on a small tmpfs with `free` bytes left."""
    mount = Path(work) / "mount"
    mount.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_ROOM}", "tmpfs", str(mount)], check=True)
    try:
        index, ballast = mount / "index", mount / "ballast"
        if base is not None:
            shutil.copytree(base, index)
        else:
            index.mkdir()
        found = os.statvfs(mount)
        ballast.write_bytes(bytes(max(found.f_bavail * found.f_frsize - free, 0)))
        problems: list[str] = []
        said = _ingest(index, articles, problems)
        _verdict(index, before, after, said, problems)
        ballast.unlink()
        _finish(index, articles, after, problems)
        return {"problems": problems, "said": said}
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def limit(work: str, articles: str, base: str | None, before: str | None, after: str, size: int) -> Any:
    """Ingest while no file may grow over `size` bytes."""
    index = Path(work) / "limited"
    shutil.rmtree(index, ignore_errors=True)
    if base is not None:
        shutil.copytree(base, index)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    problems: list[str] = []
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        said = _ingest(index, articles, problems)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    _verdict(index, before, after, said, problems)
    _finish(index, articles, after, problems)
    return {"problems": problems, "said": said}


def sizes(work: Path, children: Children, namespace: Children | None, *, count: int) -> list[Row]:
    """A new index and one that grows, at `count` sizes from nothing to what is enough."""
    articles = work / "pile"
    pile.first(articles)
    base, before, after = work / "base", work / "before.pickle", work / "after.pickle"
    children.run("ingest", index=base, pile=articles)
    children.run("keep", index=base, file=before)
    pile.second(articles)
    whole = work / "whole"
    shutil.copytree(base, whole)
    children.run("ingest", index=whole, pile=articles)
    children.run("keep", index=whole, file=after)
    fresh = work / "fresh"
    children.run("ingest", index=fresh, pile=articles)
    fresh_after = work / "fresh.pickle"
    children.run("keep", index=fresh, file=fresh_after)
    largest = (fresh / "library.sqlite3").stat().st_size
    rows = []
    for name, start, old, new in (
        ("a new index", None, None, fresh_after),
        ("an index that grows", base, before, after),
    ):
        for job, what, most, who in (
            ("fill", f"disk full: {name}, on a small tmpfs", largest * 12, namespace),
            ("limit", f"disk full: {name}, files may not grow", largest * 12, children),
        ):
            row = Row(what)
            rows.append(row)
            if who is None:
                row.note = "skipped: mounting is not allowed here"
                continue
            refused = 0
            for number in range(count):
                size = most * number // count
                key = {"fill": "free", "limit": "size"}[job]
                found = who.run(
                    job, work=work, articles=articles, base=start, before=old, after=new, **{key: size}
                )
                row.tried += 1
                row.problems += [f"at {size} bytes: {problem}" for problem in found["problems"]]
                refused += found["said"] is not None
            row.note = f"refused {refused}, from 0 to {most // 1024} KiB"
    return rows
