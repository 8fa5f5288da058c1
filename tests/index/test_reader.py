"""What a reader serves beside the basics: keyword scores as FTS5 gives them, and damage under an open index."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from rag.errors import IndexDamaged
from rag.index import IndexReader, IndexWriter, vectors
from rag.ingest import ingest
from rag.schema import Filters
from tests.fake_models import WordEmbedder
from tests.faults import pile


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder, place = tmp_path / "articles", tmp_path / "index"
    pile.edition(folder, 1, files=40)
    embedder = WordEmbedder()
    with IndexWriter(
        place, embedder=embedder.name, fingerprint=embedder.fingerprint, dimension=embedder.dimension
    ) as writer:
        ingest([folder], writer=writer, embedder=embedder, passage_tokens=20, max_bytes=10**6)
    return place


def _library(index: Path) -> Path:
    return index / "generations" / "000001" / "library.sqlite3"


@pytest.mark.parametrize(
    "question", ["harbour", "harbours council", "Who saw the ferry, a_bridge or dam?", "naïve"]
)
def test_keyword_scores_are_those_of_fts5(index: Path, question: str) -> None:
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
        for _ in range(2):  # the second time from memory
            assert [(item.key, item.score) for item in reader.keyword(question, 20, None)] == expected
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
    with IndexWriter(
        index, embedder=embedder.name, fingerprint=embedder.fingerprint, dimension=embedder.dimension
    ) as writer:
        writer.publish()
    with closing(IndexReader(index)) as reader:
        large = reader.dense(asked, reader.manifest.passages, None)
        assert len(large) == reader.manifest.passages
        assert [item.score for item in large[:5]] == pytest.approx([item.score for item in small])


_SEARCHES: dict[str, Callable[[IndexReader], object]] = {
    "keyword": lambda reader: reader.keyword("harbour ferry council", 10, None),
    "passages": lambda reader: reader.passages([1, 40, 80]),
    "filter": lambda reader: reader.allowed(Filters(outlet="Harbour Post")),
    "names": lambda reader: reader.outlets(),
    "articles": lambda reader: reader.articles(),
    "frequencies": lambda reader: reader.inverse_frequencies(["harbour"]),
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
