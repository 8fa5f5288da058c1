"""What speaks for and against a drafted sentence: figures and names in their places, denials, dates, opposites."""

from __future__ import annotations

import pytest

from rag.attribution import problems
from rag.attribution.bearing import features, probability
from rag.attribution.draft import without_verdict
from rag.attribution.gate import Backing
from rag.index.words import Analyzer

HEADER = "Two ports count Harbour Post Monday 4 March 2024"


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def _backing(sentence: str) -> list[Backing]:
    return [Backing(sentence, HEADER, f"{HEADER} {sentence}", "Harbour Post")]


@pytest.mark.parametrize(
    ("claim", "source", "reason"),
    [
        (
            "Managers say 1,300 cars were lost and the union says 900.",
            "Managers say 900 cars were lost; the union says 1,300.",
            "changed places",
        ),
        (
            "Ms Lund blames a drought in Veldt, Ms Varga the prices.",
            "Ms Varga blames a drought in Veldt, the main rival, Ms Lund the prices.",
            "changed places",
        ),
        (
            "Ostrand invaded Veldt on Monday.",
            "On Monday Veldt invaded Ostrand.",
            "another order",
        ),
        (
            "The leak was traced to the pipes, not to the valves.",
            "The leak was traced to the valves, not to the pipes.",
            "negation",
        ),
        ("The court accepted the demand of Nordkai.", "The court rejected the demand of Nordkai.", "turned round"),
        ("The port will close on 4 March.", "The port will close on 3 June.", "dates it otherwise"),
        ("The port has been closed since March.", "The port has been closed since June.", "dates it otherwise"),
        (
            "Ms Varga calls it \"a tax on nobody\".",
            "Ms Varga calls the vote a success; Ms Lund calls it \"a tax on nobody\".",
            "somebody else's",
        ),
        ("A ticket costs 2.20 dinars.", "A ticket costs 2.40 instead of 2.20 dinars.", "former or the other"),
    ],
)  # fmt: skip
def test_what_is_misread_is_refused(claim: str, source: str, reason: str, analyzer: Analyzer) -> None:
    assert any(reason in problem for problem in problems(claim, _backing(source), analyzer))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The mail fell into the gulf.", "No one was hurt, but the mail fell into the gulf."),
        ("Smoke from Banda Laut closed 34 schools.", "Smoke hung over Banda Laut, and 34 schools closed."),
        ("Petra Lund said the ferry sank.", "The ferry sank, said Petra Lund."),
        ("Veldt was invaded by Ostrand.", "Ostrand invaded Veldt on Monday."),
        ("Nearly 2,000 cars were lost.", "In all 1,990 cars were lost."),
        ("A rival offered 1.3 million.", "The owner asked for 1.6 million, a rival offered 1.3."),
        ("Argus radars are on mid-June trial.", "Argus-M radars are on trial in mid-June."),
        (
            "On 4 March 2024 Harbour Post reported that the port closes on 3 June.",
            "The port closes on 3 June.",
        ),
        (
            "Turning the depot into a hall costs 22 million.",
            "It costs 22 million to turn the depot into a hall.",
        ),
    ],
)
def test_honest_ways_of_saying_it_pass(claim: str, source: str, analyzer: Analyzer) -> None:
    assert problems(claim, _backing(source), analyzer) == []


def test_a_name_may_be_completed_from_the_article(analyzer: Analyzer) -> None:
    backing = [
        Backing("Ms Ruisch lowered her forecast.", "", "Hedda Ruisch runs Norrbank. Ms Ruisch lowered it.")
    ]
    assert problems("Hedda Ruisch lowered her forecast.", backing, analyzer) == []
    assert problems("Petra Ruisch lowered her forecast.", backing, analyzer)


@pytest.mark.parametrize(
    ("better", "worse", "source"),
    [
        ("41 people were killed.", "41 people were hurt.", "The quake killed 41 people in the valley."),
        (
            "Duties rose in the second half.",
            "Duties fell in the second half.",
            "Duties rose in the second half.",
        ),
        ("They were saved by fishermen.", "They were saved by divers.", "They were saved by fishermen."),
        ("Laying took 118 days.", "Laying took 460 days.", "Laying took 118 days for 460 km of pipe."),
    ],
)
def test_of_two_claims_that_the_scorer_takes_for_equal_the_words_decide(
    better: str, worse: str, source: str, analyzer: Analyzer
) -> None:
    found = [probability(features(claim, _backing(source), 0.8, analyzer)) for claim in (better, worse)]
    assert found[0] > found[1]


def test_more_support_is_never_worse(analyzer: Analyzer) -> None:
    backing = _backing("The quake killed 41 people in the valley.")
    found = [
        probability(features("41 people died.", backing, x, analyzer)) for x in (0.0, 0.1, 0.5, 0.9, 1.0)
    ]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("No, the ferry sailed.", "The ferry sailed."),
        ("Yes: it sank.", "It sank."),
        ("No ferry sailed.", "No ferry sailed."),
        ("Yesterday it sank.", "Yesterday it sank."),
        ("Yes.", ""),
    ],
)
def test_a_verdict_is_not_part_of_the_statement(text: str, bare: str) -> None:
    assert without_verdict(text) == bare
