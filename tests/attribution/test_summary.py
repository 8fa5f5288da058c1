"""Summaries are the article's own sentences: how it opens, what it is about, nothing twice, in its order."""

from __future__ import annotations

import numpy as np
import pytest

from rag.attribution import key_sentences
from rag.chunking import sentences
from rag.schema import Article
from tests.fake_models import WordEmbedder

TEXT = """Orrel yard to close

The Orrel yard will close in June after eighty years of building ferries. Photo: the yard in winter.
The Orrel yard built ferries for eighty years, its owner said of the yard. It employs 340 people today.
The owner of the Orrel yard blames dear steel for the end of ferries there. A gull sat on a bollard near the gate.
The union of the Orrel yard wants the town to buy it and go on building ferries."""


def _article(text: str = TEXT) -> Article:
    return Article(
        id="a", title="Orrel yard to close", text=text, source_path="a.txt", source_hash="s", content_hash="c"
    )


def _told(text: str = TEXT, most: int = 3) -> list[str]:
    article = _article(text)
    every = sentences("a", text)
    return [
        item.text
        for item in key_sentences(
            article, every, WordEmbedder().encode([item.text for item in every]), most=most
        )
    ]


def test_the_opening_leads_and_the_order_is_the_articles() -> None:
    told = _told()
    assert told[0] == "The Orrel yard will close in June after eighty years of building ferries."
    assert [TEXT.index(item) for item in told] == sorted(TEXT.index(item) for item in told)
    assert len(set(told)) == len(told) == 3


def test_headlines_and_captions_are_left_out() -> None:
    assert not {"Orrel yard to close", "Photo: the yard in winter."} & set(_told(most=20))


def test_what_the_article_is_about_goes_before_an_aside() -> None:
    assert not any("gull" in item for item in _told())


@pytest.mark.parametrize("text", ["Closed.", "One line without an end"])
def test_an_article_without_whole_sentences_gives_its_first_words(text: str) -> None:
    assert _told(text) == [text]


def test_an_empty_article_gives_nothing() -> None:
    assert key_sentences(_article(""), [], np.zeros((0, 64), dtype=np.float32), most=3) == []
