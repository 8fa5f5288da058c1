"""Fit the weights of the evidence ranking (`rag/retrieval/evidence.py`) on invented news that the scorer never saw.

    python training/fit_evidence.py AUTHORED_FOLDER --index INDEX [--pile PILE.jsonl PILE_INDEX]

Questions of the bundles held back from the scorer's training (its development bundles, a whole prefix, and what
`training/authored/fit` holds) meet the distractors of all other bundles; `INDEX` is made when it is not there.
Features of the candidates come from the retriever itself. The weights maximise the likelihood of a choice among
the candidates and "nothing answers" (conditional logit, McFadden 1974), with a small penalty. `--pile` adds the
development questions of an evaluation file. What is printed is always measured on bundles or events that the
weights were not fitted on: half of the bundles, or all but one event.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score
from train_scorer import later_bundles, read_bundles

from rag.assistant import Assistant
from rag.config import Config
from rag.evaluation import load_questions
from rag.evaluation.measures import relevant_sentences
from rag.retrieval import FEATURES, rewrite

CANDIDATES = 1_000
PENALTY = 0.02
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Group:
    """A question's candidates: features (candidates, features), which are gold; `name` is its bundle or event."""

    name: str
    kind: str
    x: Matrix
    gold: NDArray[np.bool_]
    answerable: bool


FIT = Path(__file__).parent / "authored" / "fit"


def held_back_bundles(bundles: Sequence[dict[str, Any]], prefix: str, seed: int) -> list[dict[str, Any]]:
    """The bundles that `train_scorer.py` keeps out of training, in its own order and with its own draw."""
    others = [bundle["id"] for bundle in bundles if not bundle["id"].startswith(prefix)]
    development = set(random.Random(seed).sample(others, round(0.06 * len(others))))
    return [b for b in bundles if b["id"] in development or b["id"].startswith(prefix)]


def index_of(bundles: Sequence[dict[str, Any]], folder: Path) -> Assistant:
    """An assistant over the passages of all bundles, an article each; they lie beside the index."""
    articles = folder.with_name(f"{folder.name}-articles.jsonl")
    if not articles.exists():
        with articles.open("w", encoding="utf-8") as file:
            for bundle in {bundle["id"]: bundle for bundle in bundles}.values():
                for number, passage in enumerate(bundle["passages"]):
                    text = " ".join(passage["sentences"])
                    row = {"id": f"{bundle['id']}-{number}", **passage, "text": text}
                    del row["sentences"]
                    file.write(json.dumps(row) + "\n")
    assistant = Assistant.open(Config(index_dir=folder))
    assistant.ingest([articles])
    return assistant


def authored_groups(assistant: Assistant, bundles: Sequence[dict[str, Any]]) -> list[Group]:
    """A group for each question of the bundles."""
    found = []
    for bundle in bundles:
        for asked in bundle["questions"]:
            history = asked.get("history") or []
            turns = tuple(zip(history[::2], history[1::2], strict=False))
            gold = {" ".join(bundle["passages"][p]["sentences"][s].split()) for p, s in asked["evidence"]}
            result = assistant.search(rewrite(asked["question"], turns), k=10, evidence=CANDIDATES)
            texts = [" ".join(item.sentence.text.split()) for item in result.evidence]
            labels = [any(text == g or g in text for g in gold) for text in texts]
            found.append(group(bundle["id"], asked["type"], result, labels, bool(gold)))
    return found


def pile_groups(assistant: Assistant, questions: Path, split: str) -> list[Group]:
    """A group for each question of an evaluation file."""
    found = []
    for asked in load_questions(questions, split=split):
        text = rewrite(asked.question, asked.turns)
        result = assistant.search(text, filters=asked.filters, k=10, evidence=CANDIDATES)
        labels = [bool(held) for held in relevant_sentences(asked, result)]
        found.append(group(asked.event or asked.id, asked.type, result, labels, asked.answerable))
    return found


def group(name: str, kind: str, result: Any, labels: Sequence[bool], answerable: bool) -> Group:
    rows = [[float(item.why[name]) for name in FEATURES] for item in result.evidence]
    x = np.array(rows, dtype=float).reshape(len(rows), len(FEATURES))
    return Group(name, kind, x, np.array(labels, dtype=bool), answerable)


def fit(groups: Sequence[Group]) -> Matrix:
    """Weights and, last, the bias: "nothing answers" scores 0."""
    usable = [g for g in groups if len(g.x) and (g.gold.any() or not g.answerable)]

    def loss(parameters: Matrix) -> tuple[float, Matrix]:
        total, slope = PENALTY * float(parameters[:-1] @ parameters[:-1]), 2 * PENALTY * parameters
        slope[-1] = 0.0
        for g in usable:
            scores = np.append(g.x @ parameters[:-1] + parameters[-1], 0.0)
            raised = np.exp(scores - scores.max())
            share = raised / raised.sum()
            wanted = np.append(g.gold, not g.gold.any())
            right = share[wanted].sum()
            total -= float(np.log(max(right, 1e-12)))
            pull = share - np.where(wanted, share / right, 0.0)
            slope[:-1] += pull[:-1] @ g.x
            slope[-1] += pull[:-1].sum()
        return total, slope

    start = np.zeros(len(FEATURES) + 1)
    found: Matrix = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return found


def measure(label: str, scored: Sequence[tuple[Group, Matrix]], *, thresholds: bool = False) -> None:
    """Print how often a gold sentence is first, among three and five, and how well the best score abstains."""
    asked = [(g, np.argsort(-scores, kind="stable")) for g, scores in scored if g.answerable]
    success = {k: np.mean([g.gold[order[:k]].any() for g, order in asked]) for k in (1, 3, 5)}
    best = np.array([scores.max(initial=-30.0) for _, scores in scored])
    answerable = np.array([g.answerable for g, _ in scored])
    told = " ".join(f"@{k} {value:.3f}" for k, value in success.items())
    there = np.mean([g.gold.any() for g, _ in asked])
    area = roc_auc_score(answerable, best) if 0 < answerable.sum() < len(answerable) else float("nan")
    print(
        f"{label}: {len(asked)} answerable, there {there:.3f}, Success{told}; answerable or not, AUC {area:.3f}"
    )
    for share in (0.05, 0.1, 0.15, 0.2, 0.3) if thresholds else ():
        threshold = float(np.quantile(best[answerable], share))
        refused = float((best[~answerable] < threshold).mean()) if (~answerable).any() else float("nan")
        odds = 1 / (1 + np.exp(-threshold))
        print(f"    threshold {odds:.3f}: false refusals {share:.2f}, abstention recall {refused:.2f}")


def crossed(groups: Sequence[Group], always: Sequence[Group], parts: int) -> list[tuple[Group, Matrix]]:
    """Each group scored by weights that were fitted on `always` and on the names of the other parts."""
    names = sorted({g.name for g in groups})
    random.Random(7).shuffle(names)
    found = []
    for part in range(parts):
        held = set(names[part::parts])
        weights = fit([*always, *(g for g in groups if g.name not in held)])
        found += [(g, scored(g, weights)) for g in groups if g.name in held]
    return found


def scored(of: Group, weights: Matrix) -> Matrix:
    return of.x @ weights[:-1] + weights[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("authored", type=Path)
    parser.add_argument("--index", type=Path, required=True, help="for an index of all bundles")
    parser.add_argument("--held-back", default="quo")
    parser.add_argument("--seed", type=int, default=7, help="that of train_scorer.py")
    parser.add_argument("--pile", nargs=2, type=Path, metavar=("QUESTIONS", "INDEX"))
    parser.add_argument("--split", default="dev")
    arguments = parser.parse_args()
    bundles = read_bundles(arguments.authored)
    held_back = [
        *held_back_bundles(bundles, arguments.held_back, arguments.seed),
        *later_bundles(FIT, bundles),
    ]
    with index_of(
        [*bundles, *later_bundles(FIT.with_name("train"), bundles), *held_back], arguments.index
    ) as it:
        groups = authored_groups(it, held_back)
    pile: list[Group] = []
    if arguments.pile:
        with Assistant.open(Config(index_dir=arguments.pile[1])) as assistant:
            pile = pile_groups(assistant, arguments.pile[0], arguments.split)
    events = len({g.name for g in pile})
    measure("bundles, fitted on the other half", crossed(groups, [], 2), thresholds=True)
    if pile:
        weights = fit(groups)
        measure("pile, fitted on bundles", [(g, scored(g, weights)) for g in pile])
        measure(
            "pile, fitted on bundles and its other events", crossed(pile, groups, events), thresholds=True
        )
        for place, name in enumerate(FEATURES):
            less = [[replace(g, x=_zeroed(g.x, place)) for g in of] for of in (pile, groups)]
            measure(f"    without {name}", crossed(less[0], less[1], events))
    weights = fit([*groups, *pile])
    for name, weight in zip(FEATURES, weights, strict=False):
        print(f"    {name}={weight:.2f},")
    print(f"_BIAS = {weights[-1]:.2f}")


def _zeroed(x: Matrix, place: int) -> Matrix:
    """`x` without the feature at `place`."""
    found = x.copy()
    found[:, place] = 0.0
    return found


if __name__ == "__main__":
    main()
