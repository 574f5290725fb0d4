"""What is to be assigned, checked: values by blocks of tasks, places of annotators, answers wanted of tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[Any]
Ints = NDArray[np.int64]

Blocks = Callable[[int, int], Any]
"""`value(start, stop)` or `allowed(start, stop)`: (W, stop - start) of these tasks, the same at every call."""

BLOCK = 1 << 20
"""Values looked at in one go: 4 MB of float32, which the processor's cache holds."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One assignment; `capacity` (W,) and `overlap` (T,)."""

    value: Floats | Blocks
    capacity: Ints
    overlap: Ints
    allowed: NDArray[np.bool_] | Blocks | None

    @property
    def tasks(self) -> int:
        """How many tasks."""
        return len(self.overlap)

    @property
    def people(self) -> int:
        """How many annotators."""
        return len(self.capacity)

    def block(self, start: int, stop: int) -> Floats:
        """(stop - start, W) values of these tasks, a copy; minus infinity where an answer is not to be asked for:
        not allowed, no place at all, or of negative value. Raises ValueError for what is no number."""
        shape = (self.people, stop - start)
        value = self.value(start, stop) if callable(self.value) else self.value[:, start:stop]
        found = np.array(_part(value, shape, "value", start, stop).T, order="C",
                         dtype=None if np.asarray(value).dtype in (np.float32, np.float64) else np.float64)
        if np.isnan(found).any() or np.isposinf(found).any():
            at = np.argwhere(~(found < np.inf))[0]
            raise ValueError(f"the value of annotator {at[1]} for task {start + at[0]} is {found[tuple(at)]}: "
                             "give a number, and forbid a pair by `allowed`")
        found[:, self.capacity == 0] = -np.inf
        found[found < 0] = -np.inf
        if self.allowed is not None:
            allowed = self.allowed(start, stop) if callable(self.allowed) else self.allowed[:, start:stop]
            found[~_part(allowed, shape, "allowed", start, stop).astype(bool, copy=False).T] = -np.inf
        return found

    def blocks(self) -> Iterator[tuple[int, int, Floats]]:
        """(start, stop, values) of all tasks."""
        step = max(1, BLOCK // max(self.people, 1))
        for start in range(0, self.tasks, step):
            stop = min(start + step, self.tasks)
            yield start, stop, self.block(start, stop)


def _part(found: Any, shape: tuple[int, int], what: str, start: int, stop: int) -> Floats:
    part = np.asarray(found)
    if part.shape != shape:
        raise ValueError(f"`{what}({start}, {stop})` must have shape {shape} (annotators, tasks), and has {part.shape}")
    return part


def checked(value: ArrayLike | Blocks, capacity: ArrayLike, overlap: ArrayLike,
            allowed: ArrayLike | Blocks | None) -> Problem:
    """The problem, with its shapes checked. Raises ValueError."""
    places = _whole(capacity, "capacity")
    if places.ndim != 1:
        raise ValueError(f"`capacity` must hold one number for each annotator, and has shape {places.shape}")
    wanted = _whole(overlap, "overlap")
    matrix: Floats | Blocks = value if callable(value) else np.asarray(value)
    if not callable(matrix):
        if matrix.ndim != 2 or matrix.shape[0] != len(places):
            raise ValueError(f"`value` must be annotators by tasks, ({len(places)}, tasks) by `capacity`, and has "
                             f"shape {matrix.shape}")
        if wanted.ndim == 0:
            wanted = np.full(matrix.shape[1], wanted)
        if wanted.shape != (matrix.shape[1],):
            raise ValueError(f"`overlap` must be one number, or one for each of {matrix.shape[1]} tasks, and has shape "
                             f"{wanted.shape}")
    elif wanted.ndim != 1:
        raise ValueError("where `value` is a function, `overlap` must hold one number for each task: it says how many")
    may: NDArray[np.bool_] | Blocks | None = allowed if allowed is None or callable(allowed) \
        else np.asarray(allowed, bool)
    if may is not None and not callable(may) and may.shape != (len(places), len(wanted)):
        raise ValueError(f"`allowed` must have shape {(len(places), len(wanted))} (annotators, tasks), and has "
                         f"{may.shape}")
    return Problem(matrix, np.minimum(places, len(wanted)), np.minimum(wanted, len(places)), may)


def _whole(numbers: ArrayLike, what: str) -> Ints:
    found = np.asarray(numbers)
    if found.dtype.kind not in "iubf" or not np.isfinite(found).all() or (found != np.floor(found)).any():
        raise ValueError(f"`{what}` must be whole numbers")
    if (found < 0).any():
        raise ValueError(f"`{what}` must not be negative: the first at {tuple(np.argwhere(found < 0)[0].tolist())}")
    return found.astype(np.int64)
