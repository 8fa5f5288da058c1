"""What a perfect reader would make of the evidence: `python eval/benchmarks/reader.py QUESTIONS CLAIMS ARTICLES`.

The reader stands where the language model stands. Of each question it says the honest claim of `CLAIMS`
(`eval/README.md`), citing the sentence of its prompt that holds the gold quote, or, where none of the prompt does, that
the sources do not tell. So what is lost is what retrieval did not bring and what the check did not let through: the
most that any model, however large, gets out of this program. `--small` asks as small models are asked.

    python eval/benchmarks/reader.py eval/questions/pile.jsonl eval/questions/claims.jsonl eval/articles/pile
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.assistant import Assistant
from rag.assistant.wiring import make_embedder, make_scorer
from rag.config import Config
from rag.evaluation import load_questions
from rag.evaluation.measures import answer_scores, citation_scores
from rag.evaluation.questions import GoldQuestion
from rag.models import Registry
from rag.prompts import NO_ANSWER
from rag.protocols import Message

MEASURES = "correct said_wrong citation_precision citation_recall refused_wrongly abstained conflict_coverage".split()
_LINE = re.compile(r"^\[(\d+)\] \([^)]*\) (.*) \[\d+\]$", re.MULTILINE)


class PerfectReader:
    """Says the claims of the question at hand that its prompt bears out, each with its numbers."""

    name = "perfect reader"
    context_tokens = 8192
    trained_to_choose = False

    def __init__(self, claims: dict[str, list[dict[str, Any]]], *, is_large: bool) -> None:
        self.is_large = is_large
        self._claims = claims
        self.asked: GoldQuestion | None = None

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def choose(self, messages: Sequence[Message], **_: object) -> None:
        """It words."""

    def stream(self, messages: Sequence[Message], **_: object) -> Iterator[str]:
        assert self.asked is not None
        lines = _LINE.findall(messages[-1].content)
        said = []
        for row in self._claims[self.asked.id]:
            quotes = [" ".join(self.asked.evidence[number].quote.split()) for number in row["evidence"]]
            held = (
                number
                for quote in quotes
                for number, text in lines
                if quote in text or (len(text) > 20 and text in quote)
            )
            if numbers := list(dict.fromkeys(held)):
                said.append(f"{row['claim'].rstrip('.')} [{']['.join(numbers)}].")
        yield " ".join(said) or NO_ANSWER

    def close(self) -> None:
        """Nothing to free."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", type=Path)
    parser.add_argument("claims", type=Path)
    parser.add_argument("articles", type=Path)
    parser.add_argument("--small", action="store_true")
    arguments = parser.parse_args()
    claims: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in arguments.claims.open(encoding="utf-8"):
        row = json.loads(line)
        if row["supported"]:
            claims[row["id"]].append(row)
    reader = PerfectReader(claims, is_large=not arguments.small)
    scores: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        config = Config(index_dir=Path(folder), budget_seconds=float("inf"))
        registry = Registry.load(config)
        with Assistant(
            config,
            embedder=lambda: make_embedder(registry.current("embedder"), config),
            scorer=lambda: make_scorer(registry.current("scorer"), config),
            generator=lambda: reader,
        ) as assistant:
            assistant.ingest([arguments.articles])
            for asked in load_questions(arguments.questions, split="dev"):
                reader.asked = asked
                answer = assistant.ask(asked.question, filters=asked.filters, history=asked.turns)
                found = {**answer_scores(asked, answer), **citation_scores(asked, answer)}
                for name in MEASURES:
                    if found.get(name) is not None:
                        scores[name].append(found[name])
                if asked.answerable:
                    worded = [item.support == "supported" for item in answer.statements]
                    scores["worded by the model"].append(float(any(worded)))
    for name, values in scores.items():
        print(f"{name:<22}{np.mean(values):.3f} of {len(values)}")


if __name__ == "__main__":
    sys.exit(main())
