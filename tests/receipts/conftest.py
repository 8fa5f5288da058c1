"""A pile, its index, and answers kept of it through the command line, with stand-ins for the models."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from rag.assistant import Assistant
from rag.config import Config
from tests.articles.documents import pdf, zipped
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder
from tests.test_cli import Run, rag

FERRY = (
    "Ferry lost off Kestrel Point\nHarbour Post\n4 March 2024\n\n"
    "The search goes on, the coast guard said. "
    "The ferry Anke sank off Kestrel Point on Sunday with 41 people on board. Nordkai denied any fault.\n"
)
FERRY_QUOTE = "The ferry Anke sank off Kestrel Point on Sunday with 41 people on board."
DRAFT = "The ferry sank with 41 people on board [1]."
QUESTIONS = {
    "ferry.txt": "How many people were on board when the ferry Anke sank?",
    "quarry.html": "How deep is the limestone quarry at Tolven?",
    "chapel.pdf": "Who restored the painted chapel ceiling at Orsk?",
    "rows.jsonl": "How many lanterns does the village of Brill light?",
    "bundle.zip": "Which orchard grows the oldest quince trees?",
    "west.txt": "Which café did Señor Muñoz open?",
}
ARTICLES: dict[str, bytes] = {
    "ferry.txt": FERRY.encode(),
    "quarry.html": (
        b"<html><head><title>Quarry deeper than thought</title></head><body><article>"
        b"<h1>Quarry deeper than thought</h1>"
        b"<p>Surveyors were at work for a week in the rain above the village this spring.</p>"
        b"<p>The limestone quarry at Tolven is 140 metres deep, the survey found.</p></article></body></html>"
    ),
    "chapel.pdf": pdf(
        "Chapel ceiling restored\nThe work in the old building took the better part of four years.\n"
        "Lena Arvo restored the painted chapel ceiling at Orsk by hand."
    ),
    "rows.jsonl": json.dumps(
        {"id": "b-1", "title": "Lanterns", "text": "The village of Brill lights 300 lanterns each winter."}
    ).encode(),
    "bundle.zip": zipped(
        {"orchards.txt": b"Old trees\n\nThe Halden orchard grows the oldest quince trees in the valley.\n"}
    ),
    "west.txt": "Una apertura\n\nSeñor Muñoz opened the café Niño in the old town hall.\n".encode("cp1252"),
}


@dataclass
class Desk:
    """A pile in `pile`, an index of it, and what the command line does with both."""

    folder: Path
    draft: str = ""

    @property
    def pile(self) -> Path:
        return self.folder / "pile"

    @property
    def index(self) -> Path:
        return self.folder / "index"

    def ingest(self) -> None:
        assert rag("ingest", self.pile, "--index", self.index).code == 0

    def ask(self, question: str, *options: object) -> Run:
        extractive = () if self.draft else ("--extractive",)
        return rag("ask", question, *extractive, "--index", self.index, *options)

    def keep(self, name: str, *, to: str = "answer.json") -> Path:
        """The answer about the article `name`, exported."""
        path = self.folder / to
        run = self.ask(QUESTIONS[name], "--export", path, "--force")
        assert run.code == 0, run.err
        return path

    def verify(self, path: Path, *options: object) -> dict[str, Any]:
        """What `rag verify --json` found; its exit code must say the same."""
        run = rag("verify", path, "--index", self.index, "--json", *options)
        assert run.code == (0 if run.json["holds"] else 1), run.err
        assert run.err.count("\n") == run.code
        return dict(run.json)

    def open(self, config: Config) -> Assistant:
        return Assistant(
            config,
            embedder=WordEmbedder,
            generator=lambda: ScriptedGenerator(self.draft),
            scorer=EvenScorer,
        )


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def edit(path: Path, change: Callable[[dict[str, Any]], object], *, sealed: bool = True) -> Path:
    """Change a receipt by hand; without its seal it is what `rag ask --json` prints."""
    data = read(path)
    change(data)
    if not sealed:
        del data["format"], data["checksum"]
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


@contextmanager
def opened(folder: Path, names: Iterable[str]) -> Iterator[Desk]:
    found = Desk(folder)
    found.pile.mkdir()
    for name in names:
        (found.pile / name).write_bytes(ARTICLES[name])
    with (
        mock.patch.dict(os.environ, {"RAG_CONFIG_DIR": str(folder / "config")}),
        mock.patch.object(Assistant, "open", found.open),
    ):
        found.ingest()
        yield found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The ferry alone, for the test to do with as it likes."""
    with opened(tmp_path, ["ferry.txt"]) as found:
        yield found


@pytest.fixture(scope="module")
def all_kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A file of every kind; a test that changes one uses `kinds`."""
    with opened(tmp_path_factory.mktemp("kinds"), ARTICLES) as found:
        yield found


@pytest.fixture
def kinds(all_kinds: Desk) -> Iterator[Desk]:
    """A file of every kind, put back afterwards."""
    yield all_kinds
    for name, data in ARTICLES.items():
        (all_kinds.pile / name).write_bytes(data)
