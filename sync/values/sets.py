"""Sets as sparse rows: how many members two of them share, and what follows from that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sync.arrays import FloatArray, IntArray

_BLOCK = 200_000


def rows(members: Sequence[IntArray], labels: int) -> Any:
    """N sets of labels (indices) as a sparse (N, labels) matrix of ones."""
    from scipy import sparse

    ends = np.cumsum([0, *(len(one) for one in members)])
    flat = np.concatenate([*members, np.empty(0, np.int64)]).astype(np.int64)
    return sparse.csr_array((np.ones(len(flat)), flat, ends), shape=(len(members), max(labels, 1)))


def shared(sets: Any, left: IntArray, right: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Size of each left set, of each right set, and of what both have."""
    size = np.asarray(sets.sum(1), np.float64)
    both = [np.asarray(sets[left[at:at + _BLOCK]].multiply(sets[right[at:at + _BLOCK]]).sum(1), np.float64)
            for at in range(0, len(left), _BLOCK)]
    return size[left], size[right], np.concatenate([*both, np.empty(0)])


def jaccard(one: FloatArray, other: FloatArray, both: FloatArray) -> FloatArray:
    """Shared members by all members; two empty sets are alike."""
    union = one + other - both
    return np.where(union > 0, both / np.maximum(union, 1), 1.0)


def masi(one: FloatArray, other: FloatArray, both: FloatArray) -> FloatArray:
    """Passonneau's (2006) similarity: Jaccard's times 1 for equal sets, 2/3 for a subset, 1/3 for an overlap."""
    equal, inside = (one == other) & (both == one), both == np.minimum(one, other)
    monotone = np.where(equal, 1.0, np.where(inside, 2 / 3, 1 / 3))
    return np.asarray(jaccard(one, other, both) * monotone)


def f1(one: FloatArray, other: FloatArray, both: FloatArray) -> FloatArray:
    """Shared members by the mean size; two empty sets are alike."""
    total = one + other
    return np.where(total > 0, 2 * both / np.maximum(total, 1), 1.0)
