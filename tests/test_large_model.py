"""A large model reads the evidence itself: what it takes up is shown, checked, in its words or the sources' own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.config import Config
from rag.errors import GenerationFailed
from rag.prompts import NO_ANSWER
from rag.protocols import ScoredText
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder

FERRY = (
    "Ferry lost off Kestrel Point\nHarbour Post\n4 March 2024\n\n"
    "The ferry Anke sank off Kestrel Point on Sunday with 41 people on board. "
    "The search for the ferry Anke is led by Mira Tolland. "
    "Bread prices rose in spring.\n"
)
COAST = (
    "Ferry Anke: coast guard counts again\nCoast Gazette\n6 March 2024\n\n"
    "The ferry Anke sank off Kestrel Point on Sunday with 44 people on board, the coast guard said. "
    "Diving goes on.\n"
)
QUESTION = "How did the search for the ferry Anke go?"
TOLL = "How many people were on board the ferry Anke?"


class Reader(ScriptedGenerator):
    """A large model that cites the first sentence of the prompt that holds each of `words`, as `draft` says."""

    def __init__(self, draft: str, *words: str) -> None:
        super().__init__(lambda prompt: draft.format(*(self._number(prompt, word) for word in words)))
        self.is_large = True

    @staticmethod
    def _number(prompt: str, word: str) -> str:
        return next(
            number for number, text in re.findall(r"^\[(\d+)\] (.*)$", prompt, re.MULTILINE) if word in text
        )


class UnsureScorer(EvenScorer):
    """Finds nothing that answers well."""

    def relevance(self, question: str, passages: Sequence[ScoredText]) -> list[list[float]]:
        return [[value / 3 for value in row] for row in super().relevance(question, passages)]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "ferry.txt").write_text(FERRY, encoding="utf-8")
    (tmp_path / "coast.txt").write_text(COAST, encoding="utf-8")
    yield tmp_path


def _open(folder: Path, generator: ScriptedGenerator, scorer: type[EvenScorer] = EvenScorer) -> Assistant:
    config = Config(index_dir=folder / "index", cache_dir=folder, config_dir=folder)
    assistant = Assistant(config, embedder=WordEmbedder, generator=lambda: generator, scorer=scorer)
    assistant.ingest([folder / "ferry.txt", folder / "coast.txt"])
    return assistant


@pytest.mark.parametrize("word", ["41 people", "Tolland"])
def test_what_it_cites_need_not_be_the_rankings_best(folder: Path, word: str) -> None:
    with _open(folder, Reader("Something about the ferry Anke in words of its own [{}].", word)) as assistant:
        (statement,) = assistant.ask(QUESTION).statements
    assert word in statement.text and statement.support == "verbatim"


def test_its_own_words_are_shown_where_they_hold(folder: Path) -> None:
    with _open(
        folder, Reader("Mira Tolland leads the search for the ferry Anke [{}].", "Tolland")
    ) as assistant:
        answer = assistant.ask("Who leads the search for the ferry Anke?")
    assert answer.statements[0].support in ("supported", "verbatim")
    assert "Mira Tolland" in answer.text and answer.models["generator"] == "scripted"


def test_all_that_a_refused_sentence_cites_is_quoted(folder: Path) -> None:
    draft = "The ferry Anke sank by fire and Mira Tolland leads the search for gold [{}][{}]."
    with _open(folder, Reader(draft, "41 people", "Tolland")) as assistant:
        answer = assistant.ask(QUESTION)
    assert [item.support for item in answer.statements] == ["verbatim", "verbatim"]
    assert "gold" not in answer.text and "41 people" in answer.text and "Tolland" in answer.text


def test_its_refusal_counts_where_the_ranking_is_not_sure(folder: Path) -> None:
    question = "Which bank financed the ferry Anke?"
    with _open(folder, Reader(NO_ANSWER), UnsureScorer) as assistant:
        first, *_, last = assistant.stream(question)
    assert first.statements and not last.statements
    assert last.abstention is not None and last.abstention.reason == "not_supported"


def test_it_may_find_what_the_ranking_holds_too_weak(folder: Path) -> None:
    with _open(folder, Reader("Bread prices rose in spring [{}].", "Bread")) as assistant:
        first, *_, last = assistant.stream("What became dearer for bakers?")
    assert first.abstention is not None
    assert last.abstention is None and last.text.startswith("Bread prices rose in spring")


def test_sides_that_it_cites_are_set_side_by_side(folder: Path) -> None:
    draft = "The ferry Anke had 41 people on board [{}]. The coast guard counts 44 [{}]."
    with _open(folder, Reader(draft, "41 people", "44 people")) as assistant:
        answer = assistant.ask(TOLL)
    (conflict,) = answer.conflicts
    assert {item.value for item in conflict.values} == {"41", "44"}
    assert {item.support for item in answer.statements} == {"verbatim"}


def test_a_table_stands_when_the_model_breaks_off(folder: Path) -> None:
    class Broken(Reader):
        def stream(self, *arguments: Any, **options: Any) -> Iterator[str]:
            yield from super().stream(*arguments, **options)
            raise GenerationFailed("the server went away")

    with _open(folder, Reader(NO_ANSWER)) as assistant:
        plain = assistant.ask(TOLL, extractive=True)
    assert plain.conflicts
    with _open(
        folder, Broken("Mira Tolland leads the search for the ferry Anke [{}].", "Tolland")
    ) as assistant:
        answer = assistant.ask(TOLL)
    assert (answer.conflicts, answer.citations) == (plain.conflicts, plain.citations)
    assert not any("did not help" in note for note in answer.notes)


def test_it_is_asked_for_several_sentences(folder: Path) -> None:
    large, small = Reader(NO_ANSWER), ScriptedGenerator(NO_ANSWER)
    for generator in (large, small):
        with _open(folder, generator) as assistant:
            assistant.ask(QUESTION)
    assert "at most four" in large.prompts[0] and "at most four" not in small.prompts[0]
