"""Fit the weights by which a drafted sentence is judged (`rag/attribution/bearing.py`) on invented news.

    python training/fit_check.py ../shared/training/authored

Cited answers against written wrong ones, and against cited answers with a slip of a model's: two figures or names
of the evidence exchanged, a denial put in or taken out. Only what passes the hard gate is used, for only that is ever
judged. The held-back prefix is not read. What is printed is measured on bundles that the weights were not fitted on
(five folds); the weights then go into the file by hand.
"""

from __future__ import annotations

import argparse
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
from train_scorer import later_bundles, read_bundles

from eval.benchmarks.check import HELD_BACK, as_article, as_grounds, chosen
from rag.assistant.wiring import make_scorer
from rag.attribution import problems
from rag.attribution.bearing import FEATURES, features
from rag.attribution.draft import support_of, without_verdict
from rag.attribution.values import is_calendar_word
from rag.config import Config
from rag.index.words import Analyzer
from rag.models import Registry
from rag.protocols import Scorer

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[\w,;] )[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*")
_VERB = re.compile(r"\b(?:is|was|were|are|had|has|will|would|could|did)\b")
_NOT = re.compile(r" not\b(?! only)|n't\b")
PENALTY = 1.0
FIT = Path(__file__).parent / "authored" / "fit"
SLIP_WEIGHT = 0.1


def slips(text: str, evidence: str, rng: random.Random) -> Iterator[str]:
    """`text` with one slip each: figures or names exchanged, also for others of the evidence, a denial."""
    for pattern in (_NUMBER, _NAME):
        found = [item for item in pattern.finditer(text) if not is_calendar_word(item.group())]
        here = " ".join(item.group() for item in found)
        others = sorted({item.group() for item in pattern.finditer(evidence)} - set(here.split()))
        others = [item for item in others if item not in here and not is_calendar_word(item)]
        if len(found) > 1:
            one, two = sorted(rng.sample(found, 2), key=lambda item: item.start())
            if one.group() not in two.group() and two.group() not in one.group():
                between = text[one.end() : two.start()]
                yield text[: one.start()] + two.group() + between + one.group() + text[two.end() :]
        if found and others:
            place = rng.choice(found)
            yield text[: place.start()] + rng.choice(others) + text[place.end() :]
    verb = _VERB.search(text)
    if denial := _NOT.search(text):
        yield text[: denial.start()] + text[denial.end() :]
    elif verb:
        yield f"{text[: verb.end()]} not{text[verb.end() :]}"


Row = tuple[bool, float, tuple[float, ...]]
"""Whether a sentence is borne out, its weight, its features."""


def examples(
    bundle: dict[str, Any], scorer: Scorer, analyzer: Analyzer
) -> Iterator[tuple[bool | None, Row | None]]:
    """For each sentence whether it is honest (None: a slip), and what is known of it if it passes the gate."""
    rng = random.Random(bundle["id"])
    articles = [as_article(bundle["id"], number, item) for number, item in enumerate(bundle["passages"])]
    for asked in bundle["questions"]:
        drafts: list[tuple[str, Any, bool | None]] = []
        for item in asked["cited_answer"]:
            told = " ".join(articles[p][1][s].text for p, s in item["cites"])
            drafts.append((item["text"], item["cites"], True))
            drafts += [(text, item["cites"], None) for text in slips(item["text"], told, rng)]
        drafts += [(text, asked["evidence"], False) for text in asked["wrong"] if asked["evidence"]]
        for text, cites, kind in drafts:
            given = as_grounds(articles, cites)
            backing = [item.backing for item in given]
            claim = without_verdict(text)
            row = None
            if not problems(claim, backing, analyzer):
                found = features(claim, backing, support_of(claim, given, scorer), analyzer)
                row = (bool(kind), SLIP_WEIGHT if kind is None else 1.0, astuple(found))
            yield kind, row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("authored", type=Path, help="folder of bundles, *.jsonl")
    arguments = parser.parse_args()
    config = Config()
    registry = Registry.load(config)
    scorer = make_scorer(registry.current("scorer", config.scorer), config)
    analyzer = Analyzer()
    rows, groups = [], []
    drafted: dict[bool | None, int] = {True: 0, False: 0, None: 0}
    bundles = [
        *chosen(arguments.authored, ("",), unseen=True),
        *later_bundles(FIT, read_bundles(arguments.authored)),
    ]
    for number, bundle in enumerate(bundles):
        if not bundle["id"].startswith(HELD_BACK):
            for kind, row in examples(bundle, scorer, analyzer):
                drafted[kind] += 1
                if row is not None:
                    rows.append(row)
                    groups.append(number)
    x = np.array([row[2] for row in rows])
    y = np.array([row[0] for row in rows])
    weight = np.array([row[1] for row in rows])
    print(f"{len(y)} sentences pass the gate, {y.sum()} of them borne out, {(weight < 1).sum()} slips")
    model = LogisticRegression(C=PENALTY, max_iter=1000)
    out = np.zeros(len(y))
    for train, test in GroupKFold(5).split(x, y, groups):
        model.fit(x[train], y[train], weight[train])
        out[test] = model.predict_proba(x[test])[:, 1]
    written = ~y & (weight == 1)
    for name, values in [("fitted", out), ("the scorer alone", x[:, 0])]:
        print(
            f"{name}: AUC {roc_auc_score(y[y | written], values[y | written]):.3f} against written wrong ones"
        )
        for share in (0.005, 0.01, 0.015, 0.02, 0.03):
            line = np.sort(values[written])[-max(1, round(share * drafted[False]))]
            kept = (values[y] > line).sum() / drafted[True]
            slipped = (values[weight < 1] > line).sum() / drafted[None]
            print(
                f"  above {line:.3f}: {share:.1%} of the wrong, {kept:.3f} of the honest, {slipped:.3f} of the slips"
            )
    model.fit(x, y, weight)
    for index, name in enumerate(FEATURES):
        print(f"    {name}={model.coef_[0][index]:.2f},")
    print(f"_BIAS = {model.intercept_[0]:.2f}")


if __name__ == "__main__":
    main()
