"""What it would have cost by hand: uniform overlap, as many answers to every task as reach the same accuracy; pure.

n answers by average people to a task of class k fall as Multinomial(n, row k of the crowd's confusion); the label is
the most frequent answer, ties broken at random. With the class shares q the accuracy is

    A(n) = sum_k q_k P(k is the most frequent of n answers)

and n is the smallest number with A(n) at least as high as what was reached. It takes the answers to one task for
independent, which flatters uniform overlap (a hard task misleads everybody): the saving is rather told too small.
"""

from __future__ import annotations

from math import comb

import numpy as np

from sync.arrays import FloatArray, IntArray

MOST = 15
"""Answers a task up to which uniform overlap is considered."""
EXACT = 20_000
"""Ways in which answers can fall that are still enumerated; above, accuracy is simulated."""
DRAWS, SEED = 4_000, 3
TOLERANCE = 1e-9


def answers_needed(confusion: FloatArray, prior: FloatArray, accuracy: float, most: int = MOST) -> tuple[int, float]:
    """(n, A(n)) for the smallest n that reaches `accuracy`; (0, the best A) when no n up to `most` does.

    `confusion` (K, K) is P(answer l | truth k) in the crowd, `prior` (K,) the class shares.
    """
    best = 0.0
    for size in range(1, most + 1):
        found = majority_accuracy(confusion, prior, size)
        best = max(best, found)
        if found >= accuracy - TOLERANCE:
            return size, found
    return 0, best


def majority_accuracy(confusion: FloatArray, prior: FloatArray, size: int) -> float:
    """A(size): how often the most frequent of so many answers is right."""
    chance = np.asarray(confusion, np.float64)
    chance = chance / chance.sum(1, keepdims=True)
    shares = np.asarray(prior, np.float64) / np.sum(prior)
    labels = len(shares)
    if labels == 1:
        return 1.0
    if comb(size + labels - 1, labels - 1) <= EXACT:
        falls = _compositions(size, labels)
        weight = np.exp(_log_ways(falls) + falls @ np.log(np.maximum(chance, 1e-300)).T)     # (falls, K)
        return float((shares * (_won(falls) * weight).sum(0)).sum())
    generator = np.random.default_rng(SEED)
    draws = max(200, min(DRAWS, 20_000_000 // labels ** 2))
    right = [float(_won(generator.multinomial(size, row, draws))[:, k].mean()) for k, row in enumerate(chance)]
    return float((shares * np.array(right)).sum())


def _won(falls: IntArray) -> FloatArray:
    """(F, K) chance that each label is named, given how the answers fell."""
    top = falls == falls.max(1, keepdims=True)
    return np.asarray(top / top.sum(1, keepdims=True), np.float64)


def _compositions(size: int, parts: int) -> IntArray:
    """All ways in which `size` answers fall on `parts` labels: (ways, parts)."""
    falls = np.arange(size + 1)[:, None]
    for _ in range(parts - 2):
        left = size - falls.sum(1)
        rows = np.repeat(np.arange(len(falls)), left + 1)
        more = np.arange(len(rows)) - np.repeat(np.cumsum(left + 1) - left - 1, left + 1)
        falls = np.column_stack((falls[rows], more))
    return np.column_stack((falls, size - falls.sum(1)))


def _log_ways(falls: IntArray) -> FloatArray:
    from scipy.special import gammaln

    return np.asarray(gammaln(falls.sum(1) + 1) - gammaln(falls + 1).sum(1), np.float64)[:, None]
