"""Heads of articles: who, where and when, in the layouts that people paste; never a guess."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from rag.articles.dates import find_date, parse_day
from rag.articles.language import language_of
from rag.articles.metadata import Head, read_head

DAY = date(2023, 9, 27)
BODY = (
    "\n\nThe dam above the town failed in the night, and the lower streets were under water by the morning."
)


class TestDates:
    @pytest.mark.parametrize(
        "text",
        [
            "September 27, 2023",
            "Sept. 27, 2023",
            "Wednesday, 27 September 2023",
            "27th September, 2023",
            "2023-09-27",
            "2023-09-27T23:59:00Z",
            "27.09.2023",
            "27 septembre 2023",
            "27 сентября 2023",
            "27 سبتمبر 2023",
            "٢٧ سبتمبر ٢٠٢٣",
            "27\u00a0September\u00a02023",
            "27.09.23",
            "27. 09. 2023.",
            "27-09-2023",
            "27-Sep-23",
            "27 settembre 2023",
            "27 de setembro de 2023",
            "27 września 2023",
            "27 вересня 2023 р.",
            "27 սեպտեմբերի, 2023",
            "2023 թ. սեպտեմբերի 27",
            "27 Σεπτεμβρίου 2023",
            "۲۷ سپتامبر ۲۰۲۳",
            "2023. szeptember 27.",
            "27 სექტემბერი 2023",
        ],
    )
    def test_formats(self, text: str) -> None:
        found = find_date(f"Wire – {text} – more")
        assert found is not None
        assert found.day == DAY

    @pytest.mark.parametrize(
        ("text", "day"), [("NOVEMBER 14, 1896", date(1896, 11, 14)), ("09.02.38", date(1938, 2, 9))]
    )
    def test_days_of_the_past(self, text: str, day: date) -> None:
        found = find_date(text)
        assert found is not None
        assert found.day == day

    def test_the_span_holds_the_date(self) -> None:
        text = "Press TV – 27 Sept 2023, 14:05"
        found = find_date(text)
        assert found is not None
        assert text[found.start : found.end] == "27 Sept 2023"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "2023",
            "September 2023",
            "9/10/2023",
            "31 February 2023",
            "2023-13-45",
            "27 September",
            "1.2.3",
            "version 1.12.23",
            "10.11.12.13",
            "9-10-2023",
            "Martha 12, 2020",
        ],
    )
    def test_what_is_no_full_date(self, text: str) -> None:
        assert find_date(text) is None

    @pytest.mark.parametrize(
        ("value", "day"),
        [
            ("2023-09-27", DAY),
            ("20230927", DAY),
            ("2023-09-27T10:00:00+02:00", DAY),
            ("Wed, 27 Sep 2023 10:00:00 GMT", DAY),
            (DAY, DAY),
            (datetime(2023, 9, 27, 23, 59), DAY),
            (None, None),
            ("", None),
            ("nan", None),
            ("NaT", None),
            ("yesterday", None),
            (float("nan"), None),
            (1695772800, None),
            ("1695772800", None),
            ("1612111912000", None),
            ("٢٠٢٣", None),
        ],
    )
    def test_metadata_fields(self, value: object, day: date | None) -> None:
        assert parse_day(value) == day


class TestHead:
    @pytest.mark.parametrize(
        "lines",
        [
            "Press TV\nSeptember 27, 2023",
            "September 27, 2023\nPress TV",
            "Press TV – September 27, 2023",
            "27 September 2023 | Press TV",
            "Press TV, 2023-09-27 10:15 GMT",
            "\nPress TV\n\nPublished: Wednesday, September 27, 2023",
            "Source: Press TV\nPublished on 27.09.2023",
            "*Press TV, 27 September 2023*",
            "**Press TV** · 27 September 2023",
        ],
    )
    @pytest.mark.parametrize("title", ["Dam fails in the night", "# Dam fails in the night"])
    def test_outlet_and_date(self, title: str, lines: str) -> None:
        head = read_head(f"{title}\n{lines}{BODY}")
        assert head == Head("Dam fails in the night", outlet="Press TV", published=DAY)

    @pytest.mark.parametrize(
        "lines",
        [
            "Press TV\nBy Ana Lim\n27 September 2023",
            "By Ana Lim\nPress TV, 27 September 2023",
            "By Ana Lim in Ostrava | 27 September 2023\nPress TV",
            "Written by Ana Lim\nPress TV\n27 September 2023",
            "Author: Ana Lim\n27 September 2023\nPress TV",
        ],
    )
    def test_byline(self, lines: str) -> None:
        head = read_head(f"Dam fails\n{lines}{BODY}")
        assert head == Head("Dam fails", outlet="Press TV", author="Ana Lim", published=DAY)

    def test_updated_is_kept_apart(self) -> None:
        head = read_head(f"Dam fails\nPress TV\nPublished 27 September 2023\nUpdated 28 September 2023{BODY}")
        assert (head.published, head.updated) == (DAY, date(2023, 9, 28))

    def test_arabic(self) -> None:
        head = read_head(
            "السد ينهار ليلاً\nصحيفة الشراع\n٢٧ سبتمبر ٢٠٢٣\n\nقال مسؤولون إن الشوارع غرقت قبل الفجر."
        )
        assert head == Head("السد ينهار ليلاً", outlet="صحيفة الشراع", published=DAY)

    def test_a_long_title_is_kept(self) -> None:
        title = "Engineers warned of cracks in the dam for years, letters seen by this newspaper show " * 2
        assert read_head(f"{title}\nPress TV, 27 September 2023{BODY}").title == title.strip()

    @pytest.mark.parametrize(
        "title", ["Dam fails (again)", "[Video] The dam fails", "#DamFails trends", "“Go!”"]
    )
    def test_a_title_keeps_its_marks(self, title: str) -> None:
        assert read_head(f"{title}\nPress TV, 27 September 2023{BODY}").title == title

    def test_one_huge_line_does_not_become_a_huge_title(self) -> None:
        assert len(read_head("It rained. " * 10_000).title) <= 300

    @pytest.mark.parametrize(
        "lines",
        [
            "",
            "\nBy noon the square was full.",
            "\nBy Tuesday the water had reached the second floor of the town hall.",
            "\nThe vote of 3 May 2019 is still remembered by many in the town.",
            "\nA sub-heading",
        ],
    )
    def test_nothing_is_invented(self, lines: str) -> None:
        head = read_head(f"Dam fails{lines}{BODY}")
        assert (head.outlet, head.author) == (None, None)

    def test_no_date_stays_unknown(self) -> None:
        head = read_head(f"Dam fails\nBy Ana Lim{BODY} It was built in 1931 and repaired on 3 May 2019.")
        assert (head.published, head.updated) == (None, None)

    @pytest.mark.parametrize("text", ["", "\n \n"])
    def test_empty(self, text: str) -> None:
        assert read_head(text) == Head("")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The dam failed and the town was under water on Tuesday.", "en"),
        ("Le barrage a cédé et la ville est sous les eaux pour des jours.", "fr"),
        ("Der Damm ist gebrochen und die Stadt steht unter Wasser.", "de"),
        ("قال مسؤولون إن السد انهار", "ar"),
        ("Плотина прорвана, город под водой", "ru"),
        ("1234 5678", None),
        ("", None),
        ("Zzyzx qwrt", None),
    ],
)
def test_language(text: str, language: str | None) -> None:
    assert language_of(text) == language
