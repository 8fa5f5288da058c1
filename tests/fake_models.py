"""Stand-ins for models: an embedder that hashes words, a generator that says what the test scripted."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rag.errors import GenerationFailed
from rag.protocols import Choice, Message, ScoredText, Vectors

DIMENSION = 64


class WordEmbedder:
    """Texts that share words are near; everything else about it is like the real one."""

    name = "words"
    fingerprint = "words-1"
    dimension = DIMENSION
    max_tokens = 256
    languages: frozenset[str] | None = None

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded.extend(texts)
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                vectors[row, zlib.crc32(word.encode()) % DIMENSION] += 1.0
            vectors[row] /= max(float(np.linalg.norm(vectors[row])), 1e-9)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


class ScriptedGenerator:
    """Says what `draft(prompt)` returns, in small pieces; raises it if it is an error."""

    name = "scripted"

    def __init__(
        self,
        draft: Callable[[str], str] | str | GenerationFailed,
        *,
        context_tokens: int = 4096,
        choice: Callable[[str], Choice | None] = lambda prompt: None,
    ) -> None:
        self.context_tokens = context_tokens
        self.trained_to_choose = False
        self.is_large = False
        self._choice = choice
        self.prompts: list[str] = []
        self.closed = False
        self.stopped = 0
        self._draft = draft

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def choose(
        self, messages: Sequence[Message], *, count: int, none: str, timeout_seconds: float | None = None
    ) -> Choice | None:
        return self._choice("\n".join(message.content for message in messages))

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        grammar: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Iterator[str]:
        prompt = "\n".join(message.content for message in messages)
        self.prompts.append(prompt)
        if isinstance(self._draft, GenerationFailed):
            raise self._draft
        text = self._draft if isinstance(self._draft, str) else self._draft(prompt)
        try:
            for start in range(0, len(text), 5):
                yield text[start : start + 5]
        except GeneratorExit:
            self.stopped += 1
            raise

    def close(self) -> None:
        self.closed = True


class EvenScorer:
    """Finds every sentence that shares a longer word with the question equally good, and supports every claim."""

    name = "even"
    languages: frozenset[str] | None = None

    def relevance(self, question: str, passages: Sequence[ScoredText]) -> list[list[float]]:
        wanted = set(re.findall(r"\w{4,}", question.lower()))
        return [
            [
                0.8 if wanted & set(re.findall(r"\w+", sentence.lower())) else 0.02
                for sentence in passage.sentences
            ]
            for passage in passages
        ]

    def support(self, claims: Sequence[tuple[str, ScoredText]]) -> list[float]:
        return [1.0] * len(claims)
