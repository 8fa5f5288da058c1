"""Which model object a registered model becomes: prepared on first use, verified before it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from threading import Lock
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from rag.config import Config
from rag.encoders import CrossEncoderScorer, PassageScorer, open_embedder
from rag.errors import ModelMissing
from rag.generation import LlamaGenerator, OpenAIGenerator, repacked
from rag.models import ADAPTERS, DEFAULTS, PACKAGED, ModelSpec, verify
from rag.protocols import Embedder, Generator, Scorer

_T = TypeVar("_T")


class Lazy(Generic[_T]):
    """A collaborator made when it is first needed; a failure is raised each time it is asked for."""

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._lock = Lock()
        self.made: _T | None = None

    def get(self) -> _T:
        with self._lock:
            if self.made is None:
                self.made = self._make()
            return self.made


def make_embedder(
    spec: ModelSpec, config: Config, *, on_prepare: Callable[[str], None] | None = None
) -> Embedder:
    """The embedder of `spec`, prepared on first use; `on_prepare` is told what is going on."""
    assert spec.path is not None

    def before() -> None:
        if on_prepare is not None:
            on_prepare(f"preparing the embedder {spec.name} (once, about 20 seconds)")
        verify(spec)

    return open_embedder(
        spec.path,
        name=spec.name,
        sha256=_main_checksum(spec.sha256),
        cache_dir=config.cache_dir,
        threads=config.worker_threads,
        languages=spec.languages,
        before_preparing=before,
    )


def make_scorer(spec: ModelSpec, config: Config) -> Scorer:
    """The scorer of `spec`, its files compared with their checksums."""
    assert spec.path is not None
    verify(spec)
    if spec.backend == "cross-encoder":
        own = PACKAGED[DEFAULTS["scorer"]].located()
        return CrossEncoderScorer(spec.path, name=spec.name, other=make_scorer(own, config))
    return PassageScorer(spec.path, name=spec.name, threads=config.worker_threads)


def make_generator(
    spec: ModelSpec, config: Config, *, on_prepare: Callable[[str], None] | None = None
) -> Generator:
    """The language model of `spec`; the default one is repacked on first use, and has our adapter."""
    if spec.backend == "openai":
        assert spec.url is not None
        return OpenAIGenerator(spec.url, name=spec.name, model=spec.remote_model)
    assert spec.path is not None

    def before() -> None:
        if on_prepare is not None:
            on_prepare(f"preparing the language model {spec.name} (once, a few seconds)")
        verify(spec)

    path, adapter = spec.path, None
    if spec.builtin:
        path = repacked(
            spec.path, config.cache_dir, source_sha256=_main_checksum(spec.sha256), before_preparing=before
        )
        trained = ADAPTERS[spec.name].located()
        if trained.path is None:
            raise ModelMissing(f"{trained.name}: {trained.note}; put it back, or choose another model")
        verify(trained)
        adapter = trained.path
    else:
        verify(spec)
    return LlamaGenerator(path, name=spec.name, threads=config.worker_threads, adapter=adapter)


def runs_here(spec: ModelSpec) -> bool:
    """Whether the model runs on this machine: files, or a server on loopback."""
    host = urlsplit(spec.url).hostname if spec.url is not None else "localhost"
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _main_checksum(sha256: Mapping[str, str]) -> str:
    """The checksum of the weights: it names what is derived from them."""
    return next(digest for name, digest in sorted(sha256.items()) if name.endswith((".safetensors", ".gguf")))
