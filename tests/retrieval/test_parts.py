"""How many things a question asks at once."""

from __future__ import annotations

import pytest

from rag.retrieval import Question


@pytest.mark.parametrize(
    ("question", "things"),
    [
        ("Pay at Orrel yard: what did the welders want, and what did they get?", 2),
        ("Pay at Orrel yard: what was asked, what was first offered and what was agreed?", 3),
        ("Who sold the Orrel yard, and how much did the buyer pay for it?", 2),
        ("How many ships did Orrel build in May, June and July 2024?", 3),
        ("How did orders at Orrel change between spring 2023 and March 2024?", 2),
        ("How deep is the Orrel basin according to the harbour office and to the divers?", 2),
        ("Depth of the Orrel basin: harbour office, divers, and the new chart?", 3),
        ("What was built, what was sold, what was scrapped, what was lost and what is left at Orrel?", 4),
    ],
)
def test_several_things_are_counted(question: str, things: int) -> None:
    assert Question.parse(question).things == things


@pytest.mark.parametrize(
    "question",
    [
        "Who sold the yard and when?",
        "Who bought the yard and the dock in Orrel?",
        "When the auditors came to Orrel, what did they find in the safe?",
        "What did the mayor say about what the divers found?",
        "Was the ship built in March 2024?",
        "May 2024: ships built, ships sold",
        "Ferry Anke: how many people were on board?",
        "According to the harbour office, how deep is the basin?",
    ],
)
def test_one_question_stays_one(question: str) -> None:
    assert Question.parse(question).things == 1
