"""Disagreements: both sides are found where two sources differ on what is asked, and nothing else is claimed."""

from __future__ import annotations

from datetime import date

import pytest

from rag.attribution import Ground, assemble
from rag.attribution.conflicts import Disagreement, find_conflicts, rows, sides
from rag.attribution.gate import Backing
from rag.attribution.statements import Span
from rag.index.words import Analyzer
from rag.schema import Article

TOLL = "How many people died in the Ormsund landslide?"


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def _article(number: int, text: str, day: str, outlet: str, copy_of: str | None = None) -> Article:
    return Article(
        id=f"a{number}",
        title="Landslide at Ormsund",
        text=text,
        source_path=f"{number}.txt",
        source_hash="s",
        content_hash="c",
        outlet=outlet,
        published=date.fromisoformat(day),
        duplicate_of=copy_of,
    )


def _ground(number: int, article: Article, quote: str, strength: float = 0.9) -> Ground:
    start = article.text.index(quote)
    context = f"{article.title} {article.text[:start]}"
    return Ground(
        number, Span(article, start, start + len(quote)), Backing(quote, context, article.text), strength
    )


def _grounds(*told: tuple[str, str, str], strength: float = 0.9) -> list[Ground]:
    """One article for each (text, day, outlet)."""
    return [
        _ground(number, _article(number, text, day, outlet), text, strength)
        for number, (text, day, outlet) in enumerate(told, start=1)
    ]


def _values(found: Disagreement) -> list[str]:
    return [side.value for side in found.sides]


RESCUERS = ("Rescuers say 41 people died in the Ormsund landslide.", "2024-05-02", "Fell Herald")
CLINIC = ("The Ormsund clinic counted 57 people who died in the landslide.", "2024-05-02", "North Wire")


def test_two_articles_that_differ_contradict(analyzer: Analyzer) -> None:
    grounds = _grounds(RESCUERS, CLINIC)
    (found,) = find_conflicts(TOLL, grounds, analyzer)
    assert (found.kind, _values(found)) == ("contradicts", ["41", "57"])
    assert "Ormsund" in found.about
    for side in found.sides:
        assert side.span.article.text[side.span.start : side.span.end] == side.value


def test_the_order_of_the_evidence_does_not_matter(analyzer: Analyzer) -> None:
    (one,) = find_conflicts(TOLL, _grounds(RESCUERS, CLINIC), analyzer)
    (other,) = find_conflicts(TOLL, _grounds(CLINIC, RESCUERS), analyzer)
    assert sorted(_values(one)) == sorted(_values(other))


def test_a_later_figure_that_rose_updates_and_comes_first(analyzer: Analyzer) -> None:
    later = ("The number of people who died in the Ormsund landslide rose to 46.", "2024-05-04", "North Wire")
    (found,) = find_conflicts(TOLL, _grounds(RESCUERS, later), analyzer)
    assert (found.kind, _values(found)) == ("updated", ["46", "41"])


def test_the_same_day_is_no_update(analyzer: Analyzer) -> None:
    same_day = (
        "The number of people who died in the Ormsund landslide rose to 46.",
        "2024-05-02",
        "North Wire",
    )
    (found,) = find_conflicts(TOLL, _grounds(RESCUERS, same_day), analyzer)
    assert found.kind == "contradicts"


def test_two_speakers_in_one_article_are_two_sides(analyzer: Analyzer) -> None:
    text = (
        "The ministry says 210 jobs will go at the Ormsund yard. The welders' union puts the number at 260."
    )
    article = _article(1, text, "2024-05-02", "Fell Herald")
    first, second = text.split(". ")
    grounds = [_ground(1, article, first + "."), _ground(2, article, second)]
    (found,) = find_conflicts("How many jobs will go at the Ormsund yard?", grounds, analyzer)
    assert (found.kind, _values(found)) == ("contradicts", ["210", "260"])


def test_two_speakers_in_one_sentence_are_two_sides(analyzer: Analyzer) -> None:
    text = "Police said 200 plants in Ormsund stood still; unions counted 450."
    question = "How many plants stood still in Ormsund, according to police and unions?"
    (found,) = find_conflicts(question, _grounds((text, "2024-05-02", "Fell Herald")), analyzer)
    assert _values(found) == ["200", "450"]
    assert len(sides(found)) == 1


def test_one_size_in_two_units_is_no_contradiction(analyzer: Analyzer) -> None:
    grounds = _grounds(
        (
            "The Ormsund fire burned an area of 1,700 square miles, the state said.",
            "2024-05-02",
            "Fell Herald",
        ),
        (
            "The Ormsund fire burned an area of 4,400 square kilometres, a survey said.",
            "2024-05-02",
            "North Wire",
        ),
    )
    (found,) = find_conflicts("How large an area did the Ormsund fire burn?", grounds, analyzer)
    assert found.kind == "same_in_other_units"


@pytest.mark.parametrize(
    "second",
    [
        "The Ormsund clinic counted 41 people who died in the landslide.",  # agrees
        "The Ormsund clinic counted forty-one people who died in the landslide.",
        "The Ormsund clinic said about 40 people died in the landslide.",  # rounded
        "The Ormsund clinic counted 57 people injured in the landslide.",  # another fate
        "The Ormsund clinic said the landslide cost 57 million crowns.",  # another unit
        "The Ormsund clinic said the landslide buried 57 cars.",  # something else counted
        "The Ormsund clinic said 57 more people died in the landslide.",  # a difference
        "The Ormsund clinic treated 9 of the 57 people.",  # a whole
    ],
)
def test_what_cannot_be_compared_is_no_conflict(second: str, analyzer: Analyzer) -> None:
    assert find_conflicts(TOLL, _grounds(RESCUERS, (second, "2024-05-02", "North Wire")), analyzer) == ()


def test_weak_evidence_is_not_heard(analyzer: Analyzer) -> None:
    assert find_conflicts(TOLL, _grounds(RESCUERS, CLINIC, strength=0.01), analyzer) == ()


def test_copies_of_one_article_do_not_contradict_each_other(analyzer: Analyzer) -> None:
    copy = _article(2, CLINIC[0], CLINIC[1], CLINIC[2], copy_of="a1")
    grounds = [*_grounds(RESCUERS), _ground(2, copy, CLINIC[0])]
    assert find_conflicts(TOLL, grounds, analyzer) == ()


@pytest.mark.parametrize(
    "question", ["Why did the slope at Ormsund give way?", "Who led the search at Ormsund?"]
)
def test_a_question_for_no_figure_has_no_conflict_of_figures(question: str, analyzer: Analyzer) -> None:
    assert find_conflicts(question, _grounds(RESCUERS, CLINIC), analyzer) == ()


@pytest.mark.parametrize("count", [0, 1])
def test_too_little_evidence(count: int, analyzer: Analyzer) -> None:
    assert find_conflicts(TOLL, _grounds(RESCUERS)[:count], analyzer) == ()


def test_sides_become_statements_and_rows_cite_them(analyzer: Analyzer) -> None:
    found = find_conflicts(TOLL, _grounds(RESCUERS, CLINIC), analyzer)
    statements, citations = assemble(sides(found[0]))
    assert [item.support for item in statements] == ["verbatim", "verbatim"]
    (row,) = rows(found, citations)
    assert [(value.value, value.citation) for value in row.values] == [("41", 1), ("57", 2)]
    assert rows(found, citations[:1]) == ()
