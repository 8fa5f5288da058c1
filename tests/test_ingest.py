"""Ingest is incremental: unchanged costs nothing, changes are followed, bad files never stop a batch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.errors import ArticleError
from rag.index import IndexReader, IndexWriter, check
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


def test_what_lies_in_an_archive_is_cited_by_its_own_name(tmp_path: Path) -> None:
    import zipfile

    from rag.articles import decode_source, source_bytes

    archive = tmp_path / "pile.zip"
    text = "Title in a box\n\nThis article lies in an archive, in a folder."
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("box/one.txt", text)
        file.writestr("box/picture.png", b"png")
    report = _run(tmp_path, archive)
    assert report.added == 1 and len(report.skipped) == 1
    reader = IndexReader(tmp_path / "index")
    (row,) = reader.articles()
    reader.close()
    article = row.article
    assert article.source_path == f"{archive}!box/one.txt"
    source = decode_source(source_bytes(article.source_path, max_bytes=10**6), article.encoding or "")
    assert source[article.source_start : article.source_end] == text
    archive.unlink()
    (tmp_path / "other.txt").write_text("Other\n\nAnother article altogether.", encoding="utf-8")
    assert _run(tmp_path, tmp_path / "other.txt").articles == 2


STORY = (
    "The port authority of Vell closed the eastern lock on Tuesday after divers found a crack in its lower gate. "
    "Nobody was hurt, the authority said, but seventeen barges are waiting on the river. Skippers complained that "
    "they had been given no warning. Repairs will take between two and five weeks, depending on whether a spare gate "
    "that lies in the yard at Nordhavn can be made to fit. The ministry of transport promised to bear the cost."
)
COPY = STORY.replace("Nobody was hurt, the authority said, but", "No one was hurt, the authority added, and")


def _dated(place: Path, outlet: str, day: int, text: str) -> None:
    head = f"The {outlet} on the lock\n{outlet} Post\n{day} March 2024\n\n"
    place.write_text(head + text, encoding="utf-8")


def _copies(tmp_path: Path) -> dict[str, str | None]:
    """Which outlet's article is a copy of which outlet's; None: of no other."""
    reader = IndexReader(tmp_path / "index")
    articles = [row.article for row in reader.articles()]
    reader.close()
    name_of = {article.id: str(article.outlet).removesuffix(" Post") for article in articles}
    return {
        name_of[article.id]: name_of[article.duplicate_of] if article.duplicate_of else None
        for article in articles
    }


def test_copies_point_to_the_earliest_whatever_comes_goes_or_changes(tmp_path: Path, folder: Path) -> None:
    _dated(folder / "b.txt", "Beta", 5, STORY)
    _dated(folder / "c.txt", "Gamma", 6, COPY)
    _run(tmp_path, folder)
    assert _copies(tmp_path) == {"None": None, "Beta": None, "Gamma": "Beta"}
    _dated(folder / "a.txt", "Alpha", 4, COPY)
    _run(tmp_path, folder)
    assert _copies(tmp_path) == {"None": None, "Alpha": None, "Beta": "Alpha", "Gamma": "Alpha"}
    _dated(
        folder / "a.txt",
        "Alpha",
        4,
        "The lock at Vell is open again, and all is well on the river once more.",
    )
    _run(tmp_path, folder)
    assert _copies(tmp_path) == {"None": None, "Alpha": None, "Beta": None, "Gamma": "Beta"}
    (folder / "b.txt").unlink()
    _run(tmp_path, folder)
    assert _copies(tmp_path) == {"None": None, "Alpha": None, "Gamma": None}
    assert check(tmp_path / "index").problems == ()


def test_a_small_edit_of_the_article_that_stands_for_others_keeps_them_together(
    tmp_path: Path, folder: Path
) -> None:
    """The old version is still in the library when copies are marked; nothing may point to it."""
    _dated(folder / "a.txt", "Alpha", 4, STORY)
    _dated(folder / "b.txt", "Beta", 5, STORY)
    _run(tmp_path, folder)
    _dated(folder / "a.txt", "Alpha", 4, COPY)
    assert _run(tmp_path, folder).updated == 1
    assert _copies(tmp_path) == {"None": None, "Alpha": None, "Beta": "Alpha"}
    assert check(tmp_path / "index").problems == ()


def test_the_order_of_ingests_does_not_matter_for_copies(tmp_path: Path) -> None:
    places = [tmp_path / f"{name}.txt" for name in ("a", "b", "c", "d")]
    for day, (place, outlet) in enumerate(
        zip(places, ("Alpha", "Beta", "Gamma", "Delta"), strict=True), start=1
    ):
        _dated(place, outlet, day, STORY if day % 2 else COPY)
    found = []
    for name, order in (("x", places), ("y", places[::-1])):
        for place in order:
            _run(tmp_path / name, place)
        found.append(_copies(tmp_path / name))
    assert found[0] == found[1] == {"Alpha": None, "Beta": "Alpha", "Gamma": "Alpha", "Delta": "Alpha"}


def test_only_new_articles_are_signed(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rag.articles import duplicates

    texts: list[str] = []
    real = duplicates.signature
    monkeypatch.setattr(duplicates, "signature", lambda text: texts.append(text) or real(text))
    _run(tmp_path, folder)
    assert len(texts) == 3
    _dated(folder / "a.txt", "Alpha", 4, STORY)
    _run(tmp_path, folder)
    assert len(texts) == 4


def test_an_index_of_an_earlier_version_learns_its_copies_at_the_next_ingest(
    tmp_path: Path, folder: Path
) -> None:
    _dated(folder / "a.txt", "Alpha", 4, STORY)
    _dated(folder / "b.txt", "Beta", 5, STORY)
    _run(tmp_path, folder)
    with IndexWriter(tmp_path / "index", embedder="words", fingerprint="words-1", dimension=64) as writer:
        signed = {item.key: item.signature for item in writer.signed()}
        writer.set_duplicates(dict.fromkeys(signed))
        writer._connection.execute("DELETE FROM signatures")
        writer.publish()
    assert _copies(tmp_path)["Beta"] is None
    _run(tmp_path, folder)
    assert _copies(tmp_path)["Beta"] == "Alpha"
