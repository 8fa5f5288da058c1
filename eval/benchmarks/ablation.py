"""What each part of retrieval is worth: one off at a time, the others as they are.

    python eval/benchmarks/ablation.py                                  # the development questions of eval/
    python eval/benchmarks/ablation.py --data ../shared/benchmarks --sets dev news squad
    python eval/benchmarks/ablation.py --sets dev --rows "dense search" "keyword search"
    python eval/benchmarks/ablation.py --sets                           # only print what the report holds

Sets: `dev`, the development questions of `eval/questions/pile.jsonl`; `news`, the folder `dated_news_dev` of
`--data`; `squad`, its folder `squad2_500`. All answers are extracts, no language model takes part. Off means that a
weight is zero or a stage does nothing. Nothing is fitted anew, so a part that others could stand in for looks dearer
than it is. Scorer and embedder remember what they said, so a row costs seconds to a minute. The report is written after
each row and keeps the rows of earlier runs: delete it after a change of the code.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it runs from any folder
import rag.ingest
from eval.benchmarks.adapters import dated_news, squad2
from eval.benchmarks.adapters.bench import Bench
from eval.benchmarks.adapters.files import find, read_json
from eval.benchmarks.adapters.measures import says
from rag.assistant import Assistant, facade
from rag.assistant.wiring import make_embedder, make_scorer
from rag.config import Config
from rag.evaluation import evaluate, load_questions
from rag.evaluation.statistics import SIGNIFICANT, compare
from rag.index import IndexReader, keywords, words
from rag.models import Registry
from rag.protocols import Embedder, ScoredText, Scorer, Vectors
from rag.retrieval import Features, Question, Retriever, ranking, strength
from rag.schema import NO_FILTERS, Article, Filters, Passage

EVAL = Path(__file__).resolve().parents[1]
ALL_ON = "all parts on"
Scores = dict[str, dict[str, float]]
"""Measure -> question -> score."""
Change = tuple[Any, str, Any]
"""An object, the name in it, and what stands there while a part is off."""


class RememberingScorer:
    """A scorer that reads a passage for a question once."""

    def __init__(self, inner: Scorer) -> None:
        self.name, self.languages = inner.name, inner.languages
        self.support = inner.support
        self._inner = inner
        self._known: dict[tuple[str, ScoredText], list[float]] = {}

    def relevance(self, question: str, passages: Sequence[ScoredText]) -> list[list[float]]:
        """What the scorer says, now or earlier."""
        new = [text for text in dict.fromkeys(passages) if (question, text) not in self._known]
        found = self._inner.relevance(question, new) if new else []
        self._known.update({(question, text): values for text, values in zip(new, found, strict=True)})
        return [self._known[question, text] for text in passages]

    def relevance_alone(self, question: str, passages: Sequence[ScoredText]) -> list[list[float]]:
        """The same where each sentence is read without its neighbours."""
        read = _RELEVANCE(
            self, question, [replace(text, sentences=(one,)) for text in passages for one in text.sentences]
        )
        values = iter(value for (value,) in read)
        return [[next(values) for _ in text.sentences] for text in passages]


class RememberingEmbedder:
    """An embedder that reads a text once."""

    def __init__(self, inner: Embedder) -> None:
        self.name, self.fingerprint, self.dimension = inner.name, inner.fingerprint, inner.dimension
        self.max_tokens, self.languages = inner.max_tokens, inner.languages
        self.count_tokens = inner.count_tokens
        self._inner = inner
        self._known: dict[str, Any] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        """What the embedder says, now or earlier."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._inner.encode(new), strict=True))
        rows = [self._known[text] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)


# What is switched off


_RELEVANCE = RememberingScorer.relevance
_PARSED = Retriever.parsed
_PASSAGES = IndexReader.passages
_ALLOWED = IndexReader.allowed
_EMBEDDED_TEXT = rag.ingest.embedded_text


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: what it changes, and where that can make a difference.

    `settings` are those of `Config`; `anew`: the articles are read into an index of its own.
    """

    name: str
    changes: Sequence[Change] = ()
    sets: Sequence[str] = ("dev", "news", "squad")
    settings: Mapping[str, Any] = field(default_factory=dict)
    anew: bool = False


def zeroed(*names: str) -> Change:
    """The weights of these features at zero, which is the same as the features."""

    def weaker(of: Sequence[Features], foreign: Sequence[bool]) -> Any:
        return strength([replace(item, **dict.fromkeys(names, 0.0)) for item in of], foreign)

    return ranking, "strength", weaker


def unread(**values: Any) -> Change:
    """Questions as if this could not be read from them."""

    def parsed(self: Retriever, text: str, filters: Filters = NO_FILTERS) -> Question:
        return replace(_PARSED(self, text, filters), **values)

    return Retriever, "parsed", parsed


def _nothing(*_: Any) -> list[Any]:
    return []


def _no_sound(_: str) -> None:
    return None


def _as_it_is(first: Any, *_: Any) -> Any:
    return first


def _without_clusters(self: IndexReader, keys: Sequence[int]) -> list[tuple[Passage, Article]]:
    return [(passage, replace(article, duplicate_of=None)) for passage, article in _PASSAGES(self, keys)]


def _without_as_of(self: IndexReader, filters: Filters) -> Any:
    return _ALLOWED(self, replace(filters, as_of=None))


def _all_known(of: Sequence[Features], foreign: Sequence[bool]) -> Any:
    return strength(of, [False] * len(foreign))


def _headless(_: Article, sentences: tuple[str, ...]) -> ScoredText:
    return ScoredText(sentences)


def _bare(_: Article, passage: str) -> str:
    return passage


def _with_press(article: Article, passage: str) -> str:
    return f"{article.outlet or ''} {article.published or ''}\n{_EMBEDDED_TEXT(article, passage)}".strip()


_DEV, _DATED = ("dev",), ("dev", "news")
# Names with an underscore are the only handle on their stage; `patch.object` fails loudly when one is renamed.
ROWS = (
    Row(ALL_ON),
    Row("dense search", [(IndexReader, "dense", _nothing)]),
    Row("keyword search", [(IndexReader, "keyword", _nothing)]),
    Row(
        "stems and sounds of other scripts",
        [
            (keywords, "fold", _as_it_is),
            (words, "fold", _as_it_is),
            (keywords, "sound", _no_sound),
            (ranking, "sound", _no_sound),
        ],
        _DEV,
    ),
    Row(
        "keywords count more in languages the embedder does not know",
        [(ranking, "_KEYWORDS_ABROAD", 0)],
        _DEV,
    ),
    Row("title in front of the embedded text", [(rag.ingest, "embedded_text", _bare)], _DEV, anew=True),
    Row("copies collapsed", [(IndexReader, "passages", _without_clusters)], _DATED),
    Row("three passages an article", [(ranking, "_MAX_PER_ARTICLE", 10**6)]),
    Row("passages ordered by their best sentence", [(ranking, "_by_evidence", _as_it_is)]),
    Row("outlets and authors that the question names", [unread(outlets=(), authors=())], _DATED),
    Row("as-of filter", [(IndexReader, "allowed", _without_as_of)], _DATED),
    Row("trained scorer", [zeroed("relevance")]),
    Row("scorer sees title, outlet and date", [(ranking, "scored_text", _headless)], _DATED),
    Row(
        "scorer sees the neighbours",
        [(RememberingScorer, "relevance", RememberingScorer.relevance_alone)],
        _DEV,
    ),
    Row("cosine of the sentence", [zeroed("sentence_cosine")]),
    Row("shared words in the sentence", [zeroed("sentence_words")]),
    Row("shared words in title and sentences before", [zeroed("context_words")]),
    Row("shared words, both", [zeroed("sentence_words", "context_words")]),
    Row("acronyms spelled out", [(Question, "acronyms", ())]),
    Row("kind of value asked for", [zeroed("value_kind")]),
    Row("rank of the passage", [zeroed("passage_prior")]),
    Row("headlines and captions count less", [zeroed("fragment")]),
    Row("days that the question names", [unread(period=None)], _DATED),
    Row("recency", [zeroed("recency")]),
    Row("foreign weights", [(ranking, "strength", _all_known)], _DEV),
    Row("articles off the topic, the conversation or the speaker count less", [(ranking, "_OFF_TOPIC", 1.0)]),
    Row("planted sentences and appeals count less", [(ranking, "_reports_nothing", lambda _: False)], _DEV),
    Row("follow-ups rewritten", [(facade, "rewrite", _as_it_is)], _DEV),
    Row(
        "rewritten follow-ups scored also without their brackets",
        [(ranking, "without_context", _as_it_is)],
        _DEV,
    ),
    Row("several things asked", [unread(things=1)], ("dev", "squad")),
)
OTHER_SETTINGS = (
    Row("k 5 (10)", sets=_DEV, settings={"hits": 5}),
    Row("k 20", sets=_DEV, settings={"hits": 20}),
    Row(
        "recency always (with as-of, and where the question asks for the latest)",
        [unread(wants_recent=True)],
        _DATED,
    ),
    Row("recency with as-of only", [unread(wants_recent=False)], _DATED),
    Row("evidence_sentences 3 (6)", sets=_DEV, settings={"evidence_sentences": 3}),
    Row("evidence_sentences 12", sets=_DEV, settings={"evidence_sentences": 12}),
    Row("passage_tokens 100 (200)", sets=_DEV, settings={"passage_tokens": 100}, anew=True),
    Row("passage_tokens 300", sets=_DEV, settings={"passage_tokens": 300}, anew=True),
    Row("passages read 6 (12; no setting)", [(ranking, "_READ_PASSAGES", 6)], _DEV),
    Row("passages read 20", [(ranking, "_READ_PASSAGES", 20)], _DEV),
    Row(
        "outlet and date in front of the embedded text, too",
        [(rag.ingest, "embedded_text", _with_press)],
        _DEV,
        anew=True,
    ),
)


# What is measured

_NEVER = 10**6
"""The rank of what was not found."""
_DEPTHS = (1, 3, 5, 10, 20)


def dev(assistant: Assistant, _: Path) -> Scores:
    """The development questions, as `rag eval --extractive` scores them."""
    assistant.ingest([EVAL / "articles" / "pile"])
    questions = load_questions(EVAL / "questions" / "pile.jsonl", split="dev")
    run = evaluate(assistant, questions, extractive=True)
    found: Scores = {
        name: {key: value for key, scores in run.by_id.items() if (value := scores.get(name)) is not None}
        for name in (
            "sentence_success_at_1",
            "sentence_success_at_5",
            "passage_success_at_1",
            "passage_success_at_5",
            "passage_success_at_10",
            "correct",
            "abstained",
            "refused_wrongly",
        )
    }
    for unit in ("passage", "sentence"):
        found[f"{unit}_rank"] = {
            line["id"]: float(line.get(f"first_{unit}") or _NEVER)
            for line in run.lines
            if line["gold"]["evidence"]
        }
    best = {line["id"]: line["sentences"][0]["score"] if line["sentences"] else 0.0 for line in run.lines}
    return {**found, "strength": best, "answerable": {item.id: float(item.answerable) for item in questions}}


def news(assistant: Assistant, data: Path) -> Scores:
    """The dated news, by document, with `as_of` and plain."""
    rows = dated_news.run(Bench(assistant), find(data / "dated_news_dev", "questions.jsonl").parent).data
    found: Scores = {}
    for how in ("as_of", "plain"):
        ranks = {row["id"]: float(row[f"{how}_rank"] or _NEVER) for row in rows}
        found[f"{how}_rank"] = ranks
        found |= {
            f"{how}_success_at_{k}": {key: float(rank <= k) for key, rank in ranks.items()} for k in (1, 4)
        }
        found[f"{how}_rr"] = {key: 1.0 / rank if rank <= 10 else 0.0 for key, rank in ranks.items()}
    return found


def squad(assistant: Assistant, data: Path) -> Scores:
    """SQuAD 2.0: the first sentence is of the question's paragraph and holds the answer; answers and abstentions."""
    folder = data / "squad2_500"
    documents, questions = squad2.load(folder)
    number = {item.text: item.id for item in documents}
    own = {
        item.id: number[item.context]
        for item in read_json(find(folder, "queries.json"), squad2.Queries).queries
    }
    bench = Bench(assistant, extractive=True)
    bench.load(documents)
    found: Scores = {name: {} for name in ("sentence", "right", "abstained", "answerable", "strength")}
    for asked in bench.each(questions):
        best = assistant.search(asked.question, evidence=1).evidence
        reply = bench.ask(asked.question)
        found["answerable"][asked.id] = float(not asked.impossible)
        found["strength"][asked.id] = best[0].score if best else 0.0
        found["abstained"][asked.id] = float(reply.abstained)
        if not asked.impossible:
            found["right"][asked.id] = float(squad2.right(asked, reply))
            there = best and best[0].hit.article.external_id == own[asked.id]
            found["sentence"][asked.id] = float(
                bool(there) and any(says(best[0].sentence.text, gold) for gold in asked.answers)
            )
    return found


def _area(scores: Scores) -> float:
    """How well the best strength tells questions that have an answer from those that have none (AUC)."""
    keys = list(scores["strength"])
    return float(
        roc_auc_score([scores["answerable"][key] for key in keys], [scores["strength"][key] for key in keys])
    )


def _abstention_f1(scores: Scores) -> float:
    silent = [key for key, value in scores["abstained"].items() if value]
    impossible = [key for key, value in scores["answerable"].items() if not value]
    both = len(set(silent) & set(impossible))
    return 2 * both / (len(silent) + len(impossible))


Column = str | Callable[[Scores], float]
"""A measure, whose mean is shown and compared question by question, or a figure of all scores."""
SETS: dict[str, tuple[Callable[[Assistant, Path], Scores], dict[str, Column]]] = {
    "dev": (
        dev,
        {
            "sentence @1": "sentence_success_at_1",
            "@5": "sentence_success_at_5",
            "passage @1": "passage_success_at_1",
            "@10": "passage_success_at_10",
            "right": "correct",
            "AUC": _area,
        },
    ),
    "news": (
        news,
        {
            "as of @1": "as_of_success_at_1",
            "@4": "as_of_success_at_4",
            "RR": "as_of_rr",
            "plain @1": "plain_success_at_1",
            "@4 ": "plain_success_at_4",
            "RR ": "plain_rr",
        },
    ),
    "squad": (squad, {"sentence @1": "sentence", "right": "right", "F1": _abstention_f1, "AUC": _area}),
}


def measured(row: Row, name: str, data: Path, indexes: Path, embedder: Embedder, scorer: Scorer) -> Scores:
    """The scores of the set `name` with the row's changes."""
    with ExitStack() as stack:
        folder = indexes / name
        if row.anew:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for where, what, instead in row.changes:
            stack.enter_context(patch.object(where, what, instead))
        # Each row opens its own: what an assistant remembers of words and articles may be what is switched off.
        assistant = stack.enter_context(
            Assistant(
                replace(Config.load(index_dir=folder), **row.settings),
                embedder=lambda: embedder,
                scorer=lambda: scorer,
                generator=_no_model,
            )
        )
        return SETS[name][0](assistant, data)


def _no_model() -> Any:
    raise AssertionError("answers are extracts here")


# The table


def table(report: Mapping[str, Mapping[str, Scores]], rows: Sequence[Row]) -> str:
    """Markdown: the figures with all parts on, below them what each row changes, bold where p < .05, paired."""
    shown = [name for name in SETS if ALL_ON in report.get(name, {})]
    titles = [f"{name}: {title.strip()}" for name in shown for title in SETS[name][1]]
    lines = ["| | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    lines[1] = "|---|" + "---:|" * len(titles)
    for row in rows:
        cells = [
            cell(report[name][ALL_ON], report[name].get(row.name), column, whole=row.name == ALL_ON)
            for name in shown
            for column in SETS[name][1].values()
        ]
        if any(cells):
            lines.append(f"| {row.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(before: Scores, after: Scores | None, column: Column, *, whole: bool) -> str:
    """A figure of `before`, or by how much that of `after` differs; empty where it was not measured."""
    if after is None:
        return ""
    old, new = (_figure(scores, column) for scores in (before, after))
    if whole:
        return f"{old:.3f}".lstrip("0")
    if abs(new - old) < 0.0005:
        return "0"
    change = f"{new - old:+.3f}".replace("+0.", "+.").replace("-0.", "-.").replace("-", "−")
    sure = isinstance(column, str) and chance(before[column], after[column]) < SIGNIFICANT
    return f"**{change}**" if sure else change


def depths(report: Mapping[str, Mapping[str, Scores]]) -> str:
    """How many questions find what they need among the first k, by k: what a larger `k` shows more."""
    lines = ["| k | " + " | ".join(map(str, _DEPTHS)) + " |", "|---|" + "---:|" * len(_DEPTHS)]
    for name, rows in report.items():
        for measure, ranks in rows.get(ALL_ON, {}).items():
            if measure.endswith("_rank"):
                shares = [float(np.mean([rank <= depth for rank in ranks.values()])) for depth in _DEPTHS]
                figures = " | ".join(f"{share:.3f}".lstrip("0") for share in shares)
                lines.append(f"| {name}: {measure.removesuffix('_rank')} | {figures} |")
    return "\n".join(lines)


def _figure(scores: Scores, column: Column) -> float:
    return float(np.mean(list(scores[column].values()))) if isinstance(column, str) else column(scores)


def chance(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """The p value of no difference (paired permutation test); any measure's name may carry the scores."""
    (change,) = compare(*({key: {"correct": value} for key, value in of.items()} for of in (before, after)))
    return change.p


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="*", choices=SETS, default=["dev"], help="what is asked (dev)")
    parser.add_argument("--data", type=Path, help="folder that holds dated_news_dev and squad2_500")
    parser.add_argument("--rows", nargs="+", metavar="NAME", help="only these (all)")
    parser.add_argument("--indexes", type=Path, default=Path(".bench/ablation"), help="kept there, one a set")
    parser.add_argument("--report", type=Path, default=Path(".bench/ablation.json"))
    given = parser.parse_args()
    every = [*ROWS, *OTHER_SETTINGS]
    if unknown := set(given.rows or ()) - {row.name for row in every}:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; see ROWS in {Path(__file__).name}")
    if set(given.sets) - {"dev"} and given.data is None:
        parser.error("give the folder that holds dated_news_dev and squad2_500 with --data")
    report: dict[str, dict[str, Scores]] = {}
    if given.report.exists():
        report = json.loads(given.report.read_text(encoding="utf-8"))
    config = Config.load()
    registry = Registry.load(config)
    embedder = RememberingEmbedder(make_embedder(registry.current("embedder", config.embedder), config))
    scorer = RememberingScorer(make_scorer(registry.current("scorer", config.scorer), config))
    given.report.parent.mkdir(parents=True, exist_ok=True)
    for name in given.sets:
        for row in every:
            if name not in row.sets or (given.rows and row.name not in given.rows):
                continue
            started = time.perf_counter()
            scores = measured(row, name, given.data, given.indexes, embedder, scorer)
            report.setdefault(name, {})[row.name] = scores
            given.report.write_text(json.dumps(report), encoding="utf-8")
            print(f"{name}: {row.name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    print(table(report, ROWS), table(report, [ROWS[0], *OTHER_SETTINGS]), depths(report), sep="\n\n")


if __name__ == "__main__":
    sys.exit(main())
