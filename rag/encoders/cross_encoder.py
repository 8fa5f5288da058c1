"""Any sentence-transformers CrossEncoder as the scorer: slower, it imports torch, and it knows one of two tasks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from rag.errors import ModelDamaged
from rag.protocols import ScoredText, Scorer

_BATCH_PAIRS = 16


class CrossEncoderScorer:
    """A reranker (one label) judges relevance, an entailment model (a label "entailment") judges support.

    What the model cannot judge, `other` does.
    """

    def __init__(self, folder: Path, *, name: str, other: Scorer) -> None:
        """Raises `ModelDamaged` when the folder does not load."""
        from sentence_transformers import CrossEncoder

        try:
            self._model: Any = CrossEncoder(str(folder), device="cpu", local_files_only=True)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise ModelDamaged(f"{folder}: does not load as a cross-encoder ({error})") from error
        self.name = name
        self.languages: frozenset[str] | None = None
        self._other = other
        labels = {str(label).lower(): int(place) for place, label in self._model.config.id2label.items()}
        self._entails = next((place for label, place in labels.items() if label.startswith("entail")), None)
        self._lock = Lock()

    def relevance(self, question: str, passages: Sequence[ScoredText]) -> list[list[float]]:
        """For each sentence of each passage the probability that it answers `question`."""
        if self._entails is not None:
            return self._other.relevance(question, passages)
        pairs = [
            (question, f"{passage.title}. {sentence}" if passage.title else sentence)
            for passage in passages
            for sentence in passage.sentences
        ]
        values = iter(_sigmoid(self._predict(pairs)[:, 0]))
        return [[next(values) for _ in passage.sentences] for passage in passages]

    def support(self, claims: Sequence[tuple[str, ScoredText]]) -> list[float]:
        """For each claim the probability that its evidence bears it out."""
        if self._entails is None:
            return self._other.support(claims)
        pairs = [(" ".join([evidence.header, *evidence.sentences]), claim) for claim, evidence in claims]
        logits = self._predict(pairs)
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return [float(value) for value in raised[:, self._entails] / raised.sum(axis=1)]

    def _predict(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """Raw logits, shape (pairs, labels); the library sorts by length."""
        import torch

        if not pairs:
            return np.zeros((0, 1))
        with self._lock:
            found = self._model.predict(
                list(pairs),
                batch_size=_BATCH_PAIRS,
                activation_fn=torch.nn.Identity(),
                show_progress_bar=False,
            )
        return np.asarray(found, dtype=np.float64).reshape(len(pairs), -1)


def _sigmoid(values: np.ndarray) -> list[float]:
    return [float(value) for value in 1.0 / (1.0 + np.exp(-values))]
