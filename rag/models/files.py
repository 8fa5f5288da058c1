"""Model files on this machine: whether they are what they should be, and pinning their checksums."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rag.errors import InputError, ModelDamaged, ModelMissing
from rag.models.spec import Kind, ModelSpec, sha256_of

ENCODER_SUFFIXES = (".safetensors", ".json", ".txt")
"""The files of a sentence-transformers folder that are loaded from it."""
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


def pinned(name: str, source: str, path: Path, expected: str | None) -> ModelSpec:
    """The model in a GGUF file or a sentence-transformers folder (embedder or cross-encoder), its checksums taken.

    Raises `InputError` (not such a file or folder), `ModelMissing` (unreadable), `ModelDamaged` (not
    what its name says, or its weights' SHA-256 is not the `expected` one).
    """
    if path.is_file():
        return _pinned_gguf(name, source, path, expected)
    return _pinned_encoder(name, source, path, expected)


def shards(file_name: str) -> list[str]:
    """All files of a model that is split, or the one.

    >>> shards("m-00001-of-00002.gguf")
    ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']
    """
    match = _SHARD.fullmatch(file_name)
    if match is None:
        return [file_name]
    count = int(match["count"])
    return [f"{match['stem']}-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1)]


def compare(path: Path, found: str, expected: str) -> None:
    """Raises `ModelDamaged` if the checksum of a file is not as expected."""
    if found != expected:
        raise ModelDamaged(
            f"{path}: its SHA-256 is {found}, not {expected} as expected; "
            "get the file again, or check the checksum you were given"
        )


def _pinned_gguf(name: str, source: str, path: Path, expected: str | None) -> ModelSpec:
    if path.suffix.lower() != ".gguf":
        raise InputError(f"{path}: not a .gguf file; convert the model to GGUF, or give its folder")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelMissing(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if magic != b"GGUF":
        raise ModelDamaged(f"{path}: not a GGUF file (it begins with {magic!r}); download it again")
    parts = shards(path.name)
    if path.name != parts[0]:
        raise InputError(f"{path}: a part of a split model; give the first part, {parts[0]}")
    pins = {part: sha256_of(path.parent / part) for part in parts}
    if expected is not None:
        compare(path, pins[path.name], expected)
    return ModelSpec(name, "generator", "llama.cpp", source, path, sha256=pins)


def _pinned_encoder(name: str, source: str, folder: Path, expected: str | None) -> ModelSpec:
    kind = _kind_of(folder)
    pins: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.suffix in ENCODER_SUFFIXES and not hidden and path.is_file():
            pins[relative.as_posix()] = sha256_of(path)
    weights = {file: digest for file, digest in pins.items() if file.endswith(".safetensors")}
    if expected is not None and expected not in weights.values():
        file, digest = next(iter(weights.items()))
        compare(folder / file, digest, expected)
    if kind == "scorer":
        return ModelSpec(name, "scorer", "cross-encoder", source, folder, sha256=pins)
    return ModelSpec(name, "embedder", "sentence-transformers", source, folder, sha256=pins)


def _kind_of(folder: Path) -> Kind:
    """What the folder holds: an embedder, or with a head that classifies a cross-encoder."""
    weights = [path for pattern in ("*.safetensors", "*/*.safetensors") for path in folder.glob(pattern)]
    modules, config = folder / "modules.json", folder / "config.json"
    if not weights and any(folder.glob("**/pytorch_model*.bin")):
        raise InputError(
            f"{folder}: holds only pickled weights (pytorch_model.bin), which can run code when loaded; "
            "save the model as safetensors"
        )
    if not weights or not (modules.is_file() or config.is_file()):
        raise InputError(
            f"{folder}: not a sentence-transformers folder; it needs modules.json or config.json, "
            "and *.safetensors"
        )
    if modules.is_file():
        return "embedder"
    try:
        architectures = json.loads(config.read_text(encoding="utf-8")).get("architectures") or []
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{config}: not readable as JSON ({error})") from error
    if any(str(each).endswith(("ForCausalLM", "ForConditionalGeneration")) for each in architectures):
        raise InputError(f"{folder}: a language model, not an embedder; convert it to GGUF and add that")
    classifies = any(str(each).endswith("ForSequenceClassification") for each in architectures)
    return "scorer" if classifies else "embedder"
