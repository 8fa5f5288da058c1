"""Nothing acknowledged is lost and nothing mismatched is served, whatever ends or damages an ingest.

The short version of `make faults`; then one test for each bug that it has found.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag import ingest as ingestion
from rag.errors import IndexDamaged, RagIndexError
from rag.index import IndexReader, IndexWriter, check, generations, vectors
from tests.fake_models import DIMENSION, WordEmbedder
from tests.faults import access, disk, flips, kills, pile
from tests.faults.child import OPTIONS, SCRATCH, Children, may_mount
from tests.faults.rows import Row

linux = pytest.mark.skipif(sys.platform != "linux", reason="the faults are injected through /proc and fork")


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as started:
        yield started


@pytest.fixture(scope="module")
def namespace() -> Iterator[Children | None]:
    if not may_mount():
        yield None
        return
    with Children(namespace=True) as started:
        yield started


@pytest.fixture
def work() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        yield Path(folder)


def _problems(rows: list[Row]) -> list[str]:
    assert sum(row.tried for row in rows) > 0
    return [f"{row.what}: {problem}" for row in rows for problem in row.problems]


@linux
def test_kills_at_every_step_lose_and_mix_nothing(work: Path, children: Children) -> None:
    changed = kills.Scenario(work, children, fresh=False)
    fresh = kills.Scenario(work, children, fresh=True)
    rows = kills.at_steps(changed, 1, only=kills.telling(changed.steps))
    rows += kills.at_steps(fresh, 1, only=kills.telling(fresh.steps) - set(changed.steps))
    rows.append(kills.at_random(changed, 6))
    assert len(rows) > 40, "the steps are no longer seen"
    assert _problems(rows) == []


@linux
def test_kills_at_every_step_of_a_removal_remove_or_keep(work: Path, children: Children) -> None:
    assert _problems(kills.removals(work, children, 1, only="remove_article")) == []


@linux
def test_a_full_disk_is_one_clear_line_and_the_old_generation_serves(
    work: Path, children: Children, namespace: Children | None
) -> None:
    assert _problems(disk.sizes(work, children, namespace, count=3)) == []


@linux
def test_flipped_bits_are_noticed_or_change_nothing(work: Path, children: Children) -> None:
    assert _problems(flips.all_files(work, children, count=60, slow=12)) == []


@linux
def test_access_is_refused_or_isolated(work: Path, children: Children, namespace: Children | None) -> None:
    with Children() as other:
        assert _problems(access.all_rows(work, children, other, namespace, seconds=1.5)) == []


# One for each bug found.


def _writer(index: Path, **options: object) -> IndexWriter:
    given = {"embedder": "words", "fingerprint": "words-1", "dimension": DIMENSION, **options}
    return IndexWriter(index, **given)  # type: ignore[arg-type]


def _ingest(index: Path, articles: Path, embedder: WordEmbedder | None = None) -> None:
    with _writer(index) as writer:
        ingestion.ingest([articles], writer=writer, embedder=embedder or WordEmbedder(), **OPTIONS)


def _late(articles: Path, text: str) -> None:
    head = "About the late\nHarbour Post\n9 March 2024\n\n"
    (articles / "late.txt").write_text(f"{head}{text} {pile.text(text)}", encoding="utf-8")


def _titles(index: Path) -> set[str]:
    reader = IndexReader(index)
    held = pile.snapshot(reader, index)
    problems = pile.mismatches(reader, held)
    reader.close()
    assert problems == []
    return {item["article"].title for item in held["articles"].values()}


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    pile.first(tmp_path / "pile")
    return tmp_path / "pile"


@pytest.fixture
def index(tmp_path: Path, articles: Path) -> Path:
    _ingest(tmp_path / "index", articles)
    return tmp_path / "index"


def test_what_a_killed_run_had_committed_is_published_by_the_next(
    index: Path, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _late(articles, "It came late.")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(IndexWriter, "publish", _interrupt)
        _ingest(index, articles)
    assert "About the late" not in _titles(index)
    _ingest(index, articles)
    assert "About the late" in _titles(index)


def _interrupt(_self: object) -> None:
    raise KeyboardInterrupt


def test_an_article_that_moves_between_two_files_of_a_batch_stays_searchable(
    index: Path, articles: Path
) -> None:
    pile.second(articles)
    embedder = WordEmbedder()
    _ingest(index, articles, embedder)
    assert "Row moved" in _titles(index)
    assert not any("row moved" in text for text in embedder.encoded)


def test_vectors_that_a_killed_run_of_another_embedder_left_are_not_used(
    tmp_path: Path, articles: Path
) -> None:
    class Backwards(WordEmbedder):
        fingerprint = "words-2"

        def encode(self, texts):  # type: ignore[no-untyped-def]
            return -super().encode(texts)

    place, embedder = tmp_path / "index", Backwards()
    with pytest.raises(KeyboardInterrupt), _writer(place, fingerprint=embedder.fingerprint) as writer:
        writer.put = lambda *_: _interrupt(None)  # type: ignore[assignment, method-assign]
        ingestion.ingest([articles], writer=writer, embedder=embedder, **OPTIONS)
    _ingest(place, articles)
    assert "Row moved" in _titles(place), "with the vectors of this embedder"


def test_a_generation_is_never_half_deleted_under_its_name(
    index: Path, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations.shutil, "rmtree", lambda path, **_: (path / "manifest.json").unlink(True))
    for number in range(3):
        _late(articles, f"It is number {number}.")
        _ingest(index, articles)
    assert check(index).problems == ()
    monkeypatch.undo()
    _ingest(index, articles)
    assert all(path.name.isdigit() for path in (index / "generations").iterdir())


@linux
def test_vectors_that_do_not_fit_on_the_disk_are_an_error() -> None:
    keys, matrix = np.arange(3, dtype=np.int64), np.zeros((3, 8), dtype=np.float32)
    with pytest.raises((OSError, RuntimeError)):
        vectors.write(Path("/dev/full"), keys, matrix)


def test_a_failed_publication_gives_its_room_back(
    index: Path, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("Error in FAISS: No space left on device")

    _late(articles, "It came late.")
    with monkeypatch.context() as patched, pytest.raises(RagIndexError, match="make room and ingest again"):
        patched.setattr(vectors, "write", full)
        _ingest(index, articles)
    assert [path.name for path in (index / "generations").iterdir()] == ["000001"]
    _ingest(index, articles)
    assert "About the late" in _titles(index)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (sqlite3.OperationalError("database or disk is full"), RagIndexError, "make room"),
        (sqlite3.DatabaseError("database disk image is malformed"), IndexDamaged, "rag check --repair"),
    ],
)
def test_errors_of_sqlite_are_one_line_for_people(
    index: Path, error: Exception, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words), _writer(index):
        raise error


def test_a_damaged_library_is_refused_and_restored(index: Path, articles: Path) -> None:
    library = index / "library.sqlite3"
    data = bytearray(library.read_bytes())
    place = data.index(b"The kept ")
    data[place] ^= 1
    library.write_bytes(data)
    assert any("library.sqlite3: damaged" in problem for problem in check(index).problems)
    titles = _titles(index)
    with pytest.raises(IndexDamaged, match="rag check --repair"):
        _ingest(index, articles)
    with _writer(index, repair=True) as writer:
        writer.repair()
    assert check(index).problems == ()
    assert _titles(index) == titles
    assert (index / "library.sqlite3.damaged").read_bytes() == data


def test_a_library_that_is_gone_is_not_begun_anew(index: Path, articles: Path) -> None:
    titles = _titles(index)
    (index / "library.sqlite3").unlink()
    assert any("it is gone" in problem for problem in check(index).problems)
    with pytest.raises(IndexDamaged, match="rag check --repair"):
        _ingest(index, articles)
    _writer(index, repair=True).close()
    _ingest(index, articles)
    assert _titles(index) == titles


def test_a_damaged_text_is_noticed_after_a_kill_too(index: Path, articles: Path) -> None:
    (index / "writer.json").write_text(json.dumps({"pid": 1}))
    _writer(index).close()
    library = index / "library.sqlite3"
    data = library.read_bytes()
    library.write_bytes(data.replace(b"The kept ", b"The kepu "))
    (index / "writer.json").write_text(json.dumps({"pid": 1}))
    with pytest.raises(IndexDamaged, match="has changed"):
        _ingest(index, articles)


def test_a_library_that_another_program_reads_is_not_published_half(index: Path, articles: Path) -> None:
    other = sqlite3.connect(index / "library.sqlite3", isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM articles").fetchone()
    _late(articles, "It came late.")
    with pytest.raises(RagIndexError, match="another program"), _writer(index) as writer:
        writer._connection.execute("PRAGMA busy_timeout = 50")
        ingestion.ingest([articles], writer=writer, embedder=WordEmbedder(), **OPTIONS)
    other.close()
    _ingest(index, articles)
    assert "About the late" in _titles(index)


def test_a_reader_finds_its_way_while_generations_pass_by(
    index: Path, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified, calls = generations.verified, []

    def slow(directory: Path, number: int) -> generations.Manifest:
        calls.append(number)
        if len(calls) <= 3:
            with monkeypatch.context() as patched:
                patched.setattr(generations, "verified", verified)
                for _ in range(2):
                    _late(articles, f"Number {len(calls)} {_}.")
                    _ingest(index, articles)
        return verified(directory, number)

    monkeypatch.setattr(generations, "verified", slow)
    reader = IndexReader(index)
    assert reader.is_current(index)
    reader.close()


def test_check_looks_at_every_generation_once(index: Path, articles: Path) -> None:
    _late(articles, "It came late.")
    _ingest(index, articles)
    (index / "CURRENT").write_text("1\n")
    (index / "generations" / "000002" / "vectors.faiss").write_bytes(b"damaged")
    assert any("000002" in problem for problem in check(index).problems)
