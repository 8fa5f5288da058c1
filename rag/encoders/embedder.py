"""Embedders: sentence-transformers models, exported once to ONNX int8 and run without torch.

`open_embedder` prepares a model folder on first use (a child process imports torch, the caller never
does) and keeps the result in the cache folder, with a checksum of each file that is verified before
every load. A model that cannot be exported faithfully runs through sentence-transformers itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from rag.errors import ModelDamaged, ModelError
from rag.protocols import Embedder, Vectors

LAYOUT_VERSION = 1
"""Raised whenever the export changes, so that old vectors and new ones never mix."""
_BATCH_TEXTS = 4
"""Small batches of equally long texts waste no padding: fastest of 1 to 32 measured on two cores."""
_MIN_COSINE = 0.98
"""An int8 export further than this from the original (mean cosine) is not used."""
_CACHED_QUERIES = 256
_PROBES = (
    "The river rose four metres in two days, and the lower town was evacuated on Tuesday night.",
    "Parliament rejected the budget by 61 votes to 58 after the finance minister resigned.",
    "Who signed the agreement, and when does it come into force?",
    "Shares in the ferry operator fell 12.5% after the regulator opened an inquiry into fares.",
)


def open_embedder(
    folder: Path,
    *,
    name: str,
    sha256: str,
    cache_dir: Path,
    threads: int,
    languages: frozenset[str] | None = None,
    before_preparing: Callable[[], None] | None = None,
) -> Embedder:
    """The embedder of the sentence-transformers model in `folder`.

    `sha256` is the pinned checksum of its weights and names the prepared copy; `before_preparing` is
    called when that copy has to be made (the place to verify the originals and to tell the user).
    `languages` (ISO 639-1) are those it was trained in, None where that is not known.
    Raises `ModelError` when the model cannot be prepared.
    """
    prepared = cache_dir / "encoders" / f"{sha256[:16]}-v{LAYOUT_VERSION}"
    if not _is_sound(prepared):
        if before_preparing is not None:
            before_preparing()
        _prepare(folder, prepared)
    settings = json.loads((prepared / "encoder.json").read_text(encoding="utf-8"))
    fingerprint = f"{sha256[:16]}-{settings['format']}-v{LAYOUT_VERSION}"
    if settings["format"] == "torch":
        return TorchEmbedder(folder, name=name, fingerprint=fingerprint, languages=languages)
    return OnnxEmbedder(prepared, name=name, fingerprint=fingerprint, threads=threads, languages=languages)


def _is_sound(prepared: Path) -> bool:
    """Whether the prepared copy is complete and its checksums hold; a damaged copy is made anew."""
    try:
        settings = json.loads((prepared / "encoder.json").read_text(encoding="utf-8"))
        return all(_sha256(prepared / file) == digest for file, digest in settings["sha256"].items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _prepare(folder: Path, prepared: Path) -> None:
    try:
        prepared.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{prepared.parent}: cannot write the prepared model ({error.strerror})") from error
    aside = Path(tempfile.mkdtemp(dir=prepared.parent, prefix=".preparing-"))
    try:
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "rag.encoders.embedder", str(folder), str(aside)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ModelError(f"{folder}: cannot be prepared as an embedder ({last}); choose another model")
        shutil.rmtree(prepared, ignore_errors=True)
        aside.rename(prepared)
    except OSError as error:
        if not _is_sound(prepared):  # another process may have finished the same work first
            raise ModelError(f"{prepared}: cannot write the prepared model ({error})") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def export(folder: Path, target: Path) -> None:
    """Write `model.onnx`, `tokenizer.json` and `encoder.json` for the model in `folder` to `target`.

    Runs in a child process: it imports torch. Where the export fails, or strays from the original,
    only `encoder.json` is written and says so.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    model.eval()
    reference = model.encode(list(_PROBES), normalize_embeddings=True, convert_to_numpy=True)
    settings: dict[str, Any] = {
        "format": "torch",
        "dimension": int(reference.shape[1]),
        "max_tokens": int(model.max_seq_length or 512),
        "sha256": {},
    }

    class Pooled(torch.nn.Module):
        """The whole sentence-transformers pipeline as one graph: ids and mask in, unit vector out."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            embedding: torch.Tensor = self.model(features)["sentence_embedding"]
            return torch.nn.functional.normalize(embedding, dim=1)

    tokenizer_file = folder / "tokenizer.json"
    if tokenizer_file.is_file():
        shutil.copyfile(tokenizer_file, target / "tokenizer.json")
        for reduce_range in (False, True):  # the second form is for processors without VNNI
            try:
                _export_int8(Pooled(), model.tokenizer, target / "model.onnx", reduce_range=reduce_range)
                settings["format"] = "int8r" if reduce_range else "int8"
                trial = OnnxEmbedder(target, name="trial", fingerprint="", threads=2, settings=settings)
                cosine = float(np.mean(np.sum(trial.encode(_PROBES) * reference, axis=1)))
            except Exception as error:  # noqa: BLE001 - exporters raise anything; torch then serves
                print(f"export failed: {error}", file=sys.stderr)  # noqa: T201 - read by the parent
                cosine = 0.0
            if cosine >= _MIN_COSINE:
                settings["cosine_to_original"] = round(cosine, 4)
                settings["sha256"] = {
                    file: _sha256(target / file) for file in ("model.onnx", "tokenizer.json")
                }
                break
        else:
            settings["format"] = "torch"
            for file in ("model.onnx", "tokenizer.json"):
                (target / file).unlink(missing_ok=True)
    (target / "encoder.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")


def _export_int8(module: Any, tokenizer: Any, target: Path, *, reduce_range: bool) -> None:
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    example = tokenizer(list(_PROBES[:2]), padding=True, return_tensors="pt")
    full = target.with_suffix(".fp32.onnx")
    with torch.no_grad():
        torch.onnx.export(
            module,
            (example["input_ids"], example["attention_mask"]),
            str(full),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={
                "input_ids": {0: "texts", 1: "tokens"},
                "attention_mask": {0: "texts", 1: "tokens"},
                "embedding": {0: "texts"},
            },
            opset_version=17,
            dynamo=False,
        )
    quantize_dynamic(full, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=reduce_range)
    full.unlink()


class OnnxEmbedder:
    """An exported model under ONNX Runtime. Thread-safe."""

    def __init__(
        self,
        prepared: Path,
        *,
        name: str,
        fingerprint: str,
        threads: int,
        languages: frozenset[str] | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        settings = settings or json.loads((prepared / "encoder.json").read_text(encoding="utf-8"))
        self.name = name
        self.fingerprint = fingerprint
        self.languages = languages
        self.dimension: int = settings["dimension"]
        self.max_tokens: int = settings["max_tokens"]
        self._tokenizer: Any = Tokenizer.from_file(str(prepared / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.max_tokens)
        self._counter: Any = Tokenizer.from_file(str(prepared / "tokenizer.json"))
        self._counter.no_padding()
        self._counter.no_truncation()
        options = onnxruntime.SessionOptions()
        # One single-threaded run for each core beats one run over all cores: see docs/decisions.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(prepared / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelDamaged(
                f"{prepared}: the prepared embedder does not load ({error}); delete it"
            ) from error
        self._threads = max(1, threads)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="embed")
        self._recent: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension); the vectors of single texts are remembered."""
        if len(texts) != 1:
            return self._encode(texts)
        with self._lock:
            if (known := self._recent.get(texts[0])) is not None:
                self._recent.move_to_end(texts[0])
                return known
        vector = self._encode(texts)
        vector.setflags(write=False)
        with self._lock:
            self._recent[texts[0]] = vector
            if len(self._recent) > _CACHED_QUERIES:
                self._recent.popitem(last=False)
        return vector

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if not texts:
            return vectors
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        # Longest first: the pool then ends with short batches, so no core waits for a long one.
        order = sorted(range(len(texts)), key=lambda index: len(ids[index]), reverse=True)
        batches = [order[start : start + _BATCH_TEXTS] for start in range(0, len(order), _BATCH_TEXTS)]
        if len(batches) == 1:
            vectors[batches[0]] = self._run([ids[index] for index in batches[0]])
            return vectors
        results = self._pool.map(lambda batch: self._run([ids[index] for index in batch]), batches)
        for batch, result in zip(batches, results, strict=True):
            vectors[batch] = result
        return vectors

    def _run(self, ids: list[list[int]]) -> Vectors:
        width = max(len(row) for row in ids)
        input_ids = np.zeros((len(ids), width), dtype=np.int64)
        mask = np.zeros((len(ids), width), dtype=np.int64)
        for index, row in enumerate(ids):
            input_ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        (result,) = self._session.run(None, {"input_ids": input_ids, "attention_mask": mask})
        return np.asarray(result, dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the special ones."""
        encodings = self._counter.encode_batch(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]


class TorchEmbedder:
    """Any sentence-transformers model as it is; slower, and it imports torch."""

    def __init__(
        self, folder: Path, *, name: str, fingerprint: str, languages: frozenset[str] | None = None
    ) -> None:
        from sentence_transformers import SentenceTransformer

        self.name = name
        self.fingerprint = fingerprint
        self.languages = languages
        self._model: Any = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        self.max_tokens = int(self._model.max_seq_length or 512)
        self.dimension = int(self._model.get_sentence_embedding_dimension() or 0)
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            found = self._model.encode(
                list(texts), batch_size=_BATCH_TEXTS, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(found, dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the special ones."""
        return [len(self._model.tokenizer.encode(text, add_special_tokens=False)) for text in texts]


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
