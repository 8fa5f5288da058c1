"""The language model's choice beside the ranking: what it puts first is quoted, and it can lead to an abstention."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.config import Config
from rag.protocols import Choice
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder

FERRY = (
    "Ferry lost off Kestrel Point\nHarbour Post\n4 March 2024\n\n"
    "The ferry Anke sank off Kestrel Point on Sunday with 41 people on board. "
    "The search for the ferry Anke is led by Mira Tolland. "
    "Bread prices rose in spring.\n"
)
QUESTION = "How did the search for the ferry Anke go?"


class Chooser(ScriptedGenerator):
    """Puts `share` on the sentence that holds `word`, and the rest on "none"; counts how often it is asked."""

    def __init__(self, word: str, share: float, draft: str = "") -> None:
        super().__init__(draft, choice=self._chosen)
        self.trained_to_choose = True
        self.word, self.share, self.asked = word, share, 0

    def _chosen(self, prompt: str) -> Choice:
        self.asked += 1
        held = [self.word in line for line in re.findall(r"^\[\d+\] (.*)$", prompt, re.MULTILINE)]
        rest = 0.01 / max(1, len(held) - 1)
        return Choice(tuple(self.share if it else rest for it in held), 0.99 - self.share)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "ferry.txt").write_text(FERRY, encoding="utf-8")
    yield tmp_path


def _open(folder: Path, generator: ScriptedGenerator) -> Assistant:
    config = Config(index_dir=folder / "index", cache_dir=folder, config_dir=folder)
    assistant = Assistant(config, embedder=WordEmbedder, generator=lambda: generator, scorer=EvenScorer)
    assistant.ingest([folder / "ferry.txt"])
    return assistant


@pytest.mark.parametrize("word", ["Kestrel", "Tolland"])
def test_what_the_model_chooses_is_quoted(folder: Path, word: str) -> None:
    with _open(folder, Chooser(word, 0.98)) as assistant:
        first, *_, last = assistant.stream(QUESTION)
    assert first.statements, "an extract is there before the model is asked"
    assert word in last.statements[0].text
    assert last.statements[0].support == "verbatim"
    assert last.models["generator"] == "scripted"


def test_what_it_would_word_is_not_asked_for(folder: Path) -> None:
    chooser = Chooser("Tolland", 0.98, "Mira Tolland leads the search for the ferry Anke.")
    with _open(folder, chooser) as assistant:
        answer = assistant.ask(QUESTION)
    assert {item.support for item in answer.statements} == {"verbatim"}
    assert not chooser.prompts


def test_a_model_that_finds_nothing_leads_to_an_abstention(folder: Path) -> None:
    with _open(folder, Chooser("Tolland", 0.0)) as assistant:
        first, *_, last = assistant.stream("Which bank financed the ferry Anke?")
    assert first.statements and not last.statements
    assert last.abstention is not None and last.abstention.reason == "not_supported"


def test_without_the_model_or_without_time_the_ranking_stands(folder: Path) -> None:
    chooser = Chooser("Tolland", 0.98)
    with _open(folder, chooser) as assistant:
        plain = assistant.ask(QUESTION, extractive=True)
        assert assistant.ask(QUESTION, budget_seconds=0.0).statements == plain.statements
        assert chooser.asked == 0


def test_a_model_that_was_not_trained_to_choose_is_not_asked(folder: Path) -> None:
    chooser = Chooser("Tolland", 0.0)
    chooser.trained_to_choose = False
    with _open(folder, chooser) as assistant:
        assert assistant.ask(QUESTION).statements
    assert chooser.asked == 0


def test_a_model_that_cannot_choose_changes_nothing(folder: Path) -> None:
    with _open(folder, ScriptedGenerator("")) as assistant:
        plain = assistant.ask(QUESTION, extractive=True)
        assert assistant.ask(QUESTION).statements == plain.statements
