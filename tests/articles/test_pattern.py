"""The pattern of one file: heads that nothing but the file's own regularity tells, in layouts people paste."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from rag.articles.digest import boundaries
from rag.articles.lines import read_lines
from rag.articles.pattern import pattern_of
from rag.articles.readers import read as read_file
from rag.schema import Article


class Item(NamedTuple):
    title: str
    outlet: str
    day: date
    body: str


ITEMS = [
    Item(
        "Ferry crews refuse to sail",
        "Lisk Valley Post",
        date(2026, 3, 9),
        "The crews of the three ferries stayed ashore on Monday, saying that the boats are too old for the wind.\n\n"
        "The harbour office called it a strike. Nobody had been paid to drown, the crews said.",
    ),
    Item(
        "Second bakery closes on Mill Street",
        "Coast Wire",
        date(2026, 3, 10),
        "The bakery at the corner of Mill Street has shut its doors after forty years, its owner said.\n\n"
        "His oven burns as much gas in a week as a family does in a season, and he is tired.",
    ),
    Item(
        "Old tram returns to the harbour",
        "Vell Courier",
        date(2026, 3, 11),
        "A tram built ninety years ago will run on the harbour line from Easter, after six winters of repair.\n\n"
        "The society that owns it hopes to mend a second one, which has stood in a barn since.",
    ),
    Item(
        "Council buys land for a cemetery",
        "Norland Monitor",
        date(2026, 3, 12),
        "The town will pay for a field north of the railway, where it means to open a cemetery in two years.\n\n"
        "Neighbours had asked for a park. The dead need somewhere to go, the mayor told them.",
    ),
]


def read(tmp_path: Path, text: str) -> list[Article]:
    path = tmp_path / "digest.txt"
    path.write_bytes(text.encode())
    articles = list(read_file(str(path), max_bytes=100_000).articles)
    assert all(text[item.source_start : item.source_end] == item.text for item in articles)
    return articles


def day(item: Item) -> str:
    return f"{item.day.day} March {item.day.year}"


def told(articles: list[Article]) -> list[tuple[str, str | None, date | None]]:
    return [(item.title, item.outlet, item.published) for item in articles]


EXPECTED = [(item.title, item.outlet, item.day) for item in ITEMS]
UNDATED = [(item.title, item.outlet, None) for item in ITEMS]


def host(item: Item) -> str:
    return item.outlet.lower().replace(" ", "") + ".example"


def address(item: Item) -> str:
    return f"https://www.{host(item)}/news/{item.title.lower().replace(' ', '-')}"


class TestSourcesBelow:
    @pytest.mark.parametrize("form", ["({0}, {1})", "— {0}, {1}", "Source: {0}, {1}", "{0}\n{1}"])
    @pytest.mark.parametrize("heading", ["", "Overnight cuttings\n14 March 2026\n\n"])
    def test_what_cites_the_article_above_it_opens_none(
        self, tmp_path: Path, form: str, heading: str
    ) -> None:
        items = (
            f"{item.title}\n\n{item.body}\n\n{form.format(item.outlet, day(item))}\n\n" for item in ITEMS
        )
        assert told(read(tmp_path, heading + "".join(items))) == EXPECTED

    def test_the_same_lines_above_their_articles_open_them(self, tmp_path: Path) -> None:
        text = "".join(f"{item.outlet}\n{day(item)}\n\n{item.title}\n\n{item.body}\n\n" for item in ITEMS)
        assert told(read(tmp_path, text)) == EXPECTED

    def test_behind_the_last_words_of_the_text(self, tmp_path: Path) -> None:
        items = (f"{item.title.upper()}\n\n{item.body} ({item.outlet})\n\n***\n\n" for item in ITEMS)
        text = "MORNING NOTE\nMonday 16 March 2026\n\nMorning all.\n\n***\n\n" + "".join(items)
        assert [(item.title, item.outlet) for item in read(tmp_path, text)] == [
            (item.title.upper(), item.outlet) for item in ITEMS
        ]

    def test_a_wires_sign_off_closes(self, tmp_path: Path) -> None:
        text = "".join(f"{i.title}\n\nSUND, {day(i)} (TPA) - {i.body}\n\nTPA/jv/or\n\n" for i in ITEMS)
        assert told(read(tmp_path, text)) == [(item.title, "TPA", item.day) for item in ITEMS]


class TestAddresses:
    def test_above_the_title_and_below_a_rule(self, tmp_path: Path) -> None:
        items = (f"---\n\n{address(item)}\n\n{item.title}\n\n{item.body}\n\n" for item in ITEMS)
        found = read(tmp_path, "Links for Monday\n\n" + "".join(items))
        assert told(found) == [(item.title, host(item), None) for item in ITEMS]
        assert all(item.text.startswith("https://") for item in found)

    def test_on_the_line_of_the_title(self, tmp_path: Path) -> None:
        text = "".join(f"{item.title} – {address(item)}\n\n{item.body}\n\n" for item in ITEMS)
        assert told(read(tmp_path, text)) == [(item.title, host(item), None) for item in ITEMS]

    def test_the_site_alone_below_each(self, tmp_path: Path) -> None:
        text = "".join(f"{i.title}\n{day(i)}\n\n{i.body}\n\n{host(i)}\n\n\n" for i in ITEMS)
        assert told(read(tmp_path, text)) == [(item.title, host(item), item.day) for item in ITEMS]


class TestFolders:
    def test_a_day_holds_for_the_articles_below_it(self, tmp_path: Path) -> None:
        first, second, third, fourth = (f"{i.outlet}: {i.title}\n\n{i.body}\n\n" for i in ITEMS)
        text = f"9 March 2026\n\n{first}{second}12 March 2026\n\n{third}{fourth}"
        found = read(tmp_path, text)
        assert [item.published for item in found] == [date(2026, 3, 9)] * 2 + [date(2026, 3, 12)] * 2
        assert [item.outlet for item in found] == [item.outlet for item in ITEMS]
        assert not any("12 March" in item.text for item in found)

    def test_an_outlet_holds_for_the_articles_below_it(self, tmp_path: Path) -> None:
        first, second, third, fourth = (f"{i.title}\n{day(i)}\n\n{i.body}\n\n" for i in ITEMS)
        text = f"HARBOUR POST\n\n{first}{second}COAST WIRE\n\n{third}{fourth}"
        assert [item.outlet for item in read(tmp_path, text)] == ["HARBOUR POST"] * 2 + ["COAST WIRE"] * 2


class TestTitles:
    def test_points_that_stand_alone(self, tmp_path: Path) -> None:
        items = (f"▪ {item.title}\n\n{item.body}\n\n{item.outlet}, {day(item)}\n\n" for item in ITEMS)
        assert told(read(tmp_path, "REVUE DE PRESSE\n\n" + "".join(items))) == EXPECTED

    def test_numbers_and_the_outlet_in_brackets(self, tmp_path: Path) -> None:
        items = (f"{n}. {item.title} ({item.outlet})\n\n{item.body}\n\n" for n, item in enumerate(ITEMS, 1))
        assert told(read(tmp_path, "".join(items))) == UNDATED

    def test_messages_with_a_title(self, tmp_path: Path) -> None:
        items = (f"[{item.day:%d/%m/%Y}, 08:11:22] Desk: *{item.title}*\n{item.body}\n" for item in ITEMS)
        assert [item.title for item in read(tmp_path, "".join(items))] == [item.title for item in ITEMS]

    def test_headlines_that_a_narrow_column_broke(self, tmp_path: Path) -> None:
        text = (
            "THE SUND GAZETTE          13 March 2026          7\n\n"
            "Ferry crews refuse\nto sail in high wind\n\nTHE crews of the three ferries\nbetween Sund and Vell stayed\n"
            "ashore on Monday, saying that\nthe boats are too old for the\nwinds of March.\n\n"
            "Second bakery closes\non Mill Street\n\nTHE bakery at the corner of Mill\n"
            "Street has shut its doors after\n"
            "forty years, the second one to\ndo so since Christmas, and its\nowner blamed the price of gas.\n"
        )
        titles = ("Ferry crews refuse to sail in high wind", "Second bakery closes on Mill Street")
        assert told(read(tmp_path, text)) == [
            (title, "THE SUND GAZETTE", date(2026, 3, 13)) for title in titles
        ]


class TestPosition:
    def test_what_stands_where_the_others_have_their_outlet(self, tmp_path: Path) -> None:
        outlets = ["Lisk Valley Post", "Coast Wire", "Vell Courier", "Karvik"]
        items = (
            f"{i.title}\nTova Quist, {name} | {day(i)}\n\n{i.body}\n\n\n"
            for i, name in zip(ITEMS, outlets, strict=True)
        )
        assert [item.outlet for item in read(tmp_path, "".join(items))] == outlets


class TestPattern:
    def test_an_undated_head_begins_an_article_as_the_others_do(self, tmp_path: Path) -> None:
        more = [item._replace(title=f"{item.title} again") for item in ITEMS]
        dates = [f", {day(item)}" for item in [*ITEMS, *more]]
        dates[2] = ""
        items = (
            f"{i.title}\n{i.outlet}{when}\n\n{i.body}\n\n\n\n"
            for i, when in zip([*ITEMS, *more], dates, strict=True)
        )
        assert [item.title for item in read(tmp_path, "".join(items))] == [i.title for i in [*ITEMS, *more]]

    def test_the_pattern_names_its_weight(self) -> None:
        text = "".join(
            f"{i.title}\n{i.outlet}, {day(i)}\n\n{i.body}\n\nWhat they said\n\n{i.body}\n\n\n" for i in ITEMS
        )
        found = boundaries(text)
        assert [text[item.start :].partition("\n")[0] for item in found] == [item.title for item in ITEMS]
        lines = read_lines(text)
        starts = [index for index, line in enumerate(lines) if line.start in {item.start for item in found}]
        pattern = pattern_of(lines, starts)
        inside = next(index for index, line in enumerate(lines) if line.text == "What they said")
        assert all(pattern.bits(lines, index) > 2 for index in starts[1:])
        assert pattern.bits(lines, inside) < 0

    def test_one_head_makes_no_pattern(self) -> None:
        lines = read_lines(f"{ITEMS[0].title}\n\n{ITEMS[0].body}\n\nWhat they said\n\n{ITEMS[1].body}")
        assert pattern_of(lines, [0]).bits(lines, 3) == 0.0

    @pytest.mark.parametrize("between", ["\n\n***\n\n", "\n\n\nWhat was said\n\n", "\n\n12 May 2021\n\n"])
    def test_a_long_article_stays_one(self, between: str) -> None:
        text = "The town without a name\n\nIt took two courts.\n\nBy Ana Lim\nHarbour Post\n3 May 2024\n\n"
        assert len(boundaries(text + between.join(item.body for item in ITEMS))) == 1

    def test_a_byline_below_a_standfirst_begins_nothing(self, tmp_path: Path) -> None:
        text = (
            f"Seven lessons of the strike\n\n{' '.join(item.body for item in ITEMS[:2]).replace(chr(10), ' ')}\n\n"
            "Ana Lim\nThe Harbour Quarterly\n5 May 2024\n\n"
            + "".join(f"{n}. {item.title}\n\n{item.body}\n\n" for n, item in enumerate(ITEMS, 1))
        )
        (article,) = read(tmp_path, text)
        assert (article.title, article.outlet, article.author) == (
            "Seven lessons of the strike",
            "The Harbour Quarterly",
            "Ana Lim",
        )
