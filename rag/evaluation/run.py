"""One run: every question asked once, every answer scored, each line kept as soon as it stands."""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag import __version__, prompts
from rag.articles import decode_source, source_bytes
from rag.assistant import Assistant
from rag.attribution import Backing, problems
from rag.contract import answer_json, error_json
from rag.errors import ArticleError, InputError, RagError
from rag.evaluation.measures import (
    DEPTH,
    Judge,
    failed,
    overlaps,
    relevant_passages,
    relevant_sentences,
    score,
)
from rag.evaluation.questions import GoldQuestion, check_evidence
from rag.evaluation.statistics import figures, reliability
from rag.index.words import Analyzer
from rag.schema import Citation, long_date

RUN, SCORES, SETUP = "run.jsonl", "scores.json", "setup.json"
_MAX_BYTES = 10**9
Line = dict[str, Any]
OnQuestion = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Run:
    """The lines of a run in the order of the questions, and what they come to (`scores.json`)."""

    lines: list[Line]
    scores: dict[str, Any]

    @property
    def by_id(self) -> dict[str, dict[str, float | None]]:
        """The scores of each question."""
        return {line["id"]: line["scores"] for line in self.lines}


def evaluate(
    assistant: Assistant,
    questions: Sequence[GoldQuestion],
    *,
    extractive: bool = False,
    budget_seconds: float = math.inf,
    folder: Path | None = None,
    on_question: OnQuestion = lambda _done, _total: None,
) -> Run:
    """Ask every question and score it.

    Without a budget no clock takes part in any answer, so two runs of the same code, models and articles are
    equal. With `folder` each line is written to `run.jsonl` there at once, and a run of the same set-up that
    was cut goes on where it stopped. A question that fails keeps its error and scores 0.
    Raises `InputError` when the gold does not fit the articles, or the folder cannot be written.
    """
    rows = assistant.articles()
    sources = {row.article.source_path: row.article for row in rows}
    slices = {path: of.encoding if of.source_start is not None else None for path, of in sources.items()}
    check_evidence(questions, slices)
    setup = {
        "version": __version__,
        "code": _code(),
        "prompt": prompts.load("answer").hash,
        "models": dict(assistant.models),
        "extractive": extractive,
        "budget_seconds": None if math.isinf(budget_seconds) else budget_seconds,
        "articles": _digest(sorted(row.article.content_hash for row in rows)),
        "questions": _digest(question.model_dump_json() for question in questions),
    }
    done = _resumed(folder, setup) if folder is not None else {}
    lines: list[Line] = []
    with open_judge() as judge:
        for number, question in enumerate(questions, start=1):
            line = done.get(question.id)
            if line is None:
                line = _ask(assistant, question, judge, extractive=extractive, budget_seconds=budget_seconds)
                if folder is not None:
                    _append(folder / RUN, line)
            lines.append(line)
            on_question(number, len(questions))
    result = Run(lines, {**summed(lines), "setup": setup})
    if folder is not None:
        _write(folder / SCORES, result.scores)
    return result


def load_run(path: Path) -> dict[str, dict[str, float | None]]:
    """The scores by question of an earlier run: its folder, its `run.jsonl`, or a baseline (see `baseline`)."""
    place = path / RUN if path.is_dir() else path
    try:
        text = place.read_text(encoding="utf-8")
        if place.suffix == ".jsonl":
            lines = [json.loads(line) for line in text.split("\n") if line.strip()]
            return {line["id"]: line["scores"] for line in lines}
        return dict(json.loads(text)["scores"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{place}: is not a run ({error}); give the folder of a report or a baseline"
        ) from error


def baseline(run: Run) -> dict[str, Any]:
    """What is kept of an accepted run: the figures for people, the scores by question for comparing."""
    scores = {
        name: {measure: round(value, 4) for measure, value in scores.items() if value is not None}
        for name, scores in run.by_id.items()
    }
    means = {name: round(figure["mean"], 4) for name, figure in run.scores["measures"].items()}
    return {"setup": run.scores["setup"], "figures": means, "scores": scores}


def summed(lines: Sequence[Line]) -> dict[str, Any]:
    """The figures of a run: every measure with its interval, whole and by type; depth, calibration, seconds."""
    by_type: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_type[line["type"]].append(line)
    times = {
        name: [line["seconds"][name] for line in lines if "seconds" in line]
        for name in ("retrieval", "generation", "total", "first_text")
    }
    sentences = [item for line in lines for item in line.get("sentences", ())]
    return {
        "questions": len(lines),
        "failed": sum("error" in line for line in lines),
        "measures": _figures(lines),
        "by_type": {name: _figures(of) for name, of in sorted(by_type.items())},
        "depth": {
            unit: [_reached(lines, f"first_{unit}", depth) for depth in range(1, DEPTH + 1)]
            for unit in ("passage", "sentence")
        },
        "calibration": reliability(
            [item["score"] for item in sentences], [item["gold"] for item in sentences]
        ),
        "seconds": {
            name: {
                "p50": round(statistics.median(values), 3),
                "p95": round(sorted(values)[math.ceil(0.95 * len(values)) - 1], 3),
            }
            for name, values in times.items()
            if values
        },
        "tokens": sum(line.get("tokens", {}).get("generated", 0) for line in lines),
    }


def _figures(lines: Sequence[Line]) -> dict[str, dict[str, float]]:
    found = figures([line["scores"] for line in lines])
    return {name: {k: round(v, 4) for k, v in asdict(figure).items()} for name, figure in found.items()}


def _reached(lines: Sequence[Line], field: str, depth: int) -> float:
    """Success@depth over the questions that have gold evidence."""
    asked = [line for line in lines if line["gold"]["evidence"]]
    found = sum((line.get(field) or math.inf) <= depth for line in asked)
    return round(found / len(asked), 4) if asked else 0.0


# Asking


def _ask(
    assistant: Assistant,
    question: GoldQuestion,
    judge: Judge,
    *,
    extractive: bool,
    budget_seconds: float,
) -> Line:
    head: Line = {
        "id": question.id,
        "type": question.type,
        "event": question.event,
        "split": question.split,
        "question": question.question,
        "history": [list(turn) for turn in question.history],
        "gold": question.model_dump(
            mode="json", include={"answer", "accepted", "must_not_say", "evidence", "as_of", "note"}
        ),
    }
    try:
        answer = assistant.ask(
            question.question,
            filters=question.filters,
            history=question.turns,
            extractive=extractive,
            budget_seconds=budget_seconds,
        )
        found = assistant.search(answer.rewritten, filters=question.filters, k=DEPTH, evidence=DEPTH)
    except RagError as error:
        return {**head, **error_json(question.id, str(error)), "scores": failed(question)}
    passages, sentences = relevant_passages(question, found), relevant_sentences(question, found)
    return {
        **answer_json(answer),
        **head,
        "scores": {
            name: None if value is None else round(value, 4)
            for name, value in score(question, answer, found, judge=judge, is_exact=is_exact).items()
        },
        "first_passage": _first(passages),
        "first_sentence": _first(sentences),
        "sentences": [
            {
                "rank": rank,
                "score": round(item.score, 4),
                "gold": bool(held),
                "text": item.sentence.text,
                "title": item.hit.article.title,
                "outlet": item.hit.article.outlet,
                "published": item.hit.article.published.isoformat() if item.hit.article.published else None,
            }
            for rank, (item, held) in enumerate(zip(found.evidence, sentences, strict=True), start=1)
        ],
        "cited_gold": [
            item.number
            for item in answer.citations
            if any(overlaps(item, gold) for gold in question.evidence)
        ],
    }


def _first(ranking: Sequence[set[int]]) -> int | None:
    return next((rank for rank, held in enumerate(ranking, start=1) if held), None)


@contextmanager
def open_judge() -> Iterator[Judge]:
    """Our own support check as ALCE's judge: the gate over the quotes, with title, outlet and date as context."""
    analyzer = Analyzer()

    def supports(claim: str, citations: Sequence[Citation]) -> bool:
        backing = [
            Backing(
                " ".join(item.quote.split()),
                f"{item.article.title} {item.article.outlet or ''} {long_date(item.article.published)}",
                item.article.text,
            )
            for item in citations
        ]
        return not problems(claim, backing, analyzer)

    try:
        yield supports
    finally:
        analyzer.close()


def is_exact(citation: Citation) -> bool:
    """Whether the quote stands at its offsets in the article, and in the source file where it has some."""
    article = citation.article
    if article.text[citation.start : citation.end] != citation.quote:
        return False
    if citation.source_start is None or article.encoding is None:
        return True
    try:
        source = decode_source(source_bytes(article.source_path, max_bytes=_MAX_BYTES), article.encoding)
    except ArticleError:
        return False
    return source[citation.source_start : citation.source_end] == citation.quote


# Keeping


def _resumed(folder: Path, setup: Mapping[str, Any]) -> dict[str, Line]:
    """The lines of a run with this set-up that was cut; anything else there is put aside as `*.old`.

    A last line that was cut in the middle is dropped.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        run, kept = folder / RUN, folder / SETUP
        whole = (folder / SCORES).exists()
        lines: dict[str, Line] = {}
        if run.exists() and not whole and kept.exists() and json.loads(kept.read_text("utf-8")) == setup:
            for text in run.read_text("utf-8").split("\n"):
                try:
                    line = json.loads(text)
                    lines[line["id"]] = line
                except (ValueError, KeyError, TypeError):
                    continue
        for name in (RUN, SCORES):
            if (folder / name).exists():
                (folder / name).replace(folder / f"{name}.old")
        _write(kept, setup)
        run.write_text("".join(_dumped(line) for line in lines.values()), encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder}: the report cannot be written ({error}); choose another folder"
        ) from error
    return lines


def _append(path: Path, line: Mapping[str, Any]) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(_dumped(line))
    except OSError as error:
        raise InputError(
            f"{path}: the run cannot be written ({error.strerror}); what stands is kept"
        ) from error


def _write(path: Path, data: Mapping[str, Any]) -> None:
    try:
        path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: the report cannot be written ({error.strerror})") from error


def _dumped(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False) + "\n"


def _digest(parts: Iterable[str]) -> str:
    import xxhash

    state = xxhash.xxh3_128()
    for part in parts:
        state.update(part.encode())
        state.update(b"\0")
    return state.hexdigest()


def _code() -> str:
    """A digest of this package: a run that was cut does not go on with other code."""
    package = Path(__file__).parents[1]
    return _digest(path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py")))
