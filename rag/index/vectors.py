"""The FAISS side: vectors keyed by passage, derived from the truth and searched by inner product.

| vectors | kind | what it finds |
|---|---|---|
| up to `EXACT_UP_TO` | `FLAT`: every vector is compared | the nearest, always |
| more | `LISTS`: about sqrt(count) lists around k-means centres, of which an eighth is compared | nearly always |

Both hold the half-precision numbers of the library, so scores are exact in both, and both are mapped into memory
rather than read. With a filter as many vectors are compared as without one: where it leaves an eighth or less, every
list is searched and nothing allowed is missed.
The measurements behind this: docs/decisions/0010-vector-index.md.
"""

from __future__ import annotations

import importlib
import math
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamaged
from rag.protocols import Vectors

VECTORS_FILE = "vectors.faiss"
STORED = np.float16
"""How vectors lie in SQLite and in FAISS. Half precision moves a cosine by less than 0.001, far below int8's error."""
EXACT_UP_TO = 500_000
"""So many vectors of 384 numbers one core compares in about 20 ms (100,000 in 4)."""
_PROBED = 1 / 8
"""Share of the lists that a search compares."""
_TRAINING_PER_LIST = 100
_SEED = 1234
_BLOCK = 50_000
"""Vectors widened to single precision at a time while an index is built."""
Keys = NDArray[np.int64]


class Kind(Enum):
    """How an index file is built and searched."""

    FLAT = "flat"
    LISTS = "lists"


def kind_of(count: int) -> Kind:
    """The kind of an index of `count` vectors: the one place that decides."""
    return Kind.FLAT if count <= EXACT_UP_TO else Kind.LISTS


def write(path: Path, keys: Keys, vectors: NDArray[Any]) -> None:
    """Write an inner-product index of `vectors` (len(keys), dimension) to `path`.

    Needs, beside `vectors`, the size of the file (2 bytes a number) and what one block takes.
    """
    faiss: Any = importlib.import_module("faiss")

    count, dimension = vectors.shape
    half, product = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    if kind_of(count) is Kind.FLAT:
        index = faiss.IndexIDMap(faiss.IndexScalarQuantizer(dimension, half, product))
    else:
        lists = 2 ** round(math.log2(count) / 2)
        centres = faiss.IndexFlatIP(dimension)
        index = faiss.IndexIVFScalarQuantizer(centres, dimension, lists, half, product, False)
        index.cp.spherical, index.cp.seed, index.cp.min_points_per_centroid = True, _SEED, 1
        sample = np.random.default_rng(_SEED).choice(
            count, size=min(count, _TRAINING_PER_LIST * lists), replace=False
        )
        index.train(_single(vectors[np.sort(sample)]))
    for start in range(0, count, _BLOCK):
        block = slice(start, start + _BLOCK)
        index.add_with_ids(_single(vectors[block]), keys[block])
    with path.open("wb") as file:  # FAISS's own writer says nothing when closing the file fails: disk full
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))


def _single(vectors: NDArray[Any]) -> Vectors:
    return np.ascontiguousarray(vectors, dtype=np.float32)


class VectorSearch:
    """An opened index file, of this version or of an earlier one (flat, in single precision). Thread-safe."""

    def __init__(self, path: Path) -> None:
        """Raises `IndexDamaged` when `path` is no index of a known kind."""
        faiss: Any = importlib.import_module("faiss")

        try:
            self._index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexDamaged(f"{path}: not readable by FAISS") from error
        if isinstance(self._index, faiss.IndexIVF):
            self.kind = Kind.LISTS
            self.keys: Keys = _keys_of_lists(self._index)
        elif isinstance(self._index, faiss.IndexIDMap):
            self.kind = Kind.FLAT
            self.keys = faiss.vector_to_array(self._index.id_map).astype(np.int64)
        else:
            raise IndexDamaged(f"{path}: not an index that Footnote writes")

    def search(self, vector: Vectors, count: int, allowed: Keys | None) -> list[tuple[int, float]]:
        """The `count` nearest keys with their cosine, best first; only `allowed` ones if given.

        One core serves a search: waking FAISS's other threads for a single vector costs several times what they
        save (100,000 vectors: 4 ms with one, 12 to 24 with two).
        """
        faiss: Any = importlib.import_module("faiss")

        among = len(self.keys) if allowed is None else len(allowed)
        count = min(count, among)
        if count < 1:
            return []
        only = {} if allowed is None else {"sel": faiss.IDSelectorBitmap(_bits(allowed))}
        if self.kind is Kind.FLAT:
            return self._found(vector, count, faiss.SearchParameters(**only))
        lists = self._index.nlist
        probed = math.ceil(min(1.0, _PROBED * len(self.keys) / among) * lists)
        found = self._found(vector, count, faiss.SearchParametersIVF(nprobe=probed, **only))
        if len(found) < count and probed < lists:
            found = self._found(vector, count, faiss.SearchParametersIVF(nprobe=lists, **only))
        return found

    def _found(self, vector: Vectors, count: int, parameters: Any) -> list[tuple[int, float]]:
        faiss: Any = importlib.import_module("faiss")

        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)  # holds for the calling thread only, so it cannot be done once
        try:
            scores, keys = self._index.search(vector.reshape(1, -1), count, params=parameters)
        finally:
            faiss.omp_set_num_threads(threads)
        # FAISS pads with -1 when it finds fewer: never a passage.
        return [(int(key), float(score)) for key, score in zip(keys[0], scores[0], strict=True) if key >= 0]


def _keys_of_lists(index: Any) -> Keys:
    faiss: Any = importlib.import_module("faiss")

    lists = index.invlists
    sizes = [lists.list_size(number) for number in range(index.nlist)]
    found = [
        faiss.rev_swig_ptr(lists.get_ids(number), size).copy() for number, size in enumerate(sizes) if size
    ]
    return np.concatenate(found).astype(np.int64)


def _bits(keys: Keys) -> NDArray[np.uint8]:
    """One bit for each key from 0 to the largest: keys are row numbers, so they are dense."""
    wanted = np.zeros(int(keys.max()) + 1, dtype=np.bool_)
    wanted[keys] = True
    return np.packbits(wanted, bitorder="little")
