"""A column of values of which some are unknown, and logic in which unknown is not true.

Three-valued logic after Kleene: `unknown and false` is false, `unknown or true` is true, all else with an
unknown in it stays unknown. A rule fires where its condition is known to be true.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """One value a task: `values` (T,) of any dtype, or a scalar array, and `known` of the same shape."""

    values: NDArray[Any]
    known: NDArray[Any]

    def true(self, size: int) -> BoolArray:
        """(size,) where a column of truths is known to be true."""
        return np.broadcast_to(self.values.astype(bool) & self.known.astype(bool), (size,)).copy()


Lookup = Callable[[str], Column]
"""Gives the column of a signal by its name."""


def constant(value: object) -> Column:
    """The same known value for every task."""
    array = np.empty((), dtype=object) if isinstance(value, str) else np.asarray(value)
    if isinstance(value, str):
        array[()] = value
    return Column(array, np.asarray(True))


def of(values: Sequence[object], dtype: type) -> Column:
    """A column from Python values; None is unknown."""
    known = np.fromiter((v is not None for v in values), dtype=bool, count=len(values))
    filler: object = "" if dtype is object else 0
    array: NDArray[Any] = np.empty(len(values), dtype=dtype)
    array[:] = [filler if v is None else v for v in values]
    return Column(array, known)


def only(column: Column, kinds: tuple[type, ...], dtype: type) -> Column:
    """A column of anything, read as `dtype`: values of other types become unknown.

    True is no number here, although Python would say so.
    """
    flat = np.atleast_1d(column.values)
    fits = np.fromiter((isinstance(v, kinds) and (bool in kinds or not isinstance(v, bool)) for v in flat),
                       dtype=bool, count=flat.size).reshape(column.values.shape)
    known = column.known & fits
    values = np.where(known, column.values, np.asarray("" if dtype is object else 0, dtype=object))
    return Column(values.astype(dtype), known)


def both(left: Column, right: Column) -> Column:
    """Kleene's and."""
    yes = (left.values & left.known) & (right.values & right.known)
    no = (~left.values & left.known) | (~right.values & right.known)
    return Column(yes, yes | no)


def either(left: Column, right: Column) -> Column:
    """Kleene's or."""
    yes = (left.values & left.known) | (right.values & right.known)
    no = (~left.values & left.known) & (~right.values & right.known)
    return Column(yes, yes | no)
