"""Names for the arrays that quality works on, and the small sums that everything in it needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.integer[Any]]
FloatArray = NDArray[np.float64]


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


def normalised(rows: FloatArray) -> FloatArray:
    """`rows` scaled so that the last axis sums to one."""
    return np.asarray(rows / rows.sum(-1, keepdims=True))


def softmax(rows: FloatArray) -> FloatArray:
    """Probabilities from log weights, along the last axis, without overflow."""
    return normalised(np.exp(rows - rows.max(-1, keepdims=True)))


def softmaxed(rows: FloatArray) -> FloatArray:
    """`softmax` of (n, K) in place: many rows of few labels go column by column, which numpy does far faster."""
    columns = rows.T
    if not rows.size:
        return rows
    top = columns[0].copy()
    for column in columns[1:]:
        np.maximum(top, column, out=top)
    rows -= top[:, None]
    np.exp(rows, out=rows)
    total = columns[0].copy()
    for column in columns[1:]:
        total += column
    rows /= total[:, None]
    return rows
