"""The questions that the page opens with: of several kinds, and the articles answer each."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.config import Config
from rag.schema import Article
from rag.ui.examples import examples_from
from tests.fakes import FakeAssistant, make_article

SAMPLE = Path(__file__).parents[2] / "eval" / "articles" / "sample"
SPEECH = (
    "The Orsk Line opens in May. “It will take an hour from here to the sea, and no longer,” Ana Lim said. "
    "The Orsk Line cost more than was said."
)


def asked(*articles: Article) -> list[str]:
    fake = FakeAssistant(articles=articles)
    return examples_from(fake.articles(), fake.article)


def test_the_kinds_differ() -> None:
    first = make_article(1, "A fair", "The fair was held.", outlet="Post", published=date(2024, 5, 2))
    second = make_article(2, "A railway", SPEECH, outlet="Harbour Post", published=date(2024, 5, 1))
    third = make_article(3, "Trains", "Monday. On the Vell Road we met. Monday came; the Vell Road was wet.")
    fourth = make_article(
        4, "More", "The cost of the Orsk Line rose. The Orsk Line is late.", outlet="Courier"
    )
    assert asked(first, second, third, fourth) == [
        "What are the main points of “A fair”?",
        "What exactly did Ana Lim say?",
        "What does Courier report about the Orsk Line?",
    ]
    roads = "The Vell Road and the Orsk Line meet. The Vell Road and the Orsk Line."
    later = [make_article(number, f"Roads {number}", roads, published=date(2024, 4, 1)) for number in (5, 6)]
    more = asked(first, second, third, fourth, *later)
    assert more[-1] == "What is the latest on the Vell Road?"
    assert len(more) == 4


def test_where_there_is_little_to_ask_titles_make_up_for_it() -> None:
    plain = [make_article(number, f"Title {number}", "It rained.", outlet=None) for number in range(1, 6)]
    assert asked(*plain) == [f"What are the main points of “Title {number}”?" for number in (1, 2, 3)]
    assert asked(plain[0]) == ["What are the main points of “Title 1”?"]
    assert asked() == []
    long = make_article(1, "word " * 60, "It rained.")
    assert len(asked(long)[0]) < 130
    copy = make_article(2, "A copy", SPEECH, duplicate_of="a1")
    assert asked(plain[0], copy) == ["What are the main points of “Title 1”?"]
    # Other languages: the names of an English question are not looked for there.
    assert asked(make_article(1, "Titre", SPEECH, language="fr")) == ["What are the main points of “Titre”?"]


@pytest.mark.model
def test_the_sample_articles_answer_each_of_them(tmp_path: Path) -> None:
    with Assistant.open(Config(index_dir=tmp_path / "index")) as assistant:
        assistant.ingest([SAMPLE])
        questions = examples_from(assistant.articles(), assistant.article)
        assert 3 <= len(questions) <= 4
        assert len({question[:12] for question in questions}) == len(questions), "each of another kind"
        for question in questions:
            answer = assistant.ask(question, extractive=True)
            assert answer.abstention is None, question
            assert answer.citations, question
