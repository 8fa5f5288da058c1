"""Quantities: read with what they measure, converted, and compared as a reader would compare them."""

from __future__ import annotations

import random

import pytest

from rag.attribution.units import Quantity, comparable, converted, quantities, same, singular


def _one(text: str) -> Quantity:
    (found,) = quantities(text)
    return found


@pytest.mark.parametrize(
    ("text", "value", "dimension"),
    [
        ("It cost 4.5 million crowns.", "4.5 million crowns", "money:crown"),
        ("It cost about €9.3m.", "about €9.3m", "money:euro"),
        ("some 1,320 dockers", "some 1,320", "count"),
        ("They put it at 1,320.", "1,320", "bare"),
        ("Twelve villagers fled.", "Twelve", "count"),
        ("12 per cent", "12 per cent", "share"),
        ("eight out of ten schools", "eight out of ten", "share"),
        ("two-thirds of it", "two-thirds", "share"),
        ("a 44-day strike", "44-day", "time"),
        ("at 10:40 p.m. sharp", "10:40 p.m.", "clock"),
        ("on 9 January.", "9 January", "day"),
        ("between 52,000 and 58,000 hectares", "52,000 and 58,000 hectares", "area"),
        ("a dozen boats", "a dozen", "count"),
    ],
)
def test_a_value_is_found_with_its_exact_words(text: str, value: str, dimension: str) -> None:
    found = _one(text)
    assert (text[found.start : found.end], found.dimension) == (value, dimension)


@pytest.mark.parametrize(
    "text",
    ["", "no figures", "the 21st meeting", "aged 58", "a 34-year-old nurse", "page 14", "Skywarden-2 flew"],
)
def test_ages_names_and_ordinals_are_no_quantities(text: str) -> None:
    assert quantities(text) == []


def test_what_is_counted_is_told() -> None:
    assert _one("1,850 of its members").nouns == {"member"}
    assert _one("640 dock jobs would go").nouns >= {"dock", "job"}
    assert singular("ferries") == "ferry"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1,700 square miles", "4,400 square kilometres"),
        ("3 feet", "91 cm"),
        ("10 nautical miles", "18.5 km"),
        ("100 hectares", "247 acres"),
        ("2,000 kg", "two tonnes"),
        ("90 minutes", "1.5 hours"),
        ("50 mph", "80 km/h"),
        ("68 degrees Fahrenheit", "20 degrees Celsius"),
        ("a quarter of it", "25 per cent"),
    ],
)
def test_the_same_in_other_units(first: str, second: str) -> None:
    assert converted(_one(first), _one(second)) and converted(_one(second), _one(first))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1,700 square miles", "1,700 square kilometres"),
        ("39 dead", "40 dead"),
        ("5 feet", "5 metres"),
        ("$3m", "$4m"),
    ],
)
def test_other_values_differ(first: str, second: str) -> None:
    assert comparable(_one(first), _one(second)) and not same(_one(first), _one(second))


@pytest.mark.parametrize(
    ("first", "second"), [("$3m", "€3m"), ("3 km", "3 tonnes"), ("12 per cent", "12 men"), ("9 May", "9 men")]
)
def test_other_kinds_are_not_compared(first: str, second: str) -> None:
    assert not comparable(_one(first), _one(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("about 400 people", "430 people"),
        ("more than 2,000 people", "2,300 people"),
        ("nearly 100 tonnes", "96 tonnes"),
        ("at least 20 people", "24 people"),
        ("1.2 million people", "1,190,000 people"),
    ],
)
def test_rounding_is_no_difference(first: str, second: str) -> None:
    assert same(_one(first), _one(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [("more than 2,000 people", "1,430 people"), ("about 12 million", "at least 30 million")],
)
def test_rounding_words_do_not_stretch_to_anything(first: str, second: str) -> None:
    assert not same(_one(first), _one(second))


PAIRS = [("kilometre", "mile"), ("hectare", "acre"), ("tonne", "kg"), ("litre", "pint"), ("hour", "minute")]


@pytest.mark.parametrize("seed", range(20))
def test_comparing_is_symmetric_and_scales(seed: int) -> None:
    chosen = random.Random(seed)
    unit, other = chosen.choice(PAIRS)
    number = chosen.randint(100, 9_000)
    first, second = _one(f"{number:,} {unit}s"), _one(f"{chosen.randint(100, 9_000):,} {other}s")
    assert same(first, second) == same(second, first)
    assert comparable(first, second) and comparable(second, first)
    rate = _one(f"2 {unit}s").middle / _one(f"1,000 {other}s").middle * 500
    there = _one(f"{number * rate:,.4f} {other}s")
    assert converted(first, there)
    assert not same(first, _one(f"{number * rate * 2:,.4f} {other}s"))
