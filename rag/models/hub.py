"""Downloads from the Hugging Face hub; this room imports its library, so it is imported when needed."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from huggingface_hub import HfApi, errors
from tqdm import tqdm  # type: ignore[import-untyped]

from rag.errors import InputError, ModelDamaged, ModelMissing, RagError
from rag.models.files import ENCODER_SUFFIXES, compare, pinned, shards
from rag.models.spec import Kind, ModelSpec, OnProgress, sha256_of

_LOG = logging.getLogger(__name__)
_HUB_SECONDS = 5.0


def download(
    name: str,
    repo: str,
    file_name: str | None,
    *,
    folder: Path,
    expected: str | None,
    on_progress: OnProgress | None,
) -> ModelSpec:
    """Download a model from the hub (or `HF_ENDPOINT`) below `folder`; a broken download is resumed.

    Raises `InputError` (nothing fit to use, or several files to choose from), `ModelMissing` (not there
    or out of reach), `ModelDamaged` (another checksum than published or `expected`).
    """
    with _hub_errors(repo):
        api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, library_name="footnote-rag")
        info = api.model_info(repo, files_metadata=True, timeout=_HUB_SECONDS)
    siblings = {sibling.rfilename: sibling for sibling in info.siblings or []}
    # Left-overs of another repository tried under this name must not mix in.
    folder = folder / repo.replace("/", "--")
    kind, files, note = _chosen(repo, sorted(siblings), file_name)
    if note:
        _LOG.info("%s: %s", repo, note)
    if any(".." in Path(each).parts or Path(each).is_absolute() for each in files):
        raise ModelDamaged(f"{repo}: names files outside its own folder; do not use it")
    for each in files:
        with _hub_errors(repo):
            _download(api, repo, each, folder, str(info.sha), siblings[each].size or 0, on_progress)
    try:
        for each in files:
            # What the hub says; small text files have no checksum there.
            if (lfs := siblings[each].lfs) is not None:
                compare(folder / each, sha256_of(folder / each), lfs.sha256)
        if kind == "generator":
            spec = pinned(name, f"{repo}:{files[0]}", folder / files[0], expected)
        else:
            spec = pinned(name, repo, folder, expected)
    except RagError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    # Notes on partial downloads; once all is there nobody needs them.
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    licence = getattr(info.card_data, "license", None)
    return replace(spec, licence=str(licence) if licence else None, note=note)


def _chosen(repo: str, names: list[str], wanted: str | None) -> tuple[Kind, list[str], str]:
    """What to download from a repository: the kind of model, its files, and what to say about it."""
    ggufs = [name for name in names if name.endswith(".gguf") and "mmproj" not in name.lower()]
    firsts = [name for name in ggufs if _with_shards(name)[0] == name]
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
        files = [name for name in names if name.endswith(ENCODER_SUFFIXES)]
        # Other renderings of the same weights, which are not loaded here.
        return "embedder", [name for name in files if not name.startswith((".", "onnx/", "openvino/"))], ""
    raise InputError(
        f"{repo}: neither GGUF nor safetensors files in it; choose a repository with GGUF files "
        "(language models) or a sentence-transformers one with safetensors (embedders)"
    )


def _with_shards(name: str) -> list[str]:
    folder, slash, base = name.rpartition("/")
    return [f"{folder}{slash}{shard}" for shard in shards(base)]


def _download(
    api: HfApi, repo: str, name: str, folder: Path, revision: str, size: int, on_progress: OnProgress | None
) -> None:
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
