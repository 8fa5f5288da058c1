"""Settings: which place wins, and clear words for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.config import Config
from rag.errors import ConfigError


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "rag.toml"


def test_defaults_without_file_and_environment(toml: Path) -> None:
    config = Config.load(toml_path=toml, environ={})
    assert (config.index_dir, config.hits, config.budget_seconds) == (Path("index"), 10, 8.0)
    assert config.model is None
    assert config.embedder is None


def test_each_place_overrides_the_one_before(toml: Path) -> None:
    toml.write_text('hits = 1\npassage_tokens = 2\nbudget_seconds = 3\nmodel = "toml"\n')
    environ = {"RAG_PASSAGE_TOKENS": "20", "RAG_BUDGET_SECONDS": "30", "RAG_MODEL": "environment"}
    config = Config.load(toml_path=toml, environ=environ, budget_seconds=300.0, model="argument")
    assert config.evidence_sentences == Config().evidence_sentences
    assert (config.hits, config.passage_tokens, config.budget_seconds) == (1, 20, 300.0)
    assert config.model == "argument"


def test_an_override_of_none_does_not_count(toml: Path) -> None:
    assert Config.load(toml_path=toml, environ={"RAG_HITS": "4"}, hits=None).hits == 4


def test_paths_start_at_home(toml: Path) -> None:
    toml.write_text('index_dir = "~/archive"')
    assert Config.load(toml_path=toml, environ={}).index_dir == Path.home() / "archive"


def test_other_environment_variables_are_let_through(toml: Path) -> None:
    assert Config.load(toml_path=toml, environ={"RAG_NOTHING_OF_OURS": "1"}) == Config()


def test_footnote_home_moves_cache_and_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path))
    assert (Config().cache_dir, Config().config_dir) == (tmp_path / "cache", tmp_path / "config")


def test_worker_threads() -> None:
    assert Config(threads=3).worker_threads == 3
    assert Config().worker_threads >= 1


def test_unknown_setting_names_file_and_setting(toml: Path) -> None:
    toml.write_text("hit = 3")
    with pytest.raises(ConfigError, match=r"rag\.toml: unknown setting 'hit'; known are .*hits"):
        Config.load(toml_path=toml, environ={})


@pytest.mark.parametrize("text", ["hits = ", "hits = 1\nhits = 2", "[", b"model = '\xff'"])
def test_malformed_toml_names_the_file(toml: Path, text: str | bytes) -> None:
    toml.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=r"rag\.toml: not readable as TOML"):
        Config.load(toml_path=toml, environ={})


@pytest.mark.parametrize("line", ['hits = "many"', "hits = [1]", 'budget_seconds = "soon"'])
def test_bad_number_in_the_file(toml: Path, line: str) -> None:
    toml.write_text(line)
    with pytest.raises(ConfigError, match=r"rag\.toml: \w+ must be a number"):
        Config.load(toml_path=toml, environ={})


@pytest.mark.parametrize(
    ("name", "value"), [("RAG_HITS", "ten"), ("RAG_HITS", ""), ("RAG_BUDGET_SECONDS", "8s")]
)
def test_bad_number_in_the_environment_names_the_variable(toml: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: .*must be a number"):
        Config.load(toml_path=toml, environ={name: value})


@pytest.mark.parametrize("value", ["0", "-1"])
@pytest.mark.parametrize("name", ["HITS", "BUDGET_SECONDS", "PASSAGE_TOKENS", "MAX_FILE_MEGABYTES"])
def test_what_must_be_positive(toml: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name.lower()} must be greater than 0"):
        Config.load(toml_path=toml, environ={f"RAG_{name}": value})


@pytest.mark.parametrize("line", ["hits = 2.7", "hits = true", "budget_seconds = nan"])
def test_numbers_are_not_bent_into_shape(toml: Path, line: str) -> None:
    toml.write_text(line)
    with pytest.raises(ConfigError, match=r"rag\.toml"):
        Config.load(toml_path=toml, environ={})
