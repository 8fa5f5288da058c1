"""The FAISS side: vectors keyed by passage, derived from the truth and searched by inner product."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamaged
from rag.protocols import Vectors

VECTORS_FILE = "vectors.faiss"
STORED = np.float16
"""How vectors lie in SQLite. Half precision moves a cosine by less than 0.001, far below int8's error."""
Keys = NDArray[np.int64]


def write(path: Path, keys: Keys, vectors: Vectors) -> None:
    """Write an exact inner-product index of `vectors` (len(keys), dimension) to `path`."""
    faiss: Any = importlib.import_module("faiss")

    index = faiss.IndexIDMap2(faiss.IndexFlatIP(int(vectors.shape[1])))
    index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), keys)
    with path.open("wb") as file:  # FAISS's own writer says nothing when closing the file fails: disk full
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))


class VectorSearch:
    """An opened index file."""

    def __init__(self, path: Path, *, threads: int) -> None:
        faiss: Any = importlib.import_module("faiss")

        faiss.omp_set_num_threads(max(1, threads))
        try:
            self._index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexDamaged(f"{path}: not readable by FAISS") from error
        self.keys: Keys = faiss.vector_to_array(self._index.id_map).astype(np.int64)

    def search(self, vector: Vectors, count: int, allowed: Keys | None) -> list[tuple[int, float]]:
        """The `count` nearest keys with their cosine, best first; only `allowed` ones if given."""
        faiss: Any = importlib.import_module("faiss")

        count = min(count, len(self.keys) if allowed is None else len(allowed))
        if count < 1:
            return []
        parameters = None
        if allowed is not None:
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBatch(np.sort(allowed)))
        scores, keys = self._index.search(vector.reshape(1, -1), count, params=parameters)
        # FAISS pads with -1 when it finds fewer: never a passage.
        return [(int(key), float(score)) for key, score in zip(keys[0], scores[0], strict=True) if key >= 0]

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """The stored vectors of `keys`, shape (len(keys), dimension)."""
        found = [self._index.reconstruct(int(key)) for key in keys]
        return np.asarray(found, dtype=np.float32).reshape(len(found), self._index.d)
