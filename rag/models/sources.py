"""What a user gives as the SOURCE of a model: a file, a folder, a server's address, a hub id."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from rag.errors import InputError, ModelMissing
from rag.models.files import pinned
from rag.models.spec import ModelSpec, OnProgress

_HUB_ID = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(:(?P<file>[^:\\]+\.gguf))?")


def examined(
    name: str, source: str, *, downloads: Path, expected: str | None, on_progress: OnProgress | None
) -> ModelSpec:
    """The model at `source`, with the checksums of its files; from the hub it is put below `downloads`.

    Raises `InputError` (source unfit), `ModelMissing` (not there or out of reach), `ModelDamaged`
    (another SHA-256 than `expected`).
    """
    if re.match(r"(?i)https?://", source):
        if expected is not None:
            raise InputError(f"{source}: a server has no checksum; leave it out")
        return _server(name, source)
    path = _local_path(source)
    if path is not None:
        if path.is_relative_to(downloads.resolve()):
            raise InputError(f"{source}: this folder is managed here; add a file that lies elsewhere")
        return pinned(name, str(path), path, expected)
    match = _HUB_ID.fullmatch(source)
    if match is None or (match["file"] is None and source.endswith(".gguf")):
        raise ModelMissing(
            f"{source}: no such file or folder; give a .gguf file, a sentence-transformers folder, "
            "the address of a server, or a hub id like owner/name"
        )
    from rag.models.hub import download

    return download(
        name,
        match["repo"],
        match["file"],
        folder=downloads / name,
        expected=expected,
        on_progress=on_progress,
    )


def _local_path(source: str) -> Path | None:
    try:
        path = Path(source).expanduser()
        return path.resolve() if path.exists() else None
    except (OSError, RuntimeError, ValueError):  # a name the system cannot even look up
        return None


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
