"""Any, all and count over the regions of each task, on one flat column of all regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from routing.language import columns
from routing.language.columns import BoolArray, Column, Lookup


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """The R regions of T tasks in one row."""

    items: list[Mapping[str, Any]]
    task: NDArray[np.intp]
    """(R,) which task each belongs to."""
    known: BoolArray
    """(T,) tasks whose regions are known; the others have none here."""
    read: dict[str, Column] = field(default_factory=dict)
    """Properties (R,) that were read so far."""

    def sums(self, which: BoolArray) -> NDArray[np.intp]:
        """(T,) regions of each task among those of which `which` (R,) is true."""
        return np.bincount(self.task[which], minlength=self.known.size)

    def count(self) -> Column:
        """(T,) regions of each task."""
        return Column(np.bincount(self.task, minlength=self.known.size).astype(float), self.known)


FLAT: WeakKeyDictionary[Column, Flat] = WeakKeyDictionary()
"""A column is flattened once, however many rules look at its regions."""


def flatten(column: Column) -> Flat:
    """From a column (T,) of tuples of mappings."""
    if column not in FLAT:
        known = np.atleast_1d(column.known).astype(bool)
        lists = np.atleast_1d(column.values)[known].tolist()
        counts = np.zeros(known.size, np.intp)
        counts[known] = np.fromiter(map(len, lists), np.intp, len(lists))
        FLAT[column] = Flat(list(chain.from_iterable(lists)), np.repeat(np.arange(known.size), counts), known)
    return FLAT[column]


def lookup(flat: Flat, tasks: Lookup) -> Lookup:
    """Columns (R,): fields of the task by `task.FIELD`, any other name is a property of the region."""
    def column(name: str) -> Column:
        if name.startswith("task."):
            of_task = tasks(name)
            if of_task.values.ndim == 0:
                return of_task
            return Column(of_task.values[flat.task], of_task.known[flat.task])
        if name not in flat.read:
            flat.read[name] = _property(flat.items, name)
        return flat.read[name]

    return column


def _property(items: list[Mapping[str, Any]], name: str) -> Column:
    found = columns.of([region.get(name) for region in items], object)
    if name == "score":
        return columns.only(found, (int, float), float)
    return columns.only(found, (str,), object) if name == "label" else found


def some(flat: Flat, truth: Column) -> Column:
    """(T,) whether it is true of any region: true if it is of one, whatever is unknown of others."""
    yes, no = _split(flat, truth)
    found = flat.sums(yes) > 0
    return Column(found, flat.known & (found | (flat.sums(~yes & ~no) == 0)))


def every(flat: Flat, truth: Column) -> Column:
    """(T,) whether it is true of all regions: false if it is of one, whatever is unknown of others."""
    yes, no = _split(flat, truth)
    broken = flat.sums(no) > 0
    return Column(~broken, flat.known & (broken | (flat.sums(~yes & ~no) == 0)))


def number(flat: Flat, truth: Column) -> Column:
    """(T,) of how many regions it is true; unknown where it is unknown of any."""
    yes, no = _split(flat, truth)
    return Column(flat.sums(yes).astype(float), flat.known & (flat.sums(~yes & ~no) == 0))


def _split(flat: Flat, truth: Column) -> tuple[BoolArray, BoolArray]:
    """(R,) where it is known to be true, and where it is known to be false."""
    values, known = (np.broadcast_to(part, flat.task.shape).astype(bool) for part in (truth.values, truth.known))
    return known & values, known & ~values
