"""How answers are spread over labels, task by task: a Dirichlet prior that is learned from all tasks.

Each task has shares of its own, drawn from a Dirichlet distribution around the crowd's; its `strength` is how many
answers the crowd's shares are worth (Minka 2000, fitted by likelihood). Where tasks are alike it is large, and a few
answers say little new; where they differ it is small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray

STRENGTHS = np.geomspace(0.25, 64, 33)
"""Strengths that are tried. A prior of more answers than this would hide what is special about a task."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The crowd's `shares` (K,), all above zero, and the prior's `strength` in answers."""

    shares: FloatArray
    strength: float


@dataclass(frozen=True, slots=True)
class Cells:
    """How often (`count`) which `label` was given to which `task`, without zeros; `size` (T,) answers a task."""

    task: IntArray
    label: IntArray
    count: IntArray
    size: IntArray


def cells(task: IntArray, label: IntArray, tasks: int, labels: int) -> Cells:
    """Cells of N answers (index arrays)."""
    cell, count = np.unique(task * max(labels, 1) + label, return_counts=True)
    return Cells(cell // max(labels, 1), cell % max(labels, 1), count, np.bincount(task, minlength=tasks))


def learn(found: Cells, labels: int) -> Crowd:
    """Shares by mean, each task alike, and the likeliest strength."""
    used = np.count_nonzero(found.size)
    mean = np.bincount(found.label, found.count / found.size[found.task], labels)
    shares: FloatArray = np.asarray((mean + 0.5 / max(labels, 1)) / (used + 0.5), np.float64)
    if not len(found.count) or found.size.max() < 2:
        return Crowd(shares, 1.0)
    likely = [_likelihood(found, shares, strength) for strength in STRENGTHS]
    return Crowd(shares, float(STRENGTHS[int(np.argmax(likely))]))


def _likelihood(found: Cells, shares: FloatArray, strength: float) -> float:
    """Log likelihood of all counts (Dirichlet-multinomial), without what does not depend on the strength."""
    from scipy.special import gammaln

    prior = strength * shares[found.label]
    size = found.size[found.size > 0]
    return float((gammaln(found.count + prior) - gammaln(prior)).sum()
                 + (gammaln(strength) - gammaln(size + strength)).sum())


def intervals(alpha: FloatArray, total: FloatArray, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Credible interval of shares whose distribution is a beta of `alpha` and `total - alpha`; equal ones once."""
    from scipy.special import betaincinv

    pair = np.column_stack((alpha.round(9), total.round(9))).astype(np.float64)
    unique, inverse = np.unique(pair, axis=0, return_inverse=True)
    a, b = np.maximum(unique[:, 0], 1e-6), np.maximum(unique[:, 1] - unique[:, 0], 1e-6)
    tail = (1 - level) / 2
    low, high = betaincinv(a, b, tail), betaincinv(a, b, 1 - tail)
    mean = a / (a + b)
    low, high = np.minimum(np.nan_to_num(low), mean), np.maximum(np.nan_to_num(high, nan=1.0), mean)
    return np.asarray(low[inverse.ravel()]), np.asarray(high[inverse.ravel()])
