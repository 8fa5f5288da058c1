"""Somebody's own words: quoted whole and with their speaker, refused to others, or said to be missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.attribution import Ground, extract, grounds, problems, quoted
from rag.attribution.gate import Backing
from rag.chunking import sentences
from rag.config import Config
from rag.index.words import Analyzer
from rag.schema import Article, Evidence, Sentence
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder
from tests.fakes import hit_of, make_article

TEXT = (
    "The spillway of the Dunmarrow dam gave way on Sunday. "
    "“We read the letter about the concrete. We did nothing. We are sorry,” admitted the engineer Tomas Varga. "
    "Petra Lund, who wrote the letter, was not surprised. “The concrete was rotten,” she said. “Everybody knew it.” "
    "Mira Tolland leads the search. Tolland said that 9,300 residents had been brought to safety. "
    "“The pumps will run all night,” Tolland told reporters."
)
ARTICLE = make_article(1, "Dam gives way", TEXT, outlet="Calvoria Herald", published=date(2024, 3, 4))


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def _sentences(article: Article, start: int, end: int) -> list[Sentence]:
    return [item for item in sentences(article.id, article.text) if start <= item.start and item.end <= end]


def _found(*openings: str, strength: float = 0.9) -> list[Ground]:
    chosen = [
        next(item for item in _sentences(ARTICLE, 0, len(TEXT)) if item.text.lstrip("“").startswith(opening))
        for opening in openings
    ]
    hit = hit_of(1, ARTICLE, TEXT)
    return grounds([Evidence(item, hit, strength, {}) for item in chosen], _sentences)


@pytest.mark.parametrize("opening", ["We read", "We did", "We are sorry"])
def test_a_sentence_of_a_quotation_brings_the_whole_of_it(opening: str) -> None:
    (ground,) = _found(opening)
    assert ground.text.startswith("“We read") and ground.text.endswith("admitted the engineer Tomas Varga.")
    assert ground.text.count("“") == ground.text.count("”")


def test_a_quotation_is_given_once_however_many_of_its_sentences_answer() -> None:
    assert len(_found("We read", "We did", "We are sorry")) == 1


def test_of_a_long_quotation_the_sentence_alone_is_evidence() -> None:
    long = " ".join(f"Line {number} of the speech is here." for number in range(9))
    article = make_article(2, "Speech", f"Tomas Varga said: “{long}” Nobody left.")
    parts = sentences(article.id, article.text)
    hit = hit_of(1, article, article.text)
    (ground,) = grounds(
        [Evidence(parts[4], hit, 0.9, {})],
        lambda of, start, end: [item for item in parts if start <= item.start and item.end <= end],
    )
    assert ground.text == parts[4].text


def test_the_mark_of_a_list_is_not_quoted() -> None:
    article = make_article(3, "In brief", "In brief:\n- The quay reopened on Monday.\n- Nobody was hurt.")
    parts = sentences(article.id, article.text)
    item = next(part for part in parts if "quay" in part.text)
    (ground,) = grounds([Evidence(item, hit_of(1, article, article.text), 0.9, {})], lambda *_: [])
    assert ground.span.quote == "The quay reopened on Monday."


def test_a_headline_is_not_shown_beside_its_sentence() -> None:
    article = make_article(
        4, "Quay", "Quay at Harl reopens\n\nThe quay at Harl reopened on Monday. Boats left."
    )
    parts = sentences(article.id, article.text)
    hit = hit_of(1, article, article.text)
    found = grounds([Evidence(part, hit, 0.9, {}) for part in (parts[1], parts[0], parts[2])], lambda *_: [])
    assert [item.text for item in extract(found)] == ["The quay at Harl reopened on Monday.", "Boats left."]
    assert extract(found[1:])[0].text == "Quay at Harl reopens"


def test_words_asked_for_are_given_with_what_says_whose_they_are(analyzer: Analyzer) -> None:
    answer = quoted(
        "What exactly did Petra Lund say about the concrete?", "Petra Lund", _found("The spillway"), analyzer
    )
    assert answer is not None and answer.abstention is None
    assert [item.text for item in answer.checked] == [
        "“The concrete was rotten,” she said. “Everybody knew it.”"
    ]
    assert all(item.support == "verbatim" and item.spans[0].quote in TEXT for item in answer.checked)
    assert "Petra Lund" in answer.notes[0]


def test_only_the_speakers_own_words_are_given(analyzer: Analyzer) -> None:
    answer = quoted("Quote Varga on the concrete", "Varga", _found("The spillway"), analyzer)
    assert answer is not None and not answer.notes
    assert len(answer.checked) == 1 and "rotten" not in answer.checked[0].text


def test_a_report_stands_in_and_is_called_one(analyzer: Analyzer) -> None:
    question = "What exactly did Mira Tolland say about the residents brought to safety?"
    answer = quoted(question, "Mira Tolland", _found("The spillway"), analyzer)
    assert answer is not None
    assert [item.text for item in answer.checked] == [
        "Tolland said that 9,300 residents had been brought to safety."
    ]
    assert "not Mira Tolland's own words" in answer.notes[0]


@pytest.mark.parametrize(
    ("speaker", "told"),
    [("Tomas Varga", "quotes Tomas Varga, but not on this"), ("Ivo Reuter", "nearest passage")],
)
def test_who_is_not_quoted_on_it_is_said_not_to_be(speaker: str, told: str, analyzer: Analyzer) -> None:
    answer = quoted(
        f"Quote {speaker} on herring quotas", speaker, _found("The spillway", strength=0.1), analyzer
    )
    assert answer is not None and not answer.checked
    assert answer.abstention is not None and answer.abstention.reason == "not_supported"
    assert told in answer.abstention.message and "Calvoria Herald" in answer.abstention.message


def test_where_the_articles_leave_open_who_speaks_nothing_is_decided(analyzer: Analyzer) -> None:
    article = make_article(
        3, "Dam", "Engineers of Ivo Reuter met. “The wall was thin.” Ivo Reuter left at noon."
    )
    parts = sentences(article.id, article.text)
    hit = hit_of(1, article, article.text)
    found = grounds([Evidence(parts[1], hit, 0.9, {}), Evidence(parts[2], hit, 0.8, {})], lambda *_: [])
    found = [*found, Ground(3, found[0].span, Backing(article.text, "", article.text), 0.9)]
    assert quoted("What exactly did Reuter say about the wall?", "Ivo Reuter", found, analyzer) is None


@pytest.mark.parametrize(
    ("claim", "passes"),
    [
        ("“The concrete was rotten,” Petra Lund said.", True),
        ("“The concrete was rotten,” said Lund.", True),
        ("“The concrete was rotten,” Tomas Varga said.", False),
        ("According to Varga, “the concrete was rotten”.", False),
        ("Tolland said: “Everybody knew it.”", False),
        ("Varga said the pumps will run all night.", False),
        ("Tolland said the pumps will run all night.", True),
        ("Lund said that 9,300 residents had been brought to safety.", False),
        ("Mira Tolland said that 9,300 residents had been brought to safety.", True),
        ("The Calvoria Herald said 9,300 residents had been brought to safety.", True),
    ],
)
def test_words_are_not_put_into_another_mouth(claim: str, passes: bool, analyzer: Analyzer) -> None:
    cited = "“The concrete was rotten,” she said. “Everybody knew it.”"
    if "pumps" in claim:
        cited = "“The pumps will run all night,” Tolland told reporters."
    if "9,300" in claim:
        cited = "Tolland said that 9,300 residents had been brought to safety."
    backing = Backing(cited, TEXT, TEXT, "Calvoria Herald")
    why = problems(claim, [backing], analyzer)
    assert any("somebody else's" in item for item in why) is not passes


def test_no_model_rewords_words_that_were_asked_for(tmp_path: Path) -> None:
    (tmp_path / "dam.txt").write_text(
        f"Dam gives way\nCalvoria Herald\n4 March 2024\n\n{TEXT}\n", encoding="utf-8"
    )
    config = Config(index_dir=tmp_path / "index", cache_dir=tmp_path, config_dir=tmp_path)
    model = ScriptedGenerator("Lund was cross about the concrete [1].")
    with Assistant(config, embedder=WordEmbedder, generator=lambda: model, scorer=EvenScorer) as assistant:
        assistant.ingest([tmp_path / "dam.txt"])
        answer = assistant.ask("What exactly did Petra Lund say about the concrete?")
        missing = assistant.ask("What exactly did Ivo Reuter say about the concrete?")
    assert [item.support for item in answer.statements] == ["verbatim"]
    assert answer.citations[0].quote == "“The concrete was rotten,” she said. “Everybody knew it.”"
    assert answer.citations[0].article.outlet == "Calvoria Herald"
    assert missing.abstention is not None and "Ivo Reuter" in missing.abstention.message
