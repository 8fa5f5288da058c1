"""Settings as plain data: defaults < rag.toml < RAG_* environment < arguments. Building one opens nothing."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from rag.errors import ConfigError

APP_NAME = "footnote"


def _user_dir(kind: str) -> Path:
    override = os.environ.get("FOOTNOTE_HOME")
    if override:
        return Path(override).expanduser() / kind
    if kind == "cache":
        return Path(platformdirs.user_cache_dir(APP_NAME))
    return Path(platformdirs.user_config_dir(APP_NAME))


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. Names carry their units; `None` for a model means the one chosen in the registry.

    `cache_dir` holds prepared models, `config_dir` the registry; `FOOTNOTE_HOME` moves both.
    """

    index_dir: Path = Path("index")
    embedder: str | None = None
    scorer: str | None = None
    model: str | None = None
    budget_seconds: float = 8.0
    hits: int = 10
    evidence_sentences: int = 6
    passage_tokens: int = 200
    max_file_megabytes: int = 200
    threads: int = 0
    cache_dir: Path = field(default_factory=lambda: _user_dir("cache"))
    config_dir: Path = field(default_factory=lambda: _user_dir("config"))

    @property
    def worker_threads(self) -> int:
        """Threads for models: `threads`, or one for each core this process may use."""
        if self.threads > 0:
            return self.threads
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    @classmethod
    def load(
        cls,
        *,
        toml_path: Path = Path("rag.toml"),
        environ: Mapping[str, str] = os.environ,
        **overrides: Any,
    ) -> Config:
        """Settings from all four places; an override that is None does not count.

        Raises `ConfigError` for an unknown name or a value that cannot be read.
        """
        types = {item.name: str(item.type) for item in fields(cls)}
        values: dict[str, Any] = {}
        if toml_path.is_file():
            try:
                found = tomllib.loads(toml_path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                raise ConfigError(
                    f"{toml_path}: not readable as TOML ({error}); mend or delete it"
                ) from error
            for name, value in found.items():
                values[name] = _convert(name, value, types, where=str(toml_path))
        for name in types:
            if (text := environ.get(f"RAG_{name.upper()}")) is not None:
                values[name] = _convert(name, text, types, where=f"RAG_{name.upper()}")
        values.update({name: value for name, value in overrides.items() if value is not None})
        config = cls(**values)
        for name in ("budget_seconds", "hits", "evidence_sentences", "passage_tokens", "max_file_megabytes"):
            if getattr(config, name) <= 0:
                raise ConfigError(f"{name} must be greater than 0, not {getattr(config, name)}")
        return config


def _convert(name: str, value: Any, types: Mapping[str, str], *, where: str) -> Any:
    if name not in types:
        raise ConfigError(f"{where}: unknown setting {name!r}; known are {', '.join(sorted(types))}")
    kind = types[name]
    try:
        if kind == "Path":
            return Path(str(value)).expanduser()
        if kind == "int":
            if isinstance(value, bool | float):
                raise ValueError
            return int(value)
        if kind == "float":
            if isinstance(value, bool) or not math.isfinite(number := float(value)):
                raise ValueError
            return number
        return str(value)
    except (TypeError, ValueError) as error:
        wanted = "a number without a fraction" if kind == "int" else "a number"
        raise ConfigError(f"{where}: {name} must be {wanted}, not {value!r}") from error
