"""One run: every question asked, every answer scored, the averages over all questions that count."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.articles import decode_source, source_bytes
from rag.assistant import Assistant
from rag.contract import answer_json, error_json
from rag.errors import ArticleError, InputError, RagError
from rag.evaluation.questions import GoldEvidence, GoldQuestion
from rag.schema import Answer, Citation

_ALL_STATEMENTS = frozenset({"conflict", "synthesis", "timeline"})
"""Types whose answer needs several statements; the others are judged on the first one alone."""
_MAX_BYTES = 10**9
_NAMES = {
    "success_at_1": "passage Success@1: the first passage holds gold evidence",
    "success_at_10": "passage Success@10",
    "correct": "answer correctness: an accepted value in the first statement (in all for several-source types)",
    "citation_precision": "citation precision: cited quotes that overlap gold evidence",
    "citation_recall": "citation recall: gold evidence that is cited",
    "abstained_rightly": "abstention recall: unanswerable questions that were not answered",
    "refused_wrongly": "false refusals: answerable questions that were not answered",
    "quotes_exact": "quote integrity: quotes that equal the text at their offsets",
}


def evaluate(
    assistant: Assistant,
    questions: Sequence[GoldQuestion],
    *,
    extractive: bool = False,
    report: Path | None = None,
    on_question: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Any]:
    """Ask every question and score it; with `report`, write `run.jsonl` and `scores.json` there.

    A question that fails counts as wrong and keeps its error. Raises `InputError` when `report` cannot be
    written.
    """
    lines: list[dict[str, Any]] = []
    for done, question in enumerate(questions, start=1):
        try:
            answer = assistant.ask(
                question.question, filters=question.filters, history=question.turns, extractive=extractive
            )
        except RagError as error:
            lines.append(
                {**error_json(question.id, str(error)), "type": question.type, "scores": _failed(question)}
            )
        else:
            scores = score(question, answer)
            lines.append({"id": question.id, "type": question.type, "scores": scores, **answer_json(answer)})
        on_question(done, len(questions))
    measured = {
        name: statistics.fmean(values)
        for name in _NAMES
        if (values := [line["scores"][name] for line in lines if line["scores"].get(name) is not None])
    }
    times = [line["seconds"]["total"] for line in lines if "seconds" in line]
    result = {
        "questions": len(lines),
        "failed": sum("error" in line for line in lines),
        **{name: round(value, 4) for name, value in measured.items()},
        "seconds_p50": round(statistics.median(times), 3) if times else None,
    }
    if report is not None:
        _write(report, lines, result)
    return result


def score(question: GoldQuestion, answer: Answer) -> dict[str, float | None]:
    """The scores of one answer, each between 0 and 1; None where a measure does not apply."""
    answered = answer.abstention is None
    scores: dict[str, float | None] = {
        "quotes_exact": _mean([float(_is_exact(item)) for item in answer.citations]),
    }
    if not question.answerable:
        return {**scores, "abstained_rightly": float(not answered)}
    gold = question.evidence
    hits = [
        any(_holds(hit.article.source_path, hit.passage.text, item) for item in gold) for hit in answer.hits
    ]
    cited = [[_overlaps(citation, item) for item in gold] for citation in answer.citations]
    said = answer.statements if question.type in _ALL_STATEMENTS else answer.statements[:1]
    text = _plain(" ".join(item.text for item in said))
    found = [_says(text, value) for value in question.accepted]
    correct = all(found) if question.type in _ALL_STATEMENTS else any(found)
    return {
        **scores,
        "success_at_1": float(any(hits[:1])) if gold else None,
        "success_at_10": float(any(hits[:10])) if gold else None,
        "correct": float(answered and bool(found) and correct),
        "citation_precision": _mean([float(any(row)) for row in cited]) if answered and gold else None,
        "citation_recall": _mean([float(any(row[i] for row in cited)) for i in range(len(gold))]),
        "refused_wrongly": float(not answered),
    }


def summary(scores: Mapping[str, Any]) -> str:
    """The scores for people, a line each with what it means."""
    lines = [f"{scores['questions']} questions, {scores['failed']} failed, p50 {scores['seconds_p50']} s"]
    lines += [f"{scores[name]:6.3f}  {meaning}" for name, meaning in _NAMES.items() if name in scores]
    return "\n".join(lines)


def _failed(question: GoldQuestion) -> dict[str, float | None]:
    if not question.answerable:
        return {"abstained_rightly": 0.0}
    return {
        "success_at_1": 0.0,
        "success_at_10": 0.0,
        "correct": 0.0,
        "citation_recall": 0.0,
        "refused_wrongly": 1.0,
    }


def _is_exact(citation: Citation) -> bool:
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


def _overlaps(citation: Citation, gold: GoldEvidence) -> bool:
    return _holds(citation.article.source_path, citation.quote, gold)


def _holds(path: str, text: str, gold: GoldEvidence) -> bool:
    """Whether `text` from the file `path` shares the better part of the gold quote."""
    if Path(path).name != Path(gold.file).name:
        return False
    ours, wanted = _plain(text), _plain(gold.quote)
    if wanted in ours or (ours in wanted and len(ours) >= len(wanted) / 2):
        return True
    pieces = re.split(r"(?<=[.!?])\s+", wanted)
    return any(len(piece) >= len(wanted) / 2 and piece in ours for piece in pieces)


def _says(text: str, value: str) -> bool:
    """Whether the value stands in the text as whole words."""
    return re.search(rf"(?<!\w){re.escape(_plain(value))}(?!\w)", text) is not None


def _plain(text: str) -> str:
    text = text.translate(
        {ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"', 0xA0: " ", ord("–"): "-"}
    )
    return re.sub(r"(?<=\d),(?=\d{3})", "", " ".join(text.lower().split()))


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def _write(folder: Path, lines: Sequence[Mapping[str, Any]], scores: Mapping[str, Any]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / "run.jsonl").write_text(text, encoding="utf-8")
        (folder / "scores.json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: the report cannot be written ({error.strerror})") from error
