"""The two passes of every EM over recorded answers: counts from posteriors, posteriors from confusions.

Answers are sorted by task once and kept as one small integer each, so that a pass reads memory in order. There are
two implementations with the same results: one by numpy and scipy, and a compiled one (`sync.compiled`, extra
`fast`) that is taken by itself where numba is installed and there is enough to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from sync.arrays import FloatArray, IntArray, checked, softmaxed

WORTH_COMPILING = 1_000_000
"""Answers from which the compiled passes are used by themselves: loading numba takes about a second."""

TINY = 1e-300
"""Probabilities are at least this before a logarithm is taken; whoever wants a higher floor sets it before."""


class Passes(Protocol):
    """N answers of W annotators to T tasks with K labels, ready to be passed over again and again."""

    @property
    def tasks(self) -> int:
        """T."""

    @property
    def annotators(self) -> int:
        """W."""

    @property
    def labels(self) -> int:
        """K."""

    def counts(self, posterior: FloatArray) -> FloatArray:
        """Expected number of answers l (columns) to tasks of truth k (rows) by each annotator: (W, K, K).

        `posterior` (T, K) weighs the truths of each task; its rows need not sum to one.
        """

    def expect(self, confusion: FloatArray, prior: FloatArray) -> FloatArray:
        """Posterior of each task (T, K) from all its answers, `confusion` (W, K, K) and class shares `prior` (K,).

        A task without answers gets the prior.
        """

    def turn(self, confusion: FloatArray, prior: FloatArray, known: IntArray | None = None,
             ) -> tuple[FloatArray, FloatArray]:
        """`expect`, then `counts` of what it found, in one go: (posterior, counts).

        `known` (T,) holds the label of each task where it is known, else -1: there the posterior is certain.
        """


def passes(task: IntArray, annotator: IntArray, label: IntArray, *, tasks: int, annotators: int, labels: int,
           compiled: bool | None = None) -> Passes:
    """Passes over N answers, three index arrays of length N.

    `compiled` forces one of the implementations; None takes the compiled one where it is worth it.
    Raises ValueError for an index out of range, and ImportError where `compiled` is True and numba is absent.
    """
    column, first = by_task(task, annotator, label, tasks=tasks, annotators=annotators, labels=labels)
    if compiled is None:
        compiled = len(column) >= WORTH_COMPILING and compilable()
    if compiled:
        from sync.compiled import CompiledPasses

        return CompiledPasses(column, first, tasks, annotators, labels)
    return SparsePasses.over(column, first, tasks, annotators, labels)


@cache
def compilable() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def by_task(task: IntArray, annotator: IntArray, label: IntArray, *, tasks: int, annotators: int,
            labels: int) -> tuple[IntArray, IntArray]:
    """Answers sorted by task, else in their order: `annotator * labels + label` of each (N,), and where each task's
    begin (T + 1,). 32-bit integers wherever they suffice. Raises ValueError for an index out of range.
    """
    from scipy import sparse

    for name, index, size in (("task", task, tasks), ("annotator", annotator, annotators), ("label", label, labels)):
        checked(name, index, size)
    answers = len(task)
    small = np.int32 if max(annotators * labels, answers, tasks) < 2**31 else np.int64
    column = np.asarray(annotator, small) * labels + np.asarray(label, small)
    rows = (column, np.asarray(task, small), np.arange(answers + 1, dtype=small))
    by = sparse.csr_array(rows, shape=(answers, tasks)).tocsc()  # a counting sort: linear, and it keeps order
    return by.data, by.indptr


def pinned(posterior: FloatArray, known: IntArray | None) -> FloatArray:
    """`posterior` with certainty, in place, where the label is known."""
    if known is not None:
        rows = np.flatnonzero(known >= 0)
        posterior[rows] = 0.0
        posterior[rows, known[rows]] = 1.0
    return posterior


def by_answer(confusion: FloatArray) -> FloatArray:
    """Log chance of each answer, a row for each annotator and label: (W x K, K truths)."""
    flat = confusion.transpose(0, 2, 1).reshape(-1, confusion.shape[1])
    logs = np.maximum(flat, TINY)
    return np.asarray(np.log(logs, out=logs))


def by_truth(sums: FloatArray, annotators: int, labels: int) -> FloatArray:
    """Sums per annotator and label (W x K, K) as counts (W, K, K) whose rows are truths."""
    return sums.reshape(annotators, labels, labels).transpose(0, 2, 1)


@dataclass(frozen=True, slots=True)
class SparsePasses:
    """Passes as products with one sparse matrix (tasks, annotators x labels), 1 where somebody said so."""

    answers: Any
    tasks: int
    annotators: int
    labels: int

    @classmethod
    def over(cls, column: IntArray, first: IntArray, tasks: int, annotators: int, labels: int) -> SparsePasses:
        """Passes over answers as `by_task` gives them."""
        from scipy import sparse

        matrix = sparse.csr_array((np.ones(len(column)), column, first), shape=(tasks, annotators * labels))
        return cls(matrix, tasks, annotators, labels)

    def counts(self, posterior: FloatArray) -> FloatArray:
        """See `Passes`."""
        return by_truth(np.asarray(self.answers.T @ posterior), self.annotators, self.labels)

    def expect(self, confusion: FloatArray, prior: FloatArray) -> FloatArray:
        """See `Passes`."""
        found = np.asarray(self.answers @ by_answer(confusion))
        found += np.log(np.maximum(prior, TINY))
        return softmaxed(found)

    def turn(self, confusion: FloatArray, prior: FloatArray, known: IntArray | None = None,
             ) -> tuple[FloatArray, FloatArray]:
        """See `Passes`."""
        posterior = pinned(self.expect(confusion, prior), known)
        return posterior, self.counts(posterior)
