"""What a generation holds beside the library, made from its copy there: vectors for FAISS, postings for BM25."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import RagIndexError
from rag.index import keywords, tables, vectors
from rag.index.tables import LIBRARY_FILE


def write(aside: Path, dimension: int) -> tuple[int, int]:
    """Write the derived files beside the library in `aside`; returns how many articles and passages it holds.

    Raises `RagIndexError` when a passage has no vector.
    """
    library = aside / LIBRARY_FILE
    keywords.write(aside / keywords.WORDS_FILE, library)
    with closing(tables.connect(library, read_only=True)) as connection:
        articles = _count(connection, "articles")
        keys, matrix = _matrix(connection, dimension, aside.parents[1])
    vectors.write(aside / vectors.VECTORS_FILE, keys, matrix)
    return articles, len(keys)


def _matrix(
    connection: sqlite3.Connection, dimension: int, directory: Path
) -> tuple[vectors.Keys, NDArray[np.float16]]:
    count = _count(connection, "passages")
    keys = np.empty(count, dtype=np.int64)
    matrix = np.empty((count, dimension), dtype=vectors.STORED)
    query = "SELECT p.key, v.vector FROM passages p JOIN vectors v ON v.hash = p.vector_hash ORDER BY p.key"
    index = -1
    for index, (key, blob) in enumerate(connection.execute(query)):
        keys[index] = key
        matrix[index] = np.frombuffer(blob, dtype=vectors.STORED)
    if index + 1 != count:
        raise RagIndexError(f"{directory}: {count - index - 1} passages lack a vector; ingest again")
    return keys, matrix


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
