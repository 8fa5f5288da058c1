"""Ingest is incremental: unchanged costs nothing, changes are followed, bad files never stop a batch."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rag import chunking
from rag import ingest as ingestion
from rag.articles import read, split_at
from rag.errors import ArticleError
from rag.index import IndexReader, IndexWriter, check
from rag.ingest import ingest
from rag.schema import Article, ArticleRow, IngestReport, Progress, Sentence
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


def _articles(tmp_path: Path) -> list[ArticleRow]:
    reader = IndexReader(tmp_path / "index")
    rows = reader.articles()
    reader.close()
    return rows


def _titles(tmp_path: Path) -> list[str]:
    return sorted(row.article.title for row in _articles(tmp_path))


def _open(tmp_path: Path) -> IndexWriter:
    return IndexWriter(tmp_path / "index", embedder="words", fingerprint="words-1", dimension=64)


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


def test_the_last_file_of_a_folder_can_go(tmp_path: Path, folder: Path) -> None:
    _run(tmp_path, folder)
    for place in folder.iterdir():
        place.unlink()
    report = _run(tmp_path, folder)
    assert (report.articles, report.removed) == (0, 3)
    with pytest.raises(ArticleError, match="holds no files"):
        _run(tmp_path, folder)


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
    with pytest.raises(ArticleError, match="not a usable path"):
        _run(tmp_path, Path("~nobody of this name/pile"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArticleError, match="holds no files"):
        _run(tmp_path, tmp_path / "empty")


@pytest.mark.parametrize(("cost", "least", "most"), [(0.0, 15, 20), (2.0, 1, 4)])
def test_publishing_takes_a_tenth_of_the_time_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost: float, least: int, most: int
) -> None:
    clock = [0.0]
    published: list[float] = []
    publish, encode = IndexWriter.publish, WordEmbedder.encode

    def slow_publish(writer: IndexWriter) -> object:
        clock[0] += cost
        published.append(clock[0])
        return publish(writer)

    def slow_encode(embedder: WordEmbedder, texts: Sequence[str]) -> object:
        clock[0] += 1.0
        return encode(embedder, texts)

    monkeypatch.setattr("rag.ingest.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr(IndexWriter, "publish", slow_publish)
    monkeypatch.setattr(WordEmbedder, "encode", slow_encode)
    monkeypatch.setattr(ingestion, "_BATCH_PASSAGES", 1)
    monkeypatch.setattr(ingestion, "_PUBLISH_SECONDS", 1.0)
    place = tmp_path / "many"
    place.mkdir()
    for number in range(40):
        (place / f"{number}.txt").write_text(f"Title {number}\n\nA text numbered {number}.", encoding="utf-8")
    _run(tmp_path, place)
    assert least <= len(published) - 1 <= most  # the last one ends the run


def test_what_publishing_took_is_known_to_the_next_run(tmp_path: Path, folder: Path) -> None:
    with _open(tmp_path) as writer:
        assert writer.publish_seconds() == 0.0
    _run(tmp_path, folder)
    with _open(tmp_path) as writer:
        assert writer.publish_seconds() > 0.0


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


def _newer_version(monkeypatch: pytest.MonkeyPatch, cut: str | None = None) -> None:
    """As after an upgrade: the reader version is raised, and with `cut` sentences end at other places."""
    monkeypatch.setattr(ingestion, "READER_VERSION", ingestion.READER_VERSION + 1)
    if cut is None:
        return

    def sentences(article_id: str, text: str) -> Sequence[Sentence]:
        spans = [match.span() for match in re.finditer(rf"[^{cut}\s][^{cut}]*[{cut}]?", text)]
        return [Sentence(article_id, place, *span, text[slice(*span)]) for place, span in enumerate(spans)]

    monkeypatch.setattr(chunking, "sentences", sentences)


def _sentences(tmp_path: Path, title: str) -> list[str]:
    reader = IndexReader(tmp_path / "index")
    _, article = reader.passages([reader.keyword(title, 1, None)[0].key])[0]
    found = [sentence.text for sentence in reader.sentences(article, 0, len(article.text))]
    reader.close()
    return found


def test_unchanged_files_are_read_anew_once_where_a_newer_version_reads_otherwise(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "list.txt").write_text("A list\n\nOne thing; another thing; a third.", encoding="utf-8")
    _run(tmp_path, folder)
    assert _sentences(tmp_path, "A list") == ["A list", "One thing; another thing; a third."]
    _newer_version(monkeypatch, cut=";.\n")
    embedder = WordEmbedder()
    report = _run(tmp_path, folder, embedder=embedder)
    assert (report.added, report.updated, report.unchanged, report.removed) == (0, 0, 4, 0)
    assert embedder.encoded == [], "the passages hold the same words as before"
    third = ["A list", "One thing;", "another thing;", "a third."]
    assert [text.strip() for text in _sentences(tmp_path, "A list")] == third
    assert check(tmp_path / "index").problems == ()
    read_again: list[str] = []
    monkeypatch.setattr(ingestion, "read", lambda path, **_: read_again.append(path))
    assert _run(tmp_path, folder).unchanged == 4
    assert read_again == []


def test_passages_that_a_newer_version_cuts_otherwise_are_embedded_and_the_old_ones_go(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Long\n\n" + " ".join(f"{letter} {'water ' * 30}{letter}." for letter in "ABC")
    for name in ("long", "copy"):
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    _run(tmp_path, folder)
    before = _vectors(tmp_path)
    _newer_version(monkeypatch, cut="r\n")
    embedder = WordEmbedder()
    assert _run(tmp_path, folder, embedder=embedder).articles == 4
    assert embedder.encoded and len(embedder.encoded) == len(set(embedder.encoded))
    assert all("water" in text for text in embedder.encoded), "the other articles have the same passages"
    after = _vectors(tmp_path)
    assert len(after - before) == len(embedder.encoded)
    reader = IndexReader(tmp_path / "index")
    assert len(after) == reader.manifest.passages, "no vector of a passage that is gone"
    assert [item.key for item in reader.keyword("water", 50, None)]
    reader.close()
    assert check(tmp_path / "index").problems == ()


def _vectors(tmp_path: Path) -> set[bytes]:
    with closing(sqlite3.connect(tmp_path / "index" / "library.sqlite3")) as connection:
        return {row[0] for row in connection.execute("SELECT hash FROM vectors")}


DIGEST = (
    "Dam fails\nHarbour Post\n3 May 2024\n\n" + "The dam gave way on Friday night. " * 6 + "\n\n"
    "Mill burns\nCoast Wire\n4 May 2024\n\n" + "A mill burnt down in Vell. " * 6 + "\n\n"
    "Notes of the week\n\n" + "The fair was called off. " * 6 + "\n"
)


def test_what_was_corrected_by_hand_outlives_a_newer_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "digest.txt"
    place.write_text(DIGEST, encoding="utf-8")
    _run(tmp_path, place)
    assert _titles(tmp_path) == ["Dam fails", "Mill burns"]
    line = DIGEST[: DIGEST.index("Notes of")].count("\n") + 1
    with _open(tmp_path) as writer:
        writer.set_splits(str(place), [split_at(DIGEST, line, begins=True)])
    _run(tmp_path, place)
    assert _titles(tmp_path) == ["Dam fails", "Mill burns", "Notes of the week"]
    with _open(tmp_path) as writer:
        for title in ("Mill burns", "Notes of the week"):
            (name,) = [row.article.id for row in _articles(tmp_path) if row.article.title == title]
            writer.set_corrections(name, {"outlet": f"Outlet of {title}"})
    _run(tmp_path, place)

    real = read

    def shorter(path: str, **options: object) -> object:
        """A newer version that leaves out the last word of each article: each has another content hash."""
        result = real(path, **options)  # type: ignore[arg-type]
        return replace(result, articles=tuple(_cut(article) for article in result.articles))

    monkeypatch.setattr(ingestion, "read", shorter)
    _newer_version(monkeypatch)
    embedder = WordEmbedder()
    _run(tmp_path, place, embedder=embedder)
    outlets = {row.article.title: row.article.outlet for row in _articles(tmp_path)}
    assert outlets == {
        "Dam fails": "Harbour Post",
        "Mill burns": "Outlet of Mill burns",
        "Notes of the week": "Outlet of Notes of the week",
    }
    _run(tmp_path, place)
    assert {row.article.title: row.article.outlet for row in _articles(tmp_path)} == outlets


def _cut(article: Article) -> Article:
    text = article.text.rsplit(" ", 1)[0]
    name = hashlib.sha256(text.encode()).hexdigest()
    end = (article.source_start or 0) + len(text)
    return replace(article, id=name[:16], text=text, content_hash=name, source_end=end)


def test_an_index_without_reader_versions_is_read_anew(tmp_path: Path, folder: Path) -> None:
    _run(tmp_path, folder)
    with closing(sqlite3.connect(tmp_path / "index" / "library.sqlite3")) as connection:
        connection.executescript(
            """ALTER TABLE files DROP COLUMN reader_version; DROP TABLE removed_articles; DROP TABLE removed_files;
            DROP TABLE left_out; PRAGMA user_version = 3"""
        )
    shutil.rmtree(tmp_path / "index" / "generations")
    (tmp_path / "index" / "CURRENT").unlink()
    embedder = WordEmbedder()
    report = _run(tmp_path, folder, embedder=embedder)
    assert (report.added, report.unchanged, report.articles) == (0, 3, 3)
    assert embedder.encoded == []
    assert check(tmp_path / "index").problems == ()


def test_the_reader_version_is_raised_with_the_readers() -> None:
    """What the readers and the splitter make of our own texts. If this fails, they read otherwise than before:
    raise `READER_VERSION`, so that indexes are read anew, and write down the new figure."""
    seen = hashlib.sha256()
    for place in sorted((Path(__file__).parent / "data" / "digests").glob("*.txt")):
        for article in read(str(place), max_bytes=10**6).articles:
            head = [
                article.title,
                article.outlet,
                article.author,
                str(article.published),
                article.source_start,
            ]
            parts = [(item.start, item.end, item.speaker) for item in chunking.sentences("", article.text)]
            seen.update(json.dumps([head, parts]).encode())
    assert (ingestion.READER_VERSION, seen.hexdigest()[:16]) == (4, "b44911ec7c0caf82")


def test_a_repair_marks_copies_anew(tmp_path: Path, folder: Path) -> None:
    for day, outlet in enumerate(("Alpha", "Beta", "Gamma"), start=4):
        _dated(folder / f"{outlet}.txt", outlet, day, COPY if day == 6 else STORY)
    _run(tmp_path, folder)
    sound = _copies(tmp_path)
    assert sound["Beta"] == sound["Gamma"] == "Alpha"
    ids = {str(row.article.outlet): row.article.id for row in _articles(tmp_path)}
    for damage in (
        f"UPDATE articles SET duplicate_of = '{ids['Beta Post']}' WHERE id = '{ids['Gamma Post']}'",
        "UPDATE articles SET duplicate_of = 'no such article' WHERE duplicate_of IS NOT NULL",
        "UPDATE articles SET duplicate_of = NULL",
        "DELETE FROM signatures",
        "UPDATE signatures SET signature = substr(signature, 1, 7)",
        "UPDATE signatures SET signature = zeroblob(length(signature))",
        "DELETE FROM signatures WHERE article_key = 1; UPDATE signatures SET signature = x'00'",
    ):
        with _open(tmp_path) as writer:
            writer._connection.executescript(damage)
            writer.publish()
        with _open(tmp_path) as writer:
            ingestion.rebuild(writer)
        assert _copies(tmp_path) == sound, damage
        assert check(tmp_path / "index").problems == (), damage


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE articles SET duplicate_of = id", "is marked as a copy of one that stands for no others"),
        ("DELETE FROM signatures WHERE article_key > 1", "2 articles were not compared with the others"),
    ],
)
def test_the_check_finds_damage_to_the_marks_of_copies(
    tmp_path: Path, folder: Path, damage: str, problem: str
) -> None:
    _run(tmp_path, folder)
    with _open(tmp_path) as writer:
        writer._connection.executescript(damage)
        writer.publish()
    assert any(problem in line for line in check(tmp_path / "index").problems)
