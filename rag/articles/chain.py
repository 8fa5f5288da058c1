"""Labels for the lines and the words of a pasted text: a linear-chain conditional random field, read only.

Lafferty, McCallum and Pereira, "Conditional Random Fields" (2001). What is seen at a place is a list of strings; each
label has a weight for each string it was trained with, and each pair of labels one for following each other. The
weights come from `training/train_digests.py` and lie in `rag/weights/digests`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).parents[1] / "weights" / "digests"
Weights = npt.NDArray[np.float32]


class Chain(NamedTuple):
    """`labels` (L), the row of each string in `weights` (strings x L), and `following[a, b]` for b after a (L x L)."""

    labels: tuple[str, ...]
    rows: dict[str, int]
    weights: Weights
    following: Weights

    def scores(self, seen: Sequence[Sequence[str]]) -> Weights:
        """What is seen at each place (n) says for each label: n x L."""
        rows = self.rows
        known = [[row for item in items if (row := rows.get(item)) is not None] for items in seen]
        found = np.zeros((len(seen), len(self.labels)), np.float32)
        for place, ids in enumerate(known):
            if ids:
                found[place] = self.weights[ids].sum(axis=0)
        return found

    def best(self, scores: Weights) -> list[str]:
        """The likeliest labels of a whole sequence (Viterbi); `scores` is n x L."""
        if not len(scores):
            return []
        total = scores[0].copy()
        back = np.zeros(scores.shape, np.intp)
        for place in range(1, len(scores)):
            ways = total[:, None] + self.following
            back[place] = ways.argmax(axis=0)
            total = ways.max(axis=0) + scores[place]
        at = int(total.argmax())
        found = [at]
        for place in range(len(scores) - 1, 0, -1):
            at = int(back[place, at])
            found.append(at)
        return [self.labels[index] for index in reversed(found)]

    def shares(self, scores: Weights) -> Weights:
        """How likely each label is at each place, whatever the others are (forward-backward): n x L."""
        count = len(scores)
        forward, backward = np.zeros((2, *scores.shape), np.float64)
        steps = np.exp(self.following.astype(np.float64))
        ahead = np.zeros(scores.shape[1])
        for place in range(count):
            if place:
                top = forward[place - 1].max()
                ahead = top + np.log(np.exp(forward[place - 1] - top) @ steps)
            forward[place] = ahead + scores[place]
        for place in range(count - 2, -1, -1):
            below = backward[place + 1] + scores[place + 1]
            top = below.max()
            backward[place] = top + np.log(steps @ np.exp(below - top))
        both = forward + backward
        odds = np.exp(both - both.max(axis=1, keepdims=True)) if count else both
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


@cache
def chain(name: str) -> Chain:
    """The trained weights of a name ("lines", "lines2", "words", "words2")."""
    told = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    with np.load(FOLDER / f"{name}.npz") as stored:
        weights, following = stored["weights"].astype(np.float32), stored["following"].astype(np.float32)
    return Chain(
        tuple(told["labels"]), {item: row for row, item in enumerate(told["seen"])}, weights, following
    )
