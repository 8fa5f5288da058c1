"""What stands around the articles of services that clip, monitor and print: field blocks, sources in brackets above,
chats, mastheads and running heads. Each file is read as a whole, since a source given to the wrong article is worse
than none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

from rag.articles.readers import read as read_file
from rag.schema import Article

BODIES = [
    "The sluice at Ondel stayed shut on Monday although the river had risen by a metre since dawn.\n\n"
    "The keeper says that nobody had told him, and that the telephone in his hut has been dead for weeks.",
    "Two hundred households in Karsk will get their heat from the laundry next door before the winter.\n\n"
    "The town paid for the pipes. The laundry asks for nothing but a longer lease on its yard.",
    "The last cinema of the valley reopens on Friday with the film that it showed on its first evening.\n\n"
    "Tickets cost what they did then, which the owner calls a mistake that he means to make once.",
]
TITLES = [
    "Sluice stays shut as river rises",
    "Laundry will warm two hundred homes",
    "Valley cinema opens once more",
]
OUTLETS = ["Ondel Courier", "Karsk Evening Post", "Radio Valley"]
DAYS = [date(2026, 3, 16), date(2026, 3, 17), date(2026, 3, 18)]
AUTHORS = ["Mira Olsk", "Tam Breden", "Ida Fonn"]
ROWS = list(zip(TITLES, OUTLETS, DAYS, AUTHORS, BODIES, strict=True))

Read = tuple[str, str | None, date | None, str | None]


@pytest.fixture
def told(tmp_path: Path) -> Callable[[str], list[Read]]:
    def read(text: str) -> list[Read]:
        path = tmp_path / "digest.txt"
        path.write_text(text, encoding="utf-8")
        articles: Sequence[Article] = read_file(path, max_bytes=10**6).articles
        return [(item.title, item.outlet, item.published, item.author) for item in articles]

    return read


EXPECTED = [(title, outlet, day, author) for title, outlet, day, author, _ in ROWS]


def test_fields_with_two_on_a_line_below_a_counter(told: Callable[[str], list[Read]]) -> None:
    text = "\n\n".join(
        f"Ausschnitt {place}/3 ────────────\nMedium:   {outlet} (Tageszeitung)\n"
        f"Datum:    {day:%d.%m.%Y}        Seite: 4\nAuflage:  k. A.       Autor: {author}\n\n{title}\n\n{body}"
        for place, (title, outlet, day, author, body) in enumerate(ROWS, start=1)
    )
    assert told(text) == EXPECTED


def test_fields_of_a_transcript_whose_title_holds_a_colon(told: Callable[[str], list[Read]]) -> None:
    text = "\n\n".join(
        f"=================\nSTATION:    {outlet}\nPROGRAMME:  At Noon\nDATE:       {day:%A} {day.day} March 2026\n"
        f"PRESENTER:  not given\nSUBJECT:    Interview: {title}\n\n{body}"
        for title, outlet, day, _, body in ROWS
    )
    expected = [(f"Interview: {title}", outlet, day, None) for title, outlet, day, _, _ in ROWS]
    assert told(text) == expected


def test_fields_named_by_short_codes_and_a_title_of_two_lines(told: Callable[[str], list[Read]]) -> None:
    text = "\n\n".join(
        f"HD      {title[:14]}\n        {title[14:].strip()}\nBY      By {author}\nWC      61 words\n"
        f"PD      {day.day} March 2026\nSN      {outlet}\nLA      English\n\nLP\n{body}\n\n"
        f"Document KPOST00020260316e{day.day}"
        for title, outlet, day, author, body in ROWS
    )
    found = told(text)
    assert [item[1:] for item in found] == [item[1:] for item in EXPECTED]
    assert [item[0].replace(" ", "") for item in found] == [title.replace(" ", "") for title in TITLES]


def test_a_table_of_facts_in_an_article_is_no_head(told: Callable[[str], list[Read]]) -> None:
    facts = "Length: 40 metres\nDepth: 3 metres\nBuilt: by the county"
    found = told(f"{TITLES[0]}\n{OUTLETS[0]}, 16 March 2026\n\n{BODIES[0]}\n\n{facts}\n\n{BODIES[1]}")
    assert [item[:3] for item in found] == [EXPECTED[0][:3]]


@pytest.mark.parametrize("between", ["\nhttps://paper.example/16/item\n", "\n", "\n\n"])
def test_sources_in_brackets_above_belong_to_what_follows(
    told: Callable[[str], list[Read]], between: str
) -> None:
    text = "\n\n".join(
        f"[{outlet}, {day.day} March 2026]{between}{title}\nby {author}\n\n{body}"
        for title, outlet, day, author, body in ROWS
    )
    assert told(text) == EXPECTED


def test_sources_in_brackets_below_the_text_still_close_it(told: Callable[[str], list[Read]]) -> None:
    text = "\n\n".join(
        f"{title}\n\n{body}\n\n({outlet}, {day.day} March 2026)" for title, outlet, day, _, body in ROWS
    )
    assert [item[:3] for item in told(text)] == [item[:3] for item in EXPECTED]


def test_remarks_in_a_chat_open_no_article(told: Callable[[str], list[Read]]) -> None:
    text = "\n\n".join(
        f"{outlet}, [{day:%d.%m.%Y} 09:0{place}]\n{title}\n\n{body}\n\n"
        f"Jo P., [{day:%d.%m.%Y} 09:1{place}]\nlook at this"
        for place, (title, outlet, day, _, body) in enumerate(ROWS)
    )
    assert [item[:3] for item in told(text)] == [item[:3] for item in EXPECTED]


def test_a_spaced_masthead_names_and_dates_all_and_a_dash_signs(told: Callable[[str], list[Read]]) -> None:
    rule = "-" * 40
    text = "   P O S T   &   P I P E   W E E K L Y\n   Issue 12  |  Monday 16 March 2026\n\nIN THIS ISSUE\n"
    text += "\n".join(f"{place}  {title}" for place, title in enumerate(TITLES, start=1))
    for place, (title, _, _, author, body) in enumerate(ROWS, start=1):
        text += f"\n\n{rule}\n\n{place}  {title.upper()}\n\n{body}\n\n— {author}"
    expected = [(title.upper(), "POST & PIPE WEEKLY", DAYS[0], author) for title, _, _, author, _ in ROWS]
    assert told(text) == expected


def test_a_running_head_without_its_page_number_holds_for_the_page(told: Callable[[str], list[Read]]) -> None:
    head = "ONDEL COURIER        Monday, 16 March 2026"
    parts = [
        (
            f"12          {head}\n\n" if place == 0 else f"{head}\n\n" if place == 2 else "",
            f"{title.upper()}\n\nBy {author}\n\n",
            body,
        )
        for place, (title, _, _, author, body) in enumerate(ROWS)
    ]
    text = "\n\n".join(
        above + title + _narrow(f"{body} {BODIES[0]} {BODIES[1]}") for above, title, body in parts
    )
    expected = [(title.upper(), "ONDEL COURIER", DAYS[0], author) for title, _, _, author, _ in ROWS]
    assert told(text) == expected


def _narrow(body: str) -> str:
    """The text as a newspaper sets it, in a column of forty characters."""
    paragraphs = []
    for paragraph in body.split("\n\n"):
        lines = [""]
        for word in paragraph.split():
            if len(lines[-1]) + len(word) > 40:
                lines.append("")
            lines[-1] = f"{lines[-1]} {word}".strip()
        paragraphs.append("\n".join(lines))
    return "\n\n".join(paragraphs)


def test_a_table_of_years_in_a_long_article_opens_nothing(told: Callable[[str], list[Read]]) -> None:
    years = "Timeline\n1702  Sluice built\n1911  Gates of iron\n16 March 2026  Keeper hears of it"
    text = f"{TITLES[0]}\n\nBy {AUTHORS[0]}\n\n16 March 2026\n\n{BODIES[0]}\n\n{years}"
    text += f"\n\nWhat comes next\n\n{BODIES[1]}"
    assert [item[0] for item in told(text)] == [TITLES[0]]
