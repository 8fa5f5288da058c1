"""Names in heads: outlets, authors and places in the layouts newspapers and agencies use; never a guess."""

from __future__ import annotations

from datetime import date

import pytest

from rag.articles.digest import boundaries
from rag.articles.metadata import Head, read_head
from rag.articles.names import is_people, is_person

DAY = date(2024, 5, 3)
TITLE = "Lighthouse keeper counts the gulls"
BODY = (
    "\n\nThe keeper of the light at Sund has counted 411 gulls, and the streets of Port Maren have seen few of them, "
    "he said in Vell on Friday.\n\nThe count goes on until the autumn."
)
KNOWN = Head(TITLE, outlet="Maren Gazette", author="Tova Quist", published=DAY)
UNSIGNED = Head(TITLE, outlet="Maren Gazette", published=DAY)


@pytest.mark.parametrize(
    "line",
    [
        f"{TITLE} (Maren Gazette, May 3, 2024)",
        f"4. {TITLE} (Maren Gazette, 3 May 2024)",
        f"{TITLE} [Maren Gazette, 2024-05-03]",
        f"{TITLE}, Maren Gazette, 3 May 2024",
        f"{TITLE} — Maren Gazette, 3 May 2024",
        f"{TITLE} | Maren Gazette\n3 May 2024",
    ],
)
def test_title_outlet_and_date_on_one_line(line: str) -> None:
    assert read_head(line + BODY) == UNSIGNED
    assert read_head(f"{line}\nBy Tova Quist{BODY}") == KNOWN


@pytest.mark.parametrize(
    "line",
    ["MSN / Maren Shore News", "MSN - Maren Shore News", "Maren Shore News (MSN)", "**Maren Shore News**"],
)
def test_an_agency_with_its_initials_is_named_in_full(line: str) -> None:
    assert read_head(f"{line}\n3 May 2024, 15:42\n{TITLE}{BODY}") == Head(
        TITLE, outlet="Maren Shore News", published=DAY
    )


@pytest.mark.parametrize(
    "signature",
    [
        "Text: Tova Quist",
        "*Words: Tova Quist*",
        "Tova Quist reports",
        "Tova Quist reports from Sund",
        "Tova Quist in Sund",
        "*Tova Quist in Sund*",
        "**Tova Quist at Sund Light**",
        "Tova Quist, coast correspondent",
        "Tova Quist, parliamentary staff",
        "Tova Quist",
        "*Tova Quist*",
        "Report by Tova Quist in Sund",
        "By Tova Quist, Coast News Agency",
        "By Tova Quist, Chief Reporter",
    ],
)
def test_who_signs_below_the_head(signature: str) -> None:
    assert read_head(f"{TITLE}\nMaren Gazette, 3 May 2024\n{signature}{BODY}") == KNOWN
    assert read_head(f"Maren Gazette, 3 May 2024\n\n# {TITLE}\n\n{signature}{BODY}") == KNOWN
    assert read_head(f"MAREN GAZETTE\nFriday 3 May 2024\n{TITLE}\n\n{signature}{BODY}") == Head(
        TITLE, outlet="MAREN GAZETTE", author="Tova Quist", published=DAY
    )


@pytest.mark.parametrize(
    "line",
    [
        "Maren Gazette | 3 May 2024 | Tova Quist",
        "**Maren Gazette** | Friday, 3 May 2024 | *Tova Quist, Coast Correspondent*",
        "Maren Gazette | 3 May 2024 | Text: Tova Quist",
        "Maren Gazette - 3 May 2024 - Tova Quist in Sund",
        "Tova Quist | Maren Gazette | 3 May 2024",
        "Maren Gazette | 3 May 2024 | Page 3 | Tova Quist",
    ],
)
def test_who_signs_on_the_date_line(line: str) -> None:
    assert read_head(f"{TITLE}\n{line}{BODY}") == KNOWN


@pytest.mark.parametrize(
    "lines",
    [
        "Maren Gazette | 3 May 2024 | Page 3",
        "Maren Gazette, 3 May 2024, Section B",
        "Maren Gazette\nPORT MAREN, May 3, 2024",
        "Maren Gazette\nPort Maren, 3 May 2024",
        "Maren Gazette, Port Maren, 3 May 2024",
        "Maren Gazette, 3 May 2024\nPort Maren",
        "Maren Gazette, 3 May 2024\nPanic in Vell",
        "Maren Gazette, 3 May 2024\nWhat We Know",
        "Maren Gazette\n3 May 2024\nFrom our wire services",
        "Maren Gazette\n3 May 2024\nBy Staff, Agencies",
        "Maren Gazette\n3 May 2024\nText: The ministry",
        "Maren Gazette\n3 May 2024\nPhotos by Tova Quist",
        "Friday\nMaren Gazette\n3 May 2024",
    ],
)
def test_a_page_a_place_or_a_service_is_no_author(lines: str) -> None:
    assert read_head(f"{TITLE}\n{lines}{BODY}") == UNSIGNED


@pytest.mark.parametrize(
    "lines", ["Vell, 3 May 2024", "PORT MAREN, 3 May 2024", "Port Maren, Sundland, 3 May 2024"]
)
def test_a_place_is_no_outlet(lines: str) -> None:
    assert read_head(f"{TITLE}\n{lines}{BODY}") == Head(TITLE, published=DAY)


def test_who_stands_in_the_title_wrote_nothing() -> None:
    head = read_head(f"Tova Quist leaves the light\nTova Quist\nMaren Gazette, 3 May 2024{BODY}")
    assert (head.outlet, head.author) == ("Maren Gazette", None)


@pytest.mark.parametrize(
    ("byline", "outlet"),
    [
        ("By Tova Quist, Coast News Agency", "Coast News Agency"),
        ("By Tova Quist, CNA", "CNA"),
        ("By Tova Quist, for the newsletter Salt and Rope", "Salt and Rope"),
        ("By Tova Quist for the weekly Salt", "Salt"),
        ("By Tova Quist, special to The Quay", "The Quay"),
        ("By Tova Quist in Sund", None),
        ("By Tova Quist, Sund", None),
    ],
)
def test_a_byline_names_the_outlet_where_nothing_else_does(byline: str, outlet: str | None) -> None:
    assert read_head(f"{TITLE}\n{byline}{BODY}") == Head(TITLE, outlet=outlet, author="Tova Quist")


@pytest.mark.parametrize(
    "byline", ["كتبت: ليلى الشامي", "كتبت ليلى الشامي", "بقلم: ليلى الشامي", "إعداد: ليلى الشامي"]
)
def test_arabic_bylines(byline: str) -> None:
    text = f"صحيفة الميناء\nالجمعة 3 مايو 2024\n\nحارس المنارة يعد النوارس\n\n{byline}\n\nقال الحارس إنه أحصى النوارس."
    assert read_head(text) == Head("حارس المنارة يعد النوارس", "صحيفة الميناء", "ليلى الشامي", DAY)


def test_a_verb_that_quotes_is_no_byline() -> None:
    assert read_head(f"{TITLE}\nكتب رامي حداد، المعلق في الصحيفة:{BODY}").author is None


def test_the_dateline_of_an_agency_gives_agency_and_day() -> None:
    text = f"{TITLE}\n\nPORT MAREN, Sundland, May 3, 2024 (Coast Wire) -- The keeper has counted 411 gulls, he said."
    assert read_head(text) == Head(TITLE, outlet="Coast Wire", published=DAY)
    later = text.replace(TITLE, f"{TITLE}\nMaren Gazette, 4 May 2024")
    assert read_head(later) == Head(TITLE, outlet="Maren Gazette", published=date(2024, 5, 4))
    assert read_head(f"{TITLE}\n\nPORT MAREN - The light of 3 May 1931 still burns.").published is None


def test_the_credits_at_the_end_name_the_author() -> None:
    assert read_head(f"{TITLE}{BODY}\n\n(Reporting by Tova Quist; editing by R. Hale)").author == "Tova Quist"
    assert read_head(f"{TITLE}{BODY}\n\nAdditional reporting by Tova Quist").author is None


def test_a_transcript_comes_from_who_issued_it() -> None:
    lines = "SUNDLAND PARLIAMENT\nCOMMITTEE ON BIRDS\nHearing on the gulls\nFriday, 3 May 2024, Room 4"
    assert read_head(f"{lines}\nUnrevised transcript, Sundland Hansard Service{BODY}") == Head(
        "Hearing on the gulls", outlet="Sundland Hansard Service", published=DAY
    )


def test_a_headline_broken_over_lines_and_a_paragraph_above_the_byline() -> None:
    broken = (
        "Maren Gazette\nLighthouse keeper\ncounts the gulls\nBy Tova Quist\n3 May 2024\nHe has counted 411."
    )
    assert read_head(broken) == KNOWN
    summed_up = f"{TITLE}\n3 May 2024\n\nNobody had counted them since the war.\n\nBy Tova Quist{BODY}"
    assert read_head(summed_up) == Head(TITLE, author="Tova Quist", published=DAY)


@pytest.mark.parametrize("tail", ["Port Maren", "Politics", "World news", "Sport", "The gulls"])
def test_what_follows_a_bar_is_not_always_the_site(tail: str) -> None:
    title = f"{TITLE} | {tail}"
    assert read_head(title + BODY.replace("few of them", "The gulls")) == Head(title)


def test_a_form_of_fields_and_values_names_no_one() -> None:
    lines = "Production date\n3 May 2024\nAsset Language\nEnglish\nRecording Body\nSUND BIRD OFFICE - SBO"
    assert read_head(f"{TITLE}\n{lines}{BODY}") == Head(TITLE, published=DAY)


@pytest.mark.parametrize(
    "lines",
    [
        'Sources:\n[1] Maren Gazette, 3 May 2024: "The gulls are many"\n[2] https://maren.example/gulls\n',
        "\nTova Quist, coast correspondent\n",
        "*Tova Quist in Sund*\n",
    ],
)
def test_sources_and_signatures_begin_no_article(lines: str) -> None:
    assert len(boundaries(f"{TITLE}\nMaren Gazette, 3 May 2024{BODY}\n\n{lines}{BODY}")) == 1


def test_of_two_titles_the_one_repeated_below_begins_the_article() -> None:
    second = "Harbour gets a second crane\n\n4 May 2024\n\nIt took nine years.\n\nHarbour gets a second crane"
    text = f"{TITLE}\n\n3 May 2024{BODY}\n\nVideo of the week: the gulls, part 4\n\n{second}{BODY}"
    assert [text[item.start :][:12] for item in boundaries(text)] == [TITLE[:12], second[:12]]


@pytest.mark.parametrize(
    "name", ["Tova Quist", "A. B. Lim", "Jan van der Berg", "Mary O'Hara-Voss", "ليلى الشامي"]
)
def test_persons(name: str) -> None:
    assert is_person(name)
    assert is_people(f"{name} and Rob Hale")


@pytest.mark.parametrize(
    "name",
    [
        "Quist",
        "The Quay",
        "Maren Gazette",
        "Le Fil du Rail",
        "France 24",
        "What We Know",
        "Staff Writer",
        "From Sund",
        "a b",
    ],
)
def test_what_is_no_person(name: str) -> None:
    assert not is_person(name)
