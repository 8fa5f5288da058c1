"""Numbers, dates, names and negations are recognised in every usual spelling."""

from __future__ import annotations

import pytest

from rag.attribution import values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,700 miles", {(1700.0, False)}),
        ("1\u00a0700 miles", {(1700.0, False)}),
        ("4.5 million crowns", {(4.5e6, False)}),
        ("$61m", {(61e6, False)}),
        ("12 per cent", {(12.0, True)}),
        ("12%", {(12.0, True)}),
        ("twenty-two dead", {(22.0, False)}),
        ("eleven men", {(11.0, False)}),
        ("three thousand", {(3000.0, False)}),
        ("the 21st meeting", {(21.0, False)}),
        ("one of the men", set()),
        ("٢٠ قتيلا", {(20.0, False)}),
        ("no figures here", set()),
    ],
)
def test_numbers_are_read_as_values(text: str, expected: set[tuple[float, bool]]) -> None:
    assert values.numbers(text) == expected


@pytest.mark.parametrize("text", ["3 March", "March 3", "3rd of March", "Mar. 3", "March 3rd, 2024"])
def test_days_are_read_in_every_order(text: str) -> None:
    assert values.days(text) == {(3, 3)}


def test_names_lose_their_possessive() -> None:
    assert values.names("Anna Lim’s letter to the O'Neill family") == ["Anna", "Lim", "O'Neill"]


@pytest.mark.parametrize(
    "text", ["It was not signed.", "He didn’t go.", "No one came.", "She left without it."]
)
def test_plain_negation_is_noticed(text: str) -> None:
    assert values.negated(text)


@pytest.mark.parametrize("text", ["He refused to sign.", "They denied it.", "The plan was rejected."])
def test_verbs_that_turn_the_sense_are_noticed(text: str) -> None:
    assert values.reverses(text) and not values.negated(text)
