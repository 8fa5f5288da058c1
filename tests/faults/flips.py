"""One bit of one file is wrong: it is noticed, or it changes nothing."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.faults import pile
from tests.faults.child import OPTIONS, Children, Killed, Recorder, _writer
from tests.faults.rows import Row


def flip(index: str, kind: str, name: str, count: int, seed: int = 3) -> dict[str, Any]:
    """Flip `count` bits of a file, one at a time."""
    place = Path(index)
    path = place / name
    sound = path.read_bytes()
    generator = random.Random(seed)
    places = generator.sample(range(len(sound) * 8), min(count, len(sound) * 8))
    attempt = {"generation": _generation, "library": _library, "unfinished": _unfinished, "pointer": _pointer}
    problems: list[str] = []
    counts: dict[str, int] = {}
    for bit in places:
        damaged = bytearray(sound)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        result = attempt[kind](place, bytes(damaged), sound)
        counts[result] = counts.get(result, 0) + 1
        if result.startswith("!"):
            problems.append(f"{name}, bit {bit}: {result[1:]}")
    path.write_bytes(sound)
    return {"tried": len(places), "problems": problems, "counts": counts}


def _generation(index: Path, damaged: bytes, sound: bytes) -> str:
    from rag.errors import IndexDamaged, IndexMismatch
    from rag.index import IndexReader

    try:
        IndexReader(index).close()
    except (IndexDamaged, IndexMismatch):
        return "noticed"
    with suppress(ValueError):
        if json.loads(damaged) == json.loads(sound):
            return "white space"
    return "!opened"


def _library(index: Path, _damaged: bytes, _sound: bytes) -> str:
    from rag.errors import IndexDamaged, IndexMismatch
    from rag.index import IndexReader, truth

    if truth.problem(index) is None:
        return "!`rag check` does not see it"
    IndexReader(index).close()
    try:
        _writer(index).close()
    except (IndexDamaged, IndexMismatch):
        return "noticed"
    return "!a writer opened it"


def _unfinished(index: Path, _damaged: bytes, _sound: bytes) -> str:
    """After a kill no checksum vouches for the library: its structure and its texts do."""
    from rag.errors import RagError
    from rag.index import IndexReader

    copy = index.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(index, copy)
    try:
        with _writer(copy) as writer:
            writer.publish()
    except RagError:
        return "noticed"
    reader = IndexReader(copy)
    wanted = IndexReader(index)  # the generation holds the same
    reference = pile.snapshot(wanted, index)
    try:
        held = pile.snapshot(reader, copy)
        same = not pile.differences(held, reference) and not pile.mismatches(reader, held)
    except sqlite3.DatabaseError:
        return "noticed when searched"
    except (AssertionError, LookupError, TypeError, ValueError) as error:
        return f"!it cannot be read: {type(error).__name__}: {error}"
    texts = all(
        held["articles"].get(name, {}).get("text") == item["text"]
        for name, item in reference["articles"].items()
    )
    reader.close()
    wanted.close()
    return "changes nothing" if same else "passes, texts unchanged" if texts else "!a text has changed"


def _pointer(index: Path, _damaged: bytes, sound: bytes) -> str:
    from rag import ingest
    from rag.errors import RagError
    from rag.index import IndexReader

    try:
        reader = IndexReader(index)
    except RagError as error:
        return f"!no answer: {error}"
    held = pile.snapshot(reader, index)
    problems = pile.mismatches(reader, held)
    reader.close()
    if problems:
        return f"!{problems[0]}"
    copy = index.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(index, copy)
    with _writer(copy) as writer:
        ingest.ingest([index.with_name("pile")], writer=writer, embedder=Recorder(), **OPTIONS)
    again = IndexReader(copy)
    newest = pile.snapshot(again, copy)
    again.close()
    (index / "CURRENT").write_bytes(sound)
    original = IndexReader(index)
    wanted = pile.snapshot(original, index)
    original.close()
    return "mended by the next ingest" if not pile.differences(newest, wanted) else "!ingest did not mend it"


def all_files(work: Path, children: Children, *, count: int, slow: int) -> list[Row]:
    """Every file of a generation, the library at rest and after a kill, its log, and `CURRENT`."""
    rows: list[Row] = []
    index, articles = work / "index", work / "pile"
    pile.first(articles)
    children.run("ingest", index=index, pile=articles)

    def row(what: str, kind: str, name: str, number: int) -> None:
        found = children.run("flip", index=index, kind=kind, name=name, count=number)
        counts = ", ".join(f"{key} {value}" for key, value in sorted(found["counts"].items()))
        rows.append(Row(f"bit flips: {what}", found["tried"], found["problems"], counts))

    (generation,) = (index / "generations").iterdir()
    for path in sorted(generation.iterdir()):
        row(path.name, "generation", str(path.relative_to(index)), count)
    row("the library at rest", "library", "library.sqlite3", count)
    (index / "writer.json").write_text('{"pid": 1}')
    row("the library after a kill", "unfinished", "library.sqlite3", slow)
    (index / "writer.json").unlink()
    for name in ("a", "b"):
        (articles / "late.txt").write_text(f"Late {name}\n\n{pile.text(name)}", encoding="utf-8")
        children.run("ingest", index=index, pile=articles)
    row("CURRENT", "pointer", "CURRENT", slow)
    rows.append(_log(work, children, max(2, slow // 10)))
    return rows


def _log(work: Path, children: Children, count: int) -> Row:
    """SQLite leaves out of its log what a bad checksum follows: those files are then read again."""
    row = Row("bit flips: the log after a kill")
    articles, killed, index = work / "pile", work / "killed", work / "copied"
    try:
        children.run(
            "ingest", index=killed, pile=articles, kill=("before PRAGMA wal_checkpoint(TRUNCATE)", 0)
        )
    except Killed:
        pass
    else:
        row.problems.append("the run was not killed")
    children.run("ingest", index=work / "whole", pile=articles)
    children.run("keep", index=work / "whole", file=work / "whole.pickle")
    sound = (killed / "library.sqlite3-wal").read_bytes()
    generator = random.Random(9)
    for _ in range(count):
        shutil.rmtree(index, ignore_errors=True)
        shutil.copytree(killed, index)
        damaged = bytearray(sound)
        damaged[generator.randrange(len(sound))] ^= 1 << generator.randrange(8)
        (index / "library.sqlite3-wal").write_bytes(damaged)
        found = children.run(
            "after_kill",
            index=index,
            pile=articles,
            before=None,
            after=work / "whole.pickle",
            log=work / "none",
            publish_often=False,
        )
        row.tried += 1
        row.problems += found["problems"]
    row.note = "the next ingest reads again what is lost"
    return row
