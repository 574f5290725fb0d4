"""The population stability index: how far a distribution has moved. Pure.

The sum over bins of (new share - old share) x ln(new share / old share), the symmetric Kullback-Leibler divergence
(Jeffreys 1946), in use for score cards since long (Siddiqi 2006: under 0.1 nothing to speak of, from 0.2 on a shift).
With few tasks it is never zero: where nothing moved it is about (1/n + 1/m) x chi-square with bins - 1 degrees of
freedom (Yurdakul and Naranjo 2020). So both must hold: above the limit, and above what chance gives once in 10,000.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10
LEAST = 10
"""Tasks, old and new together, that a bin needs; smaller ones are put together."""
CHANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one feature of the tasks has moved."""

    feature: str
    index: float
    by_chance: float
    """What the index exceeds in one case of 10,000 although nothing moved."""
    old: dict[str, float]
    """{bin: share}; small bins are together in `other`."""
    new: dict[str, float]

    def beyond(self, limit: float) -> bool:
        """Whether it has moved by more than the limit and more than by chance."""
        return self.index > limit and self.index > self.by_chance


def shift(feature: str, old: Sequence[Hashable], new: Sequence[Hashable]) -> Shift:
    """Of values that are few: labels, or bins."""
    before, after = Counter(map(str, old)), Counter(map(str, new))
    kept = sorted(name for name in before | after if before[name] + after[name] >= LEAST)
    rare = sorted((before | after).keys() - set(kept))
    old_counts = np.array([*(before[name] for name in kept), *([sum(before[r] for r in rare)] if rare else [])], float)
    new_counts = np.array([*(after[name] for name in kept), *([sum(after[r] for r in rare)] if rare else [])], float)
    names = [*kept, *(["other"] if rare else [])]
    if not len(old) or not len(new) or len(names) < 2:
        return Shift(feature, 0.0, 0.0, {}, {})
    return Shift(feature, _index(old_counts, new_counts), _by_chance(len(old), len(new), len(names)),
                 dict(zip(names, (old_counts / len(old)).tolist(), strict=True)),
                 dict(zip(names, (new_counts / len(new)).tolist(), strict=True)))


def binned(feature: str, old: Sequence[float], new: Sequence[float]) -> Shift:
    """Of numbers, in bins that hold a tenth of the old ones each, or more where many are alike."""
    if not len(old) or not len(new):
        return Shift(feature, 0.0, 0.0, {}, {})
    edges = np.unique(np.quantile(np.asarray(old, float), np.linspace(0, 1, BINS + 1)[1:-1]))

    def bins(values: Sequence[float]) -> list[str]:
        return [f"{at:02d}" for at in np.searchsorted(edges, np.asarray(values, float), side="left").tolist()]

    return shift(feature, bins(old), bins(new))


def _index(old: NDArray[np.float64], new: NDArray[np.float64]) -> float:
    """Half a task is added to each bin: an empty one would make it infinite."""
    p, q = (old + 0.5) / (old.sum() + 0.5 * len(old)), (new + 0.5) / (new.sum() + 0.5 * len(new))
    return float(((q - p) * np.log(q / p)).sum())


def _by_chance(old: int, new: int, bins: int) -> float:
    from scipy.special import chdtri

    return float(chdtri(bins - 1, CHANCE) * (1 / old + 1 / new))
