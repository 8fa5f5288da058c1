"""What a language model adds to the extract: which sentence answers, or words of its own, held to account."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from rag.articles import language_of
from rag.assistant.composing import Composition
from rag.assistant.steps import ANSWER_TOKENS, Counted, Prompt, fitted, noted, timed, with_statements
from rag.attribution import Checked, Ground, check_draft, choose, split_draft, weighed
from rag.errors import ModelError
from rag.index.words import Analyzer
from rag.prompts import NO_ANSWER
from rag.protocols import Generator, Scorer
from rag.retrieval import Question
from rag.schema import Answer, Tokens

_log = logging.getLogger(__name__)
OnModel = Callable[[Callable[[], None]], None]
"""Called with what ends the model's work; any thread may call that."""
Compose = Callable[[Sequence[Ground]], tuple[Composition, Answer]]
"""The extract from evidence in this order, and the answer that shows it (or abstains)."""
_MIN_SECONDS = 0.5
"""With less time than this left the model is not asked at all."""
_MOST_CHOICES = 9
"""Numbers of one digit are one token in every tokenizer."""


@dataclass(slots=True)
class _Draft:
    """What became of a draft."""

    tokens: int = 0
    dropped: int = 0


@dataclass(slots=True)
class Wording:
    """Asks a language model about one question, until `budget` seconds from `started` are over."""

    generator: Future[Generator]
    question: Question
    analyzer: Analyzer
    scorer: Scorer
    started: float
    budget: float
    on_model: OnModel | None = None

    def answers(
        self, answer: Answer, found: Sequence[Ground], composed: Composition, compose: Compose, *, most: int
    ) -> Iterator[Answer]:
        """What replaces `answer`: the extract that the model's choice among the `most` best of `found` leads to; from a
        model that was not trained to choose its wording, as far as it stands up to the check.
        """
        if self._left < _MIN_SECONDS:
            if composed.checked:
                yield timed(noted(answer, "No time was left for the model's wording."), self.started)
            return
        begun = time.perf_counter()
        notes: list[str] = []
        kept: list[Checked] = []
        draft = _Draft()
        try:
            generator = self.generator.result(timeout=self._timeout)
            prompt = fitted(generator, answer.rewritten, found[:most])
            if len(prompt.used) < min(most, len(found)):
                left_out = min(most, len(found)) - len(prompt.used)
                notes.append(f"{left_out} evidence sentences did not fit the model's context.")
            count = min(len(prompt.used), _MOST_CHOICES)
            choice = None
            if generator.trained_to_choose and self._is_english(prompt.used):
                choice = generator.choose(
                    prompt.messages, count=count, none=NO_ANSWER, timeout_seconds=self._timeout
                )
            if choice is not None:
                found = weighed(found, choice)
                before, (composed, shown) = answer, compose(found)
                models = {**answer.models, "generator": generator.name}
                answer = replace(
                    shown, seconds=before.seconds, models=models, tokens=Tokens(prompt.tokens, 0)
                )
                if (answer.statements, answer.abstention) != (before.statements, before.abstention):
                    yield timed(answer, self.started)
            # A model that needs training to choose words badly what it has chosen: measured in docs/evaluation.md.
            if composed.checked and not composed.is_final and not generator.trained_to_choose:
                drafted = self._drafted(generator, prompt, composed.checked, draft)
                for kept in drafted:
                    yield timed(with_statements(answer, kept), self.started)
                models = {**answer.models, "generator": generator.name}
                answer = replace(answer, models=models, tokens=Tokens(prompt.tokens, draft.tokens))
        except TimeoutError:
            notes.append("The model was not ready in time.")
        except ModelError as error:
            _log.warning("%s", error)
            notes.append(f"The language model did not help: {error}. The answer is the sources' own words.")
        if draft.dropped:
            sentences = "1 sentence" if draft.dropped == 1 else f"{draft.dropped} sentences"
            went = "was" if draft.dropped == 1 else "were"
            notes.append(
                f"{sentences} of the model's draft did not stand up to the check and {went} dropped."
            )
        if self._left <= 0 and composed.checked:
            notes.append(f"The model's wording was cut at {self.budget:g} s.")
        final = with_statements(answer, kept) if kept else answer
        timing = replace(final.seconds, generation=time.perf_counter() - begun)
        yield timed(noted(replace(final, seconds=timing), *(notes if composed.checked else ())), self.started)

    def _drafted(
        self,
        generator: Generator,
        prompt: Prompt,
        extracted: Sequence[Checked],
        draft: _Draft,
    ) -> Iterator[list[Checked]]:
        """The statements that stood up to the check so far, whenever they have earned the extract's place."""
        seconds = None if self._timeout is None else max(self._timeout, 0.1)
        pieces = generator.stream(prompt.messages, max_tokens=ANSWER_TOKENS, timeout_seconds=seconds)
        close = getattr(pieces, "close", None)
        if self.on_model is not None and close is not None:
            self.on_model(close)
        counted = Counted(pieces)
        kept: list[Checked] = []
        try:
            for checked, why in check_draft(split_draft(counted), prompt.used, self.analyzer, self.scorer):
                if checked is None:
                    draft.dropped += 1
                    _log.debug("dropped a drafted sentence: %s", "; ".join(why))
                    continue
                kept.append(checked)
                if choose(kept, extracted, self.question.answered_in_kind) is kept:
                    yield list(kept)
        finally:
            draft.tokens = counted.count
            if close is not None:
                close()

    def _is_english(self, used: Sequence[Ground]) -> bool:
        """Whether question and evidence are in the language in which models are trained to choose."""
        found = {item.span.article.language for item in used} | {language_of(self.question.text)}
        return found <= {"en", None}

    @property
    def _left(self) -> float:
        return self.budget - (time.perf_counter() - self.started)

    @property
    def _timeout(self) -> float | None:
        return None if math.isinf(self.budget) else max(self._left, 0.0)
