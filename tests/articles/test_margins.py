"""What stands between two articles and belongs to the one above: running heads and feet, notes with links, appeals,
disclaimers, the hour at which something ended. Whatever it is, the next article begins below it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from rag.articles.appeals import is_appeal
from rag.articles.readers import read as read_file
from rag.schema import Article

BODIES = [
    "The cable car to Hohen Varn stood still for six hours on Tuesday with forty people in its two cabins.\n\n"
    "A ranger brought tea up the service ladder. The company speaks of a fuse that costs less than the tea.",
    "Bakers in the old town may start at two in the morning again, the council decided after a short debate.\n\n"
    "Neighbours had complained of the carts. They were promised rubber wheels and one warm loaf a week.",
    "The archive of the salt office has been found behind a wall that was to make room for a lift.\n\n"
    "It holds nine hundred boxes. The first that was opened held receipts for candles, and a sandwich.",
]
TITLES = [
    "Cable car stands still for six hours",
    "Bakers may rise at two once more",
    "Salt office archive found behind wall",
]
OUTLETS = ["Varn Observer", "Old Town Gazette", "Radio Salzach"]
DAYS = [date(2025, 9, 2), date(2025, 9, 3), date(2025, 9, 5)]

Read = Callable[[str], list[Article]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def made(text: str) -> list[Article]:
        path = tmp_path / "digest.txt"
        path.write_text(text, encoding="utf-8")
        return list(read_file(str(path), max_bytes=10**6).articles)

    return made


def day(place: int) -> str:
    return f"{DAYS[place].day} September 2025"


def item(place: int, head: str = "{title}\n{outlet}\n{day}") -> str:
    filled = head.format(title=TITLES[place], outlet=OUTLETS[place], day=day(place))
    return f"{filled}\n\n{BODIES[place]}"


def opens_with(articles: list[Article]) -> list[str]:
    return [article.text.partition("\n")[0] for article in articles]


HEADS = ["{title}\n{outlet}\n{day}", "{outlet}\n{day}\n\n{title}"]


class TestRunningLines:
    @pytest.mark.parametrize("head", HEADS)
    @pytest.mark.parametrize(
        "foot",
        [
            "Valley cuttings, autumn                                     {n}/3",
            "Valley cuttings, autumn {n}/3",
            "Valley cuttings, autumn | {n}",
            "{n}      Valley cuttings, autumn",
            "Valley cuttings, autumn - {n} of 3",
            "Pressestelle Varn, Blatt {n}",
            "عرض الوادي الأسبوعي - صفحة {n}",
        ],
    )
    def test_a_line_that_returns_with_another_number_opens_nothing(
        self, read: Read, head: str, foot: str
    ) -> None:
        text = "\n\n".join(f"{item(n - 1, head)}\n\n{foot.format(n=n)}" for n in (1, 2, 3))
        found = read(text)
        assert opens_with(found) == (TITLES if head == HEADS[0] else OUTLETS)
        assert [(article.title, article.outlet, article.published) for article in found] == list(
            zip(TITLES, OUTLETS, DAYS, strict=True)
        )

    def test_nor_does_it_at_the_head_of_each_page(self, read: Read) -> None:
        text = "\n\n".join(
            f"VALLEY CUTTINGS, AUTUMN                    {n}\n\n{item(n - 1)}" for n in (1, 2, 3)
        )
        assert opens_with(read(text)) == TITLES

    def test_numbered_titles_still_open_articles(self, read: Read) -> None:
        head = "Letter from the salt mine, part {n}\n{outlet}\n{day}"
        text = "\n\n".join(item(n - 1, head.replace("{n}", str(n))) for n in (1, 2, 3))
        assert opens_with(read(text)) == [f"Letter from the salt mine, part {n}" for n in (1, 2, 3)]

    def test_a_series_of_equal_reports_is_no_running_line(self, read: Read) -> None:
        head = "{outlet}, p. {n}\n{title}"
        text = "\n\n".join(
            item(n, head.replace("{n}", str(n + 2)).replace("{outlet}", OUTLETS[0])) for n in (0, 1, 2)
        )
        assert [article.title for article in read(text)] == TITLES


APPEALS = [
    "To get these stories every Friday, sign up for our newsletter here",
    "If you cannot read this e-mail, view it in your browser",
    "Opinions expressed here are those of the columnist alone",
    "The article was reprinted with permission of the editors",
    "The post Bakers may rise at two once more appeared first on Old Town Gazette.",
    "Inscrivez-vous à notre lettre du vendredi, c'est gratuit",
    "Sur le même sujet : le pain de deux heures",
    "Les propos de cette tribune n'engagent que leur auteur",
    "Tous droits réservés",
    "Folgen Sie uns auf Telegram",
    "Lesen Sie auch: Warum Bäcker früh aufstehen",
    "Der Beitrag gibt nicht die Meinung der Redaktion wieder",
    "Следите за нами в Telegram",
    "Материалы по теме: хлеб и соль",
    "Редакция может не разделять мнение автора, и наоборот: мнения авторов не отражают позицию редакции",
    "للاشتراك في نشرتنا الصباحية اضغط على هذا الرابط",
    "تابعوا قناتنا على تلغرام",
    "المقال يعبر عن رأي كاتبه فقط",
    "جميع الحقوق محفوظة",
    "Bültenimize abone olmak için tıklayın",
    "İlgili haberler: ekmek ve tuz",
    "Yazıdaki görüşler yazarına aittir",
    "Բաժանորդագրվեք մեր տեղեկագրին",
    "Կարդացեք նաև՝ հաց և աղ",
    "Հեղինակի կարծիքը կարող է չհամընկնել խմբագրության տեսակետի հետ",
    "[1] https://gazette.example/bakers (link)",
    "[2]: https://gazette.example/bakers",
    "(3) <https://gazette.example/carts>",
    "²  www.gazette.example/loaf",
    "Ссылка: https://gazette.example/loaf",
    "Lien : https://gazette.example/loaf",
]


class TestAppeals:
    @pytest.mark.parametrize("line", APPEALS)
    def test_above_a_whole_head_they_belong_to_the_article_before(self, read: Read, line: str) -> None:
        text = "\n\n".join(f"{item(place)}\n\n{line}" for place in range(3))
        assert opens_with(read(text)) == TITLES

    @pytest.mark.parametrize("line", APPEALS)
    def test_a_single_one_does(self, read: Read, line: str) -> None:
        text = f"{item(0)}\n\n{line}\n\n{item(1)}\n\n{item(2)}"
        assert opens_with(read(text)) == TITLES

    @pytest.mark.parametrize(
        "title",
        [
            "Churches join protest against Telegram ban",
            "Court follows opinion of its youngest judge",
            "Newsletter of the salt office sold for a fortune",
            "Author of bread law regrets her views",
            "Bäcker folgen dem Ruf der Redaktion",
            "Мнение автора закона о хлебе изменилось",
            "Подписан договор о канале",
            "رأي المحكمة في قضية الخبز",
            "الحكومة تنشر رابط الخبز الجديد",
            "Yazar yeni görüşünü gazetede açıkladı",
        ],
    )
    def test_headlines_with_the_same_words_are_none(self, title: str) -> None:
        assert not is_appeal(title)


WHATEVER = [
    "Our night desk never sleeps and neither do our presses",
    "Tomorrow in our pages: who pays for the wheels",
    "Kaum gelesen, schon vergessen",
    "Ночной выпуск готовила смена Соколова",
    "Last checked on 9 September 2025",
]


class TestWhateverItSays:
    """No word tells these lines; that the other articles of the file begin without one does."""

    @pytest.mark.parametrize("line", WHATEVER)
    @pytest.mark.parametrize("head", [*HEADS, "{title}\nBy Rob Hale\n{day}", "{outlet}, {day}\n{title}"])
    @pytest.mark.parametrize("below", [(0,), (0, 2)])
    def test_apart_above_a_head_like_the_others(
        self, read: Read, line: str, head: str, below: tuple[int, ...]
    ) -> None:
        items = [item(place, head) for place in (0, 1, 2)] + [item(0, head).replace("six hours", "a day")]
        text = "\n\n".join(f"{each}\n\n{line}" if n in below else each for n, each in enumerate(items))
        assert opens_with(read(text)) == [each.partition("\n")[0] for each in items]

    def test_a_title_parted_from_what_sums_it_up_stays(self, read: Read) -> None:
        summed_up = "Forty people had tea brought up to them by a ranger on a ladder before the company found the fuse"
        head = "{title}\n\n{outlet}\n{day}"
        text = f"{item(1, head)}\n\n{TITLES[0]}\n\n{summed_up}\n\nVarn Observer\n{day(0)}\n\n{BODIES[0]}"
        assert opens_with(read(f"{text}\n\n{item(2, head)}")) == [TITLES[1], TITLES[0], TITLES[2]]

    def test_a_title_below_more_space_than_above_its_source_stays(self, read: Read) -> None:
        text = f"{item(1)}\n\n\n{TITLES[0]}\n\nWhat a fuse costs\nVarn Observer\n{day(0)}\n\n{BODIES[0]}"
        assert opens_with(read(f"{text}\n\n\n{item(2)}")) == [TITLES[1], TITLES[0], TITLES[2]]


class TestClosing:
    @pytest.mark.parametrize(
        "clock", ["12:21 P.M.", "14:05", "9:47 a.m.", "Ende 14:05 Uhr", "Ends 14:05 GMT"]
    )
    def test_the_hour_at_which_it_ended(self, read: Read, clock: str) -> None:
        text = f"{item(0, HEADS[0] + chr(10) + '11:30')}\n\n{clock}\n\n{item(1)}\n\n{item(2)}"
        assert opens_with(read(text)) == TITLES

    def test_the_hour_above_each_title_opens_it(self, read: Read) -> None:
        text = "\n\n".join(f"0{n}:15\n\n{item(n)}" for n in range(3))
        assert len(read(text)) == 3

    def test_the_name_of_the_file(self, read: Read) -> None:
        text = "ملف صحفي: الخبز والملح\n\n" + "\n\n".join(
            f"{title}\nصحيفة الوادي - {number} سبتمبر 2025\n\n{'أعلن المجلس قراره بعد نقاش قصير في المدينة. ' * 4}"
            for number, title in ((2, "توقف العربة المعلقة ست ساعات"), (3, "الخبازون يبدأون في الثانية"))
        )
        assert opens_with(read(text)) == ["توقف العربة المعلقة ست ساعات", "الخبازون يبدأون في الثانية"]


class TestQuoted:
    def test_a_post_set_into_an_article_opens_none(self, read: Read) -> None:
        post = "    Mayor of Varn @mayorvarn\n    Nobody is to blame, and I least of all. \n"
        post += "    9:12 AM · Sep 2, 2025\n    310 Reposts  1.1K Likes"
        text = f"{item(0)}\n\n{post}\n\n{BODIES[1]}\n\n{item(2)}"
        assert opens_with(read(text)) == [TITLES[0], TITLES[2]]

    def test_who_said_a_motto_and_when_opens_none(self, read: Read) -> None:
        motto = '    "We thank you for your patience, which we did not ask for."\n'
        motto += "    - Varn Cable, letter of 4 June 2025"
        text = f"{item(0)}\n\n{motto}\n\nA fuse and its price\n\n{BODIES[1]}\n\n{BODIES[2]}"
        assert opens_with(read(text)) == [TITLES[0]]

    def test_what_a_forwarder_says_himself(self, read: Read) -> None:
        text = "\n\n".join(
            f"Odo B., [0{n + 2}.09.2025 09:0{n}]\n[Forwarded from {OUTLETS[n]}]\n{TITLES[n]}\n\n{BODIES[n]}"
            for n in range(3)
        )
        text += "\n\nOdo B., [06.09.2025 18:00]\nnothing more from me until the snow melts, folks"
        assert opens_with(read(text)) == [f"Odo B., [0{n + 2}.09.2025 09:0{n}]" for n in range(3)]


class TestWho:
    @pytest.mark.parametrize(
        ("line", "name"),
        [
            ("Беседовала Нина Лаврова", "Нина Лаврова"),
            ("Интервью взял Пётр Соколин", "Пётр Соколин"),
            ("حاورته: ريم الصافي", "ريم الصافي"),
            ("Propos recueillis par Odile Brandt", "Odile Brandt"),
            ("Entretien réalisé par Odile Brandt", "Odile Brandt"),
            ("Das Gespräch führte Odile Brandt", "Odile Brandt"),
            ("Interviewed by Odile Brandt", "Odile Brandt"),
            ("Söyleşi: Defne Arıkan", "Defne Arıkan"),
            ("Զրուցեց Անի Մելքոնյանը", "Անի Մելքոնյանը"),
        ],
    )
    def test_who_asked_the_questions_is_the_author(self, read: Read, line: str, name: str) -> None:
        (article,) = read(f"{TITLES[0]}\n{OUTLETS[0]}, {day(0)}\n{line}\n\n{BODIES[0]}")
        assert (article.author, article.outlet) == (name, OUTLETS[0])

    @pytest.mark.parametrize(
        "signature", ["Odile Brandt", " " * 40 + "Odile Brandt", "ODILE BRANDT", "Odile Brandt\nUpper Varn"]
    )
    def test_a_name_alone_below_the_text_signs_it(self, read: Read, signature: str) -> None:
        foot = "Valley cuttings      {n}/3"
        first = f"{item(0)}\n\n{signature}\n\n{foot.format(n=1)}"
        text = f"{first}\n\n{item(1)}\n\n{foot.format(n=2)}\n\n{item(2)}"
        assert [article.author for article in read(text)] == ["Odile Brandt", None, None]

    def test_a_place_below_the_text_signs_nothing(self, read: Read) -> None:
        (article,) = read(f"{item(0)} It was in Hohen Varn.\n\nHohen Varn")
        assert article.author is None

    def test_outlet_and_author_parted_by_a_slash(self, read: Read) -> None:
        names = ["La Voce di Varn / Odile Brandt", "Il Sale / Rob Hale", "La Voce di Varn / Mira Olsk"]
        text = "\n\n***\n\n".join(
            f"{title}\n{name}\n\n{body}" for title, name, body in zip(TITLES, names, BODIES, strict=True)
        )
        assert [(article.outlet, article.author) for article in read(text)] == [
            ("La Voce di Varn", "Odile Brandt"),
            ("Il Sale", "Rob Hale"),
            ("La Voce di Varn", "Mira Olsk"),
        ]

    @pytest.mark.parametrize(
        "parted", ["***** / *****", "Bread / salt / water", "3.50 / 4.10", "Sunday | Monday"]
    )
    def test_other_lines_with_a_slash_name_nobody(self, read: Read, parted: str) -> None:
        text = "\n\n***\n\n".join(
            f"{title}\n{parted}\n\n{body}" for title, body in zip(TITLES, BODIES, strict=True)
        )
        assert {article.author for article in read(text)} == {None}

    def test_a_feed_is_an_outlet_and_a_nickname_an_author(self, read: Read) -> None:
        text = "\n\n".join(
            f"Feed: {OUTLETS[n]}\nTitle: {TITLES[n]}\nAuthor: crumbs\nDate: {day(n)}\n\n{BODIES[n]}\n\n"
            f"Links:\n[1]: https://paper.example/{n} (link)"
            for n in range(3)
        )
        found = read(text)
        assert opens_with(found) == [f"Feed: {outlet}" for outlet in OUTLETS]
        assert [(article.outlet, article.author) for article in found] == [
            (outlet, "crumbs") for outlet in OUTLETS
        ]

    def test_a_channel_with_its_owner_in_brackets(self, read: Read) -> None:
        text = "\n\n".join(
            f"Odo B., [0{n + 2}.09.2025 09:0{n}]\n[Forwarded from Crumbs and Salt (Mira Olsk)]\n"
            f"{TITLES[n]}\n\n{BODIES[n]}"
            for n in range(2)
        )
        assert {(article.outlet, article.author) for article in read(text)} == {
            ("Crumbs and Salt", "Mira Olsk")
        }

    def test_of_a_record_the_person_wrote_and_the_name_below_the_date_printed(self, read: Read) -> None:
        head = f"{TITLES[0]}\n\nOdile Brandt\n163 words\n{day(0)}\nFlour & Fortune\nENGLISH"
        (article,) = read(f"{head}\n\n{BODIES[0]}")
        assert (article.outlet, article.author) == ("Flour & Fortune", "Odile Brandt")
