"""Cohen's kappa of two annotators, and its mean over pairs (Cohen 1960; weighted: Cohen 1968).

kappa = 1 - observed / expected distance of two answers, expected from how often each of the two gives each label.
A distance is 0 or 1 (nominal), |x - y| (linear) or (x - y)^2 (quadratic), between places on the scale.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sync.agreement.measured import Figure, missing
from sync.arrays import FloatArray, IntArray

WEIGHTS = ("none", "linear", "quadratic")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two annotators' kappa: the distance of their answers per shared task (n,), and what chance would make of it.

    `expected` (n,) is the first-order term of a task in the sum of expected distances, which is `total`.
    """

    tasks: IntArray
    distance: FloatArray
    expected: FloatArray
    total: float

    @property
    def value(self) -> float | None:
        """Kappa, or None where chance makes no difference: both always say the same one label."""
        return 1 - len(self.tasks) * float(self.distance.sum()) / self.total if self.total > 0 else None


def compare(tasks: IntArray, first: IntArray, second: IntArray, position: FloatArray, weights: str = "none") -> Pair:
    """Two annotators on the tasks (n,) that both answered, from their labels (n,) on a scale (K,)."""
    if weights not in WEIGHTS:
        raise ValueError(f"weights are {weights!r}, but must be one of {', '.join(WEIGHTS)}")
    first, second, used = _used(first, second, len(position))
    at = _scaled(position[used])
    margin_first, margin_second = (np.bincount(one, minlength=len(used)).astype(np.float64)
                                   for one in (first, second))
    to_second, to_first = _distance_to(margin_second, at, weights), _distance_to(margin_first, at, weights)
    if weights == "none":
        distance = (first != second).astype(np.float64)
    else:
        apart = np.abs(at[first] - at[second])
        distance = apart if weights == "linear" else apart**2
    total = float(margin_first @ to_second)
    return Pair(tasks, distance, to_second[first] + to_first[second], total if len(used) > 1 else 0.0)


def figure(pair: Pair) -> Figure:
    """Kappa of two annotators.

    A resample changes the margins too: they enter by their first-order term and the mean of the second-order one.
    """
    size = len(pair.tasks)
    if not size:
        return missing("the two share no task")
    if pair.value is None:
        return missing("both gave one label only, the same: kappa is not defined", size, 2 * size)
    second_order = float(pair.distance.sum()) - pair.total / size

    def of(sums: FloatArray) -> FloatArray:
        expected = sums[:, 1] - pair.total + second_order
        return np.where(expected > 0, 1 - size * sums[:, 0] / expected, np.nan)

    statistics = np.column_stack((pair.distance, pair.expected))
    return Figure(pair.value, size, 2 * size, pair.tasks, statistics, of)


def mean_figure(pairs: Iterable[Pair], size: FloatArray) -> Figure:
    """Mean kappa over pairs, weighted by the tasks they share. A task enters by what it adds to each pair's kappa.

    `size` (T,) is how many answers each task has.
    """
    added, shared = np.zeros(len(size)), np.zeros(len(size))
    for pair in pairs:
        if pair.value is None:
            continue
        tasks, observed = len(pair.tasks), float(pair.distance.sum())
        slope = observed / pair.total + tasks * (pair.distance - observed * pair.expected / pair.total) / pair.total
        added[pair.tasks] += pair.value - tasks * slope
        shared[pair.tasks] += 1
    rows = np.flatnonzero(shared)
    if not len(rows):
        return missing("no two annotators share a task on which kappa is defined")
    statistics = np.column_stack((added[rows], shared[rows]))
    return Figure(float(added.sum() / shared.sum()), len(rows), int(size[rows].sum()), rows, statistics,
                  lambda sums: sums[:, 0] / sums[:, 1])


def metric(weights: str) -> str:
    """The coefficient's name in reports."""
    return "cohen_kappa" if weights == "none" else f"cohen_kappa_{weights}"


def _used(first: IntArray, second: IntArray, labels: int) -> tuple[IntArray, IntArray, IntArray]:
    """Labels renumbered to those that the two use, and which these are."""
    if labels > 4 * len(first):
        used, both = np.unique(np.concatenate((first, second)), return_inverse=True)
        return both[:len(first)], both[len(first):], used
    counts = np.bincount(first, minlength=labels) + np.bincount(second, minlength=labels)
    place = np.cumsum(counts > 0) - 1
    return place[first], place[second], np.flatnonzero(counts)


def _distance_to(margin: FloatArray, at: FloatArray, weights: str) -> FloatArray:
    """Sum of distances of each label (K,) to the answers of one annotator."""
    number = margin.sum()
    if weights == "none":
        return np.asarray(number - margin)
    if weights == "quadratic":
        return np.asarray(number * at**2 - 2 * at * (margin @ at) + margin @ at**2)
    below, weighted = np.cumsum(margin), np.cumsum(margin * at)
    return np.asarray(at * (2 * below - number) - 2 * weighted + weighted[-1:])


def _scaled(at: FloatArray) -> FloatArray:
    """Places on a scale from 0 to 1: kappa does not depend on unit and origin."""
    return np.asarray((at - at[0]) / (at[-1] - at[0])) if len(at) > 1 else np.zeros(len(at))
