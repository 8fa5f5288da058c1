"""A bench over a tiny real index: words instead of a model, and replies that the test writes itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from eval.benchmarks.adapters.bench import Bench, Reply
from rag.assistant import Assistant
from rag.config import Config
from rag.schema import NO_FILTERS, Filters
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder

ALCE_ROW: dict[str, Any] = {
    "sample_id": "1",
    "question": "When was the Tarn bridge built?",
    "answer": "The first in 1801, the second in 1931.",
    "qa_pairs": [
        {"question": "First?", "short_answers": ["1801"], "context": "", "wikipage": None},
        {
            "question": "Second?",
            "short_answers": ["The year 1931", "1931"],
            "context": "",
            "wikipage": None,
        },
    ],
    "docs": [
        {"id": "9", "title": "Old bridge", "text": "The old bridge dates from 1801.", "score": "1.0"},
        {"id": "8", "title": "New bridge", "text": "The new bridge dates from 1931.", "score": "0.9"},
        {"id": "7", "title": "Mill", "text": "The mill is older.", "score": "0.8"},
    ],
}
RAMDOCS_ROW: dict[str, Any] = {
    "question": "What sport did Bo Fenn play?",
    "documents": [
        {"text": "Bo Fenn of Tarn plays the game of curling.", "type": "correct", "answer": "Curling"},
        {"text": "Bo Fenn the elder rowed.", "type": "correct", "answer": "rowing"},
        {"text": "Bo Fenn plays chess.", "type": "misinfo", "answer": "chess"},
        {"text": "Fenn is a kind of bog.", "type": "noise", "answer": "unknown"},
    ],
    "disambig_entity": ["Bo Fenn", "Bo Fenn the elder"],
    "gold_answers": ["curling", "rowing", "The Curling"],
    "wrong_answers": ["chess", "chess"],
}


class ScriptedBench(Bench):
    """Replies what the test scripted for a question; everything else is real."""

    def script(self, replies: Mapping[str, Reply | Callable[[], Reply]]) -> None:
        self._replies = replies

    def ask(self, question: str, *, filters: Filters = NO_FILTERS) -> Reply:
        reply = self._replies[question]
        return reply if isinstance(reply, Reply) else reply()

    def held(self) -> dict[str, str]:
        """The texts in the index by their ids."""
        hits = self._assistant.search("anything", k=50).hits
        return {str(hit.article.external_id): hit.article.text for hit in hits}


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    config = Config(index_dir=tmp_path / "index", cache_dir=tmp_path, config_dir=tmp_path)
    with Assistant(
        config, embedder=WordEmbedder, generator=lambda: ScriptedGenerator(""), scorer=EvenScorer
    ) as opened:
        yield opened


@pytest.fixture
def bench(assistant: Assistant) -> ScriptedBench:
    return ScriptedBench(assistant, extractive=True)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Writes a file of a benchmark: a list as JSON lines for `.jsonl`, text as it is, all else as JSON."""

    def make(name: str, content: Any) -> Path:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            text = content
        elif name.endswith(".jsonl"):
            text = "".join(json.dumps(item) + "\n" for item in content)
        else:
            text = json.dumps(content)
        path.write_text(text, encoding="utf-8")
        return path

    return make
