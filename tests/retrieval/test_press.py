"""Sources a question names: outlets and authors that the index knows."""

from __future__ import annotations

import pytest

from rag.retrieval import Named, Question

OUTLETS = [
    "Karsholm Courier",
    "The Halyard Post",
    "Halyard Press Agency",
    "Sputnik",
    "TASS",
    "Lissant Evening Echo",
    "Torvik Observer",
    "Upland Post",
    "Press Service of the Forum",
    "Radio Pellin",
    "Предгорный вестник",
    "صحيفة المرفأ",
]


def named(text: str) -> list[tuple[str, bool]]:
    return [(item.name, item.explicit) for item in Question.parse(text, outlets=OUTLETS).outlets]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("According to Sputnik, who left?", "Sputnik"),
        ("how many died, according to sputnik?", "Sputnik"),
        ("Who left, according to the halyard post?", "The Halyard Post"),
        ("In the Karsholm Courier, who is blamed?", "Karsholm Courier"),
        ("Which people, as reported by the Karsholm Courier, left?", "Karsholm Courier"),
        ("What does the Courier's report say?", "Karsholm Courier"),
        ("What did the Courier write about it?", "Karsholm Courier"),
        ("What does the Observer say about the ban?", "Torvik Observer"),
        ("Halyard Post: which villages flooded?", "The Halyard Post"),
        ("What did the Lissant Echo report?", "Lissant Evening Echo"),
        ("What did HPA report?", "Halyard Press Agency"),
        ("Tass reported how many dead?", "TASS"),
        ("What did Предгорный вестник write?", "Предгорный вестник"),
    ],
)
def test_an_outlet_asked_for_is_explicit(text: str, name: str) -> None:
    assert named(text) == [(name, True)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Was the Sputnik vaccine approved?", "Sputnik"),
        ("Who owns the Karsholm Courier?", "Karsholm Courier"),
        ("Who owns the Courier?", "Karsholm Courier"),
        ("How did doctors get past the Karsholm Courier's editors?", "Karsholm Courier"),
        ("من يملك صحيفة المرفأ؟", "صحيفة المرفأ"),
    ],
)
def test_an_outlet_spoken_of_is_a_mention(text: str, name: str) -> None:
    assert named(text) == [(name, False)]


@pytest.mark.parametrize(
    "text",
    [
        "What did the observer see?",
        "According to the observer, what was seen?",
        "Who runs the Post?",
        "According to the Post, who left?",
        "According to the Forum, how many came?",
        "Did the Courier Group lose money?",
        "Who would buy the Pellin shipyard?",
        "Which Apollo Observer crashed?",
        "Who sent a courier to the echo chamber?",
        "What did hpa report?",
    ],
)
def test_ordinary_words_and_ambiguous_short_names_are_no_outlets(text: str) -> None:
    assert named(text) == []


def test_without_known_outlets_none_is_named() -> None:
    assert Question.parse("According to Sputnik, who left?").outlets == ()


def test_each_outlet_is_named_once_in_order() -> None:
    text = "Do the Karsholm Courier and Sputnik differ, and does the Courier say why?"
    assert named(text) == [("Karsholm Courier", True), ("Sputnik", False)]


def test_two_spellings_of_one_short_name_are_ambiguous() -> None:
    question = Question.parse("What did the Courier report?", outlets=["Ulm Courier", "Vell Courier"])
    assert question.outlets == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What did Ana Lim write about the mill?", (Named("Ana Lim", True),)),
        ("what does ana lim's article say?", (Named("Ana Lim", True),)),
        ("Who is quoted in reports by Lim?", (Named("Ana Lim", True),)),
        ("Did Ana Lim resign?", (Named("Ana Lim", False),)),
        ("Did Lim resign?", ()),
        ("What did the staff reporter say?", ()),
        ("What did Fox write?", ()),
    ],
)
def test_authors_are_named_whole_or_as_writers(text: str, found: tuple[Named, ...]) -> None:
    authors = ["Ana Lim", "Staff", "staff reporter", "Bo Fox", "Cy Fox"]
    assert Question.parse(text, authors=authors).authors == found
