"""Who does what, and how firmly: a claim that keeps a sentence's words and moves them is refused."""

from __future__ import annotations

import pytest

from rag.attribution import problems
from rag.attribution.gate import Backing
from rag.index.words import Analyzer

BOATYARD = "The boatyard owed its timber merchant four months of bills, the receiver said."
NOTE = "The Kestrel Post has also seen a letter by the Rowers' own lawyer, Hanne Dray."
TOLL = "At least 64 people died on the lake, nearly twice as many as in 2019, the coast guard said."
MAYBE = "The bridge might close in March if the bolts are not replaced, the engineer Ada Vell said."
SHUT = "The pass will stay shut beyond the agreed 9 May, the canton said on Friday."
SPOKESMAN = 'A spokesman, Timo Hald, told reporters that the chancellor "has every trust in her".'


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.mark.parametrize(
    ("claim", "source", "refused"),
    [
        ("The boatyard owed its timber merchant four months of bills.", BOATYARD, False),
        ("The timber merchant owed its timber merchant four months of bills.", BOATYARD, True),
        ("The timber merchant owed the boatyard four months of bills.", BOATYARD, True),
        ("Four months of bills were owed to the timber merchant by the boatyard.", BOATYARD, False),
        ("The Kestrel Post has seen a letter by the Rowers' lawyer.", NOTE, False),
        ("The Rowers have seen a letter by the lawyer, Hanne Dray.", NOTE, True),
        ("Timo Hald, the chancellor, told reporters that there is every trust in her.", SPOKESMAN, True),
        (
            "Timo Hald, the spokesman, told reporters that the chancellor has every trust in her.",
            SPOKESMAN,
            False,
        ),
    ],
)
def test_who_does_it_stays(claim: str, source: str, refused: bool, analyzer: Analyzer) -> None:
    found = problems(claim, [Backing(source, "", source)], analyzer)
    assert ("somebody or something else does this in the source" in found) is refused


@pytest.mark.parametrize(
    ("claim", "refused"),
    [
        ("At least 64 people died on the lake.", False),
        ("More than 64 people died on the lake.", False),
        ("64 people died on the lake.", True),
        ("Up to 64 people died on the lake.", True),
        ("About 64 people died on the lake.", True),
        ("At most 64 people died on the lake.", True),
    ],
)
def test_a_bound_stays_with_its_figure(claim: str, refused: bool, analyzer: Analyzer) -> None:
    found = problems(claim, [Backing(TOLL, "", TOLL)], analyzer)
    assert ("the source bounds or rounds this figure otherwise" in found) is refused


@pytest.mark.parametrize(
    ("claim", "refused"),
    [
        ("The bridge might close in March.", False),
        ("Ada Vell warned that the bridge could close in March.", False),
        ("The bridge closed in March.", True),
        ("The bridge is to close in March, the engineer Ada Vell said.", True),
    ],
)
def test_what_is_left_open_stays_open(claim: str, refused: bool, analyzer: Analyzer) -> None:
    found = problems(claim, [Backing(MAYBE, "", MAYBE)], analyzer)
    assert ("the source leaves this open" in found) is refused


def test_the_opposite_is_refused(analyzer: Analyzer) -> None:
    found = problems(
        "The canton said on Friday that the pass will open on 9 May.", [Backing(SHUT, "", SHUT)], analyzer
    )
    assert "the source says the opposite" in found


def test_a_king_is_not_the_first_person(analyzer: Analyzer) -> None:
    told = "The bridge was built before World War I began, in the reign of Charles I."
    claim = "The bridge was built before World War I began."
    assert problems(claim, [Backing(told, "", told)], analyzer) == []


def test_what_was_sold_was_bought(analyzer: Analyzer) -> None:
    told = "The Oskar brothers sold the mill to Ambra Lunn for 3 million crowns."
    found = problems("Ambra Lunn bought the mill for 3 million crowns.", [Backing(told, "", told)], analyzer)
    assert "the source says the opposite" not in found


LEADER = "Ansel Brook, who led the choir, wrote the psalm for her daughter."


@pytest.mark.parametrize(
    ("claim", "source", "reason"),
    [
        ("Ansel Brook wrote the psalm for her daughter.", LEADER, ""),
        ("Ansel Brook, who led the choir, wrote the psalm for his daughter.", LEADER, "man, or a woman"),
        (
            "Ada Vell said that our bridge is closed to lorries.",
            'Ada Vell said: "Our bridge is closed to lorries."',
            "stands alone",
        ),
        (
            "The bridge is closed to lorries and the",
            "The bridge is closed to lorries and the ramp is not.",
            "stands alone",
        ),
        ("HOST: The bridge is closed to lorries.", "HOST: The bridge is closed to lorries.", "stands alone"),
        (
            "The council had sold the bridge to a bank.",
            "Had the council sold the bridge to a bank? Nobody at the town hall would say.",
            "asks this",
        ),
        (
            "Ada Vell built the bridge at Harl.",
            "Last week we wrote that Ada Vell built the bridge at Harl; it was her father.",
            "takes it back",
        ),
        (
            "The foreman confirmed the meeting.",
            "The foreman confirmed the meeting, but says it was about lunch.",
            "another side",
        ),
        (
            "The foreman confirmed the meeting but says it was about lunch.",
            "The foreman confirmed the meeting, but says it was about lunch.",
            "",
        ),
        (
            "Nine tonnes of salt were sold in March.",
            "Nine tonnes of salt were sold in March, the minister claimed, contradicting the auditor.",
            "another side",
        ),
        (
            "The minister claimed that nine tonnes of salt were sold in March.",
            "Nine tonnes of salt were sold in March, the minister claimed, contradicting the auditor.",
            "",
        ),
    ],
)
def test_what_stands_alone_tells_all(claim: str, source: str, reason: str, analyzer: Analyzer) -> None:
    found = "; ".join(problems(claim, [Backing(source, "", source)], analyzer))
    assert reason in found if reason else not found
