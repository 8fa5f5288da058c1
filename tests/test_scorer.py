"""The scorers, for real: which sentence answers, what is supported, and any cross-encoder by name."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rag.assistant import make_scorer
from rag.config import Config
from rag.encoders import CrossEncoderScorer, PassageScorer
from rag.encoders.scorer import MAX_TOKENS, make_tokenize, open_tokenizer, pack, pool
from rag.errors import ModelDamaged, ModelMissing
from rag.models import PACKAGED, ModelSpec, Registry
from rag.protocols import ScoredText, Scorer
from tests.fake_models import EvenScorer

pytestmark = pytest.mark.model
WEIGHTS = PACKAGED["footnote-scorer"].located().path
DAM = ScoredText(
    (
        "The dam at Harrow gave way shortly after midnight on Friday.",
        "Eleven people died in the flood, the interior ministry said.",
        "Farmers had asked for a second spillway since 1998.",
        "The ministry will pay 40 million crowns to those who lost their homes.",
    ),
    title="Harrow dam fails",
    outlet="Hill Gazette",
    date="2024-03-08",
)
FERRY = ScoredText(("The ferry to Ansel will run every hour in summer.", "A ticket costs four crowns."))


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return PACKAGED["footnote-scorer"].located()


@pytest.fixture(scope="module")
def scorer(spec: ModelSpec) -> Scorer:
    return make_scorer(spec, Config(threads=2))


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How many people were killed by the flood at Harrow?", 1),
        ("When did the Harrow dam fail?", 0),
        ("How much money will people get whose houses were destroyed?", 3),
    ],
)
def test_the_sentence_that_answers_has_the_highest_probability(
    scorer: Scorer, question: str, sentence: int
) -> None:
    dam, ferry = scorer.relevance(question, [DAM, FERRY])
    assert int(np.argmax(dam)) == sentence
    assert max(ferry) < dam[sentence]
    assert all(0 <= value <= 1 for value in [*dam, *ferry])


def test_scores_do_not_depend_on_company_or_on_being_asked_before(scorer: Scorer) -> None:
    question = "Who asked for a second spillway?"
    (first,) = scorer.relevance(question, [DAM])
    ferry, second, third = scorer.relevance(question, [FERRY, DAM, DAM])
    assert len(ferry) == 2
    assert second == third == pytest.approx(first, abs=1e-3)


def test_nothing_to_score(scorer: Scorer) -> None:
    assert scorer.relevance("Who?", []) == []
    assert scorer.relevance("Who?", [ScoredText(()), DAM])[0] == []
    assert scorer.support([]) == []


@pytest.mark.parametrize("words", ["", " ", "\u200b", "x" * 5_000, "ماء " * 3_000, "word. " * 2_000])
def test_odd_texts(scorer: Scorer, words: str) -> None:
    ((value,),) = scorer.relevance(words or "?", [ScoredText((words,))])
    assert 0 <= value <= 1
    assert 0 <= scorer.support([(words, ScoredText((words,)))])[0] <= 1


def test_long_passages_are_cut_between_sentences() -> None:
    tokenize = make_tokenize(open_tokenizer(_weights() / "tokenizer.json"))
    many = ScoredText(tuple(f"Sentence number {n} tells of a small thing." for n in range(120)), title="T")
    rows = pack(tokenize, "What?", [many, FERRY])
    assert [row.passage for row in rows] == [0] * (len(rows) - 1) + [1]
    assert all(len(row.ids) <= MAX_TOKENS for row in rows)
    assert sum(len(row.spans) for row in rows[:-1]) == 120
    assert [row.first for row in rows[1:-1]] == list(np.cumsum([len(row.spans) for row in rows[:-2]]))
    ids = tokenize(["Sentence number 119 tells of a small thing."])[0]
    start, end = rows[-2].spans[-1]
    assert rows[-2].ids[start:end] == ids


def test_a_sentence_weighs_its_tokens() -> None:
    tokens = np.array([[0, 9], [0, 2], [50, 4], [0, 1]], dtype=np.float32)
    found = pool(tokens, np.array([0.5, 0], dtype=np.float32), [(1, 3), (3, 4), (4, 4)])
    assert found == pytest.approx([4.5, 1.5, -30.0])


def test_support_of_claims(scorer: Scorer) -> None:
    evidence = ScoredText(DAM.sentences[1:2], title=DAM.title, outlet=DAM.outlet, date=DAM.date)
    said, other, swapped = scorer.support(
        [
            ("Eleven people died in the flood.", evidence),
            ("The ferry runs every hour in summer.", evidence),
            ("Ninety people died in the flood.", evidence),
        ]
    )
    assert said > 0.5 > other
    assert swapped < said


def test_damaged_and_missing_files_are_found_before_loading(tmp_path: Path, spec: ModelSpec) -> None:
    from dataclasses import replace

    copy = replace(spec, path=tmp_path / "scorer")
    with pytest.raises(ModelMissing):
        make_scorer(copy, Config())
    shutil.copytree(_weights(), tmp_path / "scorer")
    with (tmp_path / "scorer" / "scorer.onnx").open("r+b") as file:
        file.seek(9_000)
        file.write(b"damage")
    with pytest.raises(ModelDamaged, match=r"scorer\.onnx: its checksum"):
        make_scorer(copy, Config())
    with pytest.raises(ModelDamaged, match="does not load"):
        PassageScorer(tmp_path, name="none", threads=1)


class TestCrossEncoder:
    @staticmethod
    def saved(folder: Path, labels: Sequence[str]) -> Path:
        """A tiny cross-encoder with random weights."""
        import torch
        from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

        torch.manual_seed(7)
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dam", "ferry", "eleven", "people", "died"]
        vocabulary = folder.parent / "vocab.txt"
        vocabulary.write_text("\n".join(words), encoding="utf-8")
        BertTokenizerFast(str(vocabulary)).save_pretrained(folder)
        config = BertConfig(
            vocab_size=len(words),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            id2label=dict(enumerate(labels)),
            label2id={label: place for place, label in enumerate(labels)},
        )
        BertForSequenceClassification(config).save_pretrained(folder)
        return folder

    def test_a_reranker_judges_relevance_and_leaves_support(self, tmp_path: Path) -> None:
        config = Config(cache_dir=tmp_path, config_dir=tmp_path)
        spec = Registry.load(config).add("mine", str(self.saved(tmp_path / "m", ["LABEL_0"])))
        assert (spec.kind, spec.backend) == ("scorer", "cross-encoder")
        scorer = make_scorer(spec, config)
        dam, ferry = scorer.relevance("eleven people", [DAM, FERRY])
        assert (len(dam), len(ferry)) == (4, 2)
        assert all(0 <= value <= 1 for value in [*dam, *ferry])
        own = make_scorer(PACKAGED["footnote-scorer"].located(), config)
        claims = [("Eleven people died.", DAM)]
        assert scorer.support(claims) == own.support(claims)
        assert scorer.relevance("x", []) == []

    def test_an_entailment_model_judges_support_and_leaves_relevance(self, tmp_path: Path) -> None:
        folder = self.saved(tmp_path / "m", ["contradiction", "entailment", "neutral"])
        scorer = CrossEncoderScorer(folder, name="nli", other=EvenScorer())
        one, two = scorer.support([("Eleven people died.", DAM), ("The ferry.", FERRY)])
        assert 0 < one < 1
        assert 0 < two < 1
        assert scorer.relevance("dam", [DAM]) == EvenScorer().relevance("dam", [DAM])

    def test_a_folder_that_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(ModelDamaged, match="does not load as a cross-encoder"):
            CrossEncoderScorer(tmp_path, name="none", other=EvenScorer())


def _weights() -> Path:
    assert WEIGHTS is not None
    return WEIGHTS
