"""Names for the arrays that quality works on, and the small sums that everything in it needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.integer[Any]]
FloatArray = NDArray[np.float64]

FEW = 8
"""Up to so many columns are gone through one by one."""

_BLOCK = 65_536
"""Numbers handled at a time where a whole array's worth of intermediate results would be wasted."""


def checked(name: str, index: IntArray, size: int) -> None:
    """Raises ValueError naming the range when an index is not below `size`, or negative."""
    if len(index) and (index.min() < 0 or index.max() >= size):
        raise ValueError(f"{name} indices run from {index.min()} to {index.max()}, but there are {size}")


def incidence(task: IntArray, annotator: IntArray, label: IntArray, tasks: int, annotators: int,
              labels: int) -> Any:
    """Who answered what: sparse (tasks, annotators x labels), 1 where the annotator gave the task that label.

    Column `w * labels + l` is annotator w answering l. Raises ValueError naming an index out of range.
    """
    from scipy import sparse

    for name, index, size in (("task", task, tasks), ("annotator", annotator, annotators), ("label", label, labels)):
        checked(name, index, size)
    column = np.asarray(annotator, np.int64) * labels + label
    shape = (tasks, annotators * labels)
    return sparse.csr_array((np.ones(len(task)), (np.asarray(task, np.int64), column)), shape=shape)


def label_counts(task: IntArray, label: IntArray, tasks: int, labels: int) -> FloatArray:
    """Answers per task and label: (tasks, labels)."""
    flat = np.bincount(np.asarray(task, np.int64) * labels + label, minlength=tasks * labels)
    return flat.reshape(tasks, labels).astype(np.float64)


def totals(rows: FloatArray) -> FloatArray:
    """Sum of each column of (n, K): (K,). Much faster than numpy's own for few columns, as are the sums below."""
    return np.asarray(np.einsum("nk->k", rows))


def normalised(rows: FloatArray) -> FloatArray:
    """`rows` scaled so that the last axis sums to one."""
    return np.asarray(rows / np.asarray(np.einsum("...k->...", rows))[..., None])


def softmax(rows: FloatArray) -> FloatArray:
    """Probabilities from log weights, along the last axis, without overflow."""
    return normalised(np.exp(rows - rows.max(-1, keepdims=True)))


def softmaxed(rows: FloatArray) -> FloatArray:
    """`softmax` of (n, K), in place."""
    rows -= largest(rows)[:, None]
    np.exp(rows, out=rows)
    rows /= np.einsum("nk->n", rows)[:, None]
    return rows


def largest(rows: FloatArray) -> FloatArray:
    """Largest of each row of (n, K): (n,). Of few columns one after the other, which numpy does far faster."""
    if not 1 <= rows.shape[1] <= FEW:
        return np.asarray(rows.max(1, initial=-np.inf))
    top = rows[:, 0].copy()
    for column in rows.T[1:]:
        np.maximum(top, column, out=top)
    return top


def moved(after: FloatArray, before: FloatArray) -> float:
    """Largest absolute difference of two arrays of one shape; a block at a time, so that it takes no memory."""
    one, other = after.reshape(-1), before.reshape(-1)
    blocks = range(0, len(one), _BLOCK)
    return max((float(np.abs(one[at:at + _BLOCK] - other[at:at + _BLOCK]).max()) for at in blocks), default=0.0)


def first_seen(keys: IntArray) -> tuple[list[int], IntArray]:
    """Distinct keys in the order in which they first appear, and each one's place among them."""
    distinct, first, place = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return distinct[order].tolist(), rank[place]
