"""The form of `models.toml`; this room imports pydantic and tomlkit, so it is imported when needed."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import tomlkit
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from rag.errors import ConfigError
from rag.models.spec import Backend, Kind, ModelSpec

ADVICE = "mend it, or delete it to start with the built-in models"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Kind
    backend: Backend
    source: str
    path: str | None = None
    url: str | None = None
    remote_model: str | None = None
    licence: str | None = None
    note: str = ""
    sha256: dict[str, str] = {}

    @model_validator(mode="after")
    def _is_whole(self) -> _Entry:
        served = self.backend == "openai"
        if served != (self.url is not None) or served == (self.path is not None):
            raise ValueError("needs url for a server, path for any other")
        for name, value in self.sha256.items():
            if re.fullmatch(r"[0-9a-f]{64}", value) is None:
                raise ValueError(f"the checksum of {name} is not a SHA-256")
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise ValueError(f"{name} leads out of the model's folder")
        if self.path is not None and not self.sha256:
            raise ValueError("needs checksums")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal[1]
    current: dict[Kind, str] = {}
    models: dict[str, _Entry] = {}


def read(path: Path) -> tuple[list[ModelSpec], dict[Kind, str]]:
    """The models added and those chosen. Raises `ConfigError` if the file cannot be understood."""
    try:
        stored = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not readable as TOML ({error}); {ADVICE}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {place}: {first['msg']}; {ADVICE}") from error
    specs = [
        ModelSpec(name=name, **{**dict(entry), "path": Path(entry.path) if entry.path is not None else None})
        for name, entry in stored.models.items()
    ]
    return specs, stored.current


def write(path: Path, specs: Iterable[ModelSpec], current: Mapping[Kind, str]) -> None:
    """Replace the file in one step. Raises `OSError`."""
    document = tomlkit.document()
    document.add(tomlkit.comment("Written by `rag models`; checksums are compared before loading."))
    document["version"] = 1
    document["current"] = dict(current)
    models = tomlkit.table(is_super_table=True)
    for spec in specs:
        models[spec.name] = _values(spec)
    document["models"] = models
    aside = path.with_name(f".models-{os.getpid()}.toml")
    try:
        aside.write_text(tomlkit.dumps(document), encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _values(spec: ModelSpec) -> dict[str, object]:
    values = {name: getattr(spec, name) for name in _Entry.model_fields}
    values["path"] = os.fspath(spec.path) if spec.path is not None else None
    return {name: value for name, value in values.items() if value is not None}
