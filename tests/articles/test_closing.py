"""What an article says of itself outside its head: disclaimers, appeals to follow, its own address; never a guess."""

from __future__ import annotations

from typing import Any

import pytest

from rag.articles.closing import completed
from rag.articles.issue import read_heads
from rag.articles.metadata import Head

TITLE = "Keeper of Sund light counts the gulls again"
BODY = (
    "The keeper of the light at Sund has counted 411 gulls, and the streets of Port Maren have seen few of them, he "
    "said in Vell on Friday.\n\nThe count goes on until the autumn."
)


def _head(text: str) -> Head:
    (head,) = _heads(text)
    return head


def _heads(*texts: str) -> list[Head]:
    return completed(read_heads("", texts), texts)


def _closed(closing: str) -> Head:
    return _head(f"{TITLE}\n\n{BODY}\n\n{closing}")


@pytest.mark.parametrize(
    "closing",
    [
        "The views expressed in this article do not necessarily reflect those of The Tidewatch.",
        "The opinions expressed here are the author's own and do not necessarily reflect the views of The Tidewatch.",
        "The views and opinions expressed do not represent the editorial position of The Tidewatch or its staff",
        "The views expressed here are her own and do not necessarily reflect The Tidewatch's editorial stance.",
    ],
)
def test_a_disclaimer_names_the_outlet(closing: str) -> None:
    assert _closed(closing) == Head(TITLE, outlet="The Tidewatch")


@pytest.mark.parametrize(
    "closing",
    [
        "Read all articles by Sund News Media on Google News, subscribe and follow.",
        "Follow Sund News Media on Telegram\nScroll to Top",
    ],
)
def test_an_appeal_to_follow_names_the_outlet(closing: str) -> None:
    assert _closed(closing) == Head(TITLE, outlet="Sund News Media")


@pytest.mark.parametrize(
    "closing",
    [
        "The views expressed in this article do not necessarily reflect those of the publisher.",
        "The views expressed in this article are those of the author.",
        "The minister's views do not reflect those of Port Maren.",
        "Follow Tova Quist on Twitter",
        "Follow us on Telegram",
    ],
)
def test_who_is_named_otherwise_is_no_outlet(closing: str) -> None:
    assert _closed(closing).outlet is None


OWN = "https://www.marenshore.example/2024/05/03/keeper-of-sund-light-counts-the-gulls-again.html"


@pytest.mark.parametrize(
    "text", [f"{TITLE}\n\n{BODY}\n\n{OWN}", f"{TITLE}\n{OWN}\n\n{BODY}", f"{OWN}\n{TITLE}\n\n{BODY}"]
)
def test_its_own_address_is_told_by_the_words_of_its_title(made: Any, text: str) -> None:
    (article,) = made("a.txt", text).articles
    assert (article.title, article.url, article.outlet) == (TITLE, OWN, "marenshore.example")


def test_a_named_outlet_goes_before_the_host(made: Any) -> None:
    (article,) = made("a.txt", f"{TITLE}\nMaren Gazette\n3 May 2024\n\n{BODY}\n\n{OWN}").articles
    assert (article.url, article.outlet) == (OWN, "Maren Gazette")


@pytest.mark.parametrize(
    "other",
    [
        "https://marenshore.example/2024/05/02/harbour-closed-after-storm",
        "https://marenshore.example/keeper",
        "www.sundlight.example",
    ],
)
def test_another_address_is_not_its_own(made: Any, other: str) -> None:
    (article,) = made("a.txt", f"{TITLE}\n\n{BODY}\n\n{other}").articles
    assert (article.url, article.outlet) == (None, None)


@pytest.mark.parametrize("place", [" – Norland", " - Norland", " — North Norland"])
@pytest.mark.parametrize("outlet", ["SNA", "Sund Times"])
def test_the_country_after_an_outlet_is_not_part_of_its_name(outlet: str, place: str) -> None:
    assert _head(f"{TITLE}\n\n{outlet}{place}\n3 May 2024\n\n{BODY}").outlet == outlet


def test_a_house_of_two_names_stays_whole() -> None:
    head = _head(f"{TITLE}\n\nSNA – Sund News Agency\n3 May 2024\n\n{BODY}")
    assert head.outlet == "Sund News Agency"


def test_the_subject_after_a_bar_is_no_part_of_the_title() -> None:
    assert _head(f"{TITLE} | Port Maren\n\n{BODY}") == Head(TITLE)
    assert (
        _head(f"Live | Port Maren Counts Its Gulls\n\n{BODY}").title == "Live | Port Maren Counts Its Gulls"
    )


def test_hard_spaces_are_spaces() -> None:
    text = f"{TITLE.replace(' ', chr(160))}\n\n3 May 2024\n\nBy Tova\u00a0Quist\n\n{BODY}"
    head = _head(text)
    assert (head.title, head.author) == (TITLE, "Tova Quist")


@pytest.mark.parametrize("name", ["Dr. Tova Quist", "Prof. Tova Quist", "Prof. Dr. Tova Quist"])
def test_a_scholar_signs_with_a_title(name: str) -> None:
    assert _head(f"{TITLE}\n\n{name}\n\n{BODY}").author == "Tova Quist"


@pytest.mark.parametrize("rank", ["د. ", "العميد ", "العميد د. ", "أ.د. ", "السفير "])
def test_an_arabic_writer_signs_with_a_rank(rank: str) -> None:
    title, name = "حارس المنارة يعدّ النوارس من جديد", "سامي فؤاد نجار"
    body = "أحصى حارس المنارة 411 نورساً هذا العام، وقال إن الشوارع لم تعرف مثل هذا العدد من قبل. " * 3
    assert _head(f"{title}\n\n{rank}{name}\n\n{body}") == Head(title, author=name)


class TestWithinAFile:
    def _two(self, byline: str, outlet: str) -> tuple[Head, Head]:
        first = f"{TITLE}\n3 May 2024\nBy {byline}\n\n{BODY}"
        second = f"Storm closes the harbour\nSource: {outlet}\n4 May 2024\n\n{BODY}"
        one, two = _heads(first, second)
        return one, two

    @pytest.mark.parametrize(
        ("byline", "outlet"),
        [("Al Sundia", "Al Sundia"), ("Al Sundia", "Al-Sundia Net"), ("Maren Shore", "Maren Shore TV")],
    )
    def test_a_byline_that_another_article_names_as_its_outlet_is_one(self, byline: str, outlet: str) -> None:
        one, two = self._two(byline, outlet)
        assert (one.author, one.outlet) == (None, byline)
        assert two.outlet == outlet

    def test_other_bylines_are_authors(self) -> None:
        one, _ = self._two("Tova Quist", "Al Sundia")
        assert (one.author, one.outlet) == ("Tova Quist", None)


def test_an_arabic_headline_may_ask() -> None:
    body = "أحصى حارس المنارة 411 نورساً هذا العام، وقال إن الشوارع لم تعرف مثل هذا العدد من قبل. " * 3
    assert _head(f"ماذا سيفعل حارس المنارة؟\n3 May 2024\n\n{body}").title == "ماذا سيفعل حارس المنارة؟"


@pytest.mark.parametrize("day", ["3 May", "May 3", "Friday, 3 May"])
def test_a_day_without_its_year_names_no_outlet(day: str) -> None:
    assert _head(f"{TITLE}\n{day}\n\n{BODY}") == Head(TITLE)


def test_a_head_in_two_languages_begins_its_article(made: Any) -> None:
    arabic = "أحصى حارس المنارة 411 نورساً هذا العام، وقال إن الشوارع لم تعرف مثل هذا العدد من قبل. " * 3
    asked, spoken = "ماذا سيفعل حارس المنارة؟", "What will the keeper do?"
    head = f"{spoken} {asked}\n\n{spoken}\n\n{asked}\n{spoken}\nسامي نجار\n\nSami Najjar\n\nAl-Sundia Net\n\n1 March"
    first = f"Storm closes the harbour\n3 May 2024\n\n{BODY}\n\nRelated\n\n"
    body = "\n\n".join([BODY] * 8)
    articles = made("a.txt", f"{first}{head}\n\n{body}\n\n{asked}\n\n{asked}\n\n{arabic}").articles
    assert [article.text[: len(spoken)] for article in articles[:2]] == [
        "Storm closes the harbour"[: len(spoken)],
        spoken,
    ]
    assert (articles[1].outlet, articles[1].author) == ("Al-Sundia Net", "Sami Najjar")
