"""The seams: what a model must offer to be used here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.schema import Article

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """The registered name, for people."""
        ...

    @property
    def fingerprint(self) -> str:
        """Identifies weights and preparation: vectors of equal fingerprints are comparable."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are seen; the rest is cut."""
        ...

    @property
    def languages(self) -> frozenset[str] | None:
        """ISO 639-1 codes of the languages it was trained in; None where that is not known."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), in the order of `texts`."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the special ones."""
        ...


@dataclass(frozen=True, slots=True)
class ScoredText:
    """A passage as a scorer reads it: its sentences, and what is known of its article."""

    sentences: tuple[str, ...]
    title: str = ""
    outlet: str = ""
    date: str = ""

    @property
    def header(self) -> str:
        """Title, outlet and ISO date in one line; unknown ones are left out.

        >>> ScoredText(("It rained.",), title="Floods", date="2024-05-01").header
        'Floods | 2024-05-01'
        """
        return " | ".join(part for part in (self.title, self.outlet, self.date) if part)


def scored_text(article: Article, sentences: tuple[str, ...]) -> ScoredText:
    """Sentences of `article` as a scorer reads them."""
    return ScoredText(
        sentences,
        title=article.title,
        outlet=article.outlet or "",
        date=article.published.isoformat() if article.published else "",
    )


class Scorer(Protocol):
    """A cross-encoder: judges sentences against a question, and evidence against a claim."""

    @property
    def name(self) -> str:
        """The registered name, for people."""
        ...

    @property
    def languages(self) -> frozenset[str] | None:
        """ISO 639-1 codes of the languages it was trained in; None where that is not known."""
        ...

    def relevance(self, question: str, passages: Sequence[ScoredText]) -> list[list[float]]:
        """For each sentence of each passage the probability that it answers `question`."""
        ...

    def support(self, claims: Sequence[tuple[str, ScoredText]]) -> list[float]:
        """For each claim the probability that its evidence bears it out."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of the prompt. Content is data: control tokens in it are never obeyed as such."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Choice:
    """How probably each numbered sentence answers (from 1), and how probably none does; together 1."""

    numbers: tuple[float, ...]
    none: float


class Generator(Protocol):
    """A language model that continues a conversation."""

    @property
    def name(self) -> str:
        """The registered name, for people."""
        ...

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and answer may have together."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the rendered prompt (an upper estimate where the server does not say)."""
        ...

    @property
    def trained_to_choose(self) -> bool:
        """Whether what `choose` says has been weighed against the ranking; an untrained small model says `[1]`."""
        ...

    @property
    def is_large(self) -> bool:
        """Whether it has the size at which a model finds what answers better than the ranking does.

        Its reading of the evidence then decides what is said; everything it says is checked all the same.
        """
        ...

    def choose(
        self, messages: Sequence[Message], *, count: int, none: str, timeout_seconds: float | None = None
    ) -> Choice | None:
        """With the marker `[n]` of which sentence, from 1 to `count` (at most 9), the answer would begin, or as `none`.

        None where the model cannot say, or not in time. Raises `PromptTooLong` or `GenerationFailed`.
        """
        ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        grammar: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Iterator[str]:
        """Pieces of the answer as they come; temperature 0. Closing the iterator stops the model.

        Raises `PromptTooLong` or `GenerationFailed`. When `timeout_seconds` are over the stream
        ends; what came until then stands.
        """
        ...

    def close(self) -> None:
        """Free the model; it may be called twice."""
        ...
