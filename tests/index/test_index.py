"""The index loses and mixes nothing: generations, checksums, locking, removal, one snapshot for a reader."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.errors import IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, RagIndexError
from rag.index import IndexReader, IndexWriter, check
from rag.ingest import ingest
from rag.schema import Filters
from tests.fake_models import WordEmbedder

ARTICLES = {
    "ferry": "The ferry Anke sank off Kestrel Point. Forty-one people were on board.",
    "budget": "The budget was rejected. The minister resigned on Tuesday.",
    "coins": "Seventeen coins were stolen from the museum. A guard was questioned.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "articles"
    place.mkdir()
    for number, (name, text) in enumerate(ARTICLES.items(), start=1):
        head = f"About the {name}\nHarbour Post\n{number} March 2024\n\n"
        (place / f"{name}.txt").write_text(head + text, encoding="utf-8")
    return place


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


def _writer(index: Path, embedder: WordEmbedder) -> IndexWriter:
    return IndexWriter(
        index, embedder=embedder.name, fingerprint=embedder.fingerprint, dimension=embedder.dimension
    )


def _ingest(index: Path, folder: Path, embedder: WordEmbedder) -> object:
    with _writer(index, embedder) as writer:
        return ingest([folder], writer=writer, embedder=embedder, passage_tokens=12, max_bytes=10**6)


@pytest.fixture
def index(tmp_path: Path, folder: Path, embedder: WordEmbedder) -> Path:
    place = tmp_path / "index"
    _ingest(place, folder, embedder)
    return place


@pytest.fixture
def reader(index: Path) -> Iterator[IndexReader]:
    opened = IndexReader(index)
    yield opened
    opened.close()


def test_passages_are_found_by_words_and_by_vectors(reader: IndexReader, embedder: WordEmbedder) -> None:
    for found in (
        reader.keyword("stolen coins", 5, None),
        reader.dense(embedder.encode(["coins stolen museum"]), 5, None),
    ):
        passage, article = reader.passages([found[0].key])[0]
        assert "coins" in passage.text
        assert article.text[passage.start : passage.end] == passage.text
        assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)


def test_every_offset_leads_to_the_words_in_the_source_file(reader: IndexReader) -> None:
    keys = [item.key for item in reader.keyword("ferry budget coins minister guard people", 50, None)]
    for passage, article in reader.passages(keys):
        source = Path(article.source_path).read_text(encoding="utf-8")
        start, end = article.in_source(passage.start), article.in_source(passage.end)
        assert source[start:end] == passage.text
        sentences = reader.sentences(article, passage.start, passage.end)
        assert sentences[0].start == passage.start and sentences[-1].end == passage.end


def test_asking_for_more_than_there_is_gives_all_of_it(reader: IndexReader, embedder: WordEmbedder) -> None:
    assert len(reader.dense(embedder.encode(["x"]), 10_000, None)) == reader.manifest.passages
    assert reader.keyword("!!! ???", 5, None) == []


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        (Filters(), {"ferry", "budget", "coins"}),
        (Filters(as_of=date(2024, 3, 2)), {"ferry", "budget"}),
        (Filters(date_from=date(2024, 3, 2), date_to=date(2024, 3, 2)), {"budget"}),
        (Filters(outlet="harbour post", date_from=date(2024, 3, 3)), {"coins"}),
        (Filters(date_from=date(2030, 1, 1)), set()),
        (Filters(language="en"), {"ferry", "budget", "coins"}),
    ],
)
def test_filters_cut_before_ranking(
    reader: IndexReader, embedder: WordEmbedder, filters: Filters, titles: set[str]
) -> None:
    allowed, _ = reader.allowed(filters)
    for found in (
        reader.dense(embedder.encode(["about the"]), 50, allowed),
        reader.keyword("ferry budget coins", 50, allowed),
    ):
        articles = {article.title.split()[-1] for _, article in reader.passages([item.key for item in found])}
        assert articles == titles


def test_undated_articles_are_left_out_by_date_filters_and_counted(
    index: Path, folder: Path, embedder: WordEmbedder
) -> None:
    (folder / "undated.txt").write_text("A note\n\nNobody knows when this was written.", encoding="utf-8")
    _ingest(index, folder, embedder)
    reader = IndexReader(index)
    allowed, undated = reader.allowed(Filters(as_of=date(2030, 1, 1)))
    reader.close()
    assert allowed is not None and undated == 1


def test_a_reader_keeps_its_generation_while_a_new_one_is_published(
    index: Path, folder: Path, embedder: WordEmbedder, reader: IndexReader
) -> None:
    before = reader.keyword("coins", 5, None)
    (folder / "coins.txt").unlink()
    _ingest(index, folder, embedder)
    assert reader.keyword("coins", 5, None) == before
    assert reader.passages([before[0].key])[0][0].text
    assert not reader.is_current(index)
    newer = IndexReader(index)
    assert newer.keyword("coins", 5, None) == []
    newer.close()


def test_what_is_removed_is_gone_from_words_and_vectors(
    index: Path, folder: Path, embedder: WordEmbedder
) -> None:
    with _writer(index, embedder) as writer:
        assert writer.remove_files([str(folder / "ferry.txt")]) == 1
        writer.publish()
    reader = IndexReader(index)
    found = reader.dense(embedder.encode(["ferry"]), 100, None)
    assert reader.keyword("ferry Anke", 5, None) == []
    assert all("ferry" not in article.title for _, article in reader.passages([item.key for item in found]))
    reader.close()
    assert check(index).problems == ()


def test_a_second_writer_fails_at_once_and_names_the_first(index: Path, embedder: WordEmbedder) -> None:
    with _writer(index, embedder), pytest.raises(IndexLocked, match=r"process \d+"):
        _writer(index, embedder)
    _writer(index, embedder).close()


def test_another_embedder_is_refused(index: Path, embedder: WordEmbedder) -> None:
    with pytest.raises(IndexMismatch, match="built with the embedder 'words'"):
        IndexWriter(index, embedder="other", fingerprint="other-1", dimension=64)


def test_an_index_of_a_newer_version_is_refused(index: Path, embedder: WordEmbedder) -> None:
    import sqlite3

    connection = sqlite3.connect(index / "library.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(IndexMismatch, match="newer version"):
        _writer(index, embedder)


def test_no_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="rag ingest"):
        IndexReader(tmp_path)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, embedder: WordEmbedder) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RagIndexError, match="--index"):
        _writer(tmp_path / "file" / "index", embedder)


@pytest.mark.parametrize("name", ["library.sqlite3", "vectors.faiss", "words.bin", "manifest.json"])
def test_flipped_bits_are_always_noticed(index: Path, name: str) -> None:
    path = next((index / "generations").iterdir()) / name
    sound = path.read_bytes()
    generator = random.Random(5)
    for _ in range(40):
        place = generator.randrange(len(sound))
        damaged = bytearray(sound)
        damaged[place] ^= 1 << generator.randrange(8)
        path.write_bytes(damaged)
        if name == "manifest.json" and json.loads(sound) == _or_none(bytes(damaged)):
            continue  # white space: nothing that is read has changed
        with pytest.raises((IndexDamaged, IndexMismatch)):
            IndexReader(index)
    path.write_bytes(sound)
    IndexReader(index).close()


def test_a_library_whose_error_message_is_no_text_is_damaged(index: Path, embedder: WordEmbedder) -> None:
    path = index / "library.sqlite3"
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE", b"CREATE \xd3ABLE", 1))
    with pytest.raises(IndexDamaged):
        _writer(index, embedder).close()


def _or_none(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return None


def test_a_damaged_generation_gives_way_to_the_one_before(
    index: Path, folder: Path, embedder: WordEmbedder
) -> None:
    (folder / "new.txt").write_text("New\n\nA zebra was seen.", encoding="utf-8")
    _ingest(index, folder, embedder)
    newest = max((index / "generations").iterdir())
    (newest / "vectors.faiss").write_bytes(b"damaged")
    reader = IndexReader(index)
    assert reader.keyword("zebra", 5, None) == []
    assert reader.keyword("coins", 5, None)
    reader.close()
    assert any("vectors.faiss" in problem for problem in check(index).problems)


def test_a_lost_generation_is_rebuilt_from_the_library(index: Path, embedder: WordEmbedder) -> None:
    for path in next((index / "generations").iterdir()).iterdir():
        path.write_bytes(b"")
    with pytest.raises(IndexDamaged, match="rag check --repair"):
        IndexReader(index)
    with _writer(index, embedder) as writer:
        writer.publish()
    reader = IndexReader(index)
    assert reader.keyword("coins", 5, None)
    reader.close()


def test_check_finds_a_passage_that_is_no_run_of_sentences(index: Path, embedder: WordEmbedder) -> None:
    import sqlite3

    connection = sqlite3.connect(index / "library.sqlite3")
    connection.execute("UPDATE passages SET start = start + 1 WHERE key = 1")
    connection.commit()
    connection.close()
    (index / "writer.json").write_text("{}")  # as if a writer had ended before it published
    with _writer(index, embedder) as writer:
        writer.publish()
    assert any("runs of its sentences" in problem for problem in check(index).problems)


def test_filters_are_values_not_queries(reader: IndexReader) -> None:
    allowed, _ = reader.allowed(replace(Filters(), outlet="x' OR '1'='1"))
    assert allowed is not None and len(allowed) == 0


def test_an_index_of_an_older_version_is_brought_up_to_date(
    index: Path, folder: Path, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag.index import tables

    monkeypatch.setattr(tables, "_MIGRATIONS", (*tables._MIGRATIONS, "CREATE TABLE later (x)"))
    monkeypatch.setattr(tables, "SCHEMA_VERSION", tables.SCHEMA_VERSION + 1)
    monkeypatch.setattr(tables, "OLDEST_READ", tables.SCHEMA_VERSION)
    with pytest.raises(IndexMismatch, match="older version"):
        IndexReader(index)
    _ingest(index, folder, embedder)
    reader = IndexReader(index)
    assert reader.keyword("coins", 5, None)
    reader.close()
