"""What a language model adds to the extract: which sentence answers, or words of its own, held to account."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from rag.articles import language_of
from rag.assistant.composing import Composition
from rag.assistant.steps import (
    ANSWER_TOKENS,
    Counted,
    Prompt,
    fitted,
    noted,
    timed,
    with_statements,
    without_tables,
)
from rag.attribution import DECLINED, Checked, Ground, check_draft, choose, split_draft, weighed
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
_SURE = 0.75
"""Strength of a sentence that stays the answer though a large model finds none."""
_MOST_CHOICES = 9
"""Numbers of one digit are one token in every tokenizer."""


@dataclass(slots=True)
class _Work:
    """What stands, and what became of the model's draft."""

    answer: Answer
    composed: Composition
    kept: Sequence[Checked] = ()
    notes: list[str] = field(default_factory=list)
    tokens: int = 0
    dropped: int = 0
    declined: bool = False

    def fall_back(self, note: str) -> None:
        """The model failed: tables that code made stand as they are, and no model was needed for them."""
        if self.composed.is_final:
            self.kept = ()
        else:
            self.notes.append(note)


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
        """What replaces `answer`: the extract that a trained model's choice among the `most` best of `found` leads to;
        from another model its wording, as far as it stands up to the check. A large one reads all of `found`.
        """
        if self._left < _MIN_SECONDS:
            if composed.checked and not composed.is_final:
                yield timed(noted(answer, "No time was left for the model's wording."), self.started)
            return
        begun = time.perf_counter()
        work = _Work(answer, composed)
        try:
            generator = self.generator.result(timeout=self._timeout)
            if composed.is_final and not generator.is_large:
                return
            offered = found if generator.is_large else found[:most]
            prompt = fitted(generator, answer.rewritten, offered)
            if left_out := len(offered) - len(prompt.used):
                work.notes.append(f"{left_out} evidence sentences did not fit the model's context.")
            if generator.trained_to_choose:
                yield from self._choosing(generator, prompt, found, compose, work)
            elif generator.is_large:
                yield from self._reading(generator, prompt, compose, work)
            elif composed.checked:
                for kept in self._drafted(generator, prompt, work):
                    work.kept = kept
                    yield timed(with_statements(answer, work.kept), self.started)
                work.answer = self._signed(work.answer, generator, prompt, work)
        except TimeoutError:
            work.fall_back("The model was not ready in time.")
        except ModelError as error:
            _log.warning("%s", error)
            own = "" if work.kept else " The answer is the sources' own words."
            work.fall_back(f"The language model did not help: {error}.{own}")
        if work.dropped:
            sentences = "1 sentence" if work.dropped == 1 else f"{work.dropped} sentences"
            went = "was" if work.dropped == 1 else "were"
            work.notes.append(
                f"{sentences} of the model's draft did not stand up to the check and {went} dropped."
            )
        if self._left <= 0 and work.composed.checked:
            work.notes.append(f"The model's wording was cut at {self.budget:g} s.")
        final = with_statements(work.answer, work.kept) if work.kept else work.answer
        timing = replace(final.seconds, generation=time.perf_counter() - begun)
        final = replace(final, seconds=timing)
        yield timed(noted(final, *(work.notes if final.statements else ())), self.started)

    def _choosing(
        self, generator: Generator, prompt: Prompt, found: Sequence[Ground], compose: Compose, work: _Work
    ) -> Iterator[Answer]:
        """The extract by the model's choice; its wording is not asked for: measured in docs/evaluation.md."""
        if not self._is_english(prompt.used):
            return
        count = min(len(prompt.used), _MOST_CHOICES)
        choice = generator.choose(prompt.messages, count=count, none=NO_ANSWER, timeout_seconds=self._timeout)
        if choice is None:
            return
        before = work.answer
        work.composed, shown = compose(weighed(found, choice))
        work.answer = self._signed(replace(shown, seconds=before.seconds), generator, prompt, work)
        if (work.answer.statements, work.answer.abstention) != (before.statements, before.abstention):
            yield timed(work.answer, self.started)

    def _reading(
        self, generator: Generator, prompt: Prompt, compose: Compose, work: _Work
    ) -> Iterator[Answer]:
        """What a large model takes up, whatever the ranking put first; its refusal, where the ranking is not sure."""
        answer = work.answer
        for kept in self._drafted(generator, prompt, work):
            work.kept = kept
            if not work.composed.is_final:  # a table is replaced at once or not at all
                yield timed(with_statements(answer, work.kept), self.started)
        if work.kept:
            # Sides of a disagreement are set side by side by code, whoever found them.
            cited = [span for item in work.kept for span in item.spans]
            sides, shown = compose(
                [replace(item, strength=1.0) for item in prompt.used if item.span in cited]
            )
            if sides.disagreements:
                work.kept, work.answer = (), replace(shown, seconds=answer.seconds)
            else:
                work.answer = without_tables(answer)
        elif work.declined and prompt.used[0].strength < _SURE:
            work.composed, shown = compose(())
            work.answer = replace(shown, seconds=answer.seconds)
        work.answer = self._signed(work.answer, generator, prompt, work)

    @staticmethod
    def _signed(answer: Answer, generator: Generator, prompt: Prompt, work: _Work) -> Answer:
        models = {**answer.models, "generator": generator.name}
        return replace(answer, models=models, tokens=Tokens(prompt.tokens, work.tokens))

    def _drafted(
        self,
        generator: Generator,
        prompt: Prompt,
        work: _Work,
    ) -> Iterator[list[Checked]]:
        """The statements that stood up to the check so far, whenever they have earned the extract's place."""
        seconds = None if self._timeout is None else max(self._timeout, 0.1)
        pieces = generator.stream(prompt.messages, max_tokens=ANSWER_TOKENS, timeout_seconds=seconds)
        close = getattr(pieces, "close", None)
        if self.on_model is not None and close is not None:
            self.on_model(close)
        counted = Counted(pieces)
        large = generator.is_large
        kept: list[Checked] = []
        try:
            for checked, why in check_draft(
                split_draft(counted), prompt.used, self.analyzer, self.scorer, by_large=large
            ):
                if checked is None and why == DECLINED:
                    work.declined = True
                    continue
                if checked is None:
                    work.dropped += 1
                    _log.debug("dropped a drafted sentence: %s", "; ".join(why))
                    continue
                kept.append(checked)
                if (
                    choose(kept, work.composed.checked, self.question.answered_in_kind, by_large=large)
                    is kept
                ):
                    yield list(kept)
        finally:
            work.tokens = counted.count
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
