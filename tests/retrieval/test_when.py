"""Time: the period a question asks about, and the days that sentences of articles name."""

from __future__ import annotations

from datetime import date

import pytest

from rag.retrieval import Period, Question, resolve_days

TODAY = date(2026, 6, 10)
"""A Wednesday."""
FRIDAY = date(2024, 3, 8)


def period(text: str, today: date | None = TODAY) -> Period | None:
    return Question.parse(text, today=today).period


def bounds(text: str, today: date | None = TODAY) -> tuple[str, str] | None:
    found = period(text, today)
    return None if found is None else (str(found.first), str(found.last))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("How many jobs went in September 2022?", "2022-09-01", "2022-09-30"),
        ("how many jobs went in september 2022", "2022-09-01", "2022-09-30"),
        ("What was signed on 12 March 2026?", "2026-03-12", "2026-03-12"),
        ("What was signed on March 12th, 2026?", "2026-03-12", "2026-03-12"),
        ("What was signed on 2026-03-12?", "2026-03-12", "2026-03-12"),
        ("What was signed on 12.03.2026?", "2026-03-12", "2026-03-12"),
        ("Who led the inquiry in 2019?", "2019-01-01", "2019-12-31"),
        ("Who ran the port since May 2024?", "2024-05-01", "None"),
        ("Who ran the port from May 2024 on?", "2024-05-01", "None"),
        ("What did it cost before 14 November 2025?", "None", "2025-11-13"),
        ("What did it cost after 14 November 2025?", "2025-11-15", "None"),
        ("How many were built by the end of 2024?", "None", "2024-12-31"),
        ("Who paid between 3 and 5 June 2025?", "2025-06-03", "2025-06-05"),
        ("How did it change from November to March 2026?", "2025-11-01", "2026-03-31"),
        (
            "How did it change between mid-October 2025, late November and February 2026?",
            "2025-10-10",
            "2026-02-28",
        ),
        ("What did tickets cost in early 2026?", "2026-01-01", "2026-05-02"),
        ("What was the output in the first quarter of 2021?", "2021-01-01", "2021-03-31"),
        ("What was the output in Q3 2021?", "2021-07-01", "2021-09-30"),
        ("What was the output in the second half of 2028?", "2028-07-01", "2028-12-31"),
        ("How long was the clock stopped in autumn 2022?", "2022-09-01", "2022-11-30"),
        ("Who sang there in the 1990s?", "1990-01-01", "1999-12-31"),
        ("How many deaths around 18 February 2026?", "2026-02-14", "2026-02-22"),
        ("Mid-August 2025: what burnt?", "2025-08-10", "2025-08-22"),
        ("Qui a démissionné en septembre 2022 ?", "2022-09-01", "2022-09-30"),
        ("Wer ging im März 2021?", "2021-03-01", "2021-03-31"),
        ("¿Quién ganó el 12 de marzo de 2024?", "2024-03-12", "2024-03-12"),
        ("Сколько школ работало в октябре 2025 года?", "2025-10-01", "2025-10-31"),
        ("ماذا حدث في أكتوبر 2025؟", "2025-10-01", "2025-10-31"),
        ("ماذا حدث في ٣ أكتوبر ٢٠٢٥؟", "2025-10-03", "2025-10-03"),
    ],
)
def test_a_date_with_its_year_is_read_without_today(text: str, first: str, last: str) -> None:
    assert bounds(text, None) == (first, last)
    found = period(text, None)
    assert found is not None and found.dated and found.of == "event" and not found.explicit


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Who won last week?", "2026-06-01", "2026-06-07"),
        ("What was said yesterday?", "2026-06-09", "2026-06-09"),
        ("What opened this month?", "2026-06-01", "2026-06-30"),
        ("What was built last year?", "2025-01-01", "2025-12-31"),
        ("Who left two weeks ago?", "2026-05-25", "2026-05-31"),
        ("Who left in the last three weeks?", "2026-05-20", "2026-06-10"),
        ("How many died since May?", "2026-05-01", "None"),
        ("Did she win in september?", "2025-09-01", "2025-09-30"),
        ("Who met between 3 and 5 June?", "2026-06-03", "2026-06-05"),
        ("Who spoke on 29 February?", "None", "None"),
        ("What did the minister say on Monday?", "2026-06-08", "2026-06-08"),
        ("Qui a gagné en mars ?", "2026-03-01", "2026-03-31"),
        ("Кто ушёл в мае?", "2026-05-01", "2026-05-31"),
    ],
)
def test_relative_words_and_dates_without_a_year_count_from_today(text: str, first: str, last: str) -> None:
    if first == last == "None":
        assert period(text) is None
    else:
        assert bounds(text) == (first, last)
        found = period(text)
        assert found is not None and not found.dated
    assert period(text, None) is None, "the clock is never read"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("As of 7 June 2023, how many branches were open?", "None", "2023-06-07"),
        ("how many had body cameras as of january 2023", "None", "2023-01-31"),
        ("As things stood in mid-May 2024, could one walk there?", "None", "2024-05-22"),
        ("What do articles from May to July 2025 say of steel?", "2025-05-01", "2025-07-31"),
        ("What did the press report in March 2026?", "2026-03-01", "2026-03-31"),
        ("What was reported on 4 March 2026?", "2026-03-04", "2026-03-04"),
        ("Which newspapers published since 2025 mention it?", "2025-01-01", "None"),
    ],
)
def test_words_about_articles_ask_for_a_filter(text: str, first: str, last: str) -> None:
    found = period(text, None)
    assert found is not None and found.explicit
    assert (str(found.first), str(found.last)) == (first, last)


def test_what_a_named_outlet_wrote_in_a_month_is_publication() -> None:
    outlets = ["Harbour Courier"]
    asked = Question.parse("What did the Courier write in March 2026?", outlets=outlets).period
    assert asked is not None and asked.explicit
    mere = Question.parse("What did the board write in March 2026?", outlets=outlets).period
    assert mere is not None and not mere.explicit


@pytest.mark.parametrize(
    "text",
    [
        "How many drone sightings were reported near airports in 2021?",
        "How many cases were reported in May 2024?",
        "What was the vaccination coverage in June 2024?",
        "Which study was published in March 2024?",
    ],
)
def test_reports_of_other_kinds_are_events(text: str) -> None:
    found = period(text)
    assert found is not None and not found.explicit


@pytest.mark.parametrize(
    "text",
    [
        "What did the 2021 survey find?",
        "How long did the 1998 strike go on?",
        "Who may march in these boots?",
        "How many of the 2000 homes were built in 1500 days?",
        "Did they build in 2000 homes?",
        "Who flew to Mars 2020?",
        "What is the fare from January 2027?",
        "What was announced for January 2020?",
        "Was the toll lower than in 2021?",
        "How much was lost compared with last year?",
        "How much oil was pressed in the winter of 2024?",
        "How much did this year's permits cost?",
        "Are Sunday buses free?",
        "What does Victoria June earn?",
        "Which station is at kilometre 2020?",
        "What happened on 31 February 2024?",
        "What did it cost, and what was said in October 2025?",
        "What happened from the signing to 2029?",
        "Was it a May Day march?",
    ],
)
def test_no_period_is_read_where_none_is_sure(text: str) -> None:
    assert period(text) is None


def test_a_month_that_may_be_coming_is_left_open() -> None:
    assert period("What will happen in August?") is None
    assert bounds("What will happen in August 2026?") == ("2026-08-01", "2026-08-31")


def test_today_asks_for_the_latest_state() -> None:
    question = Question.parse("How many are missing today?", today=TODAY)
    assert question.period is None and question.wants_recent


def test_a_period_holds_its_days_and_open_ends() -> None:
    since = period("Who left since May 2024?")
    assert since is not None and since.words == "May 2024"
    assert since.holds(date(2024, 5, 1)) and since.holds(TODAY) and not since.holds(date(2024, 4, 30))


def days(sentence: str, published: date = FRIDAY) -> list[tuple[str, str, str]]:
    return [
        (sentence[day.start : day.end], str(day.first), str(day.last))
        for day in resolve_days(sentence, published)
    ]


@pytest.mark.parametrize(
    ("sentence", "words", "first", "last"),
    [
        ("Police said yesterday the road was shut.", "yesterday", "2024-03-07", "2024-03-07"),
        ("He left the day before yesterday.", "the day before yesterday", "2024-03-06", "2024-03-06"),
        ("The government on Thursday asked him to go.", "Thursday", "2024-03-07", "2024-03-07"),
        ("On Friday the court ruled.", "Friday", "2024-03-08", "2024-03-08"),
        ("Friday's vote was close.", "Friday", "2024-03-08", "2024-03-08"),
        ("Police said Saturday they had a suspect.", "Saturday", "2024-03-02", "2024-03-02"),
        ("The minister said on Thursday he will stay.", "Thursday", "2024-03-07", "2024-03-07"),
        ("The treaty will be signed, officials said on Thursday.", "Thursday", "2024-03-07", "2024-03-07"),
        ("The court will rule on Monday.", "Monday", "2024-03-11", "2024-03-11"),
        ("On Tuesday, members will vote.", "Tuesday", "2024-03-12", "2024-03-12"),
        ("It opens next Wednesday.", "next Wednesday", "2024-03-13", "2024-03-13"),
        ("It closed last Saturday.", "last Saturday", "2024-03-02", "2024-03-02"),
        ("Prices rose last month.", "last month", "2024-02-01", "2024-02-29"),
        ("Prices rose last week.", "last week", "2024-02-26", "2024-03-03"),
        ("Prices rose this year.", "this year", "2024-01-01", "2024-12-31"),
        ("Earlier this month it failed.", "this month", "2024-03-01", "2024-03-08"),
        ("He died two days ago.", "two days ago", "2024-03-06", "2024-03-06"),
        ("It was built three years ago.", "three years ago", "2021-01-01", "2021-12-31"),
        ("The law was passed in June.", "June", "2023-06-01", "2023-06-30"),
        ("The law was passed in February.", "February", "2024-02-01", "2024-02-29"),
        ("The bridge was closed on 14 January.", "14 January", "2024-01-14", "2024-01-14"),
        ("The bridge will open on 14 March.", "14 March", "2024-03-14", "2024-03-14"),
        ("The bridge opened on 14 March 2021.", "14 March 2021", "2021-03-14", "2021-03-14"),
        ("It sank in 1912.", "1912", "1912-01-01", "1912-12-31"),
        ("Le ministre a démissionné mercredi.", "mercredi", "2024-03-06", "2024-03-06"),
        ("Il a démissionné hier.", "hier", "2024-03-07", "2024-03-07"),
        ("Вчера суд вынес решение.", "Вчера", "2024-03-07", "2024-03-07"),
        ("Министр заявил в среду, что уйдёт.", "среду", "2024-03-06", "2024-03-06"),
        ("وقال الوزير يوم الأربعاء إن الطريق مغلق.", "الأربعاء", "2024-03-06", "2024-03-06"),
    ],
)
def test_the_day_a_sentence_names_counts_from_publication(
    sentence: str, words: str, first: str, last: str
) -> None:
    assert days(sentence) == [(words, first, last)]


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "The shop opens every Friday.",
        "The trial opens on Monday.",
        "He said he would resign on Friday.",
        "It closed last Wednesday.",
        "A Wednesday is a good day.",
        "It was shut from Monday to Thursday.",
        "The Sunday Times reported it.",
        "Good Friday was quiet.",
        "He spoke of Bloody Sunday Park.",
        "“We met yesterday,” she told the court.",
        '"We met on Monday," she told the court.',
        "« Nous sommes partis hier », a-t-il dit.",
        "We met yesterday,” she told the court.",
        "It happened about two weeks ago.",
        "It fell in the last week of the trial.",
        "Today's youth has other cares.",
        "He told Valdoro Today that all is well.",
        "It closed on 14 March.",
        "They may march in it.",
        "Le lundi, le musée est fermé.",
        "Each June and each Monday are alike.",
    ],
)
def test_nothing_is_resolved_where_a_sentence_is_not_sure(sentence: str) -> None:
    assert days(sentence) == []


def test_several_days_come_in_order_with_their_places() -> None:
    sentence = "Ministers said on Thursday they will meet on Monday, after a row in January 2023."
    assert days(sentence) == [
        ("Thursday", "2024-03-07", "2024-03-07"),
        ("Monday", "2024-03-11", "2024-03-11"),
        ("January 2023", "2023-01-01", "2023-01-31"),
    ]


def test_another_year_in_the_sentence_leaves_a_month_open() -> None:
    assert [words for words, _, _ in days("In 2019 the bill was passed in June.")] == ["2019"]


def test_a_linked_month_takes_the_year_of_the_next() -> None:
    assert [first for _, first, _ in days("It rained in June and July 2021.")] == ["2021-06-01", "2021-07-01"]


def test_no_break_spaces_keep_their_places() -> None:
    assert days("It opened on 14\u00a0March\u00a02021.") == [
        ("14\u00a0March\u00a02021", "2021-03-14", "2021-03-14")
    ]


@pytest.mark.parametrize(
    ("sentence", "first"),
    [
        ("The school will open in August.", "2024-08-01"),
        ("The school opened in August.", "2023-08-01"),
        ("He has been in opposition since September.", "2023-09-01"),
        ("They were arrested last October.", "2023-10-01"),
        ("An exhibition runs until April.", "2024-04-01"),
    ],
)
def test_a_month_without_a_year_follows_the_tense(sentence: str, first: str) -> None:
    assert [start for _, start, _ in days(sentence)] == [first]


@pytest.mark.parametrize(
    "sentence",
    [
        "School places are wanted by September.",
        "He expects the file to be closed in September.",
        "A fourth dose is recommended from 1 September.",
        "Supply teachers are included, but only from 1 September.",
        "Lowe, a former crane driver, takes office on 1 August.",
        "It was 11.2 in January of last year.",
        "The line carries 94,000 people on a normal Saturday.",
    ],
)
def test_a_month_that_may_be_of_either_year_is_left_open(sentence: str) -> None:
    assert days(sentence) == []
