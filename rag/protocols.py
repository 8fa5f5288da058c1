"""The seams: what a model must offer to be used here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

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

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), in the order of `texts`."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the special ones."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of the prompt. Content is data: control tokens in it are never obeyed as such."""

    role: Literal["system", "user", "assistant"]
    content: str


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
