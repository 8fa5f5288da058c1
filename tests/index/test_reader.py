"""What a reader serves beside the basics: keyword scores as FTS5 gives them, earlier formats, and damage under an
open index."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
import xxhash

from rag.errors import IndexDamaged
from rag.index import IndexReader, IndexWriter, check, keywords, vectors
from rag.ingest import ingest
from rag.schema import Filters
from tests.fake_models import WordEmbedder
from tests.faults import pile


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    pile.edition(folder, 1, files=40)
    (folder / "odd.txt").write_text(_ODD, encoding="utf-8")
    return _ingested(tmp_path / "index", folder)


_ODD = """The naïve harbour, السد and 大坝

The harbour, the harbour and once more the harbour: HARBOURS lie at Äußerer Damm. Κύματα rose; file a_bridge was
read by the council, and bridge_a was not. 🙂 انهار السد ليلاً في الجنوب. 大坝在夜里决堤。
"""


def _ingested(index: Path, folder: Path) -> Path:
    embedder = WordEmbedder()
    with _writer(index) as writer:
        ingest([folder], writer=writer, embedder=embedder, passage_tokens=20, max_bytes=10**6)
    return index


def _writer(index: Path) -> IndexWriter:
    embedder = WordEmbedder()
    return IndexWriter(
        index, embedder=embedder.name, fingerprint=embedder.fingerprint, dimension=embedder.dimension
    )


def _newest(index: Path) -> Path:
    return max((index / "generations").iterdir())


def _library(index: Path) -> Path:
    return _newest(index) / "library.sqlite3"


QUESTIONS = (
    "harbour",
    "harbours council",
    "Who saw the ferry, a_bridge or dam?",
    "harbour harbours HARBOURED naive",
    "naïve äußerer",
    "السد 大坝在夜里决堤 zebra edition1 1",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_keyword_scores_are_those_of_fts5(
    index: Path, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keywords, "_BLOCK", 50)  # as a large library: many blocks
    folder = index.parent / "articles"
    (folder / "7.txt").unlink()  # keys with a gap
    (folder / "later.txt").write_text("A later note\n\nThe council met at the harbour.", encoding="utf-8")
    _ingested(index, folder)
    _assert_as_fts5(index, question)


def _assert_as_fts5(index: Path, question: str) -> None:
    words = [
        word for word in question.lower().replace(",", "").strip("?").split() if word not in "who the or"
    ]
    with closing(sqlite3.connect(_library(index))) as connection:
        expected = connection.execute(
            "SELECT rowid, -bm25(passages_text, 0.5, 1.0) AS score FROM passages_text "
            "WHERE passages_text MATCH ? ORDER BY score DESC, rowid LIMIT 20",
            (" OR ".join(f'"{word}"' for word in words),),
        ).fetchall()
    with closing(IndexReader(index)) as reader:
        found = reader.keyword(question, 20, None)
        assert [item.key for item in found] == [key for key, _ in expected]
        assert [item.score for item in found] == pytest.approx([score for _, score in expected], rel=1e-12)
        allowed, _ = reader.allowed(Filters(as_of=date(2024, 3, 9)))
        assert allowed is not None
        everything = [item for item in reader.keyword(question, 10**6, None) if item.key in allowed]
        assert reader.keyword(question, 20, allowed) == everything[:20]


def test_a_large_index_is_read_like_a_small_one(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = WordEmbedder()
    asked = embedder.encode(["edition 3 1"])
    with closing(IndexReader(index)) as reader:
        small = reader.dense(asked, 5, None)
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 10)
    with _writer(index) as writer:
        writer.publish()
    with closing(IndexReader(index)) as reader:
        large = reader.dense(asked, reader.manifest.passages, None)
        assert len(large) == reader.manifest.passages
        assert [item.score for item in large[:5]] == pytest.approx([item.score for item in small])


def test_words_that_came_often_count_for_what_they_are(tmp_path: Path) -> None:
    """More than fits into a byte."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "chant.txt").write_text("The chant\n\n" + "row " * 300, encoding="utf-8")
    for number in range(3):
        (folder / f"{number}.txt").write_text(
            f"Boats {number}\n\nThey row boat {number} home.", encoding="utf-8"
        )
    index, embedder = tmp_path / "index", WordEmbedder()
    with _writer(index) as writer:
        ingest([folder], writer=writer, embedder=embedder, passage_tokens=400, max_bytes=10**6)
    for question in ("row", "chant boats", "row home 2"):
        _assert_as_fts5(index, question)


def test_how_many_passages_hold_a_term_gives_its_weight(index: Path) -> None:
    with closing(IndexReader(index)) as reader:
        total = len(reader.keyword("edition1 harbour naive later", 10**6, None))
        common, rare, unknown = reader.inverse_frequencies(["edition1", "naiv", "zebra"])
        assert total == reader.manifest.passages
    assert 0 < common < rare < unknown


def test_a_generation_without_postings_is_served_and_renewed_by_the_next_ingest(index: Path) -> None:
    with closing(IndexReader(index)) as reader:
        wanted = [reader.keyword(question, 20, None) for question in QUESTIONS]
    newest = _newest(index)
    (newest / "words.bin").unlink()
    manifest = newest / "manifest.json"
    body = json.loads(manifest.read_text(encoding="utf-8"))["manifest"] | {"format_version": 2}
    del body["files"]["words.bin"], body["publish_seconds"]
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    manifest.write_text(
        json.dumps({"manifest": body, "xxh3_128": xxhash.xxh3_128_hexdigest(canonical)}), encoding="utf-8"
    )
    with closing(IndexReader(index)) as reader:
        assert [reader.keyword(question, 20, None) for question in QUESTIONS] == wanted
    assert check(index).problems == ()
    _ingested(index, index.parent / "articles")
    assert (_newest(index) / "words.bin").exists() and _newest(index) != newest
    with closing(IndexReader(index)) as reader:
        assert [reader.keyword(question, 20, None) for question in QUESTIONS] == wanted


def test_what_is_left_in_the_text_search_of_a_passage_that_is_gone_is_not_served(index: Path) -> None:
    with closing(sqlite3.connect(index / "library.sqlite3")) as connection, connection:
        connection.execute(
            "INSERT INTO passages_text (rowid, title, body) VALUES (99999, 'harbour', 'zebra')"
        )
        connection.execute("INSERT INTO passages_text (rowid, title, body) VALUES (0, 'harbour', 'zebra')")
        connection.execute("INSERT INTO passages_text (rowid, title, body) VALUES (-7, 'harbour', 'zebra')")
    (index / "writer.json").write_text("{}")  # as if a writer had ended before it published
    with _writer(index) as writer:
        writer.publish()
    with closing(IndexReader(index)) as reader:
        assert reader.keyword("zebra", 20, None) == []
        passages = reader.passages([item.key for item in reader.keyword("harbour", 10**6, None)])
    assert all("harbour" in f"{article.title} {passage.text}".lower() for passage, article in passages)


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    with _writer(tmp_path / "index") as writer:
        writer.publish()
    with closing(IndexReader(tmp_path / "index")) as reader:
        assert reader.keyword("harbour a_bridge", 5, None) == []


@pytest.mark.parametrize("cut", [0, 3, 39, 40, 200, -1])
def test_postings_that_are_cut_are_damaged(index: Path, cut: int) -> None:
    path = _newest(index) / "words.bin"
    sound = path.read_bytes()
    with closing(IndexReader(index)) as reader:
        keys = reader.allowed(Filters(as_of=date(2100, 1, 1)))[0]
    assert keys is not None
    with closing(sqlite3.connect(":memory:")) as connection:
        path.write_bytes(sound[:cut])
        with pytest.raises(IndexDamaged, match=r"words\.bin: not postings"):
            keywords.KeywordSearch(path, connection, keys, stored=True)


_SEARCHES: dict[str, Callable[[IndexReader], object]] = {
    "phrase": lambda reader: reader.keyword("a_bridge", 10, None),
    "passages": lambda reader: reader.passages([1, 40, 80]),
    "filter": lambda reader: reader.allowed(Filters(outlet="Harbour Post")),
    "names": lambda reader: reader.outlets(),
    "articles": lambda reader: reader.articles(),
}


@pytest.mark.parametrize("search", _SEARCHES.values(), ids=_SEARCHES)
def test_damage_after_opening_says_what_to_do(index: Path, search: Callable[[IndexReader], object]) -> None:
    path = _library(index)
    with closing(IndexReader(index)) as reader:
        with path.open("r+b") as file:  # in place: the reader keeps this file open
            size = path.stat().st_size
            file.seek(4096)
            file.write(b"\xa5" * (size - 4096))
        with pytest.raises(IndexDamaged, match=r"library.sqlite3: damaged .*rag check --repair"):
            search(reader)


def test_damage_to_the_postings_after_opening_says_what_to_do(index: Path) -> None:
    path = _newest(index) / "words.bin"
    with closing(IndexReader(index)) as reader:
        with path.open("r+b") as file:
            file.seek(40)
            file.write(b"\xa5" * (path.stat().st_size - 40))
        with pytest.raises(IndexDamaged, match=r"words.bin: damaged .*rag check --repair"):
            reader.keyword("harbour ferry council", 10, None)


def test_single_flipped_bytes_are_answers_or_damage_never_another_error(index: Path) -> None:
    path = _library(index)
    sound = path.read_bytes()
    damaged = 0
    for place in range(5000, len(sound), len(sound) // 150):
        path.write_bytes(sound)
        with closing(IndexReader(index)) as reader:
            with path.open("r+b") as file:
                file.seek(place)
                file.write(bytes(value ^ 0xFF for value in sound[place : place + 4]))
            for search in _SEARCHES.values():
                try:
                    search(reader)
                except IndexDamaged:
                    damaged += 1
    assert damaged
