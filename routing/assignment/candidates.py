"""One look at all tasks at given prices: who would be chosen, and the candidates of each task.

Choices are drawn: to the values comes logistic noise of the temperature, so that each is made as often as the
smoothed dual has it, and tasks that are alike do not all choose the same people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.assignment.problem import Problem

Ints = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Of each task, (T, K): the annotators, and the value of their answer, minus infinity for nobody;
    and (W,) the most that an answer of each annotator is worth to any task."""

    annotator: NDArray[np.int32]
    value: Array
    most: Array


def best(problem: Problem, price: Array, kept: int, heat: float) -> Candidates:
    """The `kept` best of every task by value less price, drawn at this temperature."""
    kept = min(kept, problem.people)
    annotator = np.empty((problem.tasks, kept), np.int32)
    value = np.empty((problem.tasks, kept), np.float64)
    noise: NDArray[Any] | None = None
    most = np.zeros(problem.people)
    for start, stop, block in problem.blocks():
        if noise is None:       # the same for every block: it repeats only far apart
            noise = (_noise(block.shape) * np.float32(heat) - price).astype(block.dtype) if heat else -price
        most = np.maximum(most, block.max(axis=0))
        drawn = block + noise[:stop - start] if heat else block - price.astype(block.dtype)
        some = np.argpartition(drawn, problem.people - kept, axis=1)[:, problem.people - kept:] \
            if kept < problem.people else np.broadcast_to(np.arange(kept), drawn.shape)
        annotator[start:stop] = some
        value[start:stop] = np.take_along_axis(drawn, some, axis=1) + price[some] if heat else \
            np.take_along_axis(block, some, axis=1)
    return Candidates(annotator, value, most)


def _noise(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Logistic, of temperature 1."""
    even = np.random.default_rng(0).random(shape, np.float32)
    np.clip(even, 1e-6, 1 - 1e-6, out=even)
    return np.asarray(np.log(even / (1 - even)))
