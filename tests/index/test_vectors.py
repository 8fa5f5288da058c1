"""Vectors on disk: the kind is chosen by size, and whichever it is, what is near is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexDamaged
from rag.index import vectors
from rag.index.vectors import Keys, Kind, VectorSearch, kind_of, write
from rag.protocols import Vectors

COUNT, DIMENSION = 4000, 32
KINDS = {Kind.FLAT: COUNT, Kind.LISTS: COUNT - 1}
"""The threshold that makes an index of `COUNT` vectors this kind."""


@pytest.fixture(scope="module")
def matrix() -> Vectors:
    """Unit vectors around 100 centres, in the precision of the library."""
    generator = np.random.default_rng(3)
    centres = generator.standard_normal((100, DIMENSION))
    rows = centres[generator.integers(100, size=COUNT)] + 0.7 * generator.standard_normal((COUNT, DIMENSION))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=vectors.STORED)


@pytest.fixture(scope="module")
def keys() -> Keys:
    """Row numbers with gaps, as they are after articles were removed."""
    return np.arange(COUNT, dtype=np.int64) * 3 + 1


@pytest.fixture(params=KINDS, ids=lambda kind: kind.value)
def opened(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    matrix: Vectors,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
) -> VectorSearch:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", KINDS[request.param])
    write(tmp_path / "v", keys, matrix)
    found = VectorSearch(tmp_path / "v")
    assert found.kind is request.param
    return found


def _nearest(matrix: Vectors, keys: Keys, query: Vectors, count: int) -> list[int]:
    scores = matrix.astype(np.float32) @ query
    return [int(key) for key in keys[np.argsort(-scores, kind="stable")[:count]]]


def test_the_size_decides_the_kind() -> None:
    assert kind_of(0) is kind_of(vectors.EXACT_UP_TO) is Kind.FLAT
    assert kind_of(vectors.EXACT_UP_TO + 1) is Kind.LISTS


def test_the_nearest_are_found_with_their_cosines(opened: VectorSearch, matrix: Vectors, keys: Keys) -> None:
    assert sorted(opened.keys.tolist()) == keys.tolist()
    hits = 0
    for row in range(0, COUNT, 40):
        query = matrix[row].astype(np.float32)
        found = opened.search(query, 10, None)
        assert found[0][0] == keys[row]
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
        for key, score in found:
            assert score == pytest.approx(float(matrix[(key - 1) // 3].astype(np.float32) @ query), abs=1e-5)
        hits += len({key for key, _ in found} & set(_nearest(matrix, keys, query, 10)))
    assert hits >= (1000 if opened.kind is Kind.FLAT else 950)


@pytest.mark.parametrize("left", [1, 7, 400])
def test_a_filter_that_leaves_few_misses_none_of_them(
    opened: VectorSearch, matrix: Vectors, keys: Keys, left: int
) -> None:
    generator = np.random.default_rng(left)
    for row in range(0, COUNT, 400):
        allowed = np.sort(generator.choice(COUNT, size=left, replace=False))
        query = matrix[row].astype(np.float32)
        found = [key for key, _ in opened.search(query, 10, keys[allowed])]
        assert found == _nearest(matrix[allowed], keys[allowed], query, 10)


def test_a_filter_that_leaves_most_lets_nothing_else_through(
    opened: VectorSearch, matrix: Vectors, keys: Keys
) -> None:
    allowed = keys[np.arange(COUNT) % 50 != 0]
    found = opened.search(matrix[0].astype(np.float32), 50, allowed)
    assert len(found) == 50 and {key for key, _ in found} <= set(allowed.tolist())


def test_asking_for_all_gives_all(opened: VectorSearch, matrix: Vectors, keys: Keys) -> None:
    query = matrix[5].astype(np.float32)
    assert sorted(key for key, _ in opened.search(query, COUNT * 2, None)) == keys.tolist()
    assert opened.search(query, 5, np.array([], dtype=np.int64)) == []


def test_the_same_vectors_give_the_same_file(
    tmp_path: Path, matrix: Vectors, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 10)
    for name in ("first", "second"):
        write(tmp_path / name, keys, matrix)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_an_index_of_no_vectors_finds_nothing(tmp_path: Path) -> None:
    write(tmp_path / "v", np.array([], dtype=np.int64), np.empty((0, DIMENSION), dtype=vectors.STORED))
    assert VectorSearch(tmp_path / "v").search(np.ones(DIMENSION, dtype=np.float32), 5, None) == []


def test_files_of_earlier_versions_still_open(tmp_path: Path, matrix: Vectors, keys: Keys) -> None:
    import faiss

    index = faiss.IndexIDMap2(faiss.IndexFlatIP(DIMENSION))
    index.add_with_ids(matrix.astype(np.float32), keys)
    faiss.write_index(index, str(tmp_path / "old"))
    opened = VectorSearch(tmp_path / "old")
    query = matrix[9].astype(np.float32)
    assert [key for key, _ in opened.search(query, 10, None)] == _nearest(matrix, keys, query, 10)
    assert [key for key, _ in opened.search(query, 10, keys[:5])] == _nearest(matrix[:5], keys[:5], query, 10)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_a_file_that_is_cut_or_no_index_is_damaged(
    tmp_path: Path, matrix: Vectors, keys: Keys, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    import faiss

    monkeypatch.setattr(vectors, "EXACT_UP_TO", KINDS[kind])
    path = tmp_path / "v"
    write(path, keys, matrix)
    sound = path.read_bytes()
    for damaged in (b"", sound[:3], sound[: len(sound) // 2], sound[:-100], b"\xff" * 4 + sound[4:]):
        path.write_bytes(damaged)
        with pytest.raises(IndexDamaged, match="v: not readable"):
            VectorSearch(path)
    faiss.write_index(faiss.IndexFlatIP(DIMENSION), str(path))
    with pytest.raises(IndexDamaged, match="v: not an index"):
        VectorSearch(path)
