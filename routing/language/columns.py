"""A column of values of which some are unknown, and logic in which unknown is not true.

Three-valued logic after Kleene: `unknown and false` is false, `unknown or true` is true, all else with an
unknown in it stays unknown. A rule fires where its condition is known to be true.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from operator import is_not
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Column:
    """One value a task: `values` (T,) of any dtype, or a scalar array, and `known` of the same shape.

    Is what it is by identity, so that what is derived from one can be kept as long as it lives.
    """

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
    known = np.fromiter(map(partial(is_not, None), values), dtype=bool, count=len(values))
    filler: object = "" if dtype is object else 0
    filled = (filler if v is None else v for v in values)       # one by one: a list among them is one value
    return Column(np.fromiter(filled, dtype=dtype, count=len(values)), known)


READ: WeakKeyDictionary[Column, dict[type, Column]] = WeakKeyDictionary()
"""What `only` made of a column: many rules read the same field."""


def only(column: Column, kinds: tuple[type, ...], dtype: type) -> Column:
    """A column of anything, read as `dtype`: values of other types, and numbers that are none, become unknown.

    True is no number here, although Python would say so.
    """
    if dtype is not object and column.values.dtype == dtype:
        return column
    made = READ.setdefault(column, {})
    if dtype not in made:
        made[dtype] = _only(column, kinds, dtype)
    return made[dtype]


def _only(column: Column, kinds: tuple[type, ...], dtype: type) -> Column:
    flat = np.atleast_1d(column.values).tolist()
    fits_of = {kind: issubclass(kind, kinds) and (bool in kinds or kind is not bool) for kind in set(map(type, flat))}
    fits = np.fromiter(map(fits_of.__getitem__, map(type, flat)), bool, len(flat)).reshape(column.values.shape)
    known = column.known & fits
    values = np.where(known, column.values, np.asarray("" if dtype is object else 0, dtype=object))
    if dtype is not float:
        return Column(values.astype(dtype), known)
    try:
        numbers = values.astype(float)
    except OverflowError:       # a whole number beyond all floating point
        numbers = np.array([_number(value) for value in values.flat]).reshape(values.shape)
    return Column(numbers, known & np.isfinite(numbers))


def _number(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return inf


def contains(needle: Column, hay: Column) -> Column:
    """Whether a text holds another, or a list or set an item; unknown where the hay is none of these."""
    hays = hay.values.ravel().tolist()
    if needle.values.ndim == 0 and isinstance(needle.values[()], str) and set(map(type, hays)) <= HOLDERS:
        text = needle.values[()]
        held = np.fromiter((text in each for each in hays), bool, len(hays)).reshape(hay.values.shape)
        return Column(held, needle.known & hay.known)
    pairs = np.broadcast(np.asarray(needle.values, object), np.asarray(hay.values, object))
    found = np.fromiter((_held(*pair) for pair in pairs), np.int8, pairs.size).reshape(pairs.shape)
    return Column(found == 1, needle.known & hay.known & (found >= 0))


HOLDERS = {str, frozenset, set, list, tuple}


def _held(needle: object, hay: object) -> int:
    """1 or 0; -1 where the question has no sense."""
    if type(hay) not in HOLDERS or (isinstance(hay, str) and not isinstance(needle, str)):
        return -1
    return int(needle in hay)  # type: ignore[operator]


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
