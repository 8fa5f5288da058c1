"""Heads that say several things on one line, told by what each part is; words apart above titles; forwarded posts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from rag.articles.metadata import Head
from rag.articles.places import is_country
from rag.articles.readers import read as read_file
from rag.schema import Article

BODIES = [
    "The lift in the grain tower has been out of order since the harvest, and the miller carries his sacks himself.\n\n"
    "A mechanic from the capital is expected within the week. He has been expected within the week since October.",
    "Four lanterns on the upper quay will burn oil again because the cable below them has been eaten through.\n\n"
    "The town has found an old lamplighter. He is eighty-eight and asked only for a ladder with a rail.",
    "A school choir that lost its bus in the snow sang for two hours to keep the drivers behind it awake.\n\n"
    "The ploughs arrived at midnight. One of the drivers has since asked for the words of the third song.",
    "The county has put its largest map up for sale, since no wall in the new building is large enough for it.\n\n"
    "It shows three villages that were never built. Two of them have had a postman for some time.",
]
TITLES = [
    "Miller carries his own sacks again",
    "Oil lanterns return to the upper quay",
    "Choir sings drivers through the snow",
    "County sells a map too large for its wall",
]
OUTLETS = ["Talgrund Kurier", "The Quay Gazette", "Nordvik Radio", "Estuary Weekly"]
AUTHORS = ["Oda Lindqvist", "Marek Haule", "Tilde Sorn", "Petra Vance"]
DAYS = [date(2024, 2, 6), date(2024, 2, 8), date(2024, 2, 14), date(2024, 2, 20)]
COUNTRIES = ["Germany", "United Kingdom", "Norvège", "Canada"]

Read = Callable[[str], list[Article]]
ByRules = Callable[[str], list[Head]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def made(text: str) -> list[Article]:
        path = tmp_path / "digest.txt"
        path.write_text(text, encoding="utf-8")
        return list(read_file(str(path), max_bytes=10**6).articles)

    return made


def digest(*heads: str) -> str:
    """Articles below heads with fields in braces, one head for each."""
    return "\n\n".join(f"{filled(head, place)}\n\n{BODIES[place]}" for place, head in enumerate(heads))


def filled(head: str, place: int) -> str:
    day = DAYS[place]
    return head.format(
        n=place + 1,
        title=TITLES[place],
        outlet=OUTLETS[place],
        author=AUTHORS[place],
        signs="".join(f"{part[0]}. " for part in AUTHORS[place].split()).strip(),
        country=COUNTRIES[place],
        day=f"{day.day} February {day.year}",
        jour=f"{day.day} février {day.year}",
        dotted=f"{day.day:02}.{day.month:02}.{day.year}",
    )


def opens_with(articles: list[Article]) -> list[str]:
    return [article.text.partition("\n")[0] for article in articles]


class TestFieldsBelowTitle:
    @pytest.mark.parametrize(
        "line",
        [
            "{outlet} – {jour} – par {author}",
            "{outlet} > Local, {country} | {author} | {day} | 412 words",
            "{outlet}, {country}, {author}, {day}",
            "{outlet} (Karvik), {day}, {author}",
            "{outlet} - {day} - by {author}",
            "{outlet}, {country} – {author} – {dotted}",
            "{outlet} ({country}) – {author} – {dotted}",
            "{outlet} · {author} · {day} · 4 min read",
            "{outlet} | {author} | {day} | Reading time: 5 minutes",
            "{author} · {outlet} · {day} · 3 Min. Lesezeit",
            "{outlet} | {country} | {day} | {author}",
            "{outlet} | Courts | Newsdesk | {author} | {day}",
            "{day} – {outlet}, {country} – {author}",
        ],
    )
    def test_each_part_is_what_it_says(self, read: Read, line: str) -> None:
        found = read(digest(*[f"{{title}}\n{line}"] * 4))
        assert opens_with(found) == TITLES
        assert [(item.title, item.outlet, item.author, item.published) for item in found] == list(
            zip(TITLES, OUTLETS, AUTHORS, DAYS, strict=True)
        )

    @pytest.mark.parametrize("line", ["{outlet} – {day} – {signs}", "{outlet} | {signs} | {day}"])
    def test_initials_sign(self, read: Read, line: str) -> None:
        found = read(digest(*[f"{{title}}\n{line}"] * 3))
        assert [item.author for item in found] == ["O. L.", "M. H.", "T. S."]
        assert [item.outlet for item in found] == OUTLETS[:3]

    @pytest.mark.parametrize(
        ("line", "author"),
        [
            ("{outlet}, {country} – {author}", AUTHORS[1]),
            ("{outlet} · 3 min read", None),
            ("{outlet} · {author} · 6 min read", AUTHORS[1]),
        ],
    )
    def test_an_undated_line_heads_as_well(self, read: Read, line: str, author: str | None) -> None:
        usual = "{title}\n{outlet}, {country} – {author} – {dotted}"
        found = read(digest(usual, f"{{title}}\n{line}", usual))
        assert opens_with(found) == TITLES[:3]
        assert (found[1].outlet, found[1].author, found[1].published) == (OUTLETS[1], author, None)

    @pytest.mark.parametrize("line", ["{author}, {outlet}", "{outlet} – {author}"])
    def test_two_names_below_several_titles_cite_them(self, read: Read, line: str) -> None:
        found = read(digest(*[f"{{title}}\n{line}"] * 4))
        assert [(item.title, item.outlet, item.author) for item in found] == list(
            zip(TITLES, OUTLETS, AUTHORS, strict=True)
        )

    def test_a_person_where_others_have_outlet_and_author_is_the_author(self, read: Read) -> None:
        usual = "{title}\n{outlet} · {author} · {day} · 2 min read"
        found = read(digest(usual, usual, "{title}\n{author} · {day} · 2 min read", usual))
        assert [item.author for item in found] == AUTHORS
        assert [item.outlet for item in found] == [*OUTLETS[:2], None, OUTLETS[3]]

    def test_the_day_on_which_it_was_saved_dates_nothing(self, read: Read) -> None:
        head = "{title}\n{outlet} · {author} · 2 min read\nSaved 3 Mar 2025 · tags: towers, lamps"
        found = read(digest(head, head, head))
        assert opens_with(found) == TITLES[:3]
        assert [item.published for item in found] == [None] * 3

    @pytest.mark.parametrize("gloss", ["(Ein Müller trägt wieder)", "[What the miller carries, and why]"])
    def test_a_title_is_glossed_in_brackets(self, read: Read, gloss: str) -> None:
        found = read(digest(*[f"{{title}}\n{gloss}\n{{outlet}}, {{country}} – {{dotted}}"] * 3))
        assert opens_with(found) == TITLES[:3]
        assert [item.outlet for item in found] == OUTLETS[:3]

    def test_a_title_in_another_script_keeps_its_gloss(self, read: Read) -> None:
        russian = (
            "Мельник снова носит мешки\n(The miller carries sacks again)\nСельская неделя, Russia – 20.02.2024\n\n"
            "Подъёмник в зерновой башне не работает с жатвы, и мельник носит мешки на себе, как носил его дед.\n\n"
            "Мастера ждут на этой неделе. На этой неделе его ждут с октября, говорят соседи и качают головами."
        )
        usual = "{title}\n{outlet}, {country} – {author} – {dotted}"
        found = read(digest(usual, usual) + "\n\n" + russian)
        assert opens_with(found) == [*TITLES[:2], "Мельник снова носит мешки"]
        assert (found[2].outlet, found[2].published) == ("Сельская неделя", date(2024, 2, 20))

    def test_when_a_quarterly_appeared_is_no_title(self, read: Read) -> None:
        head = "{outlet}\nWinter 2024          Page 8\n\n{title}\n\nBy {author}"
        found = read(digest(head, head, head))
        assert [(item.title, item.outlet) for item in found] == list(
            zip(TITLES[:3], OUTLETS[:3], strict=True)
        )

    def test_a_long_article_with_dashes_in_its_chapters_stays_one(self, read: Read) -> None:
        chapters = ["Vienna, Austria – Ana Lim", "The price – Ana Lim", "Paris, France", "Winter 2019"]
        chapters += ["Two voices\nAna Lim – Rob Hale", "Listen · 4 min", "WATER\n\nThe long night, and after"]
        text = "How the map was drawn\nThe Quay Gazette – 3 May 2024 – by Ana Lim\n\n" + "\n\n".join(
            f"{chapter}\n\n{BODIES[place % len(BODIES)]}" for place, chapter in enumerate(chapters)
        )
        (found,) = read(text)
        assert (found.outlet, found.author) == ("The Quay Gazette", "Ana Lim")


class TestTitleAndSourceOnOneLine:
    @pytest.mark.parametrize(
        "head",
        [
            "{n}) {title} — {outlet}, {author}",
            "{n}. {title} – {outlet}, by {author}",
            "{title} | {outlet}, {author}",
            "{title} // {outlet}, {author}",
            "{title} ({outlet}, {author})",
            "{title} -- {outlet}, {country}, {author}",
            "• {title} – {outlet}, {author}",
            "{title} [{outlet}, {author}]",
        ],
    )
    def test_the_same_mark_parts_title_outlet_and_author(self, read: Read, head: str) -> None:
        found = read(digest(*[head] * 4))
        assert [(item.title, item.outlet, item.author) for item in found] == list(
            zip(TITLES, OUTLETS, AUTHORS, strict=True)
        )

    @pytest.mark.parametrize("head", ["{n}) {outlet} — {title}", "{outlet} | {title}"])
    def test_the_outlet_may_stand_first(self, read: Read, head: str) -> None:
        found = read(digest(*[head] * 4))
        assert [(item.title, item.outlet) for item in found] == list(zip(TITLES, OUTLETS, strict=True))

    def test_what_an_outlet_is_and_a_writer_alone(self, read: Read) -> None:
        usual = "{n}) {title} — {outlet}"
        aside = "{n}) {title} — Vane & Valley, the millers' own quarterly"
        found = read(digest(usual, aside, usual, "{n}) {title} — {author}"))
        assert [(item.title, item.outlet, item.author) for item in found] == [
            (TITLES[0], OUTLETS[0], None),
            (TITLES[1], "Vane & Valley", None),
            (TITLES[2], OUTLETS[2], None),
            (TITLES[3], None, AUTHORS[3]),
        ]

    def test_remarks_in_brackets_between_are_furniture(self, read: Read) -> None:
        remark = (
            "[O: who pays for the lanterns? there was a piece in the Courier about the same quay last year, "
            "could not find it, ask the archive]"
        )
        text = digest(*["{n}) {title} — {outlet}"] * 3).replace("\n\n2)", f"\n\n{remark}\n\n2)")
        assert [item.title for item in read(text)] == TITLES[:3]

    def test_chapters_with_names_behind_a_dash_are_none(self, read: Read) -> None:
        chapters = ["A walk to the mill — Oda Lindqvist", "The lamps at night — Marek Haule", "Snow — again"]
        text = "Three voices from the valley\nThe Quay Gazette\n3 May 2024\n\n" + "\n\n".join(
            f"{chapter}\n\n{body}" for chapter, body in zip(chapters, BODIES, strict=False)
        )
        assert len(read(text)) == 1


class TestKickers:
    @pytest.mark.parametrize(
        "kickers", [["HARVEST", "AFTER DARK", "Winter"], ["Mills", "LIGHT", "SONG AND SNOW"]]
    )
    @pytest.mark.parametrize("head", ["{title}\n\n{outlet}\nBy {author}", "{title}\n{outlet}\n{day}"])
    def test_a_word_apart_above_a_title_begins_its_article(
        self, read: Read, kickers: list[str], head: str
    ) -> None:
        found = read(digest(*(f"{kicker}\n\n{head}" for kicker in kickers)))
        assert opens_with(found) == kickers
        assert [(item.title, item.outlet) for item in found] == list(
            zip(TITLES[:3], OUTLETS[:3], strict=True)
        )

    def test_not_every_article_needs_one(self, read: Read) -> None:
        head = "{title}\n\n{outlet}\nBy {author}"
        found = read(digest(f"HARVEST\n\n{head}", head, f"SONGS\n\n{head}"))
        assert opens_with(found) == ["HARVEST", TITLES[1], "SONGS"]

    def test_an_outlet_that_nothing_else_names_is_none(self, read: Read, by_rules: ByRules) -> None:
        heads = [
            f"{name}\n\n{{title}}\n\nBy {{author}}\n{{day}}" for name in ("TALBOTE", "Waterkant", "NOVAR")
        ]
        assert opens_with(read(digest(*heads))) == ["TALBOTE", "Waterkant", "NOVAR"]
        assert [item.outlet for item in by_rules(digest(*heads))] == ["TALBOTE", "Waterkant", "NOVAR"]

    def test_signatures_of_one_word_close_the_article_above(self, read: Read) -> None:
        head = "{title}\n\n{outlet}\nBy {author}"
        text = "\n\n".join(
            f"{filled(head, place)}\n\n{BODIES[place]}\n\n{name}"
            for place, name in enumerate(("Lindqvist", "Haule", "Sorn"))
        )
        assert opens_with(read(text)) == TITLES[:3]

    def test_a_list_of_titles_below_more_from_is_furniture(self, read: Read) -> None:
        head = "{title}\n\n{outlet}\nBy {author}"
        more = "More from Nordvik Radio:\nFerries stay in port until Sunday\nWhere to buy a rail for a ladder"
        text = digest(*[head] * 3).replace(f"\n\n{TITLES[1]}", f"\n\n{more}\n\n{TITLES[1]}")
        assert opens_with(read(text)) == TITLES[:3]


class TestForwardedPosts:
    @pytest.mark.parametrize(
        "stamp",
        [
            "[0{n}/09/2023, 21:4{n}:17] Oda (night desk): Forwarded",
            "[1{n}.09.2023, 11:30] Oda: Forwarded many times",
            "1{n}/09/2023, 11:30 - Oda: Weitergeleitet",
            "[9/1{n}/23, 9:05:1{n} PM] Oda: Forwarded",
        ],
    )
    def test_a_chats_own_stamp_begins_the_post(self, read: Read, stamp: str) -> None:
        head = f"{stamp}\n*{{title}}*\n{{outlet}}, {{day}}\nBy {{author}}"
        found = read("Group chat, exported\n\n" + digest(head, head, head))
        assert opens_with(found) == [filled(stamp, place) for place in range(3)]
        assert [(item.title, item.outlet, item.author, item.published) for item in found] == list(
            zip(TITLES[:3], OUTLETS[:3], AUTHORS[:3], DAYS[:3], strict=True)
        )

    def test_a_chat_quoted_in_an_article_opens_none(self, read: Read) -> None:
        quoted = "[03/09/2023, 10:11] Oda: Where is the paint for the crane\n[03/09/2023, 10:12] Marek: gone"
        text = "\n\n".join([filled("{title}\n{outlet}\n{day}", 0), BODIES[0], quoted, BODIES[1]])
        assert len(read(text)) == 1

    def test_its_hour_dates_nothing_and_replies_open_nothing(self, read: Read) -> None:
        said = [
            "[13/09/2023, 11:3{n}:40] Marek: Who is going to call the miller about this tonight",
            "[13/09/2023, 11:3{n}:59] Tilde: 😂 a ladder with a rail",
        ]
        heads = [
            f"[13/09/2023, 11:3{{n}}:17] Oda: Forwarded\n*{{title}}*{line}"
            for line in ("\n{outlet}, {day}", "", "\n{outlet}, {day}")
        ]
        text = "\n\n".join(
            "\n".join(
                [f"{filled(head, place)}\n\n{BODIES[place]}\n", *(filled(item, place) for item in said)]
            )
            for place, head in enumerate(heads)
        )
        found = read(text)
        assert [item.title for item in found] == TITLES[:3]
        assert [item.published for item in found] == [DAYS[0], None, DAYS[2]]
        assert [item.outlet for item in found] == [OUTLETS[0], None, OUTLETS[2]]


def test_initials_alone_below_the_words_sign(read: Read) -> None:
    head = "{title}\n{outlet}\n{day}"
    signs = ["O. L.", "M.H.", "T. S."]
    text = "\n\n".join(
        f"{filled(head, place)}\n\n{BODIES[place]}\n\n{sign}" for place, sign in enumerate(signs)
    )
    found = read(text)
    assert opens_with(found) == TITLES[:3]
    assert [item.author for item in found] == signs


def test_countries_are_no_outlets() -> None:
    assert [is_country(name) for name in ("Schweiz", "Украина", "Georgia", "Georgia Post")] == [True] * 3 + [
        False
    ]
