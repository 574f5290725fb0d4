"""All regions of all answers as arrays: what matching, consensus and agreement work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueloop.types import Control
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations

LINES = ("spans", "segments")
"""Kinds whose regions have a start and an end."""


@dataclass(frozen=True, slots=True)
class Regions:
    """R regions in an order that depends on nothing but themselves: by task, unit, place, label, annotator.

    `answer` is the row of `Observations`, `block` the (task, unit) it lies in, numbered densely. `extent` is (R, 2)
    start and end, or (R, 4) left, top, right, bottom (of polygons and rotated boxes: their bounds). `shape` has the
    shapely geometry where the extent is not the shape itself, else None. `value` is the canonical JSON.
    """

    kind: str
    answer: IntArray
    task: IntArray
    annotator: IntArray
    block: IntArray
    label: IntArray
    extent: FloatArray
    shape: NDArray[np.object_]
    value: tuple[Mapping[str, Any], ...]
    labels: tuple[str, ...]
    frames: bool = False
    """The end is the last frame and belongs to the segment: extents count to the end of it."""

    def __len__(self) -> int:
        return len(self.answer)

    def only(self, which: IntArray, answer: IntArray) -> Regions:
        """These regions (sorted positions), with answers renumbered: `answer` has the new number of each."""
        _, block = np.unique(self.block[which], return_inverse=True)
        return replace(
            self, answer=answer[self.answer[which]], task=self.task[which], annotator=self.annotator[which],
            block=block, label=self.label[which], extent=self.extent[which], shape=self.shape[which],
            value=tuple(self.value[at] for at in which.tolist()))


def gather(control: Control, seen: Observations, use: NDArray[np.bool_] | None = None) -> Regions:
    """The regions of the answers in `use` (N,), all by default. Equal regions of one answer count once.

    Labels are the control's, then others found, sorted. Raises ValueError where answers have no values, and
    KeyError for a value that is not of `sync.kinds`.
    """
    if len(seen.value) != len(seen.task):
        raise ValueError(f"{len(seen.task)} answers have {len(seen.value)} values, but regions need one each")
    wanted = range(len(seen.task)) if use is None else np.flatnonzero(use).tolist()
    rows = [(n, region) for n in wanted for region in (seen.value[n] or ())]
    found = {str(region["label"]) for _, region in rows}
    names = tuple(dict.fromkeys([*control.labels, *sorted(found)]))
    place = {name: at for at, name in enumerate(names)}
    frames = control.shows == "Video" and control.kind == "segments"
    answer = np.array([n for n, _ in rows], np.int64)
    label = np.array([place[str(region["label"])] for _, region in rows], np.int64)
    extent, shape = _extents(control.kind, [region for _, region in rows], frames)
    task, annotator = seen.task[answer], seen.annotator[answer]
    unit = _units([region.get("unit", 0) for _, region in rows])
    rank = np.argsort(np.argsort(np.array([str(one) for one in seen.annotators]), kind="stable"), kind="stable")
    order = np.lexsort((rank[annotator], label, *extent.T[::-1], unit, task))
    order = order[_first_of_equals([task, unit, annotator, label, *extent.T], shape, order)]
    task, unit = task[order], unit[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(task) != 0) | (np.diff(unit) != 0)
    return Regions(control.kind, answer[order], task, annotator[order], np.cumsum(new) - 1, label[order],
                   extent[order], shape[order], tuple(rows[n][1] for n in order.tolist()), names, frames)


def _first_of_equals(columns: Sequence[NDArray[Any]], shape: NDArray[np.object_], order: IntArray) -> IntArray:
    """Positions in `order` without those that repeat another region of the same answer."""
    if not len(order):
        return order
    keys = np.stack([np.asarray(column, np.float64)[order] for column in columns], axis=1)
    shaped = np.array([one is not None for one in shape[order]])
    _, first = np.unique(keys, axis=0, return_index=True)
    return np.union1d(first, np.flatnonzero(shaped))


def _units(units: Sequence[Any]) -> IntArray:
    """Units as numbers in an order of their own: numbers by value, paths of HyperText by name after them."""
    ordered = sorted(set(units), key=lambda one: (isinstance(one, str), str(one) if isinstance(one, str) else one))
    place = {one: at for at, one in enumerate(ordered)}
    return np.array([place[one] for one in units], np.int64)


def _extents(kind: str, regions: Sequence[Mapping[str, Any]],
             frames: bool) -> tuple[FloatArray, NDArray[np.object_]]:
    shape = np.full(len(regions), None, object)
    if kind in LINES:
        pairs = [(region["start"], region["end"]) for region in regions]
        extent: FloatArray = np.array(pairs, np.float64).reshape(-1, 2)
        extent[:, 1] += frames
        return extent, shape
    if kind == "boxes":
        box = np.array([(r["x"], r["y"], r["width"], r["height"]) for r in regions], np.float64).reshape(-1, 4)
        extent = np.concatenate((box[:, :2], box[:, :2] + box[:, 2:]), axis=1)
        special = [n for n, region in enumerate(regions) if region.get("rotation", 0) % 360]
    else:
        extent = np.zeros((len(regions), 4))
        special = list(range(len(regions)))
    if special:
        from sync.regions.shapes import bounds, shapes

        shape[special] = shapes([regions[n] for n in special])
        extent[special] = bounds(shape[special])
    return extent, shape
