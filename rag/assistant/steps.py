"""Steps of an answer: the prompt that fits, and snapshots with statements, notes and times."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag import prompts
from rag.attribution import Checked, Ground, assemble
from rag.errors import PromptTooLong
from rag.protocols import Generator, Message
from rag.retrieval import resolve_days
from rag.schema import Answer, Citation, NamedDay

ANSWER_TOKENS = 160
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages for the model, the evidence they hold, and how many tokens they have."""

    messages: list[Message]
    used: Sequence[Ground]
    tokens: int


def fitted(generator: Generator, question: str, found: Sequence[Ground]) -> Prompt:
    """The prompt with as many whole pieces of evidence as the model's context holds."""
    for count in range(len(found), 0, -1):
        used = found[:count]
        messages = asked(question, used, large=generator.is_large)
        tokens = generator.count_tokens(messages)
        if tokens + ANSWER_TOKENS <= generator.context_tokens:
            return Prompt(messages, used, tokens)
    raise PromptTooLong(
        f"the question and one piece of evidence exceed the {generator.context_tokens} tokens of "
        f"{generator.name!r}; ask a shorter question or use a model with a longer context"
    )


def asked(question: str, used: Sequence[Ground], *, large: bool) -> list[Message]:
    """What the model is asked: `used`, numbered and with outlet and day, and the question.

    A `large` model may write several sentences; of a small one the first is the best.
    """
    evidence = [{"number": item.number, "source": _source(item), "text": item.text} for item in used]
    return prompts.load("answer").render(
        question=question, evidence=evidence, no_answer=prompts.NO_ANSWER, large=large
    )


class Counted:
    """Pieces of a draft, counted as they pass: a piece is a token (of some servers, a few)."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = pieces
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            self.count += 1
            yield piece


def _source(item: Ground) -> str:
    article = item.span.article
    day = article.published.isoformat() if article.published else "undated"
    return f"{article.outlet}, {day}" if article.outlet else day


def with_statements(answer: Answer, checked: Sequence[Checked]) -> Answer:
    statements, found = assemble(checked)
    citations = tuple(replace(item, days=_named_days(item)) for item in found)
    sources = {citation.article.duplicate_of or citation.article.id for citation in citations}
    return replace(
        answer,
        statements=statements,
        citations=citations,
        independent_sources=len(sources),
        abstention=None if statements else answer.abstention,
    )


def _named_days(citation: Citation) -> tuple[NamedDay, ...]:
    """What "on Wednesday" and "last month" mean in a quotation; a day with its year needs no telling."""
    if citation.article.published is None:
        return ()
    named = (
        NamedDay(" ".join(citation.quote[day.start : day.end].split()), day.first, day.last)
        for day in resolve_days(citation.quote, citation.article.published)
    )
    return tuple(day for day in named if not _YEAR.search(day.words))


def without_tables(answer: Answer) -> Answer:
    return replace(answer, conflicts=(), timeline=())


def noted(answer: Answer, *notes: str) -> Answer:
    return replace(answer, notes=(*answer.notes, *notes))


def timed(answer: Answer, started: float, *, first: bool = False) -> Answer:
    total = time.perf_counter() - started
    timing = replace(answer.seconds, total=total)
    return replace(answer, seconds=replace(timing, first_text=total) if first else timing)
