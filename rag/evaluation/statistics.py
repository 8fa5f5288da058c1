"""How sure the figures are: bootstrap intervals, the paired comparison of two runs, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.evaluation.measures import BY_NAME, MEASURES, Scores

RESAMPLES = 2_000
PERMUTATIONS = 10_000
SIGNIFICANT = 0.05
_SEED = 20_240_229


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over `count` questions with its 95% interval."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Change:
    """A measure in two runs, over the questions that both score. `p` is that of no difference, two-sided."""

    name: str
    before: float
    after: float
    p: float
    count: int

    @property
    def fell(self) -> bool:
        """Whether it became worse beyond chance."""
        return self._worse and self.p < SIGNIFICANT

    @property
    def rose(self) -> bool:
        """Whether it became better beyond chance."""
        better = BY_NAME[self.name].better
        return better != "neither" and not self._worse and self.after != self.before and self.p < SIGNIFICANT

    @property
    def _worse(self) -> bool:
        better = BY_NAME[self.name].better
        return (better == "higher" and self.after < self.before) or (
            better == "lower" and self.after > self.before
        )


def figure(values: Sequence[float]) -> Figure:
    """The mean with its percentile bootstrap interval (Efron 1979), seeded."""
    import numpy as np

    data = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(_SEED).integers(0, len(data), (RESAMPLES, len(data)))
    low, high = np.percentile(data[drawn].mean(axis=1), [2.5, 97.5])
    return Figure(float(data.mean()), float(low), float(high), len(data))


def figures(scores: Sequence[Scores]) -> dict[str, Figure]:
    """Each measure over the questions it applies to; a measure that applies to none is left out."""
    found: dict[str, Figure] = {}
    for measure in MEASURES:
        values = [value for one in scores if (value := one.get(measure.name)) is not None]
        if values:
            found[measure.name] = figure(values)
    return found


def compare(before: Mapping[str, Scores], after: Mapping[str, Scores]) -> list[Change]:
    """What changed between two runs, question by question (ids to scores).

    The p value is that of a paired permutation test on the mean difference (Smucker et al. 2007), by signs
    drawn at random. A question that only one run scores says nothing of the difference and is left out.
    """
    import numpy as np

    found: list[Change] = []
    for measure in MEASURES:
        pairs = [
            (old, new)
            for name in before.keys() & after.keys()
            if (old := before[name].get(measure.name)) is not None
            and (new := after[name].get(measure.name)) is not None
        ]
        if not pairs:
            continue
        data = np.array(sorted(pairs))
        differences = data[:, 1] - data[:, 0]
        moved = differences[differences != 0]
        signs = np.random.default_rng(_SEED).choice([-1.0, 1.0], (PERMUTATIONS, len(moved)))
        extreme = np.abs(signs @ moved) >= abs(moved.sum()) - 1e-12
        p = (1 + extreme.sum()) / (1 + PERMUTATIONS) if len(moved) else 1.0
        old, new = data.mean(axis=0)
        found.append(Change(measure.name, float(old), float(new), float(p), len(pairs)))
    return found


def reliability(said: Sequence[float], true: Sequence[bool], *, bins: int = 10) -> list[dict[str, float]]:
    """Scores between 0 and 1 in `bins` of equal width: the mean score, the share that is true, the count.

    A calibrated score has equal shares and means (DeGroot and Fienberg 1983).
    """
    rows: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for value, is_true in zip(said, true, strict=True):
        rows[min(bins - 1, max(0, int(value * bins)))].append((value, is_true))
    return [
        {
            "said": sum(value for value, _ in row) / len(row),
            "true": sum(is_true for _, is_true in row) / len(row),
            "count": len(row),
        }
        for row in rows
        if row
    ]
