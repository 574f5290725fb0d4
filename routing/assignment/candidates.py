"""One look at all tasks at given prices: who would be chosen, and the candidates of each task.

Choices are drawn: to the values comes logistic noise of the temperature, so that each is made as often as the
smoothed dual has it, and tasks that are alike do not all choose the same people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.assignment.problem import Problem

Ints = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Of each task, (T, K), the best first: the annotators, and the value of their answer, minus infinity for nobody;
    and (T,) to how many of them the task would turn at these prices."""

    annotator: NDArray[np.int32]
    value: Array
    taken: Ints


def best(problem: Problem, price: Array, kept: int, heat: float) -> Candidates:
    """The `kept` best of every task by value less price, drawn at this temperature."""
    kept = min(kept, problem.people)
    annotator = np.empty((problem.tasks, kept), np.int32)
    value, taken = np.empty((problem.tasks, kept), np.float64), np.empty(problem.tasks, np.int64)
    for start, stop, block, drawn in _drawn(problem, price, heat):
        some = np.argpartition(drawn, problem.people - kept, axis=1)[:, problem.people - kept:]
        order = np.argsort(-np.take_along_axis(drawn, some, axis=1), axis=1, kind="stable")
        some = np.take_along_axis(some, order, axis=1)
        annotator[start:stop] = some
        value[start:stop] = np.take_along_axis(block, some, axis=1)
        taken[start:stop] = np.minimum((np.take_along_axis(drawn, some, axis=1) >= 0).sum(axis=1),
                                       problem.overlap[start:stop])
    return Candidates(annotator, value, taken)


def loads(problem: Problem, price: Array, heat: float) -> Array:
    """(W,) answers that each annotator would be asked for, drawn at this temperature."""
    most, total = int(problem.overlap.max(initial=0)), np.zeros(problem.people)
    for start, stop, _, drawn in _drawn(problem, price, heat):
        top = np.sort(np.partition(drawn, problem.people - most, axis=1)[:, problem.people - most:], axis=1)
        wanted = problem.overlap[start:stop]
        last = top[np.arange(stop - start), np.minimum(most - wanted, most - 1)]
        least = np.where(wanted > 0, np.maximum(last, 0), np.inf).astype(drawn.dtype)
        total += (drawn >= least[:, None]).sum(axis=0)
    return total


def _drawn(problem: Problem, price: Array, heat: float) -> Iterator[tuple[int, int, NDArray[Any], NDArray[Any]]]:
    """Blocks of values, and these less the prices, with noise: the same for every block, which repeats far apart."""
    noise: NDArray[Any] | None = None
    for start, stop, block in problem.blocks():
        if noise is None:
            even = np.random.default_rng(0).random(block.shape, np.float32)
            np.clip(even, 1e-6, 1 - 1e-6, out=even)
            noise = (np.log(even / (1 - even)) * np.float32(heat) - price).astype(block.dtype)
        yield start, stop, block, block + noise[:stop - start]
