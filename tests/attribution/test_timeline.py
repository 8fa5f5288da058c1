"""Timelines: dated sentences in order, one a day and outlet, none without a date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from rag.attribution import Ground, assemble
from rag.attribution.gate import Backing
from rag.attribution.statements import Span
from rag.attribution.timeline import asks_development, entries, timeline
from rag.schema import Article


def _ground(
    text: str, day: str | None, outlet: str = "Fell Herald", strength: float = 0.9, number: int = 1
) -> Ground:
    article = Article(
        id=f"{outlet}-{day}-{number}",
        title="Yard",
        text=text,
        source_path="a.txt",
        source_hash="s",
        content_hash="c",
        outlet=outlet,
        published=date.fromisoformat(day) if day else None,
    )
    return Ground(number, Span(article, 0, len(text)), Backing(text, "Yard", text), strength)


def test_sentences_stand_in_the_order_of_their_days() -> None:
    found = timeline([_ground("The yard closed.", "2024-03-09"), _ground("The yard opened.", "2024-01-05")])
    assert [item.checked.text for item in found] == ["The yard opened.", "The yard closed."]
    assert [item.day for item in found] == [date(2024, 1, 5), date(2024, 3, 9)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("It closed on 28 December.", date(2023, 12, 28)),
        ("It will close on 1 February.", date(2024, 2, 1)),
        ("It closed on May 3, 2019.", date(2019, 5, 3)),
        ("It ran from 3 May to 7 June.", date(2024, 1, 5)),
        ("It closes on 31 February.", date(2024, 1, 5)),
    ],
)
def test_a_day_named_in_the_sentence_counts(text: str, day: date) -> None:
    assert [item.day for item in timeline([_ground(text, "2024-01-05")])] == [day]


def test_one_sentence_a_day_and_outlet_the_strongest() -> None:
    weak = _ground("Smoke was seen.", "2024-01-05", strength=0.4)
    strong = _ground("The yard burned down.", "2024-01-05", strength=0.8, number=2)
    other = _ground("The yard is gone.", "2024-01-05", outlet="North Wire", strength=0.5)
    assert [item.checked.text for item in timeline([weak, strong, other])] == [
        "The yard burned down.",
        "The yard is gone.",
    ]


def test_repeated_undated_and_weak_sentences_are_left_out() -> None:
    first = _ground("The yard opened.", "2024-01-05")
    again = _ground("The  yard opened.", "2024-01-06", outlet="North Wire", strength=0.5)
    assert len(timeline([first, again])) == 1
    assert timeline([_ground("The yard opened.", None)]) == []
    assert timeline([replace(first, strength=0.01)]) == []
    assert timeline([]) == []


def test_entries_carry_the_numbers_of_their_citations() -> None:
    dated = timeline([_ground("The yard opened.", "2024-01-05"), _ground("The yard closed.", "2024-03-09")])
    _, citations = assemble([item.checked for item in dated])
    assert [item.statement.citations for item in entries(dated, citations)] == [(1,), (2,)]
    assert len(entries(dated, citations[1:])) == 1


@pytest.mark.parametrize(
    "question",
    [
        "How did the toll change over the week?",
        "Give me a timeline of the strike.",
        "How has the offer developed?",
    ],
)
def test_questions_about_development(question: str) -> None:
    assert asks_development(question)


@pytest.mark.parametrize("question", ["How many died?", "Who leads the yard?", "When did it open?"])
def test_other_questions(question: str) -> None:
    assert not asks_development(question)
