"""The settings panel: what one browser sets, the model that is everybody's, and what works here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.config import Config
from rag.doctor import examine
from rag.errors import GenerationFailed, InputError, ModelMissing
from rag.models import ModelSpec, Registry
from rag.ui.chat import ChatRoom
from rag.ui.settings import (
    BUSY,
    MEASURED_TOKENS,
    SPEEDS,
    ModelRow,
    Settings,
    keep_speed,
    measured_speed,
    model_rows,
    settings_html,
    size_words,
    with_setting,
)
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder
from tests.fakes import PAYLOADS, FakeAssistant
from tests.ui.inert import Page


@dataclass
class Found:
    """A finding."""

    subject: str
    ok: bool
    detail: str


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A place of its own."""
    return Config(index_dir=tmp_path / "index", cache_dir=tmp_path / "cache", config_dir=tmp_path / "config")


def add_server(config: Config, name: str, address: str = "http://127.0.0.1:1/v1#big") -> None:
    Registry.load(config).add(name, address)


def settled(room: ChatRoom, session: str, question: str) -> str:
    room.begin(session, question)
    return list(room.answer(session))[-1]


def test_settings_hold_for_one_browser_and_reach_the_assistant(config: Config) -> None:
    fake = FakeAssistant(config)
    room = ChatRoom(fake)
    panel = room.settings.set("me/1", "budget_seconds", "15")
    assert '<option value="15" selected>15 s</option>' in panel
    panel = room.settings.set("me/1", "extractive", "yes")
    assert 'data-setting="extractive" checked' in panel
    for session in ("me/2", "you/1"):
        settled(room, session, "The bridge?")
    room.settings.set("me/2", "budget_seconds", "")
    settled(room, "me/1", "The ferry?")
    assert fake.asked_with == [(15.0, True), (None, False), (None, True)]
    receipt = room.conversation("me/2").turns[0].receipt
    assert receipt is not None
    assert json.loads(receipt)["settings"]["extractive"] is True
    assert json.loads(receipt)["settings"]["budget_seconds"] == 15.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("budget_seconds", "9"),
        ("budget_seconds", "-1"),
        ("budget_seconds", "inf"),
        ("budget_seconds", "nan"),
        ("budget_seconds", "<b>"),
        ("extractive", "true"),
        ("extractive", ""),
        ("model", "x"),
        ("", ""),
        ("__class__", "yes"),
    ],
)
def test_what_is_no_setting_changes_nothing(config: Config, name: str, value: str) -> None:
    with pytest.raises(InputError):
        with_setting(Settings(), name, value)
    room = ChatRoom(FakeAssistant(config))
    assert 'role="alert"' in room.settings.set("me/1", name, value)
    assert room.settings.of("me/1") == Settings()


def test_models_come_with_size_licence_and_the_speed_that_was_measured(config: Config) -> None:
    add_server(config, "big")
    rows = {row.spec.name: row for row in model_rows(config)}
    assert set(rows) == {"smollm2-135m", "big"}
    assert rows["smollm2-135m"].bytes is not None and rows["smollm2-135m"].bytes > 50_000_000
    assert (rows["big"].bytes, rows["big"].tokens_per_second) == (None, None)
    keep_speed(rows["smollm2-135m"].spec, config, 41.23)
    panel = ChatRoom(FakeAssistant(config)).settings.html("me/1")
    assert "98 MB · Apache-2.0 · 41 tokens/s here" in panel
    assert "licence unknown" in panel
    assert "questions and the passages found are sent to this server" in panel
    more = Config(**{**_values(config), "threads": config.worker_threads + 1})
    assert [row.tokens_per_second for row in model_rows(more)] == [None, None]
    (config.cache_dir / SPEEDS).write_text("{broken", encoding="utf-8")
    assert [row.tokens_per_second for row in model_rows(config)] == [None, None]
    assert [size_words(count) for count in (1, 999_600, 4_400_000_000)] == ["1 MB", "1 MB", "4.4 GB"]


def _values(config: Config) -> dict[str, Any]:
    return {name: getattr(config, name) for name in ("index_dir", "cache_dir", "config_dir")}


def test_a_speed_counts_from_the_first_word_on(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = Registry.load(config).get("smollm2-135m")
    moments = iter([10.0 + number / 20 for number in range(1000)])
    monkeypatch.setattr("rag.ui.settings.time.perf_counter", lambda: next(moments))
    generator = ScriptedGenerator("words " * MEASURED_TOKENS)
    assert measured_speed(spec, config, make=lambda: generator) == pytest.approx(20.0)
    assert generator.closed
    for draft in ("", "No.", GenerationFailed("it stopped")):
        with pytest.raises(GenerationFailed):
            measured_speed(spec, config, make=lambda draft=draft: ScriptedGenerator(draft))  # type: ignore[misc]


@pytest.mark.model
def test_the_default_model_is_measured_once_and_the_figure_stays(tmp_path: Path, model_cache: Path) -> None:
    config = Config(index_dir=tmp_path, cache_dir=model_cache, config_dir=tmp_path)
    (model_cache / SPEEDS).unlink(missing_ok=True)
    room = ChatRoom(FakeAssistant(config))
    first, last = list(room.settings.measure("me/1", "smollm2-135m"))
    assert "Measuring smollm2-135m" in first
    assert "tokens/s here" in last
    assert "tokens/s here" in ChatRoom(FakeAssistant(config)).settings.html("you/1")
    (model_cache / SPEEDS).unlink()


def test_another_model_words_the_answers_of_everybody_from_now_on(config: Config) -> None:
    pile = config.index_dir.parent / "bridge.txt"
    pile.write_text("The bridge will close for eleven weeks.", encoding="utf-8")
    add_server(config, "big")
    add_server(config, "far", "http://models.example:8080/v1")
    first = ScriptedGenerator("The bridge will close for eleven weeks. [1]")
    with Assistant(
        config,
        embedder=WordEmbedder,
        generator=lambda: first,
        scorer=EvenScorer,
        models={"generator": "scripted"},
    ) as assistant:
        assistant.ingest([pile])
        room = ChatRoom(assistant)
        settled(room, "me/1", "How long will the bridge close?")
        panel = room.settings.use_model("me/1", "big")
        assert "big words the answers from now on." in panel
        assert 'data-model="big" checked' in panel
        assert first.closed
        assert 'class="model">big<' in room.masthead("you/1")
        assert ">offline<" in room.masthead("you/1")
        assert Registry.load(config).current("generator").name == "big"
        answer = settled(room, "you/1", "How long will the bridge close?")
        assert "The language model did not help" in answer  # nobody listens at that address
        assert "eleven weeks" in answer
        room.settings.use_model("me/1", "far")
        assert "a model elsewhere is asked" in room.masthead("you/1")


def test_a_model_that_is_none_changes_nothing(config: Config) -> None:
    fake = FakeAssistant(config)
    room = ChatRoom(fake)
    for name in ("nobody", "minilm", "", *PAYLOADS[:3]):
        panel = room.settings.use_model("me/1", name)
        assert 'role="alert"' in panel
        assert "<script" not in panel and "<img" not in panel
    assert fake.models["generator"] == "smollm2-135m"
    with pytest.raises(ModelMissing):
        Assistant.open(config).use_model("nobody")


def test_while_an_answer_is_written_no_model_is_loaded(config: Config) -> None:
    room = ChatRoom(FakeAssistant(config, pause_seconds=0.01), examine=lambda: [Found("x", True, "y")])
    room.begin("me/1", "slow")
    pages = room.answer("me/1")
    next(pages)
    assert BUSY in room.settings.use_model("you/1", "smollm2-135m")
    assert BUSY in next(room.settings.measure("you/1", "smollm2-135m"))
    assert BUSY in next(room.settings.check("you/1"))
    room.stop("me/1")
    list(pages)
    checking = room.settings.check("you/1")
    next(checking)
    room.begin("me/1", "The bridge?")
    waiting = room.answer("me/1")
    assert "You are next in line" in next(waiting)
    list(checking)
    assert "eleven weeks" in list(waiting)[-1]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_the_panel_shows_is_words(payload: str) -> None:
    spec = ModelSpec(payload, "generator", "openai", payload, url=payload, licence=payload, note=payload)
    html = settings_html(
        Settings(),
        [ModelRow(spec, 1, 2.0)],
        budget_seconds=8,
        current=payload,
        said=payload,
        trouble=payload,
        findings=[Found(payload, False, payload)],
    )
    page = Page(html)
    assert page.all("data-model") == page.all("data-measure") == [payload]


def test_findings_are_told_as_they_come(config: Config) -> None:
    def found() -> Iterator[Found]:
        yield Found("index", True, "21 articles")
        yield Found("scorer", False, "<b>gone</b>; reinstall it")

    room = ChatRoom(FakeAssistant(config), examine=found)
    steps = list(room.settings.check("me/1"))
    assert len(steps) == 4
    assert "Trying" in steps[1] and "21 articles" in steps[1]
    assert "&lt;b&gt;gone" in steps[-1]
    assert "1 of 2 need something done." in steps[-1]
    broken = ChatRoom(FakeAssistant(config), examine=lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    assert 'role="alert"' in list(broken.settings.check("me/1"))[-1]
    assert "rag doctor" in next(ChatRoom(FakeAssistant(config)).settings.check("me/1"))


@pytest.mark.model
def test_what_rag_doctor_finds_is_what_the_panel_says(tmp_path: Path, model_cache: Path) -> None:
    config = Config(index_dir=tmp_path / "none", cache_dir=model_cache, config_dir=tmp_path)
    room = ChatRoom(FakeAssistant(config), examine=lambda: examine(config, offline=True))
    last = list(room.settings.check("me/1"))[-1]
    assert "Everything works." in last
    assert "none yet; build one with `rag ingest PATH`" in last
