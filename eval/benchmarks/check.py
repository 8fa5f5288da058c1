"""The check of drafts against scripted ones: `python eval/benchmarks/check.py AUTHORED|CLAIMS [--prefix quo]`.

An honest generator says the cited answers of our invented news and cites what they rest on; a lying one says the
wrong answers and cites all the evidence of the question. Both go the way of every draft
(`rag.attribution.draft.attempts`, with the packaged scorer), so the first must be kept and the second refused.
Printed are both shares at the threshold in use, by kind of question, and over a curve of thresholds.

    python eval/benchmarks/check.py ../shared/training/authored
    python eval/benchmarks/check.py ../shared/training/authored --prefix pol biz sci cul wld num --unseen

    python eval/benchmarks/check.py eval/questions/claims.jsonl

`AUTHORED` holds bundles in the format of `training/README.md`. The scorer was trained on all prefixes but `quo`,
so the curve to choose a threshold by is that of `--unseen` bundles, those that chose and calibrated it. `CLAIMS` are
honest and wrong answers to the development questions of the evaluation set, each with the gold evidence it names.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from rag.assistant import Assistant
from rag.assistant.wiring import make_scorer
from rag.attribution import Ground, grounds
from rag.attribution.draft import SUPPORTED, attempts, support_of, without_verdict
from rag.config import Config
from rag.evaluation import load_questions
from rag.evaluation.questions import GoldEvidence
from rag.index import IndexReader
from rag.index.words import Analyzer
from rag.models import Registry
from rag.protocols import Scorer
from rag.schema import Article, Evidence, Hit, Passage, Sentence

HELD_BACK = "quo"
SEED = 7
"""That of `training/train_scorer.py`."""
THRESHOLDS = (
    1e-9,
    0.3,
    0.4,
    0.5,
    0.55,
    0.6,
    0.65,
    0.7,
    0.725,
    0.75,
    0.775,
    0.8,
    0.825,
    0.85,
    0.875,
    0.9,
    0.95,
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A drafted sentence and the highest threshold of support at which it is shown as drafted; 0: at none."""

    text: str
    honest: bool
    kind: str
    prefix: str
    passes_below: float
    why: tuple[str, ...]
    evidence: tuple[str, ...]
    support: float
    """The scorer's own judgement, without the gate."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("drafts", type=Path, help="folder of bundles, *.jsonl, or a file of claims")
    parser.add_argument("--prefix", nargs="+", default=[HELD_BACK], help=f"of bundle ids ({HELD_BACK})")
    parser.add_argument(
        "--unseen", action="store_true", help="of other prefixes, only bundles the scorer was not trained on"
    )
    parser.add_argument(
        "--failures", type=Path, help="write refused honest and shown wrong sentences there, to be read"
    )
    arguments = parser.parse_args()
    if arguments.failures and HELD_BACK in arguments.prefix:
        parser.error(f"{HELD_BACK} is there to measure: read the failures of other prefixes")
    config = Config()
    registry = Registry.load(config)
    scorer = make_scorer(registry.current("scorer", config.scorer), config)
    analyzer = Analyzer()
    if arguments.drafts.is_file():
        judged = list(judge_claims(arguments.drafts, scorer, analyzer))
    else:
        bundles = chosen(arguments.drafts, arguments.prefix, unseen=arguments.unseen)
        judged = [item for bundle in bundles for item in judge(bundle, scorer, analyzer)]
    report(judged)
    if arguments.failures:
        write_failures(judged, arguments.failures)


def chosen(folder: Path, prefixes: Sequence[str], *, unseen: bool) -> list[dict[str, Any]]:
    """The bundles of `prefixes`; `unseen` ones by the draw of `training/train_scorer.py`."""
    bundles = [
        json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.open(encoding="utf-8")
    ]
    others = [bundle["id"] for bundle in bundles if not bundle["id"].startswith(HELD_BACK)]
    known = set(others) - set(random.Random(SEED).sample(others, round(0.06 * len(others))))  # noqa: S311 - a draw, not a secret
    return [
        bundle
        for bundle in bundles
        if bundle["id"].startswith(tuple(prefixes)) and not (unseen and bundle["id"] in known)
    ]


def judge(bundle: dict[str, Any], scorer: Scorer, analyzer: Analyzer) -> Iterator[Judged]:
    """Every cited answer with its own evidence, every wrong one with all evidence of its question."""
    articles = [as_article(bundle["id"], number, item) for number, item in enumerate(bundle["passages"])]
    prefix = bundle["id"].partition("-")[0]
    for asked in bundle["questions"]:
        drafts = [(item["text"], item["cites"], True) for item in asked["cited_answer"]]
        drafts += [(text, asked["evidence"], False) for text in asked["wrong"] if asked["evidence"]]
        for text, cites, honest in drafts:
            given = as_grounds(articles, cites)
            yield judged_one(text, given, scorer, analyzer, honest=honest, kind=asked["type"], prefix=prefix)


def judged_one(
    text: str,
    given: Sequence[Ground],
    scorer: Scorer,
    analyzer: Analyzer,
    *,
    honest: bool,
    kind: str,
    prefix: str,
) -> Judged:
    """One drafted sentence, judged against what it cites."""
    tried = list(attempts(text, given, given, analyzer, scorer))
    return Judged(
        text,
        honest,
        kind,
        prefix,
        max(item.probability for item in tried),
        tuple(tried[0].why),
        tuple(item.backing.sentence for item in given),
        support_of(without_verdict(text), given, scorer),
    )


def judge_claims(path: Path, scorer: Scorer, analyzer: Analyzer) -> Iterator[Judged]:
    """Claims on the evaluation set's gold evidence; those whose evidence is no indexed sentence are counted out."""
    asked = {item.id: item for item in load_questions(path.with_name("pile.jsonl"), split="dev")}
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    lost = 0
    with tempfile.TemporaryDirectory() as folder:
        with Assistant.open(Config(index_dir=Path(folder))) as assistant:
            assistant.ingest([path.parents[1] / "articles" / "pile"])
        reader = IndexReader(Path(folder))
        by_file: dict[str, list[tuple[Article, list[Sentence]]]] = defaultdict(list)
        for row in reader.articles():
            article = reader.article(row.article.id)
            assert article is not None, "listed just now"
            sentences = reader.sentences(article, 0, len(article.text))
            by_file[Path(article.source_path).name].append((article, sentences))
        for row in rows:
            gold = asked[row["id"]].evidence
            given = [ground for number in row["evidence"] for ground in _held(gold[number], by_file)]
            if not given:
                lost += 1
                continue
            yield judged_one(
                row["claim"],
                given,
                scorer,
                analyzer,
                honest=row["supported"],
                kind=row["kind"],
                prefix="claims",
            )
        reader.close()
    print(f"{lost} claims left out: their evidence is not one of the indexed sentences", file=sys.stderr)


def _held(gold: GoldEvidence, by_file: dict[str, list[tuple[Article, list[Sentence]]]]) -> list[Ground]:
    """The indexed sentences that hold the quote, or a part of it."""
    quote = " ".join(gold.quote.split())
    found = []
    for article, sentences in by_file[Path(gold.file).name]:
        texts = [" ".join(item.text.split()) for item in sentences]
        places = [n for n, text in enumerate(texts) if quote in text or (len(text) > 20 and text in quote)]
        if places:
            found += as_grounds([(article, sentences)], [(0, place) for place in places])
            break
    return found


def as_article(bundle: str, number: int, passage: dict[str, Any]) -> tuple[Article, list[Sentence]]:
    """A passage as an indexed article, with its sentences."""
    article_id = f"{bundle}-{number}"
    found: list[Sentence] = []
    text = ""
    for words in passage["sentences"]:
        text += " " if text else ""
        found.append(Sentence(article_id, len(found), len(text), len(text) + len(words), words, None))
        text += words
    article = Article(
        id=article_id,
        title=passage["title"],
        text=text,
        source_path=f"{article_id}.txt",
        source_hash=article_id,
        content_hash=article_id,
        outlet=passage["outlet"],
        published=date.fromisoformat(passage["date"]) if passage["date"] else None,
    )
    return article, found


def as_grounds(
    articles: Sequence[tuple[Article, list[Sentence]]], cites: Iterable[Sequence[int]]
) -> list[Ground]:
    """The cited sentences as numbered evidence."""
    by_id = {article.id: sentences for article, sentences in articles}

    def sentences_of(article: Article, start: int, end: int) -> list[Sentence]:
        return [item for item in by_id[article.id] if item.start >= start and item.end <= end]

    evidence = []
    for place, sentence_place in dict.fromkeys((p, s) for p, s in cites):
        article, sentences = articles[place]
        sentence = sentences[sentence_place]
        passage = Passage(f"{article.id}-0", article.id, 0, 0, len(article.text), article.text)
        evidence.append(Evidence(sentence, Hit(passage, article, 1.0, 1, {}), 1.0, {}))
    return grounds(evidence, sentences_of)


def report(judged: Sequence[Judged]) -> None:
    """The shares that are shown as drafted, by kind and by threshold."""

    def share(honest: bool, threshold: float, kind: str = "") -> str:
        found = [
            item.passes_below >= threshold
            for item in judged
            if item.honest is honest and kind in {"", item.kind}
        ]
        return f"{np.mean(found):.3f} of {len(found)}" if found else "-"

    print(f"at the threshold in use, {SUPPORTED}:\n{'kind':<16}{'honest kept':<20}wrong shown")
    for kind in ["", *sorted({item.kind for item in judged})]:
        print(f"{kind or 'all':<16}{share(True, SUPPORTED, kind):<20}{share(False, SUPPORTED, kind)}")
    bare = [item for item in judged if not item.honest and item.passes_below >= SUPPORTED]
    verdicts = sum(without_verdict(item.text) != item.text for item in bare)
    print(f"of the {len(bare)} wrong ones shown, {verdicts} are shown without the Yes or No they began with")
    for name, values in (
        ("scorer alone", [item.support for item in judged]),
        ("the check", [item.passes_below for item in judged]),
    ):
        print(f"AUC of {name}: {roc_auc_score([item.honest for item in judged], values):.3f}")
    print(f"\n{'threshold':<16}{'honest kept':<20}wrong shown (the first line: the gate alone)")
    for threshold in THRESHOLDS:
        print(f"{threshold:<16}{share(True, threshold):<20}{share(False, threshold)}")


def write_failures(judged: Sequence[Judged], path: Path) -> None:
    """Honest sentences that are refused, by reason, then wrong ones that are shown."""
    refused: dict[str, list[Judged]] = defaultdict(list)
    for item in judged:
        if item.honest is (item.passes_below < SUPPORTED):
            refused["; ".join(item.why) if item.honest else "SHOWN THOUGH WRONG"].append(item)
    lines = []
    for why, items in sorted(refused.items()):
        lines.append(f"== {len(items)}: {why}")
        for item in items:
            lines += [f"{item.prefix} {item.kind} {item.passes_below:.2f}", f"   {item.text}"]
            lines += [f"     < {sentence}" for sentence in item.evidence]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
