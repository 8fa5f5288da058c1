"""A process that forks one child for each job: it imports once, so that hundreds of kills take a minute.

Runs as `python -m tests.faults.child`; reads jobs and writes results as lines of JSON.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import pathlib
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.fake_models import WordEmbedder

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""A kill of a process loses nothing that it has written, synced or not, so memory serves as well and is faster."""
OPTIONS = {"passage_tokens": 14, "max_bytes": 10**6}


class Killed(Exception):
    """The child died of SIGKILL."""


class Children:
    """The tool's side: `run` forks a child for a job and waits for it."""

    def __init__(self, *, namespace: bool = False) -> None:
        """With `namespace`, children may mount (a mount namespace of its own, as root in it)."""
        prefix = ["unshare", "--user", "--map-root-user", "--mount"] if namespace else []
        command = [*prefix, sys.executable, "-m", "tests.faults.child"]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def run(self, job: str, *, kill_after: float | None = None, **arguments: Any) -> Any:
        """What the job returned; raises `Killed`, or `RuntimeError` with the child's traceback."""
        self.send(job, kill_after=kill_after, **arguments)
        return self.receive()

    def send(self, job: str, *, kill_after: float | None = None, **arguments: Any) -> None:
        assert self._process.stdin is not None
        request = {"job": job, "kill_after": kill_after, "arguments": arguments}
        self._process.stdin.write(json.dumps(request, default=str) + "\n")
        self._process.stdin.flush()

    def receive(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process that forks the children is gone")
        answer = json.loads(line)
        if answer["signal"] == signal.SIGKILL:
            raise Killed
        if answer["error"] is not None:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def may_mount() -> bool:
    """Whether a mount namespace of one's own can be had here."""
    if shutil.which("unshare") is None or shutil.which("mount") is None:
        return False
    command = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Steps:
    """Counts what really happens, by name, and dies at one of the steps if told to."""

    def __init__(self, kill: tuple[str, int] | None, directory: Path) -> None:
        self.seen: Counter[str] = Counter()
        self._kill = kill
        self._directory = str(directory)
        self._on = True

    def __call__(self, name: str) -> None:
        if not self._on:
            return
        name = re.sub(r"\d{2,}", "N", name)
        if self._kill == (name, self.seen[name]):
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        self.seen[name] += 1

    def around(self, what: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self(f"before {what}")
        result = call(*arguments, **named)
        self(f"after {what}")
        return result

    def place(self, path: object) -> str:
        """A path inside the index, as far as it matters; empty for other paths."""
        text = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
        if not str(text).startswith(self._directory):
            return ""
        return str(text)[len(self._directory) + 1 :] or "index"

    def install(self) -> None:
        """Wrap all that changes files, in this process only."""
        self._wrap_sqlite()
        self._wrap_files()

    def _wrap_sqlite(self) -> None:
        steps = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *rest: Any) -> Any:
                words = sql.split()
                if words[:2] == ["PRAGMA", "journal_mode"] or "wal_checkpoint" in sql:
                    return steps.around(sql, super().execute, sql, *rest)
                if words[0] in {"INSERT", "DELETE", "UPDATE"}:
                    steps(f"in {_caller()}, before {_statement(words)}")
                if words[0] == "COMMIT":
                    return steps.around(f"commit of {_caller()}", super().execute, sql, *rest)
                return super().execute(sql, *rest)

            def executemany(self, sql: str, rows: Any) -> Any:
                steps(f"in {_caller()}, before {_statement(sql.split())}")
                return super().executemany(sql, rows)

            def executescript(self, script: str) -> Any:
                return steps.around("migration", super().executescript, script)

            def __exit__(self, *error: Any) -> Any:
                if not self.in_transaction or error[0] is not None:
                    return super().__exit__(*error)
                return steps.around(f"commit of {_caller()}", super().__exit__, *error)

            def close(self) -> None:
                steps.around("closing the library", super().close)

        connect = sqlite3.connect
        sqlite3.connect = lambda *given, **named: connect(*given, **{"factory": Connection, **named})

    def _wrap_files(self) -> None:
        def wrap(name: str, target: int = 0) -> None:
            call = getattr(os, name)

            def wrapped(*given: Any, **named: Any) -> Any:
                place = self.place(given[target])
                if named.get("dir_fd") is not None:  # inside shutil.rmtree
                    folder = Path(f"/proc/self/fd/{named['dir_fd']}").readlink()
                    place = f"{self.place(folder)}/{given[0]}"
                return (
                    self.around(f"{name} {place}", call, *given, **named) if place else call(*given, **named)
                )

            setattr(os, name, wrapped)

        for name, target in (
            ("replace", 1),
            ("rename", 1),
            ("unlink", 0),
            ("rmdir", 0),
            ("mkdir", 0),
            ("remove", 0),
        ):
            wrap(name, target)
        sync = os.fsync

        def fsync(descriptor: int) -> None:
            place = self.place(Path(f"/proc/self/fd/{descriptor}").readlink())
            self.around(f"fsync {place}", sync, descriptor)

        os.fsync = fsync
        copy = shutil.copyfile

        def copyfile(source: Any, target: Any, **named: Any) -> Any:
            place = self.place(target)
            self(f"before copying to {place}")
            data = Path(source).read_bytes()
            Path(target).write_bytes(data[: len(data) // 2])
            self(f"half way of copying to {place}")
            result = copy(source, target, **named)
            self(f"after copying to {place}")
            return result

        shutil.copyfile = copyfile
        write = pathlib.Path.write_text

        def write_text(path: Path, data: str, *rest: Any, **named: Any) -> int:
            if not (place := self.place(path)):
                return write(path, data, *rest, **named)
            self(f"before writing {place}")
            write(path, data[: len(data) // 2], *rest, **named)
            self(f"half way of writing {place}")
            result = write(path, data, *rest, **named)
            self(f"after writing {place}")
            return result

        pathlib.Path.write_text = write_text  # type: ignore[method-assign]
        faiss: Any = importlib.import_module("faiss")
        faiss.write_index = _around(
            self, "write_index (what is buffered is not in the file)", faiss.write_index
        )


def _around(steps: Steps, what: str, call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: steps.around(what, call, *given)


def _caller() -> str:
    """The method of the writer that is at work."""
    frame = sys._getframe(1)
    while frame is not None and not frame.f_code.co_filename.endswith("index/writer.py"):
        frame = frame.f_back  # type: ignore[assignment]
    return frame.f_code.co_name if frame is not None else "another"


def _statement(words: Sequence[str]) -> str:
    known = {"INTO", "FROM", "OR", "REPLACE", "IGNORE"}
    return f"{words[0]} {next(word for word in words[1:] if word not in known)}"


# The jobs: each runs in a child of its own.


class Recorder(WordEmbedder):
    """Remembers what it embedded."""

    def hashes(self) -> list[str]:
        import hashlib

        return [hashlib.sha256(item.encode()).hexdigest()[:32] for item in self.encoded]


def ingest(
    index: str,
    pile: str,
    *,
    log: str | None = None,
    kill: tuple[str, int] | None = None,
    trace: bool = False,
    publish_often: bool = False,
    batch: int = 8,
) -> dict[str, Any]:
    """Ingest the pile; what was acknowledged goes to `log`, line by line, once it is."""
    from rag import ingest as module
    from rag.index import IndexWriter

    steps = Steps(tuple(kill) if kill else None, Path(index))  # type: ignore[arg-type]
    if kill or trace:
        steps.install()
    module._BATCH_PASSAGES = batch
    if publish_often:
        module._PUBLISH_SECONDS = module._PUBLISH_PAUSE = 0.0
    if log is not None:
        _acknowledge(IndexWriter, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
    embedder = Recorder()
    with _writer(index) as writer:
        report = module.ingest([pile], writer=writer, embedder=embedder, **OPTIONS)
    steps._on = False
    return {"steps": steps.seen, "embedded": embedder.hashes(), "articles": report.articles}


def remove(index: str, title: str, *, kill: tuple[str, int] | None = None) -> dict[str, int]:
    """Remove the article of that title by hand; returns the steps."""
    from rag import ingest as module
    from rag.index import IndexReader

    reader = IndexReader(Path(index))
    (name,) = [row.article.id for row in reader.articles() if row.article.title == title]
    reader.close()
    steps = Steps(tuple(kill) if kill else None, Path(index))  # type: ignore[arg-type]
    steps.install()
    with _writer(index) as writer:
        writer.remove_article(name)
        module.publish(writer)
    steps._on = False
    return steps.seen


def after_removal(index: str, pile: str, title: str) -> dict[str, Any]:
    """Whether the article is there once every file was read anew, and what is wrong."""
    from rag import ingest as module
    from rag.index import IndexReader, check

    place = Path(index)
    problems = [f"check: {item}" for item in check(place).problems]
    with _writer(index) as writer:
        for path in writer.files():
            writer.set_splits(path, ())
        report = module.ingest([pile], writer=writer, embedder=Recorder(), **OPTIONS)
    problems += [f"after the next ingest: {item}" for item in check(place).problems]
    reader = IndexReader(place)
    there = title in [row.article.title for row in reader.articles()]
    reader.close()
    if there == bool(report.left_out):
        problems.append(f"{title} is {'both there and' if there else 'neither there nor'} left out")
    return {"there": there, "problems": problems}


def _acknowledge(writer: Any, descriptor: int) -> None:
    put, add = writer.put, writer.add_vectors

    def logged_put(self: Any, state: Any, parts: Any, *rest: Any) -> Any:
        result = put(self, state, parts, *rest)
        names = [part.article.id for part in parts]
        os.write(descriptor, (json.dumps({"path": state.path, "articles": names}) + "\n").encode())
        return result

    def logged_add(self: Any, vector_of: Any) -> None:
        add(self, vector_of)
        os.write(descriptor, (json.dumps({"vectors": [name.hex() for name in vector_of]}) + "\n").encode())

    writer.put, writer.add_vectors = logged_put, logged_add


def _writer(index: str | Path, **options: Any) -> Any:
    from rag.index import IndexWriter

    embedder = WordEmbedder()
    return IndexWriter(
        Path(index),
        embedder=embedder.name,
        fingerprint=embedder.fingerprint,
        dimension=embedder.dimension,
        **options,
    )


def keep(index: str, file: str) -> None:
    """Write the snapshot of an index to a file."""
    import pickle

    from rag.index import IndexReader
    from tests.faults import pile

    reader = IndexReader(Path(index))
    held = pile.snapshot(reader, Path(index))
    problems = pile.mismatches(reader, held)
    assert not problems, problems
    Path(file).write_bytes(pickle.dumps(held))


def after_kill(
    index: str, pile: str, *, before: str | None, after: str, log: str, publish_often: bool, batch: int = 8
) -> dict[str, Any]:
    """What the killed run left is sound and complete, and a second run finishes it."""
    import pickle

    from rag import ingest as module
    from rag.errors import IndexMissing
    from rag.index import IndexReader, check
    from tests.faults import pile as piles

    place, problems = Path(index), []
    known = [pickle.loads(Path(name).read_bytes()) for name in (before, after) if name is not None]
    opened = "a generation"
    try:
        reader = IndexReader(place)
    except IndexMissing:
        opened = "IndexMissing"
        if before is not None:
            problems.append("the index that was there is gone")
    else:
        held = piles.snapshot(reader, place)
        problems += piles.mismatches(reader, held) + piles.strays(held, known)
        reader.close()
        problems += [f"check: {item}" for item in check(place).problems]
    lines = [json.loads(line) for line in Path(log).read_text().splitlines()] if Path(log).exists() else []
    problems += _lost(place, lines)
    embedder = Recorder()
    module._BATCH_PASSAGES = batch
    if publish_often:
        module._PUBLISH_SECONDS = module._PUBLISH_PAUSE = 0.0
    try:
        with _writer(place) as writer:
            module.ingest([pile], writer=writer, embedder=embedder, **OPTIONS)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        problems.append(f"the second run failed: {type(error).__name__}: {error}")
        return {"problems": problems, "opened": opened}
    stored = {name for line in lines for name in line.get("vectors", ())}
    if before is not None:
        stored |= _vectors_of(known[0]) - _vectors_of(known[0], title="Row moved")
    if again := stored & set(embedder.hashes()):
        problems.append(f"{len(again)} passages were embedded twice")
    reader = IndexReader(place)
    held = piles.snapshot(reader, place)
    problems += piles.mismatches(reader, held)
    problems += [f"after the second run: {item}" for item in piles.differences(held, known[-1])]
    problems += [f"after the second run: {item}" for item in check(place).problems]
    reader.close()
    left = [path.name for path in (place / "generations").iterdir() if not path.name.isdigit()]
    left += [path.name for path in place.iterdir() if path.name in {"writer.json"}]
    problems += [f"left behind: {name}" for name in left]
    return {"problems": problems, "opened": opened}


def _lost(index: Path, lines: list[dict[str, Any]]) -> list[str]:
    """Acknowledged articles that the library, as SQLite recovers it, does not hold (asked of a copy)."""
    wanted = {line["path"]: set(line["articles"]) for line in lines if "path" in line}
    if not wanted:
        return []
    copy = index.with_name(index.name + ".copy")
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for path in index.glob("library.sqlite3*"):
        if not path.name.endswith("-shm"):
            shutil.copy(path, copy)
    with contextlib.closing(sqlite3.connect(copy / "library.sqlite3")) as connection:
        query = """SELECT a.id, count(DISTINCT p.key), count(v.hash) FROM provenances o
            JOIN articles a ON a.key = o.article_key LEFT JOIN passages p ON p.article_key = a.key
            LEFT JOIN vectors v ON v.hash = p.vector_hash WHERE o.path = ? GROUP BY a.key"""
        problems = []
        for path, names in wanted.items():
            rows = connection.execute(query, (path,)).fetchall()
            if lost := names - {row[0] for row in rows}:
                problems.append(f"{Path(path).name}: {len(lost)} acknowledged articles are lost")
            if any(row[1] == 0 or row[1] != row[2] for row in rows):
                problems.append(f"{Path(path).name}: an article lacks passages or vectors")
    shutil.rmtree(copy, ignore_errors=True)
    return problems


def _vectors_of(held: dict[str, Any], title: str | None = None) -> set[str]:
    import hashlib

    from rag.ingest import embedded_text

    return {
        hashlib.sha256(embedded_text(item["article"], item["text"][start:end]).encode()).hexdigest()[:32]
        for item in held["articles"].values()
        if title in (None, item["article"].title)
        for _, start, end in item["passages"]
    }


def _serve() -> None:
    logging.getLogger("rag").setLevel(logging.ERROR)  # each damaged generation is warned of
    # Imported before the fork; none of it starts a thread or opens an index.
    for name in (
        "numpy",
        "numpy.ma",
        "faiss",
        "rag.index",
        "rag.ingest",
        "rag.assistant",
        "tests.faults.pile",
    ):
        importlib.import_module(name)
    for name in ("flips", "disk", "access"):
        importlib.import_module(f"tests.faults.{name}")
    jobs = importlib.import_module("tests.faults.jobs").JOBS
    _warm()
    for line in sys.stdin:
        request = json.loads(line)
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read_end)
            _child(jobs[request["job"]], request["arguments"], write_end)
        os.close(write_end)
        if request["kill_after"] is not None:
            time.sleep(request["kill_after"])
            os.kill(pid, signal.SIGKILL)
        with os.fdopen(read_end) as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        answer = json.loads(said) if said and not number else {"result": None, "error": None}
        if number not in (0, signal.SIGKILL) or not (said or number):
            answer["error"] = f"the child ended with {status}"
        sys.stdout.write(json.dumps({"signal": number, **answer}) + "\n")
        sys.stdout.flush()


def _warm() -> None:
    """Compile the patterns that reading uses, once for all children."""
    from rag import articles, chunking
    from tests.faults import pile

    with tempfile.TemporaryDirectory() as folder:
        pile.first(Path(folder) / "pile")
        for path in (Path(folder) / "pile").iterdir():
            for article in articles.read(str(path), max_bytes=10**6).articles:
                chunking.sentences(article.id, article.text)


def _child(job: Callable[..., Any], arguments: dict[str, Any], pipe: int) -> None:
    try:
        answer = {"result": job(**arguments), "error": None}
    except BaseException:  # noqa: BLE001 - told to the parent
        answer = {"result": None, "error": traceback.format_exc()}
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    with os.fdopen(pipe, "w") as file:
        json.dump(answer, file, default=str)
    os._exit(0)


if __name__ == "__main__":
    _serve()
