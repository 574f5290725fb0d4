"""Names for the arrays that quality works on, and the one sparse matrix behind all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.integer[Any]]
FloatArray = NDArray[np.float64]


def incidence(task: IntArray, annotator: IntArray, label: IntArray, tasks: int, annotators: int,
              labels: int) -> Any:
    """Who answered what: sparse (tasks, annotators x labels), 1 where the annotator gave the task that label.

    Column `w * labels + l` is annotator w answering l. Raises ValueError naming an index out of range.
    """
    from scipy import sparse

    for name, index, size in (("task", task, tasks), ("annotator", annotator, annotators), ("label", label, labels)):
        if len(index) and (index.min() < 0 or index.max() >= size):
            raise ValueError(f"{name} indices run from {index.min()} to {index.max()}, but there are {size}")
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
