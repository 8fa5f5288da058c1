"""The kind of answer a question wants: yes or no, the latest, several statements, a quotation."""

from __future__ import annotations

import pytest

from rag.retrieval import Question


@pytest.mark.parametrize(
    "text",
    [
        "Did the ferry sink?",
        "was a ransom paid",
        "And is the tunnel open?",
        "By mid-February 2026, had any neighbour closed its border?",
        "By its own account, did the grid firm notice?",
        "May Vell send observers?",
        "Were there any injuries when it came down?",
        "Did they ask for help or not?",
        "Is the extra charge still in the contract?",
        "Est-ce que le pont est ouvert ?",
        "هل أغلق الجسر؟",
        "Закрыт ли мост?",
    ],
)
def test_a_yes_no_question_is_one(text: str) -> None:
    assert Question.parse(text).is_yes_no


@pytest.mark.parametrize(
    "text",
    [
        "Who left?",
        "Did it sink, and when?",
        "Did the school reach its target and from whom did the money come?",
        "Was it red or blue?",
        "Can you tell me the toll?",
        "Could you list the ministers?",
        "Do you know who left?",
        "May 2025: how many tolls?",
        "What is it?",
        "the ferry is lost",
        "When the ferry sank, did anyone say why?",
        "Is there a rule — how soon must they begin?",
    ],
)
def test_other_questions_are_no_yes_no_questions(text: str) -> None:
    assert not Question.parse(text).is_yes_no


@pytest.mark.parametrize(
    "text",
    [
        "How many deaths so far?",
        "What is the latest figure?",
        "Who is now minister?",
        "Is the toll still charged?",
        "Has it opened yet?",
        "What's the current price?",
        "What does he do these days?",
        "How much has been paid to date?",
        "According to the most recent report, when does it open?",
        "Кто сейчас министр?",
    ],
)
def test_the_latest_state_is_wanted(text: str) -> None:
    assert Question.parse(text).wants_recent


@pytest.mark.parametrize(
    "text",
    [
        "Who led the inquiry?",
        "Was she still mayor in 1998?",
        "By when must it be paid at the latest?",
        "Why is the current account empty?",
        "Who moves up now that the Rovers are out?",
        "How has it come so far north?",
        "Who argued that people can still see it?",
        "What did today's youth say?",
    ],
)
def test_the_latest_state_is_not_wanted(text: str) -> None:
    assert not Question.parse(text).wants_recent


@pytest.mark.parametrize(
    "text",
    [
        "Do the papers disagree on the toll?",
        "How long is the road? Sources differ.",
        "Give both versions of the call.",
        "How many came: police versus organisers?",
        "When did he hear? Governor vs minister",
        "When does it end, in the view of each side?",
        "Compare the two offers.",
        "How did the offer compare with the demand?",
        "How did the toll change between May and July 2025?",
        "How has the offer developed?",
        "Give me a timeline of the strike.",
        "How did support change over time?",
        "What was the fine at first, and what did it end up as?",
        "How much was asked and how much was paid?",
        "How long was it dry according to the firm, and according to its records?",
    ],
)
def test_several_statements_are_wanted(text: str) -> None:
    assert Question.parse(text).wants_several


@pytest.mark.parametrize(
    "text",
    [
        "Since when do both countries recognise it?",
        "Who compared the deal to a bridge?",
        "Can either side appeal?",
        "How did the board vote when it decided not to move rates?",
        "When the ferry sank, what did the crew do?",
        "Who left, and why?",
        "Was it passed from one farm to the next?",
        "Who develops the area?",
        "What is the name of the member who disagreed?",
    ],
)
def test_one_statement_is_enough(text: str) -> None:
    assert not Question.parse(text).wants_several


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("What exactly did Ana Lim say about the mill?", "Ana Lim"),
        ("What exactly did Deputy Minister Ana de la Cruz say?", "Deputy Minister Ana de la Cruz"),
        ("What were Lim's exact words?", "Lim"),
        ("Quote Ana Lim on the mill.", "Ana Lim"),
        ("What did Ana Lim say, word for word?", "Ana Lim"),
        ("How did Irma Vashadel put it?", "Irma Vashadel"),
        ("What exactly did the mayor say?", None),
        ("What exactly did the mayor of Orrel say about the mill?", None),
        ("In whose words was it a disaster?", None),
        ("Is there a quote on the toll?", None),
    ],
)
def test_a_quotation_is_wanted_and_whose(text: str, speaker: str | None) -> None:
    question = Question.parse(text)
    assert question.wants_quote and question.speaker == speaker


@pytest.mark.parametrize(
    "text",
    ["What did Ana Lim want?", "What do witnesses quoted by the Post say?", "Where exactly did it start?"],
)
def test_no_quotation_is_wanted(text: str) -> None:
    question = Question.parse(text)
    assert not question.wants_quote and question.speaker is None


def test_of_several_questions_the_last_gives_the_kind_of_value() -> None:
    assert Question.parse("How many branches are there? And when will they close?").asks == "time"
    assert Question.parse("How long is it? Sources differ.").asks == "number"


def test_a_plain_question_has_none_of_it() -> None:
    question = Question.parse("Who drafted the Sorrel treaty?")
    assert question == Question("Who drafted the Sorrel treaty?", "person", ("Sorrel",), ())
