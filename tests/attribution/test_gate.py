"""The hard gate: what its evidence bears out passes, every planted falsehood is refused."""

from __future__ import annotations

import pytest

from rag.attribution import problems
from rag.attribution.gate import Backing
from rag.index.words import Analyzer

SENTENCE = "Mira Tolland told reporters on 3 March that the ferry sank with 41 people on board."
CONTEXT = "Ferry lost off Kestrel Point Harbour Post Monday 4 March 2024 The Coast Rescue Service searched all night."
ARTICLE = f"{CONTEXT} The Coast Rescue Service (CRS) searched all night. {SENTENCE}"
REFUSAL = "The government of Ostrand refused to sign the accord with Veldt."


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def _backing(sentence: str = SENTENCE) -> list[Backing]:
    return [Backing(sentence, CONTEXT, ARTICLE)]


@pytest.mark.parametrize(
    "claim",
    [
        "The ferry sank with 41 people on board.",
        "The ferry sank with forty-one people on board.",
        "Mira Tolland told reporters that the ferry sank.",
        "On 3 March Mira Tolland told reporters the ferry sank with 41 people.",
    ],
)
def test_what_the_source_says_passes(claim: str, analyzer: Analyzer) -> None:
    assert problems(claim, _backing(), analyzer) == []


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("The ferry sank with 14 people on board.", "number"),
        ("The ferry sank with 41% people on board.", "number"),
        ("Mira Tolland told reporters on 13 March that the ferry sank.", "date"),
        ("Petra Tolland told reporters that the ferry sank.", "name"),
        ("The ferry sank with 41 people from Ostrand on board.", "name"),
        ("The ferry did not sink with 41 people on board.", "negation"),
        ("Mira Tolland denied the ferry sank with people on board.", "turned round"),
        ('Mira Tolland told reporters "the captain was drunk".', "quotation"),
        ("The ferry sank with 41 people after a fire in the engine room.", "words"),
        ("Sank.", "no sentence"),
    ],
)
def test_what_the_source_does_not_say_is_refused(claim: str, reason: str, analyzer: Analyzer) -> None:
    assert any(reason in problem for problem in problems(claim, _backing(), analyzer))


@pytest.mark.parametrize(
    ("claim", "passes"),
    [
        ("The Trust rents 18 boats for 2.6 million crowns a month.", True),
        ("The Trust rents 18 boats for 2.6 million crowns a year.", False),
        ("The Harbour Trust rents 18 boats for 2.6 million crowns a month.", True),
        ("The Trust rents 18 trains for 2.6 million crowns a month.", False),
        ("The Trust said on Monday that it rents 18 boats for 2.6 million crowns a month.", False),
        ("Every month 2.6 million crowns go to 18 boats.", True),
    ],
)
def test_what_is_nearly_a_quotation_must_be_one(claim: str, passes: bool, analyzer: Analyzer) -> None:
    told = "The Trust said on Tuesday that it rents 18 boats for 2.6 million crowns a month."
    context = "Harbour Trust rents boats Kestrel Post Monday 4 March 2024"
    found = problems(claim, [Backing(told, context, f"{context} {told}")], analyzer)
    assert ("nearly a quotation, but for a word" not in found) is passes


def test_dropping_a_refusal_is_refused(analyzer: Analyzer) -> None:
    found = problems("The government of Ostrand signed the accord with Veldt.", _backing(REFUSAL), analyzer)
    assert found


def test_swapping_who_did_it_is_refused(analyzer: Analyzer) -> None:
    found = problems(
        "The government of Veldt refused to sign the accord with Ostrand.", _backing(REFUSAL), analyzer
    )
    assert "names stand in another order" in found


def test_an_acronym_spelled_out_in_the_article_counts(analyzer: Analyzer) -> None:
    backing = [Backing("The Coast Rescue Service searched all night.", "", ARTICLE)]
    assert problems("The CRS searched all night.", backing, analyzer) == []
    assert problems("The CRT searched all night.", backing, analyzer)


def test_a_claim_that_cites_nothing_is_refused(analyzer: Analyzer) -> None:
    assert problems("The ferry sank with 41 people on board.", [], analyzer) == ["it cites nothing"]


def test_a_claim_stitched_from_two_sentences_is_refused(analyzer: Analyzer) -> None:
    backing = [
        Backing("Mira Tolland opened the new harbour school.", "", ""),
        Backing("A drunk captain was arrested in Ostrand on Sunday.", "", ""),
    ]
    assert problems("Mira Tolland was arrested in Ostrand on Sunday.", backing, analyzer)
