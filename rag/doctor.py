"""Does this installation work? Each part is tried for real, and each finding says what to do."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rag import __version__
from rag.assistant import make_embedder, make_generator, make_scorer, runs_here
from rag.config import Config
from rag.errors import RagError
from rag.index import IndexReader, has_index
from rag.models import ModelSpec, Registry, verify
from rag.protocols import Message, ScoredText

_PACKAGES = (
    "faiss-cpu",
    "gradio",
    "langchain-text-splitters",
    "llama-cpp-python",
    "onnxruntime",
    "sentence-transformers",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried, and how it went."""

    subject: str
    ok: bool
    detail: str


def examine(config: Config, *, offline: bool = False) -> Iterator[Finding]:
    """Try packages, models, the model worker and the index; with `offline`, also what would need a network."""
    yield Finding(
        "footnote", True, f"{__version__}, Python {platform.python_version()} on {platform.platform()}"
    )
    for name in _PACKAGES:
        try:
            yield Finding(name, True, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, False, f"not installed; run: pip install {name}")
    registry = Registry.load(config)
    embedder = scorer = generator = None
    try:
        embedder = registry.current("embedder", config.embedder)
        scorer = registry.current("scorer", config.scorer)
        generator = registry.current("generator", config.model)
    except RagError as error:
        yield Finding("models", False, str(error))
    if embedder is not None:
        yield _try("embedder", lambda: _embedder(embedder, config))
    if scorer is not None:
        yield _try("scorer", lambda: _scorer(scorer, config))
    if generator is not None:
        yield _try("language model", lambda: _generator(generator, config))
    yield _try("index", lambda: _index(config))
    if offline:
        for spec in (embedder, scorer, generator):
            if spec is not None:
                yield _is_local(spec)


def _try(subject: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, attempt())
    except RagError as error:
        return Finding(subject, False, str(error))


def _embedder(spec: ModelSpec, config: Config) -> str:
    verify(spec)
    embedder = make_embedder(spec, config)
    (vector,) = embedder.encode(["Is the embedder alive?"])
    return f"{spec.name}, {len(vector)} dimensions, checksums match"


def _scorer(spec: ModelSpec, config: Config) -> str:
    scorer = make_scorer(spec, config)
    ((value,),) = scorer.relevance("Is the scorer alive?", [ScoredText(("The scorer is alive.",))])
    return f"{spec.name} gives {value:.2f}, checksums match"


def _generator(spec: ModelSpec, config: Config) -> str:
    verify(spec)
    generator = make_generator(spec, config)
    try:
        said = "".join(generator.stream([Message("user", "Say yes.")], max_tokens=8, timeout_seconds=60))
        return f"{spec.name} answers, context of {generator.context_tokens} tokens" + (
            "" if said else " (but said nothing)"
        )
    finally:
        generator.close()


def _index(config: Config) -> str:
    if not has_index(config.index_dir):
        return f"{config.index_dir}: none yet; build one with `rag ingest PATH`"
    reader = IndexReader(config.index_dir)
    try:
        manifest = reader.manifest
        return (
            f"{config.index_dir}: generation {manifest.generation}, {manifest.articles} articles, "
            f"{manifest.passages} passages, embedder {manifest.embedder}, checksums match"
        )
    finally:
        reader.close()


def _is_local(spec: ModelSpec) -> Finding:
    subject = f"{spec.name} offline"
    if spec.url is None:
        return Finding(subject, True, "its files are on this machine")
    local = runs_here(spec)
    detail = f"served at {spec.url}" + (
        "" if local else "; not this machine: choose another with `rag models use`"
    )
    return Finding(subject, local, detail)
