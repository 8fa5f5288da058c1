"""A turn as it is kept: JSON, with the articles of its answer apart, and made a turn again.

Articles are known by a digest of all that was known of them, so that each is kept once.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter

from rag.feedback import Thumb
from rag.schema import NO_FILTERS, Answer, Article, Filters, Statement, TimelineEntry
from rag.ui.answers import Turn

logger = logging.getLogger(__name__)

DAMAGED = "What was kept of this answer is damaged and cannot be shown; ask again."


class _Record(BaseModel):
    """A turn as JSON. Articles stand apart: `answer` holds their digests in place of them."""

    model_config = ConfigDict(frozen=True)

    name: str
    asked: datetime
    filters: dict[str, str | None]
    answer: dict[str, Any] | None = None
    receipt: str | None = None
    error: str | None = None
    stopped: bool = False
    running: bool = False
    thumb: Thumb | None = None
    reason: str = ""
    collection: str = ""
    again: int = 0


@dataclass(frozen=True, slots=True)
class Packed:
    """A turn to be written: its record, the words it is found by, and its articles by their digests."""

    record: str
    words: str
    articles: Mapping[str, bytes]


def pack(turn: Turn) -> Packed:
    """A turn as it is kept. Raises `ValueError` for text that is none, such as half of a character."""
    answer, articles = _taken_apart(turn.answer) if turn.answer is not None else (None, {})
    record = _Record(
        name=turn.name,
        asked=turn.asked,
        filters=_filters().dump_python(turn.filters, mode="json"),
        answer=answer,
        receipt=turn.receipt,
        error=turn.error,
        stopped=turn.stopped,
        running=turn.running,
        thumb=turn.thumb,
        reason=turn.reason,
        collection=turn.collection,
        again=turn.again,
    )
    text = f"{turn.question}\n{turn.answer.text if turn.answer is not None else ''}"
    return Packed(record.model_dump_json(), folded(text), articles)


def unpack(number: int, question: str, stored: Any, article: Callable[[str], bytes | None]) -> Turn:
    """The turn that `stored` is the record of; `article` finds an article by its digest.

    One whose record is damaged keeps its question and says so in place of the answer.
    """
    try:
        record = _Record.model_validate_json(stored)
        return Turn(
            number,
            question,
            filters=_filters().validate_python(record.filters),
            asked=record.asked,
            answer=None if record.answer is None else _put_together(record.answer, article),
            error=record.error,
            # Nobody is answering it any more: the program ended meanwhile.
            stopped=record.stopped or record.running,
            running=False,
            name=record.name,
            thumb=record.thumb,
            reason=record.reason,
            receipt=record.receipt,
            collection=record.collection,
            again=record.again,
        )
    except (ValueError, TypeError, KeyError, zlib.error) as error:  # pydantic's error is a ValueError
        logger.warning("a kept answer cannot be shown: %s", str(error).splitlines()[0])
        return Turn(number, question, filters=NO_FILTERS, error=DAMAGED, running=False)


def folded(text: str) -> str:
    """Text for searching: without case and accents.

    >>> folded("Café ÖST")
    'cafe ost'
    """
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


@cache
def _fields() -> dict[str, TypeAdapter[Any]]:
    """How each field of an answer is written and read."""
    hints = get_type_hints(Answer)
    # Pydantic takes the field `date` of an entry for the type of that name.
    hints["timeline"] = tuple[tuple[date, Statement], ...]
    return {name: TypeAdapter(hint) for name, hint in hints.items()}


def _answer_data(answer: Answer) -> dict[str, Any]:
    """An answer as JSON data."""
    values = {name: getattr(answer, name) for name in _fields()}
    values["timeline"] = tuple((entry.date, entry.statement) for entry in answer.timeline)
    return {name: field.dump_python(values[name], mode="json") for name, field in _fields().items()}


def _answer_from(data: dict[str, Any]) -> Answer:
    """The answer of `_answer_data`. Raises `ValueError` or `TypeError` for data that is none."""
    values = {name: field.validate_python(data[name]) for name, field in _fields().items() if name in data}
    values["timeline"] = tuple(TimelineEntry(*entry) for entry in values.get("timeline", ()))
    return Answer(**values)


@cache
def _articles() -> TypeAdapter[Article]:
    return TypeAdapter(Article)


@cache
def _filters() -> TypeAdapter[Filters]:
    return TypeAdapter(Filters)


def _taken_apart(answer: Answer) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The answer as JSON data without its articles, and the articles by their digests."""
    articles: dict[str, bytes] = {}
    stubs: dict[str, Article] = {}

    def stub(article: Article) -> Article:
        if article.id not in stubs:
            data = _articles().dump_json(article)
            digest = hashlib.sha256(data).hexdigest()
            articles[digest] = zlib.compress(data, 1)
            stubs[article.id] = Article(digest, "", "", "", "", "")
        return stubs[article.id]

    return _answer_data(_with_articles(answer, stub)), articles


def _put_together(data: dict[str, Any], article: Callable[[str], bytes | None]) -> Answer:
    """The answer that `_taken_apart` took apart. Raises `ValueError` where a quote is not what its article says."""
    found: dict[str, Article] = {}

    def whole(stub: Article) -> Article:
        if stub.id not in found:
            packed = article(stub.id)
            if packed is None:
                raise ValueError("an article is missing")
            record = zlib.decompress(packed)
            if hashlib.sha256(record).hexdigest() != stub.id:
                raise ValueError("an article is not the one that was kept")
            found[stub.id] = _articles().validate_json(record)
        return found[stub.id]

    answer = _with_articles(_answer_from(data), whole)
    for item in answer.citations:
        if item.article.text[item.start : item.end] != item.quote:
            raise ValueError(f"quote {item.number} does not stand in its article")
    return answer


def _with_articles(answer: Answer, change: Callable[[Article], Article]) -> Answer:
    return replace(
        answer,
        citations=tuple(replace(item, article=change(item.article)) for item in answer.citations),
        hits=tuple(replace(item, article=change(item.article)) for item in answer.hits),
    )
