"""`rag ingest --watch` follows a folder: files that come, change and go, and an end that leaves the index whole."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.index import IndexReader, IndexWriter, check
from rag.ingest import publish
from tests.fake_models import DIMENSION

CHILD = """
import sys
from rag.assistant import facade
from rag.cli import main, watching
from tests.fake_models import WordEmbedder
facade.make_embedder = lambda *_: WordEmbedder()
watching.LOOK_SECONDS = 0.05
sys.argv = ["rag", "ingest", *sys.argv[1:]]
main()
"""
linux = pytest.mark.skipif(sys.platform == "win32", reason="it is ended by a signal")


class Watch:
    """A running `rag ingest --watch --json`."""

    def __init__(self, index: Path, *paths: Path) -> None:
        self.index = index
        root = str(Path(__file__).parents[1])
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD, *map(str, paths), "--watch", "--json", "--index", str(index)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": root},
        )
        self.told: queue.Queue[str] = queue.Queue()
        self.reports: queue.Queue[dict[str, Any]] = queue.Queue()
        self._threads = [
            threading.Thread(target=self._follow, args=(self._process.stdout, self.reports, json.loads)),
            threading.Thread(target=self._follow, args=(self._process.stderr, self.told, str.strip)),
        ]
        for thread in self._threads:
            thread.start()

    def _follow(self, stream: Any, into: queue.Queue[Any], read: Callable[[str], Any]) -> None:
        with stream:
            for line in stream:
                into.put(read(line))

    def next(self) -> dict[str, int]:
        """What the next ingest changed."""
        report = self.reports.get(timeout=20)
        return {name: report[name] for name in ("added", "updated", "removed", "articles") if report[name]}

    def line(self) -> str:
        """The next line on standard error."""
        return self.told.get(timeout=20)

    def interrupt(self) -> int:
        """Press Ctrl+C; returns the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """Wait for the end; returns the exit status."""
        code = self._process.wait(timeout=20)
        for thread in self._threads:
            thread.join()
        return code


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    place = tmp_path / "inbox"
    place.mkdir()
    return place


@pytest.fixture
def watch(tmp_path: Path, inbox: Path) -> Iterator[Watch]:
    running = Watch(tmp_path / "index", inbox)
    yield running
    running.interrupt()


def _put(place: Path, text: str) -> None:
    """Write a file in one step, as a program that saves does."""
    aside = place.with_suffix(".part")
    aside.write_text(f"{text}\n\nAn article about {text.lower()}.", encoding="utf-8")
    aside.replace(place)


def _titles(index: Path) -> list[str]:
    reader = IndexReader(index)
    titles = sorted(row.article.title for row in reader.articles())
    reader.close()
    return titles


@linux
def test_files_that_come_change_and_go_are_followed(watch: Watch, inbox: Path) -> None:
    assert watch.line().endswith("the folder holds no files; put articles there or name another")
    _put(inbox / "one.txt", "The dam")
    assert watch.next() == {"added": 1, "articles": 1}
    _put(inbox / "two.txt", "The mill")
    assert watch.next() == {"added": 1, "articles": 2}
    _put(inbox / "one.txt", "The dam again")
    assert watch.next() == {"updated": 1, "articles": 2}
    (inbox / "two.txt").unlink()
    assert watch.next() == {"removed": 1, "articles": 1}
    assert _titles(watch.index) == ["The dam again"]
    (inbox / "one.txt").unlink()
    assert watch.next() == {"removed": 1}
    _put(inbox / "three.txt", "The ferry")
    assert watch.next() == {"added": 1, "articles": 1}
    time.sleep(0.3)
    assert watch.reports.empty(), "nothing changed, so nothing was ingested"
    assert watch.interrupt() == 0
    assert watch.line() == "rag: no longer watching; what was ingested is kept"
    assert not (watch.index / "writer.json").exists(), "no writer was cut off"
    assert check(watch.index).problems == ()


@linux
def test_what_is_removed_meanwhile_does_not_come_back(watch: Watch, inbox: Path) -> None:
    watch.line()
    _put(inbox / "one.txt", "The dam")
    watch.next()
    _put(inbox / "two.txt", "The mill")
    watch.next()
    for name in ("one.txt", "two.txt"):
        with IndexWriter(watch.index, embedder="words", fingerprint="words-1", dimension=DIMENSION) as writer:
            # As if by the very name that is watched.
            assert writer.remove_files([str(inbox / name)], asked=str(inbox)) == 1
            publish(writer)
        _put(inbox / name, "The dam again")
        watch.next()
        assert watch.line().startswith(f"rag: left out: {inbox / 'one.txt'}: the file was removed")
        if name == "two.txt":
            assert watch.line().startswith(f"rag: left out: {inbox / 'two.txt'}: the file was removed")
        _put(inbox / f"after-{name}", f"Then {name}")
        assert watch.next()["added"] == 1
    time.sleep(0.3)
    assert watch.told.empty(), "it is told once"
    assert _titles(watch.index) == ["Then one.txt", "Then two.txt"]


@linux
def test_what_hinders_it_is_told_once_and_it_goes_on(watch: Watch, inbox: Path) -> None:
    watch.line()
    _put(inbox / "one.txt", "The dam")
    watch.next()
    with IndexWriter(watch.index, embedder="words", fingerprint="words-1", dimension=DIMENSION):
        _put(inbox / "two.txt", "The mill")
        assert "is writing to this index" in watch.line()
        time.sleep(0.3)
        assert watch.told.empty()
    assert watch.next() == {"added": 1, "articles": 2}
    inbox.rename(inbox.with_name("away"))
    assert "no such file or folder" in watch.line()
    inbox.with_name("away").rename(inbox)
    assert watch.next() == {"articles": 2}, "a folder that was away for a while loses nothing"


@linux
def test_a_path_that_never_was_ends_it_at_once(tmp_path: Path) -> None:
    running = Watch(tmp_path / "index", tmp_path / "nowhere")
    assert "no such file or folder" in running.line()
    assert running.end() == 1
