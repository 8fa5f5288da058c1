"""Ingest is incremental: unchanged costs nothing, changes are followed, bad files never stop a batch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.errors import ArticleError
from rag.index import IndexReader, IndexWriter
from rag.ingest import ingest
from rag.schema import IngestReport, Progress
from tests.fake_models import WordEmbedder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pile"
    place.mkdir()
    for name in ("one", "two", "three"):
        (place / f"{name}.txt").write_text(
            f"Title {name}\n\nThis is the article called {name}.", encoding="utf-8"
        )
    return place


def _run(
    tmp_path: Path, *paths: Path, embedder: WordEmbedder | None = None, seen: list[Progress] | None = None
) -> IngestReport:
    embedder = embedder or WordEmbedder()
    with IndexWriter(
        tmp_path / "index", embedder="words", fingerprint="words-1", dimension=embedder.dimension
    ) as writer:
        return ingest(
            paths,
            writer=writer,
            embedder=embedder,
            passage_tokens=50,
            max_bytes=10_000,
            on_progress=(seen if seen is not None else []).append,
        )


def _titles(tmp_path: Path) -> list[str]:
    reader = IndexReader(tmp_path / "index")
    titles = sorted(row.article.title for row in reader.articles())
    reader.close()
    return titles


def test_a_second_run_does_nothing(tmp_path: Path, folder: Path) -> None:
    assert _run(tmp_path, folder).added == 3
    embedder = WordEmbedder()
    report = _run(tmp_path, folder, embedder=embedder)
    assert (report.added, report.unchanged, report.articles) == (0, 3, 3)
    assert embedder.encoded == []
    assert len(list((tmp_path / "index" / "generations").iterdir())) == 1


def test_a_touched_file_is_read_but_not_embedded(tmp_path: Path, folder: Path) -> None:
    _run(tmp_path, folder)
    os.utime(folder / "one.txt", (1, 1))
    embedder = WordEmbedder()
    assert _run(tmp_path, folder, embedder=embedder).unchanged == 3
    assert embedder.encoded == []


def test_a_changed_file_is_updated(tmp_path: Path, folder: Path) -> None:
    _run(tmp_path, folder)
    (folder / "one.txt").write_text("Title one\n\nIt reads differently now.", encoding="utf-8")
    report = _run(tmp_path, folder)
    assert (report.added, report.updated, report.unchanged, report.removed) == (0, 1, 2, 0)


def test_deleted_and_renamed_files_are_followed(tmp_path: Path, folder: Path) -> None:
    _run(tmp_path, folder)
    (folder / "one.txt").unlink()
    (folder / "two.txt").rename(folder / "four.txt")
    embedder = WordEmbedder()
    report = _run(tmp_path, folder, embedder=embedder)
    assert (report.articles, report.removed) == (2, 1)
    assert embedder.encoded == [], "a renamed article is not embedded again"
    assert _titles(tmp_path) == ["Title three", "Title two"]


def test_a_missing_folder_does_not_remove_what_was_not_named(tmp_path: Path, folder: Path) -> None:
    _run(tmp_path, folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.txt").write_text("Title x\n\nAnother pile.", encoding="utf-8")
    assert _run(tmp_path, other).articles == 4


def test_the_same_article_in_two_files_is_kept_once_and_survives_one_of_them(
    tmp_path: Path, folder: Path
) -> None:
    (folder / "copy.txt").write_bytes((folder / "one.txt").read_bytes())
    assert _run(tmp_path, folder).articles == 3
    (folder / "one.txt").unlink()
    report = _run(tmp_path, folder)
    assert (report.articles, report.removed) == (3, 0)


def test_a_bad_file_is_named_and_the_others_are_read(tmp_path: Path, folder: Path) -> None:
    (folder / "empty.txt").write_bytes(b"")
    (folder / "binary.txt").write_bytes(b"\0\1\2" * 50)
    (folder / "big.txt").write_text("x" * 20_000, encoding="utf-8")
    (folder / "picture.png").write_bytes(b"png")
    report = _run(tmp_path, folder)
    assert report.added == 3
    assert {Path(item.path).name for item in report.failed} == {"empty.txt", "binary.txt", "big.txt"}
    assert [Path(item.path).name for item in report.skipped] == ["picture.png"]


def test_a_changed_file_that_turned_bad_keeps_its_last_good_state(tmp_path: Path, folder: Path) -> None:
    _run(tmp_path, folder)
    (folder / "one.txt").write_bytes(b"")
    report = _run(tmp_path, folder)
    assert len(report.failed) == 1 and report.articles == 3


def test_missing_paths_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArticleError, match="no such file"):
        _run(tmp_path, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArticleError, match="holds no files"):
        _run(tmp_path, tmp_path / "empty")


def test_progress_is_told_and_ends_complete(tmp_path: Path, folder: Path) -> None:
    seen: list[Progress] = []
    _run(tmp_path, folder, seen=seen)
    assert seen[0].stage == "reading"
    assert seen[-1] == Progress("publishing", 1, 1)
    assert all(0 <= item.done <= item.total for item in seen)


def test_equal_passages_are_embedded_once(tmp_path: Path) -> None:
    pile = tmp_path / "pile.jsonl"
    rows = [f'{{"id": "{number}", "title": "Same", "text": "The same words twice."}}' for number in range(3)]
    pile.write_text("\n".join(rows), encoding="utf-8")
    embedder = WordEmbedder()
    assert _run(tmp_path, pile, embedder=embedder).articles == 3
    assert len(embedder.encoded) == 1
