"""Follow-up questions are made to stand alone; questions that do so are left as they are."""

from __future__ import annotations

import pytest

from rag.retrieval import Question, rewrite
from rag.schema import History

FERRY = (("Who owns the ferry Anke?", "Nordkai."),)
TRUCE = (("Who led Sorvia's team at the truce talks?", "Deputy Prime Minister Levko Dorin."),)
VILLAGE = (("Which village burned down in the Ardesk fire?", "Kessary."),)
FINE = (("What fine did the Harbour Trust pay in 2022?", "2.4 million pounds."),)


@pytest.mark.parametrize(
    ("text", "history", "expected"),
    [
        ("Why did he resign?", TRUCE, "Why did Levko Dorin resign ("),
        ("And what is his lawyer's name?", TRUCE, "What is Levko Dorin's lawyer's name ("),
        ("Who came after him?", TRUCE, "Who came after Levko Dorin ("),
        ("How many houses did it lose?", VILLAGE, "How many houses did Kessary lose ("),
        ("How many people live there now?", VILLAGE, "How many people live in Kessary now ("),
        ("What is its population?", VILLAGE, "What is Kessary's population ("),
    ],
)
def test_a_pronoun_gets_the_name_it_stands_for(text: str, history: History, expected: str) -> None:
    assert rewrite(text, history).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("And in 2023?", "What fine did the Harbour Trust pay in 2023?"),
        ("What about in May 2021?", "What fine did the Harbour Trust pay in May 2021?"),
        ("And Norrline?", "What fine did the Norrline pay in 2022?"),
        (
            "What about the subcontractor?",
            "What fine did the Harbour Trust pay in 2022, and the subcontractor?",
        ),
        (
            "And with regard to repairs?",
            "What fine did the Harbour Trust pay in 2022 with regard to repairs?",
        ),
        (
            "And if you believe the union?",
            "What fine did the Harbour Trust pay in 2022 if you believe the union?",
        ),
    ],
)
def test_a_fragment_varies_the_earlier_question(text: str, expected: str) -> None:
    assert rewrite(text, FINE) == expected


@pytest.mark.parametrize(
    "text",
    [
        "And how much did it cost?",
        "Why?",
        "For how long?",
        "How much do they want?",
        "Was that true?",
        "How many had been asked for?",
        "What happened to the rest of it?",
        "Were there any injuries?",
        "Did the foreman?",
        "how many of them were fined",
        "Who pointed that out?",
    ],
)
def test_what_stays_open_is_added_with_the_earlier_names(text: str) -> None:
    rewritten = rewrite(text, (("How did the dispute at Karsholm port end?", "With a deal in Asterly."),))
    assert rewritten.endswith("(the dispute at Karsholm port end; Asterly)?")
    assert Question.parse(rewritten).asks == Question.parse(text).asks, "the earlier question asks no more"


@pytest.mark.parametrize(
    "text",
    [
        "Who leads the Harbour Trust?",
        "Which minister left after the budget vote?",
        "How much money do Karsholm strikers get per day from their union?",
        "Who said that the toll would fall?",
        "Who said he would resign?",
        "Did Haskell stick to his pledge on the treasury?",
        "By its own account, did Ardesk Grid notice trouble on its wires?",
        "How many people are there in Tolmere?",
        "Lammer Bank herring: what was it under the previous accord?",
        "Which leader said their country wanted 20 boats?",
        "When did nordre mutual say it would pay?",
        "Did some couriers object to the law that was meant to protect them?",
        "How many died so far?",
        "So far, how many users of Telvana complained?",
        "Is it true that Merrow failed?",
    ],
)
def test_a_question_that_stands_alone_is_left_as_it_is(text: str) -> None:
    assert rewrite(text, FERRY) == text
    assert rewrite(text, ()) == text


def test_without_history_nothing_is_added() -> None:
    assert rewrite("And when did it happen?", ()) == "And when did it happen?"


def test_a_follow_up_of_a_follow_up_brings_the_first_question() -> None:
    history = (*VILLAGE, ("How many houses did it lose?", "163 of 214."))
    rewritten = rewrite("And how many of them were rebuilt?", history)
    assert rewritten.startswith("How many of them were rebuilt (houses Kessary lose")
    assert "Ardesk fire" in rewritten


def test_a_name_from_earlier_turns_completes_a_surname() -> None:
    history = (
        ("Who was health minister?", "Dr. Idris Vantongo."),
        ("Did he stay?", "No, Vantongo resigned."),
    )
    assert rewrite("What does he do now?", history).startswith("What does Idris Vantongo do now")


def test_whom_an_answer_only_quotes_is_not_meant() -> None:
    history = (("Why did Levko Dorin leave?", "Because of his health, according to Minister Irma Vashadel."),)
    assert rewrite("What reason does he give?", history).startswith("What reason does Levko Dorin give")


def test_between_two_people_none_is_chosen() -> None:
    history = (("Who spoke?", "Ana Lim and Bo Fox did."),)
    rewritten = rewrite("What did she say?", history)
    assert rewritten.startswith("What did she say (") and "Ana Lim, Bo Fox" in rewritten


def test_a_title_that_does_not_fit_the_pronoun_rules_a_name_out() -> None:
    history = (("What had Mr Coyle said?", "That tables were next."),)
    assert rewrite("How did she react?", history).startswith("How did she react (")


def test_a_person_is_not_put_for_a_thing() -> None:
    history = (("Who chaired the inquiry into Skywarden-2?", "Prof. Ylva Rönnbeck."),)
    rewritten = rewrite("And how long was its report?", history)
    assert rewritten.startswith("How long was its report (") and "Skywarden-2" in rewritten


def test_then_takes_the_date_of_the_answer() -> None:
    history = (("What did Kaldria approve?", "61 million, at the November 2025 hearing."),)
    assert "November 2025" in rewrite("How much had been used by then?", history)


def test_an_event_keeps_the_whole_earlier_question() -> None:
    history = (("Where did the Anke sink?", "Off Kestrel Point."),)
    assert rewrite("And when did it happen?", history) == "Where did the Anke sink? And when did it happen?"


def test_other_scripts_with_an_opening_and_are_follow_ups_too() -> None:
    rewritten = rewrite("А когда?", (("Кто подписал договор в Осло?", "Анна Лим."),))
    assert "договор в Осло" in rewritten


def test_long_histories_stay_short() -> None:
    history = tuple((f"Why did it close, {'word ' * 400}{turn}?", "Yes. " * 400) for turn in range(9))
    rewritten = rewrite("And why?", history)
    assert len(rewritten) < 2_500
    assert Question.parse(rewritten)


def test_empty_turns_do_no_harm() -> None:
    assert rewrite("And why?", (("", ""),)) == "Why?"
    assert rewrite("", FERRY) == ""
