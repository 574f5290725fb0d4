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
    filled = (filler if v is None else v for v in values)       # one by one: a list among them is one value
    return Column(np.fromiter(filled, dtype=dtype, count=len(values)), known)


def only(column: Column, kinds: tuple[type, ...], dtype: type) -> Column:
    """A column of anything, read as `dtype`: values of other types become unknown.

    True is no number here, although Python would say so.
    """
    if dtype is not object and column.values.dtype == dtype:
        return column
    flat = np.atleast_1d(column.values).tolist()
    fits_of = {kind: issubclass(kind, kinds) and (bool in kinds or kind is not bool) for kind in set(map(type, flat))}
    fits = np.fromiter(map(fits_of.__getitem__, map(type, flat)), bool, len(flat)).reshape(column.values.shape)
    known = column.known & fits
    values = np.where(known, column.values, np.asarray("" if dtype is object else 0, dtype=object))
    return Column(values.astype(dtype), known)


def contains(needle: Column, hay: Column) -> Column:
    """Whether a text holds another, or a list or set an item; unknown where the hay is none of these."""
    needles, hays = np.broadcast_arrays(np.asarray(needle.values, object), np.asarray(hay.values, object))
    held = np.fromiter(map(_held, needles.flat, hays.flat), np.int8, hays.size).reshape(hays.shape)
    return Column(held == 1, needle.known & hay.known & (held >= 0))


def _held(needle: object, hay: object) -> int:
    """1 or 0; -1 where the question has no sense."""
    if isinstance(hay, str):
        return int(needle in hay) if isinstance(needle, str) else -1
    if isinstance(hay, frozenset | set | list | tuple):
        return int(needle in hay)
    return -1


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
