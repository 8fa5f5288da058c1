"""Fit the weights by which a drafted sentence is judged (`rag/attribution/bearing.py`) on invented news.

    python training/fit_check.py ../shared/training/authored

Cited answers against written wrong ones, and against cited answers with two figures or names of the evidence
exchanged or a denial put in or taken out: the latter are what a model gets wrong by slips. Only what passes the hard gate is used,
because only that is ever judged. The held-back prefix is not read. What is printed is measured on bundles that
the weights were not fitted on (five folds).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from eval.benchmarks.check import HELD_BACK, as_article, as_grounds, chosen
from rag.assistant.wiring import make_scorer
from rag.attribution import problems
from rag.attribution.bearing import FEATURES, features
from rag.attribution.draft import support_of, without_verdict
from rag.config import Config
from rag.index.words import Analyzer
from rag.models import Registry
from rag.protocols import Scorer

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[\w,;] )[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*")
_VERB = re.compile(r"\b(?:is|was|were|are|had|has|will|would|could|did)\b")
_NOT = re.compile(r" not\b(?! only)|n't\b")
PENALTY = 1.0
SLIP_WEIGHT = 0.5


def slips(text: str, evidence: str, rng: random.Random) -> Iterator[str]:
    """`text` made wrong by one slip each: figures or names exchanged with others of the evidence, a "not" more or less."""
    for pattern in (_NUMBER, _NAME):
        found = list(pattern.finditer(text))
        others = sorted({item.group() for item in pattern.finditer(evidence)} - {item.group() for item in found})
        if len({item.group() for item in found}) > 1:
            one, two = rng.sample(found, 2)
            if one.group() != two.group():
                one, two = sorted((one, two), key=lambda item: item.start())
                yield text[: one.start()] + two.group() + text[one.end() : two.start()] + one.group() + text[two.end() :]
        if found and others:
            place = rng.choice(found)
            yield text[: place.start()] + rng.choice(others) + text[place.end() :]
    verb = _VERB.search(text)
    if denial := _NOT.search(text):
        yield text[: denial.start()] + text[denial.end() :]
    elif verb:
        yield f"{text[: verb.end()]} not{text[verb.end() :]}"


def examples(bundle: dict[str, Any], scorer: Scorer, analyzer: Analyzer) -> Iterator[tuple[str, bool, float, tuple[float, ...]]]:
    """What passes the gate: the text, whether it is borne out, its weight, its features."""
    rng = random.Random(bundle["id"])
    articles = [as_article(bundle["id"], number, item) for number, item in enumerate(bundle["passages"])]
    for asked in bundle["questions"]:
        drafts = [(item["text"], item["cites"], True, 1.0) for item in asked["cited_answer"]]
        drafts += [(text, asked["evidence"], False, 1.0) for text in asked["wrong"] if asked["evidence"]]
        for item in asked["cited_answer"]:
            told = " ".join(articles[p][1][s].text for p, s in item["cites"])
            drafts += [(text, item["cites"], False, SLIP_WEIGHT) for text in slips(item["text"], told, rng)]
        for text, cites, honest, weight in drafts:
            given = as_grounds(articles, cites)
            backing = [item.backing for item in given]
            claim = without_verdict(text)
            if not problems(claim, backing, analyzer):
                found = features(claim, backing, support_of(claim, given, scorer), analyzer)
                yield claim, honest, weight, astuple(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("authored", type=Path, help="folder of bundles, *.jsonl")
    arguments = parser.parse_args()
    config = Config()
    registry = Registry.load(config)
    scorer = make_scorer(registry.current("scorer", config.scorer), config)
    analyzer = Analyzer()
    rows, groups = [], []
    for number, bundle in enumerate(chosen(arguments.authored, ("",), unseen=False)):
        if not bundle["id"].startswith(HELD_BACK):
            found = list(examples(bundle, scorer, analyzer))
            rows += found
            groups += [number] * len(found)
    x = np.array([row[3] for row in rows])
    y = np.array([row[1] for row in rows])
    weight = np.array([row[2] for row in rows])
    print(f"{len(y)} sentences pass the gate, {y.sum()} of them borne out, {(weight < 1).sum()} slips")
    model = LogisticRegression(C=PENALTY, max_iter=1000)
    out = np.zeros(len(y))
    for train, test in GroupKFold(5).split(x, y, groups):
        model.fit(x[train], y[train], weight[train])
        out[test] = model.predict_proba(x[test])[:, 1]
    for name, values in [("fitted", out), ("support alone", x[:, 0])]:
        print(f"{name}: AUC {roc_auc_score(y, values):.3f}; written wrong ones alone {roc_auc_score(y[weight == 1], values[weight == 1]):.3f}")
        for share in (0.01, 0.02, 0.05, 0.1):
            written, slipped = values[~y & (weight == 1)], values[~y & (weight < 1)]
            line = np.quantile(written, 1 - share)
            print(f"  {share:.0%} of the written wrong ones pass at {line:.3f}: {(values[y] > line).mean():.3f} of the honest, {(slipped > line).mean():.3f} of the slips")
    model.fit(x, y, weight)
    for index, name in enumerate(FEATURES):
        print(f"    {name}={model.coef_[0][index]:.2f},   # honest {x[y, index].mean():.2f}, wrong {x[~y, index].mean():.2f}")
    print(f"_BIAS = {model.intercept_[0]:.2f}")


if __name__ == "__main__":
    main()
