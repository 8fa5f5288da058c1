"""Fit the weights of the evidence ranking (`rag/retrieval/evidence.py`) on bundles of invented news.

    python training/fit_evidence.py AUTHORED_FOLDER [--questions 1200] [--held-back quo]

Every bundle's passages go into one index, so each question meets the distractors of all others. The
features of the candidate sentences come from the retriever itself. Prints the weights and, on the prefix
held back, how often the sentence that holds the answer is first, and what separates questions that the
articles answer from those they do not.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rag.assistant import Assistant
from rag.config import Config
from rag.retrieval import FEATURES

CANDIDATES = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("authored", type=Path)
    parser.add_argument("--questions", type=int, default=1200)
    parser.add_argument("--held-back", default="quo")
    parser.add_argument("--index", type=Path)
    arguments = parser.parse_args()
    bundles = [
        json.loads(line) for file in sorted(arguments.authored.glob("*.jsonl")) for line in file.open()
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        corpus = folder / "bundles.jsonl"
        with corpus.open("w") as file:
            for bundle in bundles:
                for number, passage in enumerate(bundle["passages"]):
                    row = {
                        "id": f"{bundle['id']}-{number}",
                        "title": passage["title"],
                        "text": " ".join(passage["sentences"]),
                    }
                    file.write(
                        json.dumps(row | {"outlet": passage["outlet"], "date": passage["date"]}) + "\n"
                    )
        assistant = Assistant.open(Config(index_dir=arguments.index or folder / "index"))
        assistant.ingest([corpus])
        train, held_back = [], []
        pairs = [
            (bundle, question)
            for bundle in bundles
            for question in bundle["questions"]
            if "history" not in question
        ]
        random.Random(7).shuffle(pairs)
        for bundle, question in pairs[: arguments.questions]:
            group = measure(assistant, bundle, question)
            (held_back if bundle["id"].startswith(arguments.held_back) else train).append(group)
        assistant.close()
    fit(train, held_back)


def measure(assistant: Assistant, bundle: dict[str, Any], question: dict[str, Any]) -> dict[str, Any]:
    """The candidates' features and labels for one question."""
    gold = {bundle["passages"][p]["sentences"][s].strip() for p, s in question["evidence"] if s is not None}
    result = assistant.search(question["question"], k=10, evidence=CANDIDATES)
    rows = [[float(item.why[name]) for name in FEATURES] for item in result.evidence]
    labels = [
        item.sentence.text in gold or any(g in item.sentence.text for g in gold) for item in result.evidence
    ]
    return {
        "x": np.array(rows),
        "y": np.array(labels, dtype=int),
        "answerable": bool(gold),
        "type": question["type"],
    }


def fit(train: list[dict[str, Any]], held_back: list[dict[str, Any]]) -> None:
    """Fit and print."""
    usable = [group for group in train if len(group["x"])]
    model = LogisticRegression(C=10.0, max_iter=2000)
    model.fit(np.vstack([group["x"] for group in usable]), np.concatenate([group["y"] for group in usable]))
    for name, weight in zip(FEATURES, model.coef_[0], strict=True):
        print(f"    {name}={weight:.2f},")
    print(f"_BIAS = {model.intercept_[0]:.2f}")
    for label, groups in (("fitted on", train), ("held back", held_back)):
        best, answerable, first, top3, asked = [], [], 0, 0, 0
        for group in groups:
            scores = model.predict_proba(group["x"])[:, 1] if len(group["x"]) else np.zeros(0)
            best.append(float(scores.max(initial=0.0)))
            answerable.append(group["answerable"])
            if group["answerable"]:
                order = np.argsort(-scores)
                asked += 1
                first += int(group["y"][order[:1]].any())
                top3 += int(group["y"][order[:3]].any())
        values, flags = np.array(best), np.array(answerable)
        print(
            f"{label}: {asked} answerable, sentence Success@1 {first / asked:.3f} @3 {top3 / asked:.3f}; "
            f"{(~flags).sum()} unanswerable, AUC of the best score {roc_auc_score(flags, values):.3f}"
        )
        for share in (0.05, 0.1, 0.15, 0.2, 0.3):
            threshold = float(np.quantile(values[flags], share))
            recall = (values[~flags] < threshold).mean()
            print(f"  threshold {threshold:.3f}: false refusals {share:.2f}, abstention recall {recall:.2f}")


if __name__ == "__main__":
    main()
