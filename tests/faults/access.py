"""Two writers, a read-only folder, versions and embedders that do not fit, and reading while writing."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder
from tests.faults import pile
from tests.faults.child import OPTIONS, Children, Killed, _writer
from tests.faults.rows import Row


def hold_writer(index: str, ready: str, seconds: float) -> None:
    """Hold the writer and say so."""
    with _writer(index):
        Path(ready).write_text(str(os.getpid()))
        time.sleep(seconds)


def read_only(index: str) -> list[str]:
    """Mounted read-only: asking and checking work, writing is refused with one line."""
    from rag.errors import RagIndexError
    from rag.index import check

    problems: list[str] = []
    subprocess.run(["mount", "--bind", index, index], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", index], check=True)
        try:
            (Path(index) / "x").touch()
            problems.append("the folder is not read-only: nothing was tested")
        except OSError:
            pass
        with _assistant(index) as assistant:
            if not assistant.search("the kept harbour").hits:
                problems.append("asking finds nothing")
        problems += check(Path(index)).problems
        try:
            _writer(index).close()
            problems.append("a writer opened it")
        except RagIndexError as error:
            if "\n" in str(error) or "--index" not in str(error):
                problems.append(f"not one clear line: {error}")
    finally:
        subprocess.run(["umount", "-l", index], check=True)
    return problems


def _assistant(index: str) -> Any:
    from rag.assistant import Assistant
    from rag.config import Config

    config = Config(index_dir=Path(index), threads=1)
    return Assistant(
        config, embedder=WordEmbedder, generator=lambda: ScriptedGenerator("no"), scorer=EvenScorer
    )


def write_editions(index: str, articles: str, seconds: float) -> int:
    """Publish edition after edition."""
    from rag import ingest

    until, number = time.monotonic() + seconds, 1
    while time.monotonic() < until:
        number += 1
        pile.edition(Path(articles), number)
        with _writer(index) as writer:
            ingest.ingest([articles], writer=writer, embedder=WordEmbedder(), **OPTIONS)
    return number


def read_editions(index: str, seconds: float) -> dict[str, Any]:
    """Ask all the while: every answer is of one edition, and is never from an older one than before."""
    until = time.monotonic() + seconds
    problems: list[str] = []
    seen: list[int] = []
    answers = 0
    with _assistant(index) as assistant:
        while time.monotonic() < until:
            found = assistant.search("This is the edition of harbour ferry", k=100, evidence=5)
            titles = " ".join(f"{hit.article.title} {hit.passage.text}" for hit in found.hits)
            titles += " ".join(span.sentence.text for span in getattr(found, "evidence", ()) or ())
            editions = {int(item) for item in re.findall(r"[Ee]dition(\d+)", titles)}
            answers += 1
            if len(editions) != 1:
                problems.append(f"an answer from {len(editions)} editions: {sorted(editions)}")
            elif seen and min(editions) < seen[-1]:
                problems.append(f"edition {editions} after {seen[-1]}")
            if len(found.hits) == 0 or len({hit.article.source_path for hit in found.hits}) > 6:
                problems.append(f"{len(found.hits)} hits")
            seen.extend(editions)
    return {"problems": problems, "answers": answers, "editions": len(set(seen))}


def all_rows(
    work: Path, children: Children, other: Children, namespace: Children | None, *, seconds: float
) -> list[Row]:
    """One row for each."""
    from rag.errors import IndexLocked, IndexMismatch
    from rag.index import IndexWriter

    index, articles = work / "index", work / "pile"
    pile.first(articles)
    children.run("ingest", index=index, pile=articles)
    rows = [_two_writers(index, work, articles, children, other)]

    row = Row("read-only folder", note="a read-only bind mount")
    rows.append(row)
    if namespace is None:
        row.note = "skipped: mounting is not allowed here"
    else:
        row.tried, row.problems = 1, namespace.run("read_only", index=index)

    row = Row("another embedder of the same dimension", 1, note="refused, index unchanged")
    rows.append(row)
    kept = _bytes(index)
    try:
        IndexWriter(index, embedder="other", fingerprint="other-1", dimension=WordEmbedder.dimension).close()
        row.problems.append("it was accepted")
    except IndexMismatch:
        if _bytes(index) != kept:
            row.problems.append("the refused writer changed the index")

    row = Row("a newer version's index", 1, note="refused, index unchanged")
    rows.append(row)
    with sqlite3.connect(index / "library.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    kept = _bytes(index)
    try:
        _writer(index).close()
        row.problems.append("it was accepted")
    except IndexMismatch:
        if _bytes(index) != kept:
            row.problems.append("the refused writer changed the index")
    except IndexLocked as error:
        row.problems.append(str(error))

    row = Row("asking while a pile is read")
    rows.append(row)
    index, articles = work / "editions", work / "edition-pile"
    pile.edition(articles, 1)
    children.run("ingest", index=index, pile=articles)
    other.send("write_editions", index=index, articles=articles, seconds=seconds)
    found = children.run("read_editions", index=index, seconds=seconds)
    written = other.receive()
    row.tried, row.problems = found["answers"], found["problems"]
    row.note = f"answers, from {found['editions']} of {written} generations"
    if found["editions"] < 2:
        row.problems.append("only one generation was seen")
    return rows


def _two_writers(index: Path, work: Path, articles: Path, children: Children, other: Children) -> Row:
    from rag.errors import IndexLocked

    row = Row("two writers", 1)
    ready = work / "ready"
    other.send("hold_writer", index=index, ready=ready, seconds=30, kill_after=1.0)
    until = time.monotonic() + 10
    while not ready.exists() and time.monotonic() < until:
        time.sleep(0.01)
    pid = ready.read_text()
    started = time.perf_counter()
    try:
        _writer(index).close()
        row.problems.append("the second writer opened it too")
    except IndexLocked as error:
        if f"process {pid} " not in str(error):
            row.problems.append(f"it does not name process {pid}: {error}")
    took = time.perf_counter() - started
    if took > 0.5:
        row.problems.append(f"it waited {took:.1f} s")
    with suppress(Killed):
        other.receive()
        row.problems.append("the first writer was not killed")
    children.run("ingest", index=index, pile=articles)
    row.note = f"refused in {took * 1000:.0f} ms; after a kill of the first the next writes at once"
    if json.loads(json.dumps((index / "writer.json").exists())):
        row.problems.append("writer.json was left behind")
    return row


def _bytes(index: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(index.rglob("*")) if path.is_file()}
