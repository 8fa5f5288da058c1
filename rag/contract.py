"""The nouns as plain JSON data: the shapes that scripts rely on (`--json`, receipts, runs)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import InputError
from rag.schema import (
    Answer,
    Article,
    ArticleRow,
    CheckReport,
    Citation,
    FileFailure,
    Filters,
    History,
    Hit,
    IngestReport,
    SearchResult,
)


class QuestionLine(BaseModel):
    """A line of a questions file. Fields of evaluation sets that are not listed here are let through."""

    model_config = ConfigDict(extra="allow", populate_by_name=True, coerce_numbers_to_str=True, frozen=True)

    id: str
    question: str
    date_from: date | None = Field(None, alias="from")
    date_to: date | None = Field(None, alias="to")
    as_of: date | None = None
    outlet: str | None = None
    language: str | None = None
    history: tuple[tuple[str, str], ...] = ()

    @property
    def filters(self) -> Filters:
        """The filters of this line."""
        return Filters(self.date_from, self.date_to, self.as_of, self.outlet, self.language)

    @property
    def turns(self) -> History:
        """The earlier turns of this line."""
        return self.history


def question_line(text: str) -> QuestionLine:
    """A line of a questions file. Raises `InputError` saying which field is wrong."""
    try:
        return QuestionLine.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "line"
        raise InputError(f"{where}: {first['msg'].lower()}") from error


def ingest_json(report: IngestReport) -> dict[str, Any]:
    """What `rag ingest --json` prints."""
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "failed": [_failure(item) for item in report.failed],
        "skipped": [_failure(item) for item in report.skipped],
        "left_out": [_failure(item) for item in report.left_out],
        "articles": report.articles,
        "passages": report.passages,
        "seconds": round(report.seconds, 3),
    }


def _failure(item: FileFailure) -> dict[str, str]:
    return {"path": item.path, "reason": item.reason}


def article_json(row: ArticleRow) -> dict[str, Any]:
    """A line of `rag articles --json`."""
    article = row.article
    return {
        "id": article.id,
        "external_id": article.external_id,
        "title": article.title,
        "outlet": article.outlet,
        "author": article.author,
        "published": _day(article.published),
        "updated": _day(article.updated),
        "language": article.language,
        "url": article.url,
        "source_path": article.source_path,
        "source_start": article.source_start,
        "source_end": article.source_end,
        "duplicate_of": article.duplicate_of,
        "passages": row.passages,
    }


def search_json(result: SearchResult) -> dict[str, Any]:
    """What `rag search --json` prints."""
    return {
        "question": result.question,
        "seconds": round(result.seconds, 4),
        "hits": [hit_json(hit) for hit in result.hits],
        "notes": list(result.notes),
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """A ranked passage; its source offsets are the passage's own."""
    passage, article = hit.passage, hit.article
    return {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "article_id": article.id,
        "external_id": article.external_id,
        "title": article.title,
        "outlet": article.outlet,
        "published": _day(article.published),
        "passage_id": passage.id,
        "start": passage.start,
        "end": passage.end,
        "source_path": article.source_path,
        "source_start": article.in_source(passage.start),
        "source_end": article.in_source(passage.end),
        "page": article.page_of(passage.start),
        "text": passage.text,
        "why": dict(hit.why),
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """What `rag ask --json` prints: the receipt of an answer."""
    abstention = answer.abstention
    return {
        "question": answer.question,
        "rewritten": answer.rewritten,
        "as_of": _day(answer.filters.as_of),
        "status": "answered" if abstention is None else "abstained",
        "abstention": None
        if abstention is None
        else {"reason": abstention.reason, "message": abstention.text},
        "text": answer.text,
        "statements": [
            {"text": item.text, "support": item.support, "citations": list(item.citations)}
            for item in answer.statements
        ],
        "citations": [citation_json(item) for item in answer.citations],
        "conflicts": [
            {
                "about": item.about,
                "kind": item.kind,
                "values": [{"value": value.value, "citation": value.citation} for value in item.values],
            }
            for item in answer.conflicts
        ],
        "timeline": [
            {"date": _day(item.date), "citation": item.statement.citations[0], "text": item.statement.text}
            for item in answer.timeline
        ],
        "independent_sources": answer.independent_sources,
        "notes": list(answer.notes),
        "hits": [hit_json(hit) for hit in answer.hits],
        "models": dict(answer.models),
        "seconds": {
            "retrieval": round(answer.seconds.retrieval, 4),
            "generation": round(answer.seconds.generation, 4),
            "total": round(answer.seconds.total, 4),
            "first_text": round(answer.seconds.first_text, 4),
        },
        "tokens": {"prompt": answer.tokens.prompt, "generated": answer.tokens.generated},
    }


def citation_json(citation: Citation) -> dict[str, Any]:
    """A citation with everything needed to find its words again."""
    article: Article = citation.article
    return {
        "number": citation.number,
        "article_id": article.id,
        "external_id": article.external_id,
        "title": article.title,
        "outlet": article.outlet,
        "author": article.author,
        "published": _day(article.published),
        "url": article.url,
        "source_path": article.source_path,
        "source_hash": article.source_hash,
        "content_hash": article.content_hash,
        "page": article.page_of(citation.start),
        "start": citation.start,
        "end": citation.end,
        "source_start": citation.source_start,
        "source_end": citation.source_end,
        "quote": citation.quote,
        "days": [
            {"words": day.words, "from": day.first.isoformat(), "to": day.last.isoformat()}
            for day in citation.days
        ],
    }


def check_json(report: CheckReport) -> dict[str, Any]:
    """What `rag check --json` prints."""
    return {"articles": report.articles, "passages": report.passages, "problems": list(report.problems)}


def error_json(name: str, message: str) -> Mapping[str, str]:
    """The line of a question that failed."""
    return {"id": name, "error": message}


def shown_path(path: str) -> str:
    """A path for people: from the working folder or the home folder on, where it lies in one of them."""
    place = Path(path)
    for base, mark in ((Path.cwd(), ""), (Path.home(), "~")):
        if place.is_relative_to(base):
            return str(Path(mark) / place.relative_to(base))
    return path


def _day(value: date | None) -> str | None:
    return value.isoformat() if value is not None else None
