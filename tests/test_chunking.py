"""Sentences and passages: where they start and end, and that every offset is true."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.chunking import passages, sentences
from rag.schema import Passage

ARABIC = "قال الوزير إن السد انهار ليلاً. هل كان الانهيار متوقعاً؟ لا أحد يعلم!"
STORY = (
    "The dam failed at 3.15 a.m. on Tuesday. Four people died.\n\n"
    "“We heard it first,” said Mr. Orlow. The U.S. Embassy sent help.\n\n"
    "What comes next? Nobody knows."
)


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in sentences("a", text)]


def words(of: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in of]


def packed(text: str, tokens: int) -> list[Passage]:
    return passages("a", text, sentences("a", text), count_tokens=words, passage_tokens=tokens)


def check_offsets(text: str) -> None:
    found = sentences("a", text)
    assert [item.ordinal for item in found] == list(range(len(found)))
    end = 0
    for item in found:
        assert end <= item.start < item.end
        assert text[item.start : item.end] == item.text == item.text.strip()
        assert not text[end : item.start].strip()
        end = item.end
    assert not text[end:].strip()


class TestSentences:
    @pytest.mark.parametrize(
        "expected",
        [
            ["Dr. Lim met Gen. Orlow at St. Mary's.", "They spoke."],
            ["J. R. Poe and A. Lim signed it.", "It holds."],
            ["The U.S. Embassy closed.", "It was late."],
            ["He lives in the U.S.", "The vote is near."],
            ["Shares fell 12.5% to 3.40 euros.", "They rose later."],
            ["It opened on 3 Jan. 2024 at No. 5.", "All came."],
            ["They sold cars, ships, etc.", "The rest went to Acme Inc.", "But not all."],
            ["See fig. 3, vol. 2, e.g. on p. 7.", "It is there."],
            ["He left at 5 p.m. on Friday.", "She stayed."],
            ['"It is over."', "He left."],
            ['"Why?" she asked.', "No one knew."],
            ["“We heard it,” he said.", "“It was loud.”", "Then silence."],
            ["(It rained.)", "The game went on."],
            ["Really?!", "Yes…", "No!"],
            ["He said “no.”", "She said « oui ! »", "Done."],
        ],
        ids=lambda expected: expected[0],
    )
    def test_boundaries(self, expected: list[str]) -> None:
        assert texts(" ".join(expected)) == expected

    def test_lower_case_goes_on(self) -> None:
        assert len(texts("The firm yahoo! grew fast. Its rival did not.")) == 2

    def test_the_lines_of_a_wrapped_paragraph_stay_together(self) -> None:
        text = (
            "The county council said on Thursday evening that the bridge\n"
            "would be closed for eleven weeks from Monday on. It had been\n"
            "closed for that long only in 1987, after a barge struck it.\n"
        )
        assert texts(text) == [
            "The county council said on Thursday evening that the bridge\n"
            "would be closed for eleven weeks from Monday on.",
            "It had been\nclosed for that long only in 1987, after a barge struck it.",
        ]

    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_a_headline_without_full_stop_stands_alone(self, newline: str) -> None:
        lines = ["Dam fails in the night", "", "Four people died.", "Strait Wire"]
        assert texts(newline.join(lines)) == [line for line in lines if line]

    def test_each_item_of_a_list_stands_alone(self) -> None:
        lines = [
            "What is known:",
            "- four died",
            "- the dam is gone",
            "1. First the rain came.",
            "2. Then the flood.",
        ]
        assert texts("\n".join(lines)) == lines

    def test_right_to_left(self) -> None:
        assert texts(ARABIC) == ["قال الوزير إن السد انهار ليلاً.", "هل كان الانهيار متوقعاً؟", "لا أحد يعلم!"]

    def test_two_scripts_in_one_paragraph(self) -> None:
        text = f"The minister spoke. {ARABIC} Then he left."
        assert texts(text) == ["The minister spoke.", *texts(ARABIC), "Then he left."]

    @pytest.mark.parametrize("text", ["", " ", "\n\n \r\n\t", "\u00a0"])
    def test_nothing_in_nothing_out(self, text: str) -> None:
        assert texts(text) == []

    def test_one_word(self) -> None:
        assert texts("  Rain ") == ["Rain"]

    @pytest.mark.parametrize("unit", ["word ", "x", "القمر ", "12,5;", "a\tb  "])
    def test_a_huge_line_without_full_stop_is_cut(self, unit: str) -> None:
        text = unit * 4_000
        found = texts(text)
        assert max(map(len, found)) <= 1_500
        assert "".join("".join(found).split()) == "".join(text.split())
        check_offsets(text)

    @pytest.mark.parametrize(
        "text", [STORY, STORY.replace("\n", "\r\n"), f"\ufeff {STORY} ", "🙂. 👩‍🚒! A. B"]
    )
    def test_offsets_are_true(self, text: str) -> None:
        check_offsets(text)

    @pytest.mark.parametrize("seed", range(20))
    def test_offsets_are_true_for_any_text(self, seed: int) -> None:
        choose = random.Random(seed).choice
        pieces = [
            *'.!?…؟"”)( \n\n\t;,:',
            "\r\n",
            "\n\n",
            "Mr",
            "a",
            "B.",
            "3.5",
            "والسد",
            "é",
            "\u00a0",
            "word " * 40,
            "x" * 700,
        ]
        check_offsets("".join(choose(pieces) for _ in range(400)))


class TestPassages:
    def test_a_passage_keeps_to_the_budget_in_whole_sentences(self) -> None:
        text = " ".join(f"Sentence number {number} says little." for number in range(50))
        ends = {item.end for item in sentences("a", text)}
        starts = {item.start for item in sentences("a", text)}
        found = packed(text, 17)
        assert [item.ordinal for item in found] == list(range(17))
        assert len({item.id for item in found}) == len(found)
        for item in found:
            assert len(item.text.split()) <= 17
            assert item.start in starts
            assert item.end in ends
            assert text[item.start : item.end] == item.text
        assert " ".join(item.text for item in found) == text

    def test_one_sentence_over_the_budget_stands_alone(self) -> None:
        long = "It " + "rained and " * 30 + "stopped."
        assert [item.text for item in packed(f"Short one. {long} Short two.", 10)] == [
            "Short one.",
            long,
            "Short two.",
        ]

    def test_a_passage_ends_with_its_paragraph_when_it_is_full_enough(self) -> None:
        first = "One two three. Four five six seven."
        assert [item.text for item in packed(f"{first}\n\nEight nine. Ten.", 10)] == [
            first,
            "Eight nine. Ten.",
        ]

    def test_a_short_paragraph_is_joined_to_the_next(self) -> None:
        text = "One two.\n\nThree four five. Six."
        assert [item.text for item in packed(text, 10)] == [text]

    def test_a_large_budget_gives_one_passage(self) -> None:
        assert [item.text for item in packed(STORY, 10_000)] == [STORY]

    def test_a_budget_of_one_gives_every_sentence(self) -> None:
        assert [item.text for item in packed(STORY, 1)] == texts(STORY)

    def test_no_sentences_no_passages(self) -> None:
        assert packed("", 10) == []

    def test_names_come_from_the_article(self) -> None:
        assert re.fullmatch(r"a-\d+", packed("One.", 5)[0].id)


def test_boundaries_agree_with_hand_marked_sentences() -> None:
    """300 sentences of our own in English and Arabic; F1 of the places where a sentence ends."""
    items = json.loads((Path(__file__).parent / "data" / "sentences.json").read_text(encoding="utf-8"))
    right = wrong = missed = 0
    for item in items:
        position, gold = 0, set()
        for sentence in item["sentences"]:
            position = item["text"].index(sentence, position) + len(sentence)
            gold.add(position)
        found = {sentence.end for sentence in sentences("a", item["text"])}
        right, wrong, missed = (
            right + len(found & gold),
            wrong + len(found - gold),
            missed + len(gold - found),
        )
    assert right + missed == 300
    assert 2 * right / (2 * right + wrong + missed) >= 0.98


def test_the_speakers_of_a_transcript_are_recorded() -> None:
    text = (
        "Council meets\n\nMODERATOR: Good evening. We begin.\n\nMira Tolland: Thank you.\n\nI will be short.\n\n"
        "Odo Branning, mayor: One question.\n\nMira Tolland: Yes?"
    )
    assert [(item.speaker, item.text) for item in sentences("a", text)][1:6] == [
        ("MODERATOR", "MODERATOR: Good evening."),
        ("MODERATOR", "We begin."),
        ("Mira Tolland", "Mira Tolland: Thank you."),
        ("Mira Tolland", "I will be short."),
        ("Odo Branning, mayor", "Odo Branning, mayor: One question."),
    ]


def test_a_colon_in_an_article_makes_no_speaker() -> None:
    text = "Markets: shares fell.\n\nThe reason: oil.\n\nOil rose again."
    assert {item.speaker for item in sentences("a", text)} == {None}
