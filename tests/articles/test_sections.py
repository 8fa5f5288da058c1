"""Pasted texts as the trained chains read them: digests by new writers, and where they may not decide alone."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.articles.chain import Chain
from rag.articles.lines import read_lines
from rag.articles.mentions import heads_of
from rag.articles.metadata import Head
from rag.articles.sections import Section, sections_of
from rag.articles.sights import words_of
from rag.schema import Split

DATA = Path(__file__).parents[2] / "training" / "authored" / "digests.jsonl.gz"
DAM = "The gate of the dam gave way on Friday night, and the lower town was under water by the morning. "
MILL = "A fire in the grinding hall burnt the old mill down, and nobody was in it when the roof fell. "
GULLS = "Gulls have come back to the quay, where a biologist counted forty nests on the roof of the market. "


@pytest.fixture(scope="module")
def blind() -> list[dict[str, Any]]:
    with gzip.open(DATA, "rt", encoding="utf-8") as stream:
        return [record for line in stream if (record := json.loads(line))["blind"]]


def same_start(text: str, one: int, other: int) -> bool:
    """A number or a rule above the first line makes no difference."""
    return abs(one - other) <= 6 or not text[min(one, other) : max(one, other)].strip(" \n0123456789.)#-=*")


def plain(value: object) -> str:
    return re.sub(r"\W+", " ", str(value or "").lower()).strip()


def test_digests_of_writers_who_are_new_to_it(blind: list[dict[str, Any]]) -> None:
    counts: Counter[str] = Counter()
    articles = 0
    for record in blind:
        text = record["text"]
        found = sections_of(text)
        counts["over"] += len(found)
        for gold in record["articles"]:
            articles += 1
            own = next((item for item in found if same_start(text, item.start, gold["span"][0])), None)
            if own is None:
                continue
            counts["found"] += 1
            counts["over"] -= 1
            for field in ("title", "outlet", "author"):
                span = gold[field]
                counts[field] += plain(getattr(own.head, field)) == plain(span and text[slice(*span)])
            counts["published"] += plain(own.head.published) == plain(gold["published"])
    missed = articles - counts["found"]
    f1 = 2 * counts["found"] / (2 * counts["found"] + counts["over"] + missed)
    shares = {field: counts[field] / articles for field in ("title", "outlet", "author", "published")}
    floors = {"title": 0.7, "outlet": 0.5, "author": 0.6, "published": 0.6}
    assert f1 > 0.8, (f1, shares)
    assert all(shares[field] >= floor for field, floor in floors.items()), (f1, shares)


def digest(*heads: str) -> str:
    return "\n\n\n".join(
        f"{head}\n\n{body * 3}" for head, body in zip(heads, (DAM, MILL, GULLS), strict=False)
    )


def titles(found: list[Section]) -> list[str]:
    return [item.head.title for item in found]


def test_a_text_is_cut_into_slices_in_order() -> None:
    text = digest("Dam fails at Vell\nHarbour Post, 3 May 2024", "Mill burns in Tolm\nCoast Wire, 4 May 2024")
    first, second = sections_of(text)
    assert text[first.start :].startswith("Dam fails")
    assert first.end <= second.start
    assert text[second.start : second.end].rstrip() == text[second.start :].rstrip()
    assert [str(item.head.published) for item in (first, second)] == ["2024-05-03", "2024-05-04"]


def test_a_source_below_the_text_belongs_to_what_stands_above_it() -> None:
    heads = ("Dam fails at Vell", "Mill burns in Tolm", "Gulls return to the quay")
    outlets = ("Harbour Post", "Coast Wire", "Vell Times")
    text = "\n\n\n".join(
        f"{title}\n\n{body * 3}\n\n{outlet}, {day} May 2024, p. {day}"
        for day, (title, body, outlet) in enumerate(
            zip(heads, (DAM, MILL, GULLS), outlets, strict=True), start=3
        )
    )
    found = sections_of(text)
    assert titles(found) == list(heads)
    assert [item.head.outlet for item in found] == list(outlets)
    assert [str(item.head.published) for item in found] == ["2024-05-03", "2024-05-04", "2024-05-05"]


def test_what_is_split_or_joined_by_hand_goes_before() -> None:
    text = digest("Dam fails at Vell\nHarbour Post, 3 May 2024", "Mill burns in Tolm\nCoast Wire, 4 May 2024")
    assert len(sections_of(text, [Split("Mill burns in Tolm", 0, False)])) == 1
    by_hand = sections_of(text, [Split("Coast Wire, 4 May 2024", 0, True)])
    assert [text[item.start :][:10] for item in by_hand] == ["Dam fails ", "Mill burns", "Coast Wire"]


def test_a_long_remark_below_an_article_is_not_lost() -> None:
    remark = (
        "[Note of the desk: "
        + "the ministry has asked us to look at this once more before it is sent. " * 4
        + "]"
    )
    text = (
        digest("Dam fails at Vell\nHarbour Post, 3 May 2024") + f"\n\n{remark}\n\n\n" + digest("Mill burns")
    )
    assert any(remark in text[item.start : item.end] for item in sections_of(text))


@pytest.mark.parametrize(
    "text", ["One line.", "Title\n\nShort.", "x" * 5000, "\n".join("ab" for _ in range(50))]
)
def test_a_text_without_a_digests_signs_is_one_article(text: str) -> None:
    (only,) = sections_of(text)
    assert text[only.start : only.end] == text


def test_a_heading_holds_for_the_articles_below_it_only() -> None:
    text = f"{DAM}\n\nCOAST WIRE\n\nMill burns\n{MILL}"
    lines, tags = read_lines(text), ["SB", "X", "ST", "B"]
    words = words_of(lines, tags)
    told = {"COAST": "BO", "WIRE": "IO"}
    labels = [(told.get(word.text, "O"), 1.0) for word in words]
    ruled = [Head("Dam"), Head("Mill burns")]
    found = heads_of(text, lines, tags, words, labels, ruled, lambda _month, _day: None)
    assert [head.outlet for head in found] == [None, "COAST WIRE"]


class TestChain:
    """Against all sequences of labels, one by one."""

    LABELS = ("a", "b", "c")
    PLACES = 5

    @pytest.fixture
    def chain(self) -> Chain:
        generator = np.random.default_rng(7)
        weights = generator.normal(size=(4, 3)).astype(np.float32)
        following = generator.normal(size=(3, 3)).astype(np.float32)
        return Chain(self.LABELS, {"w": 0, "x": 1, "y": 2, "z": 3}, weights, following)

    @pytest.fixture
    def scores(self, chain: Chain) -> Any:
        return chain.scores([["w"], ["x", "unknown"], ["y", "z"], [], ["z"]])

    def weigh(self, chain: Chain, scores: Any) -> dict[tuple[int, ...], float]:
        return {
            way: float(
                sum(scores[place, label] for place, label in enumerate(way))
                + sum(chain.following[pair] for pair in itertools.pairwise(way))
            )
            for way in itertools.product(range(3), repeat=self.PLACES)
        }

    def test_the_best_sequence(self, chain: Chain, scores: Any) -> None:
        told = self.weigh(chain, scores)
        best = max(told, key=lambda way: told[way])
        assert chain.best(scores) == [self.LABELS[label] for label in best]

    def test_shares_of_labels(self, chain: Chain, scores: Any) -> None:
        told = {way: np.exp(weight) for way, weight in self.weigh(chain, scores).items()}
        shares = np.zeros((self.PLACES, 3))
        for way, weight in told.items():
            for place, label in enumerate(way):
                shares[place, label] += weight / sum(told.values())
        assert np.allclose(chain.shares(scores), shares, atol=1e-5)

    def test_nothing_to_read(self, chain: Chain) -> None:
        empty = chain.scores([])
        assert chain.best(empty) == []
        assert chain.shares(empty).shape == (0, 3)
