"""Layouts that people paste: messengers, mails, databases, wires, cuttings, copied pages; each rule on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

from rag.articles.dates import MonthDay, find_date, find_month_day
from rag.articles.digest import boundaries
from rag.articles.issue import Issue, issue_of
from rag.articles.kinds import Kind
from rag.articles.language import language_of
from rag.articles.lines import read_lines
from rag.articles.metadata import Head, read_head
from rag.articles.readers import read as read_file
from rag.schema import Article

ByRules = Callable[[str], list[Head]]
DAY = date(2024, 5, 3)
ROOF = (
    "The roof of the covered market came down under snow on Thursday night, an hour after the last stall had shut.\n\n"
    '"Nobody was under it, and nobody can say why," said Odile Brandt, who has sold cheese there since her youth.'
)
MILL = (
    "The owners of the paper mill on the Lisk have given notice to 212 of its workers, the union said on Thursday.\n\n"
    "The mill lost its last large customer in March. The town council meets on Monday to speak of what can be saved."
)
BRIDGE = (
    "Lorries may no longer use the railway bridge at Sund, after engineers found rust in three of its bearings.\n\n"
    "The ferry will run every hour until the repair is done. The railway expects that to take until the autumn."
)

ARABIC = "قال العمال إن المطحنة أغلقت أبوابها صباح الخميس. " * 4
RUSSIAN = "Мост закрыли после осмотра опор, сообщили на дороге. " * 4


def read(tmp_path: Path, text: str) -> list[Article]:
    """The articles of a file that holds `text`; each is a slice of it."""
    path = tmp_path / "digest.txt"
    path.write_bytes(text.encode())
    articles = list(read_file(str(path), max_bytes=100_000).articles)
    assert all(text[item.source_start : item.source_end] == item.text for item in articles)
    return articles


def told(articles: Sequence[Article | Head]) -> list[tuple[str, str | None, str | None, date | None]]:
    return [(item.title, item.outlet, item.author, item.published) for item in articles]


def kinds(text: str) -> list[Kind]:
    return [line.kind for line in read_lines(text)]


class TestMessengers:
    def test_a_stamp_begins_a_post_and_names_its_channel(self, tmp_path: Path) -> None:
        text = (
            f"Lisk Valley Live, [03.05.2024 19:42]\nMarket roof falls\n\n{ROOF}\n\n👁 48.1K\n\n"
            f"Голос Сунда, [04.05.2024 07:15]\n{BRIDGE}\n\n#sund #bridge\n"
        )
        assert told(read(tmp_path, text)) == [
            ("Market roof falls", "Lisk Valley Live", None, DAY),
            (BRIDGE.partition("\n")[0], "Голос Сунда", None, date(2024, 5, 4)),
        ]

    def test_a_forwarded_post_is_its_origins(self, by_rules: ByRules) -> None:
        text = (
            "Rob Hale, [May 3, 2024 at 7:42:10 PM]:\n"
            f"[Forwarded from Rail & Mill Notes]\nMill gives notice\n\n{MILL}\n\n"
            f"Rob Hale, [May 4, 2024 at 8:00:00 AM]:\nBridge closed\n\n{BRIDGE}\n"
        )
        assert [(item.outlet, item.author) for item in by_rules(text)] == [
            ("Rail & Mill Notes", None),
            ("Rob Hale", None),
        ]

    def test_counts_tags_and_appeals_are_furniture(self) -> None:
        assert set(
            kinds("👁 31.7K\n2,104 views\n#lisk #roof\n👉 Subscribe: @lisk_live\nПодписаться | Прислать")
        ) == {Kind.FURNITURE}


class TestCuttings:
    def test_outlet_page_and_author_on_one_line(self, by_rules: ByRules) -> None:
        text = (
            "TOWN OF SUND\nPress cuttings, No. 12\nFriday, 3 May 2024\n\n"
            f"The Lisk Valley Post, p. 1, by Tova Quist\nMARKET ROOF FALLS\n\n{ROOF}\n\n"
            f"Nova Stran, p. 7 (Thursday, 2 May)\nMill gives notice to 212\n\n{MILL}\n\n"
            f'Radio Lisk, 07:40, "Early Hour", host Mira Toll\nBridge closed to lorries\n\n{BRIDGE}\n'
        )
        assert told(by_rules(text)) == [
            ("MARKET ROOF FALLS", "The Lisk Valley Post", "Tova Quist", DAY),
            ("Mill gives notice to 212", "Nova Stran", None, date(2024, 5, 2)),
            ("Bridge closed to lorries", "Radio Lisk", "Mira Toll", DAY),
        ]

    @pytest.mark.parametrize(
        "line",
        [
            "Lisk Valley Post, p. 4, by Tova Quist",
            "► Lisk Valley Post, page 4, by Tova Quist",
            "Lisk Valley Post — p. A4 — Tova Quist",
            "Lisk Valley Post | Tova Quist",
            "Lisk Valley Post – T. R. Quist, Sund",
            "Lisk Valley Post, S. 4, von Tova Quist",
        ],
    )
    def test_forms_of_a_citation(self, line: str) -> None:
        head = read_head(f"{line}\nMarket roof falls\n\n{ROOF}")
        assert (head.title, head.outlet, (head.author or "")[-5:]) == (
            "Market roof falls",
            "Lisk Valley Post",
            "Quist",
        )

    @pytest.mark.parametrize(
        "line",
        [
            "By Tova Quist, p. 4",
            "He said so on p. 4, and by noon it was known.",
            "p. 4",
            "Tova Quist, Rob Hale and others",
        ],
    )
    def test_what_is_no_citation(self, line: str) -> None:
        assert Kind.CITATION not in kinds(line)

    def test_our_own_staff_is_nobody(self) -> None:
        head = read_head(f"Lisk Valley Post, p. 15, by our Sports staff\nRegatta moved\n\n{BRIDGE}")
        assert (head.outlet, head.author) == ("Lisk Valley Post", None)


class TestLists:
    def test_titles_of_the_contents_return_as_heads(self, tmp_path: Path) -> None:
        text = (
            "Morning media summary\n\nIn short:\n1. Market roof falls in\n2. Mill gives notice to 212\n\n"
            f"Market roof falls in\nLisk Valley Post\n\n{ROOF}\n\nMill gives notice to 212\nStran Herald\n\n{MILL}\n"
        )
        assert [(item.title, item.outlet) for item in read(tmp_path, text)] == [
            ("Market roof falls in", "Lisk Valley Post"),
            ("Mill gives notice to 212", "Stran Herald"),
        ]

    def test_a_mails_fields_and_greeting_are_no_article(self, tmp_path: Path) -> None:
        text = (
            "From: Ilka Brod\nTo: Valley list\nSubject: Valley press review, week 18 of 2024\n\nDear all,\n\n"
            "two pieces today, the long one first.\nTell me if a link is dead, I have kept the pages.\n\n"
            f"1) Market roof falls in\nLisk Valley Post – Tova Quist – 2024-05-03\n\n{ROOF}\n\n"
            f"2) Letter: Leave the mill alone\nStran Herald – R. T. Ashe, Upper Stran\n\n{MILL}\n"
        )
        assert told(read(tmp_path, text)) == [
            ("Market roof falls in", "Lisk Valley Post", "Tova Quist", DAY),
            ("Letter: Leave the mill alone", "Stran Herald", "R. T. Ashe", None),
        ]

    def test_a_mail_that_is_one_article_stays_whole(self, tmp_path: Path) -> None:
        (only,) = read(tmp_path, f"From: Ilka Brod\nTo: Rob\nSubject: Re: the roof\n\n{ROOF}\n\n{MILL}\n")
        assert (only.source_start, only.title, only.outlet, only.author) == (0, "the roof", None, None)

    def test_the_same_mark_before_every_head(self, tmp_path: Path) -> None:
        text = (
            "REVUE DE PRESSE — vallée de la Lisk\nSemaine du 29 avril au 3 mai 2024\n\n"
            f"► Le Courrier de Sund, 3 mai 2024, Éloïse Vaquier\nLe toit du marché\n\n{ROOF}\n\n"
            f"► صحيفة الوادي، 2 أيار/مايو 2024، سلمى الحايك\nإغلاق مطحنة الورق في الوادي\n\n{ARABIC}\n\n"
            f"► «Речной листок», 1 мая 2024 г., Глеб Рудин\nМост закрыли для грузовиков\n\n{RUSSIAN}\n"
        )
        assert [(item.outlet, item.author, item.published) for item in read(tmp_path, text)] == [
            ("Le Courrier de Sund", "Éloïse Vaquier", DAY),
            ("صحيفة الوادي", "سلمى الحايك", date(2024, 5, 2)),
            ("Речной листок", "Глеб Рудин", date(2024, 5, 1)),
        ]


class TestDatabases:
    def test_what_a_database_notes_is_part_of_the_head(self, tmp_path: Path) -> None:
        text = (
            "Search summary\nText: roof OR mill\nResults found: 2\n\n"
            "Markets\nMarket roof falls in\nBy Tova Quist in Sund and Rob Hale in Vell\n412 words\n3 May 2024\n"
            f"The Lisk Valley Post\nLISKVP\nPage 17\nEnglish\n(c) 2024 Lisk Media. All rights reserved.\n\n{ROOF}\n\n"
            "The writer keeps bees\n\nDocument LISKVP0020240503em1e0003x\n\n"
            "Mill gives notice to 212\nMira Toll\n288 words\n4 May 2024\n18:22\nStran Courier Online\nSTRANC\nEnglish\n"
            f"Copyright 2024. Stran Courier.\n\n{MILL}\n\nDocument STRANC0020240504em22000b5\n"
        )
        assert told(read(tmp_path, text)) == [
            ("Market roof falls in", "The Lisk Valley Post", "Tova Quist and Rob Hale", DAY),
            ("Mill gives notice to 212", "Stran Courier Online", "Mira Toll", date(2024, 5, 4)),
        ]

    def test_fields_with_labels_and_a_count_of_documents(self, tmp_path: Path) -> None:
        def document(place: int, head: str, byline: str, body: str) -> str:
            fields = f"Section: NEWS; Pg. 3\nLength: 212 words\nByline: {byline}\n\nBody"
            rights = "Copyright 2024 Group All Rights Reserved"
            end = "Load-Date: May 9, 2024\n\nEnd of Document"
            return f"{place} of 2 DOCUMENTS\n\n{head}\n\n{rights}\n{fields}\n\n{body}\n\n{end}\n\n"

        text = (
            "User Name: desk\nJob Number: 188\n\n"
            + document(1, "Market roof falls in\nLisk Valley Post\nMay 3, 2024 Friday", "Tova Quist", ROOF)
            + document(2, "Mill gives notice to 212\nThe Stran Messenger\nMay 4, 2024", "Mira Toll", MILL)
        )
        assert told(read(tmp_path, text)) == [
            ("Market roof falls in", "Lisk Valley Post", "Tova Quist", DAY),
            ("Mill gives notice to 212", "The Stran Messenger", "Mira Toll", date(2024, 5, 4)),
        ]

    @pytest.mark.parametrize(
        "line",
        [
            "Document LISKVP0020240503em1",
            "(END) Sund Newswires",
            "End of Document",
            "SPA ab/cd 031422 GMT MAY 24",
        ],
    )
    def test_records_that_close_an_article(self, line: str) -> None:
        (found,) = read_lines(line)
        assert (found.kind, found.label) == (Kind.FURNITURE, "end")


class TestWires:
    def test_slugs_datelines_and_sign_offs(self, by_rules: ByRules) -> None:
        text = (
            "OVERNIGHT WIRES 3-4 MAY 2024 - compiled 06:30 by the night desk\n\n"
            f"UPDATE 2-Market roof falls in\n(Adds mayor)\nBy Tova Quist\nSUND, May 3 (Norwire) - {ROOF}\n"
            "(Editing by Lena Orr)\n((tova.quist@norwire.example; +00 555))\n\n"
            f"URGENT: Mill gives notice to 212\nSTRAN, May 4 (Norwire) - {MILL}\n\n"
            "SPA0417 4 I 0231 SPA-Sund\nBridge-Lorries\nBridge closed to lorries\n\n"
            f"SUND CITY, 3 May (Sund Press) -- {BRIDGE}\nSPA kd/ml 032214 GMT MAY 24\n\n"
            "UNDATED (Norwire) -- FACTBOX: What the mill made\nThe mill on the Lisk made paper for bags. "
            f"{MILL}\n"
        )
        assert told(by_rules(text)) == [
            ("UPDATE 2-Market roof falls in", "Norwire", "Tova Quist", DAY),
            ("URGENT: Mill gives notice to 212", "Norwire", None, date(2024, 5, 4)),
            ("Bridge closed to lorries", "Sund Press", None, DAY),
            ("FACTBOX: What the mill made", "Norwire", None, None),
        ]

    def test_a_writers_trade_is_no_part_of_the_outlet(self) -> None:
        head = read_head(f"Roof falls in\nBy Abel Kost\nSund Press Sports Writer\n3 May 2024\n\n{ROOF}")
        assert (head.outlet, head.author) == ("Sund Press", "Abel Kost")


class TestPages:
    def test_what_stands_above_and_below_copied_pages(self, tmp_path: Path) -> None:
        text = (
            "Skip to main content\nHome > News > Lisk Valley\n\nMarket roof falls in\n\nBy Tova Quist\n"
            f"May 3, 2024 · 5 min read\nThe Lisk Observer\n\nShare on X  Copy link  Listen (6 min)\n\n{ROOF}\n\n"
            "Most read\n1. Mayor's brother wins contract\n2. The best dumplings, ranked\n\n"
            f"The Stran Review\nEssay\n\nThe town that kept its mill\n\nMira Voss-Almey\n\n{MILL}\n\n"
            "Read next: Forty years of weather\n\n"
            "Sund Public Radio | News | Traffic\n".replace("Traffic", "Business")
            + f"Bridge closed to lorries\nSPR | By Rob Hale\nPosted May 4, 2024 at 4:35 PM CDT\n\n{BRIDGE}\n\n"
            "Copyright 2024 Sund Public Radio. Donate\n"
        )
        assert told(read(tmp_path, text)) == [
            ("Market roof falls in", "The Lisk Observer", "Tova Quist", DAY),
            ("The town that kept its mill", "The Stran Review", "Mira Voss-Almey", None),
            ("Bridge closed to lorries", "Sund Public Radio", "Rob Hale", date(2024, 5, 4)),
        ]

    def test_a_desk_is_no_part_of_the_outlet(self) -> None:
        assert read_head(f"Roof fell\nLisk Post Investigations\n3 May 2024\n\n{ROOF}").outlet == "Lisk Post"


class TestDaysOfTheWhole:
    @pytest.mark.parametrize(
        ("heading", "year", "day"),
        [
            ("Press cuttings\nFriday, 3 May 2024", 2024, DAY),
            ("Press review, 3-4 May 2024", 2024, None),
            ("Semaine du 29 avril au 3 mai 2024", 2024, None),
            ("Press review\n3 May 2024\n4 May 2024", 2024, None),
            ("Press review, week 18 of 2024", 2024, None),
            ("Press review, compiled 3 May 2024", 2024, None),
            ("Valley list, founded in 1987", None, None),
            ("Review 2023/24", None, None),
            ("From 30 December 2023 to 2 January 2024", None, None),
        ],
    )
    def test_a_heading_gives_what_it_says_clearly(
        self, heading: str, year: int | None, day: date | None
    ) -> None:
        issue = issue_of(heading)
        assert (issue.year, issue.day) == (year, day)

    def test_a_day_after_the_issue_lies_in_the_year_before(self) -> None:
        issue = Issue(2024, date(2024, 1, 2))
        assert (issue.resolve(12, 31), issue.resolve(1, 2)) == (date(2023, 12, 31), date(2024, 1, 2))
        assert (Issue().resolve(1, 2), Issue(2023).resolve(2, 29)) == (None, None)

    @pytest.mark.parametrize(
        ("heading", "dated", "found"),
        [
            ("Press cuttings, 3 May 2024", "", DAY),
            ("Press cuttings, 3 May 2024", ", 1 May 2024", None),
            (
                "Press cuttings, 3 May 2024\nAll items are of that day unless another is given",
                ", 1 May 2024",
                DAY,
            ),
            ("Reading list, 3 May 2024, compiled for Rob", "", None),
        ],
    )
    def test_undated_articles_take_the_day_only_of_a_heading_that_dates_all(
        self, tmp_path: Path, heading: str, dated: str, found: date | None
    ) -> None:
        text = (
            f"{heading}\n\nLisk Valley Post, p. 1, by Tova Quist\nMarket roof falls in\n\n{ROOF}\n\n"
            f"Stran Herald, p. 2, by Mira Toll{dated}\nMill gives notice to 212\n\n{MILL}\n"
        )
        assert read(tmp_path, text)[0].published == found

    @pytest.mark.parametrize(
        "text", ["SUND, May 3 (Norwire) - ", "SUND, 3 May (Norwire) -- ", "Friday, 3 May"]
    )
    def test_a_day_without_a_year_dates_nothing_by_itself(self, text: str) -> None:
        found = find_month_day(text)
        assert isinstance(found, MonthDay)
        assert (found.month, found.day) == (5, 3)
        assert read_head(f"Roof falls in\n{text}{ROOF}").published is None

    @pytest.mark.parametrize("text", ["3 May 2024", "May 3, 2024", "3 آذار/مارس 2026", "3/4", "May", ""])
    def test_a_full_date_is_no_day_without_a_year(self, text: str) -> None:
        assert find_month_day(text) is None

    def test_a_levantine_month_and_a_wires_time(self) -> None:
        for text in ("3 أيار/مايو 2024", "SPA ab/cd 032214 GMT MAY 24"):
            found = find_date(text)
            assert found is not None
            assert found.day == DAY


class TestNothingMoreBegins:
    @pytest.mark.parametrize(
        "between",
        [
            "It ended on\n4 October 2019\nafter nineteen days, when the owners gave in.\n",
            "Business\n\nWhat the owners say\n\n",
            "BACKGROUND\n\n",
            "3 May\n\n",
            "JUDGE ARN: Whose is the roof?\nMAN: Mine. I built it.\nJUDGE ARN: And the wall?\nMAN: Mine too.\n",
            "Toll: Was it the snow?\n\nBrandt: It was the roof.\n\nToll: Who built it?\n\nBrandt: We did.\n",
            "WHO PAYS?\nThe town does.\n\nHOW MUCH?\nForty crowns a head, says the council.\n",
            "1. the price (50 points);\n2. the roof (25 points);\n3. the snow (10 points).\n",
            "Photo: the market on Friday. (O. Brandt/Lisk Valley Post)\n",
            "412 words\n",
            "12 June 2023\n\n",
            "Radio Lisk, 07:40\n",
        ],
    )
    def test_inside_a_long_article(self, between: str) -> None:
        text = (
            f"Market roof falls in\nLisk Valley Post\n3 May 2024\n\n{ROOF}\n\n{between}\n{MILL}\n\n{BRIDGE}"
        )
        assert len(boundaries(text)) == 1

    def test_a_round_up_in_a_title_is_the_articles_own(self) -> None:
        text = f"Round-up of the snow's damage\n\nRoof and mill\nBy Tova Quist, 3 May 2024\n\n{ROOF}"
        assert [item.start for item in boundaries(text)] == [0]


def test_turkish_is_told_by_its_letters() -> None:
    assert language_of("İşçiler tersanenin kapısı önünde toplandı, görüşmeler sürüyor.") == "tr"


PAGE = """\
THE LISK VALLEY POST
Founded 1871          Friday, May 3, 2024          No. 41,207

MARKET ROOF FALLS
UNDER NIGHT'S SNOW
By TOVA QUIST
Chief Reporter
FOUR stalls were crushed and
a lorry was buried when the
roof of the market gave way un-
der the snow shortly before one
in the morning. Nobody was hurt.
Turn to Page 3

Mill hands lose their places
A LETTER on the gate told two
hundred and twelve of them so
on Thursday. The union will
meet tonight to speak of it.

Bridge shut to lorries
By ROB HALE
LORRIES must take the ferry to
Sund until the autumn, after rust
was found in three of the bear-
ings, the railway said yesterday.
"""


class TestHeadingsOfTheFile:
    def test_what_stands_apart_above_heads_alike_is_no_article(self, tmp_path: Path) -> None:
        def page(site: str, trail: str, title: str, author: str, day: int, body: str) -> str:
            return f"{site}\nHome > {trail}\n{title}\nBy {author}\nMay {day}, 2024 | 4:41 pm\n{body}\n12 comments\n\n"

        text = (
            "Lisk valley, for the spring report\n(pasted as found)\n\n"
            + page("Nova Stran", "Town > Market", "Market roof falls in", "Tova Quist", 3, ROOF)
            + page("The Stranman", "Work", "Mill gives notice to 212", "Mira Toll", 4, MILL)
        )
        assert told(read(tmp_path, text)) == [
            ("Market roof falls in", "Nova Stran", "Tova Quist", DAY),
            ("Mill gives notice to 212", "The Stranman", "Mira Toll", date(2024, 5, 4)),
        ]

    def test_a_remark_parted_by_the_rule_of_the_articles_is_none(self, tmp_path: Path) -> None:
        text = (
            "NIGHT DESK\nFriday 3 May 2024, 06:45\n\nQuiet night. Jan is in from nine.\n\n***\n\n"
            f"MARKET ROOF FALLS\nSund, May 3 (Lisk Valley Post) – {ROOF}\n\n***\n\n"
            f"MILL GIVES NOTICE\nStran, May 2 – {MILL}\n\n***\n\n"
            f"BRIDGE CLOSED TO LORRIES\n{BRIDGE}\n\n***\n\nThat is all.\n"
        )
        assert told(read(tmp_path, text)) == [
            ("MARKET ROOF FALLS", "Lisk Valley Post", None, DAY),
            ("MILL GIVES NOTICE", None, None, date(2024, 5, 2)),
            ("BRIDGE CLOSED TO LORRIES", None, None, None),
        ]

    def test_a_short_first_article_is_no_remark(self, tmp_path: Path) -> None:
        text = (
            f"Lisk Valley Post, 3 May 2024\nMarket roof falls in\n\n{ROOF.partition(chr(10))[0]}\n\n***\n\n"
            f"Stran Herald, 4 May 2024\nMill gives notice to 212\nBy Mira Toll\n\n{MILL}\n\n***\n\n"
            f"Sund Courier, 4 May 2024\nBridge closed\nBy Rob Hale\n\n{BRIDGE}\n"
        )
        assert [item.outlet for item in read(tmp_path, text)] == [
            "Lisk Valley Post",
            "Stran Herald",
            "Sund Courier",
        ]

    def test_contents_with_pages_announce_numbered_titles(self, tmp_path: Path) -> None:
        text = (
            "MINISTRY OF WORKS\nDAILY PRESS REVIEW No. 47\nFriday, 3 May 2024\n\nCONTENTS\n"
            "1) Market roof falls in .... 2\n2) Mill gives notice to 212 .... 3\n\n"
            f"1. Market roof falls in\n(The Lisk Valley Post, 3 May 2024, p. 1, comment by Prof. Tova Quist)\n"
            f"{ROOF}\n\n"
            f"2. Mill gives notice to 212\n(Radio Stran, website, 2 May 2024)\n{MILL}\n\nEnd of the review\n"
        )
        assert told(read(tmp_path, text)) == [
            ("Market roof falls in", "The Lisk Valley Post", "Prof. Tova Quist", DAY),
            ("Mill gives notice to 212", "Radio Stran", None, date(2024, 5, 2)),
        ]

    def test_a_newspapers_page_names_the_outlet_and_the_day_of_all(self, by_rules: ByRules) -> None:
        assert told(by_rules(PAGE)) == [
            ("MARKET ROOF FALLS UNDER NIGHT'S SNOW", "THE LISK VALLEY POST", "TOVA QUIST", DAY),
            ("Mill hands lose their places", "THE LISK VALLEY POST", None, DAY),
            ("Bridge shut to lorries", "THE LISK VALLEY POST", "ROB HALE", DAY),
        ]

    def test_a_heading_that_says_where_all_articles_are_from(self, tmp_path: Path) -> None:
        text = (
            f"Articles from the Lisk Valley Post, spring 2024\n\nMarket roof falls in\n3 May 2024\nBy Tova Quist\n\n"
            f"{ROOF}\n\nMill gives notice to 212\n4 May 2024\nBy Mira Toll\n\n{MILL}\n"
        )
        assert {item.outlet for item in read(tmp_path, text)} == {"Lisk Valley Post"}

    @pytest.mark.parametrize(
        "heading",
        ["Lisk Valley Post and others\n3 May 2024", "Press review from the Valley\n3 May 2024", "From Ana"],
    )
    def test_a_heading_names_no_outlet_unless_it_says_so(self, heading: str) -> None:
        assert issue_of(heading).outlet is None


class TestOrderOfDayAndMonth:
    @pytest.mark.parametrize(
        ("beside", "found"),
        [
            ("28/02/2024", date(2024, 5, 3)),
            ("02/28/2024", date(2024, 3, 5)),
            ("Friday, 3 May 2024", date(2024, 5, 3)),
            ("5 March 2024", date(2024, 3, 5)),
            ("Dates as DD/MM/YYYY", date(2024, 5, 3)),
            ("28/02/2024, 02/28/2024", None),
            ("4 June 2023", None),
        ],
    )
    def test_another_line_of_the_file_settles_it(
        self, tmp_path: Path, beside: str, found: date | None
    ) -> None:
        text = (
            f"Clippings: {beside}\n\nPUBLICATION: Lisk Valley Post\nDATE: 03/05/2024\nCIRCULATION: n/a\n"
            "AUTHOR: Tova Quist\n\n"
            f"The roof of 03/05/2024 is still unpaid\n\n{ROOF}\n\nPUBLICATION: Stran Herald (online)\n"
            "DATE: 05/05/2024\n"
            f"REACH: 4,112\n\nMill gives notice to 212\n\n{MILL}\n"
        )
        assert told(read(tmp_path, text)) == [
            ("The roof of 03/05/2024 is still unpaid", "Lisk Valley Post", "Tova Quist", found),
            ("Mill gives notice to 212", "Stran Herald", None, date(2024, 5, 5)),
        ]


class TestEntries:
    @pytest.mark.parametrize(
        ("line", "outlet", "author", "day"),
        [
            (
                '"Market roof falls in", Tova Quist, Lisk Post, 2024-05-03 (accessed 2024-06-01)',
                "Lisk Post",
                "Tova Quist",
                DAY,
            ),
            ("Tova Quist, “Market roof falls in,” Lisk Post, May 3, 2024.", "Lisk Post", "Tova Quist", DAY),
            ('"Market roof falls in", Stran & Sund, 3 May 2024, p. 4', "Stran & Sund", None, DAY),
            ("**Market roof falls in**, Lisk Post, 3 May 2024", "Lisk Post", None, DAY),
            ('"Market roof falls in", Tova Quist, photocopy, no source, no date', None, "Tova Quist", None),
            ("[Lisk Post] Market roof falls in", "Lisk Post", None, None),
            (
                "Source: Lisk Post | Date: 3 May 2024 | Author: Tova Quist\nMarket roof falls in",
                "Lisk Post",
                "Tova Quist",
                DAY,
            ),
        ],
    )
    def test_forms_of_an_entry(
        self, line: str, outlet: str | None, author: str | None, day: date | None
    ) -> None:
        head = read_head(f"{line}\n\n{ROOF}")
        assert (head.title, head.outlet, head.author, head.published) == (
            "Market roof falls in",
            outlet,
            author,
            day,
        )

    @pytest.mark.parametrize(
        "line",
        [
            '"Nobody was under it," said Odile Brandt, who has sold cheese there since 3 May 2004.',
            '"We have heard dates before", Odile Brandt, a trader, said on 3 May 2024.',
            "**Lisk Valley Post** | 3 May 2024 | Tova Quist",
        ],
    )
    def test_what_is_no_entry(self, line: str) -> None:
        (found,) = read_lines(line)
        assert found.title is None

    def test_titles_that_name_their_outlet(self, tmp_path: Path) -> None:
        first, second = (
            f"{outlet}: {title}\nPublished 3 May 2024 at 6.20pm\n\n{body}\n\n"
            for outlet, title, body in (
                ("LISK POST", "Roof falls in", ROOF),
                ("STRAN HERALD", "Mill shuts", MILL),
            )
        )
        found = read(tmp_path, first + second)
        assert [(item.title, item.outlet) for item in found] == [
            ("Roof falls in", "LISK POST"),
            ("Mill shuts", "STRAN HERALD"),
        ]
        assert read(tmp_path, first)[0].outlet is None  # a single one can be about the outlet


class TestWhatStandsAboutAnArticle:
    def test_an_address_right_above_the_title_opens_the_article(self, tmp_path: Path) -> None:
        text = (
            f"Market roof falls in\nLisk Valley Post\n3 May 2024\n{ROOF}\nSubscribe to our newsletter\n\n"
            f"https://www.stran-times.example/news/2024/05/mill-notice\nMill gives notice\nMay 4, 2024\n{MILL}\n"
        )
        (_, second) = read(tmp_path, text)
        assert second.text.startswith("https://")
        assert (second.title, second.outlet) == ("Mill gives notice", "stran-times.example")

    @pytest.mark.parametrize(
        "line",
        [
            "12 comments",
            "1,2 тыс. просмотров",
            "عدد المشاهدات: 1204",
            "👍 214 😱 37",
            "Facebook  X  WhatsApp",
            "Прислать новость: @lisk_bot",
            "View comments (34)",
        ],
    )
    def test_furniture_at_the_end_is_the_articles(self, tmp_path: Path, line: str) -> None:
        text = (
            f"Market roof falls in\nLisk Valley Post\n3 May 2024\n\n{ROOF}\n{line}\n\n"
            f"Mill gives notice\nStran Herald\n4 May 2024\n\n{MILL}\n"
        )
        first, second = read(tmp_path, text)
        assert (first.text.endswith(line), second.title) == (True, "Mill gives notice")

    def test_a_standfirst_between_title_and_byline_begins_nothing(self, tmp_path: Path) -> None:
        text = (
            "The Stran Quarterly\nLONG READ\nThe town that kept its mill\n\nThey said it could not be done. "
            f"Five years on, it runs. This is its story.\n\nBy Mira Toll\nPhotographs by Rob Hale\n3 May 2024\n\n"
            f"{MILL}\n\n"
            f"What it cost\n\n{ROOF}\n\n12 May 1998: the vote\n3 June 2004: the plan\n"
            f"10 March 2024: the mill\n\n{BRIDGE}\n"
        )
        assert told(read(tmp_path, text)) == [
            ("The town that kept its mill", "The Stran Quarterly", "Mira Toll", DAY)
        ]

    def test_a_senders_name_and_a_programme_are_no_outlets(self, tmp_path: Path) -> None:
        text = (
            "Hello Ilka,\n\nyour clips are below.\n\nKind regards\nLisk Media Service\n\n"
            f"Title: Market roof falls in\nOutlet: Lisk Post\nDate: 3 May 2024\n\n{ROOF}\n\n"
            f"Title: Mill gives notice\nOutlet: Stran Herald\nDate: 4 May 2024\n\n{MILL}\n"
        )
        assert [(item.title, item.outlet) for item in read(tmp_path, text)] == [
            ("Market roof falls in", "Lisk Post"),
            ("Mill gives notice", "Stran Herald"),
        ]
        head = read_head(
            f"Channel Six Lisk\nTranscript: The Evening Question\n3 May 2024\nWe count again\n\n{ROOF}"
        )
        assert head.outlet == "Channel Six Lisk"

    @pytest.mark.parametrize(
        ("line", "outlet", "author"),
        [
            ("Radio Lisk Libre, le 3 mai 2024", "Radio Lisk Libre", None),
            ("«Дорожная газета»\n3 мая 2024 г.", "Дорожная газета", None),
            ("By Tova Quist (Lisk Post)\n3 May 2024", "Lisk Post", "Tova Quist"),
            ("Lisk Post / Tova Quist\n3 May 2024", "Lisk Post", "Tova Quist"),
        ],
    )
    def test_forms_of_a_head(self, line: str, outlet: str, author: str | None) -> None:
        head = read_head(f"Market roof falls in\n{line}\n\n{ROOF}")
        assert (head.title, head.outlet, head.author, head.published) == (
            "Market roof falls in",
            outlet,
            author,
            DAY,
        )
