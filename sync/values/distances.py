"""Krippendorff's alpha for answers of any shape: 1 - observed / expected distance of two answers.

Observed are pairs of answers to one task, expected pairs of any two answers (Krippendorff 2019, ch. 12). With few
answers all pairs are taken, and the figure is exact; with many, each answer meets so many others of its task, and the
expected distance comes from a random sample of pairs. So memory and time grow with the answers, never faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.values.answers import Answers

Distance = Callable[[IntArray, IntArray], FloatArray]
"""Distances, from 0 to 1, of the answers at two lists of places."""

ALL_PAIRS = 24
"""Up to so many answers to one task all pairs of them are compared; above it each meets twelve others."""

EXPECTED_PAIRS = 30_000
"""So many pairs of any two answers are enough for the expected distance: it is known to 1 % or better."""

GROUPS = 500
"""Above so many tasks, random groups of them are resampled in place of single ones."""

REPLICATES = 1000


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of comparable answers: `left`, `right` (places among the answers), their `distance`, and for pairs of one
    task their `weight` (an answer's pairs sum to 1). `group` (N,) is each answer's group for resampling."""

    left: IntArray
    right: IntArray
    distance: FloatArray
    weight: FloatArray
    expected_left: IntArray
    expected_right: IntArray
    expected_distance: FloatArray
    group: IntArray
    tasks: int
    answers: int

    @property
    def expected(self) -> float:
        """Mean distance of any two answers; 0 when there are none."""
        return float(self.expected_distance.mean()) if len(self.expected_distance) else 0.0


def pairs(answers: Answers, distance: Distance, *, seed: int = 0) -> Pairs:
    """The pairs of all independent answers to tasks that have two of them or more."""
    place = np.flatnonzero(answers.independent)
    size = np.bincount(answers.task[place], minlength=answers.tasks)
    place = place[size[answers.task[place]] >= 2]
    task = answers.task[place]  # answers are sorted by task already
    left, right = _within(size[task], np.r_[0, np.flatnonzero(np.diff(task)) + 1] if len(task) else task)
    met = np.bincount(left, minlength=len(place)) + np.bincount(right, minlength=len(place))
    weight = (1 / np.maximum(met[left], 1) + 1 / np.maximum(met[right], 1)) / 2 if len(left) else np.empty(0)
    rng = np.random.default_rng(seed)
    some, other = _any_two(len(place), rng)
    groups = _groups(task, rng)
    by_answer = np.zeros(len(answers.task), np.int64)
    by_answer[place] = groups
    return Pairs(place[left], place[right], distance(place[left], place[right]), weight, place[some], place[other],
                 distance(place[some], place[other]), by_answer, len(np.unique(task)), len(place))


def alpha(found: Pairs, *, seed: int = 0) -> tuple[float | None, float | None, float | None, str | None]:
    """Alpha, its 95 % interval by resampling tasks, and the reason where there is none."""
    if not found.answers:
        return None, None, None, "no task has two answers or more"
    if found.expected <= 1e-12:
        return None, None, None, "all answers are the same: alpha is not defined"
    observed = 2 * float(found.weight @ found.distance) / found.answers
    value = 1 - observed / found.expected
    if found.tasks < 2:
        return value, None, None, "one task has two answers: no interval"
    values = _replicates(found, np.random.default_rng(seed))
    if len(values) < REPLICATES / 2:
        return value, None, None, "too few tasks with different answers: no interval"
    low, high = np.quantile(values, [0.025, 0.975])
    return value, min(float(low), value), max(float(high), value), None


def _within(size: IntArray, first: IntArray) -> tuple[IntArray, IntArray]:
    """Places of the pairs of one task; `size` (n,) of each answer's task, `first` the place of each task's first."""
    lefts: list[IntArray] = [np.empty(0, np.int64)]
    rights: list[IntArray] = [np.empty(0, np.int64)]
    count = size[first] if len(first) else size
    for step in range(1, min(ALL_PAIRS, int(count.max(initial=1)))):
        few = np.repeat((count > step) & (count <= ALL_PAIRS), count)
        start = np.flatnonzero(few & (_offset(count) + step < np.repeat(count, count)))
        lefts.append(start)
        rights.append(start + step)
    many = first[count > ALL_PAIRS]
    for start, total in zip(many, size[many], strict=True):
        at = np.arange(total)
        for step in range(1, ALL_PAIRS // 4 + 1):  # as a ring: each one meets six before and six behind
            lefts.append(start + at)
            rights.append(start + (at + step) % total)
    return np.concatenate(lefts), np.concatenate(rights)


def _offset(count: IntArray) -> IntArray:
    """0, 1, 2, ... within each task."""
    return np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)


def _any_two(size: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of different answers: all of them, or a random sample."""
    if size * (size - 1) // 2 <= EXPECTED_PAIRS:
        left, right = np.triu_indices(size, 1)
        return left, right
    left = rng.integers(0, size, EXPECTED_PAIRS)
    return left, (left + rng.integers(1, size, EXPECTED_PAIRS)) % size


def _groups(task: IntArray, rng: np.random.Generator) -> IntArray:
    """The resampling group of each answer: its task, or one of `GROUPS` random groups of tasks of equal size."""
    names, compact = np.unique(task, return_inverse=True)
    # `task` numbers follow the order of rows; the order of the sorted answers does not
    order = compact[np.r_[True, np.diff(compact) != 0]] if len(compact) else compact
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    if len(names) <= GROUPS:
        return np.asarray(place[compact])
    return np.asarray((rng.permutation(len(names)) % GROUPS)[place[compact]])


def _replicates(found: Pairs, rng: np.random.Generator) -> FloatArray:
    """Alpha of resampled tasks; those in which all answers are the same are left out."""
    groups = int(found.group.max(initial=0)) + 1
    member = np.zeros(len(found.group), bool)
    member[np.r_[found.left, found.right]] = True
    size = np.bincount(found.group[member], minlength=groups)
    within = np.bincount(found.group[found.left], 2 * found.weight * found.distance, groups)
    left, right = found.group[found.expected_left], found.group[found.expected_right]
    values = []
    for _ in range(10):
        drawn = rng.multinomial(groups, np.full(groups, 1 / groups), REPLICATES // 10).astype(np.float64)
        both = drawn[:, left] * drawn[:, right]
        expected = (both @ found.expected_distance) / np.maximum(both.sum(1), 1e-12)
        observed = (drawn @ within) / np.maximum(drawn @ size, 1e-12)
        values.append(np.where(expected > 1e-12, 1 - observed / np.maximum(expected, 1e-12), np.nan))
    joined = np.concatenate(values)
    return np.asarray(joined[~np.isnan(joined)])
