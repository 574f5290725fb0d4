"""Intervals by resampling tasks (Efron & Tibshirani 1993, ch. 13), for any figure that is a function of sums.

Tasks are resampled, never answers: the answers to one task belong together. A task enters by a few numbers, so a
replicate is a weighted sum, and all replicates together are one product of two matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray

MANY_DRAWS = 5_000_000
"""Up to so many tasks times replicates every task is drawn by itself."""

MANY_PATTERNS = 2_000
"""Up to so many different rows equal tasks are drawn together; beyond both limits sums come from their normal limit."""

_BLOCK = 2_000_000
"""So many numbers are held at once while drawing."""


def interval(statistics: FloatArray, of: Callable[[FloatArray], FloatArray], *, replicates: int = 1000,
             level: float = 0.95, seed: int = 0, counts: IntArray | None = None) -> tuple[float | None, float | None]:
    """Percentile interval of `of(sums)`, a figure that depends on tasks through sums of their statistics.

    `statistics` (T, S) has one row a task; `of` maps sums (R, S) to values (R,), NaN where a resample does not
    define one. `counts` (T,) says how many tasks are like each row (1). (None, None) if there are fewer than two tasks
    or more than half of the resamples define nothing. The order of rows changes nothing. Raises ValueError if a
    statistic is not finite, a shape is wrong or the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}, but must be between 0 and 1")
    sums = resampled(statistics, replicates=replicates, seed=seed, counts=counts)
    if not len(sums):
        return None, None
    with np.errstate(all="ignore"):
        values = np.asarray(of(sums), np.float64)
    if values.shape != (len(sums),):
        raise ValueError(f"`of` gave shape {values.shape} for {len(sums)} resamples")
    values = values[np.isfinite(values)]
    if len(values) < max(1, len(sums) / 2):
        return None, None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def resampled(statistics: FloatArray, *, replicates: int = 1000, seed: int = 0,
              counts: IntArray | None = None) -> FloatArray:
    """Sums (replicates, S) of the rows of `statistics` (T, S) over resamples of T tasks; no rows under two tasks.

    Exact up to `MANY_DRAWS` draws or `MANY_PATTERNS` different rows. Beyond, there are thousands of different tasks: a
    sum over them is as good as normal, and is drawn so, with the mean and the covariance of the exact one.
    """
    statistics = np.asarray(statistics, np.float64)
    if statistics.ndim != 2 or not np.isfinite(statistics).all():
        raise ValueError("statistics must be finite numbers, one row a task")
    if replicates < 1:
        raise ValueError(f"replicates is {replicates}, but must be 1 or more")
    rows, counts = _patterns(statistics, counts)
    tasks, patterns = int(counts.sum()), len(rows)
    if tasks < 2:
        return np.empty((0, statistics.shape[1]))
    rng = np.random.default_rng(seed)
    few = patterns <= MANY_PATTERNS
    if tasks * replicates <= MANY_DRAWS and not (few and patterns * 8 <= tasks):
        return _drawn(rows, counts, replicates, rng)
    return _grouped(rows, counts, replicates, rng) if few else _normal(rows, counts, replicates, rng)


def _patterns(statistics: FloatArray, counts: IntArray | None) -> tuple[FloatArray, IntArray]:
    """Different rows and how many tasks are like each, in an order that does not depend on that of the tasks.

    Numbers are told apart to twelve digits of the largest in their column, so that rounding in the last place, which
    changes with the order of summing, changes no draw.
    """
    given = np.ones(len(statistics), np.int64) if counts is None else np.asarray(counts, np.int64)
    if given.shape != (len(statistics),) or (given < 0).any():
        raise ValueError("counts must be whole numbers from 0, one a row")
    mixed: NDArray[np.unsignedinteger[Any]] = np.zeros(len(statistics), np.uint64)
    for column in statistics.T:  # sorting 64-bit fingerprints is many times faster than sorting rows
        mixed = (mixed ^ _whole(column).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    _, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
    # that two different rows have one fingerprint happens once in 10^9 such inputs
    if not all(np.array_equal(whole[first][inverse], whole) for whole in map(_whole, statistics.T)):
        whole = np.column_stack([_whole(column) for column in statistics.T])
        _, first, inverse = np.unique(whole, axis=0, return_index=True, return_inverse=True)
    rows, like = statistics[first], np.bincount(inverse, given, len(first)).astype(np.int64)
    return rows[like > 0], like[like > 0]


def _whole(column: FloatArray) -> IntArray:
    """A column as whole numbers, 2^40 for the next power of two above the largest."""
    exponent = int(np.frexp(np.abs(column).max(initial=0.0))[1])
    return np.asarray(np.rint(np.ldexp(column, 40 - exponent)), np.int64)


def _drawn(rows: FloatArray, counts: IntArray, replicates: int, rng: np.random.Generator) -> FloatArray:
    """Each task drawn by itself, a block of replicates at a time."""
    tasks, patterns = int(counts.sum()), len(rows)
    pattern_of = np.repeat(np.arange(patterns), counts)
    step = max(1, _BLOCK // tasks)
    found = []
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        drawn = pattern_of[rng.integers(0, tasks, (size, tasks))] + np.arange(size)[:, None] * patterns
        found.append(np.bincount(drawn.ravel(), minlength=size * patterns).reshape(size, patterns) @ rows)
    return np.concatenate(found)


def _grouped(rows: FloatArray, counts: IntArray, replicates: int, rng: np.random.Generator) -> FloatArray:
    """Equal tasks drawn together: how often each pattern occurs is multinomial."""
    tasks = int(counts.sum())
    step = max(1, _BLOCK // len(rows))
    return np.concatenate([rng.multinomial(tasks, counts / tasks, size=min(step, replicates - start)) @ rows
                           for start in range(0, replicates, step)])


def _normal(rows: FloatArray, counts: IntArray, replicates: int, rng: np.random.Generator) -> FloatArray:
    """The normal limit of the sums; columns are scaled first, so that small ones keep their digits."""
    tasks = counts.sum()
    mean = counts @ rows / tasks
    centred = rows - mean
    scale = np.sqrt(counts @ centred**2 / tasks)
    scale[scale == 0] = 1.0
    centred /= scale
    values, vectors = np.linalg.eigh((centred * counts[:, None]).T @ centred)
    noise = rng.standard_normal((replicates, len(values))) * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(mean * tasks + (noise @ vectors.T) * scale)
