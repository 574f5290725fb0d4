"""Agreement on segments and spans beyond chance: gamma (Mathet, Widlöcher & Métivier 2015).

Two annotators' units are aligned at the least disorder: an aligned pair costs its dissimilarity, a unit without
partner `EMPTY`. Dissimilarity is positional, ((|start difference| + |end difference|) / sum of lengths)^2, plus 1 for
different labels, both times `EMPTY`. gamma = 1 - observed / expected disorder; expected is what the same units give
when one annotator's are shifted by a random distance along the whole of the tasks (wrapping round).

This is the pairwise form: the disorder of a task is the mean over its pairs of annotators, where the original aligns
all annotators at once; for two annotators both are the same. Tasks lie one after the other on the line, each as long
as what anybody marked in it (how long the text or recording is, answers do not say: that makes chance a little
better and gamma a little lower than it should be).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.regions.gathered import Regions
from sync.regions.joins import Intervals, joined
from sync.regions.matching import assigned

EMPTY = 1.0
"""Cost of a unit that nobody else has (delta empty)."""

SHIFTS = 40
"""Most random shifts behind the expected disorder."""

FEWEST = 8
"""After so many shifts no more are drawn once they say enough (`ENOUGH`) or cost too much (`WORK`)."""

ENOUGH = 0.005
"""Standard error of the expected disorder, as a share of it."""

WORK = 500_000
"""Pairs of units compared over all shifts: where everything overlaps everything, that is soon reached."""

UNITS = 5_000
"""About so many units are shifted at a time: tasks are sampled beyond."""

FAR = 10.0
"""A first mark so many times the longest marked stretch from 0: numbers do not count from the beginning."""

REACH = 0.21
"""A pair costs less than two units alone only where the units, widened by this share of their length on either side,
overlap: their middles are less than half the root of two times the sum of lengths apart."""


@dataclass(frozen=True, slots=True)
class Units:
    """Where n units lie, in which part of the line, and their labels."""

    start: FloatArray
    end: FloatArray
    part: IntArray
    label: IntArray

    def only(self, which: IntArray) -> Units:
        """These units."""
        return Units(self.start[which], self.end[which], self.part[which], self.label[which])


def dissimilarity(a: Units, b: Units) -> FloatArray:
    """Of each pair of units, row by row. Units without length are at no distance at the same place, else infinitely
    far."""
    apart = np.abs(a.start - b.start) + np.abs(a.end - b.end)
    length = (a.end - a.start) + (b.end - b.start)
    position = np.where(length > 0, apart / np.where(length > 0, length, 1), np.where(apart > 0, np.inf, 0)) ** 2
    return np.asarray((position + (a.label != b.label)) * EMPTY)


def saved(regions: Regions, tasks: int) -> FloatArray:
    """By how much aligning lowers the disorder of each task, summed over pairs of annotators: (T,).

    Without any alignment the disorder of a pair is `EMPTY` times its units.
    """
    units = Units(regions.extent[:, 0], regions.extent[:, 1], regions.block, regions.label)
    left, right, gain = _worth(units, units)
    once = np.flatnonzero(regions.annotator[left] < regions.annotator[right])
    left, right, gain = left[once], right[once], gain[once]
    people = int(regions.annotator.max(initial=0)) + 1
    chosen = assigned(left * people + regions.annotator[right], right * people + regions.annotator[left], gain)
    return np.bincount(regions.task[left[chosen]], gain[chosen], tasks).astype(np.float64)


def expected(regions: Regions, task: IntArray, *, shifts: int = SHIFTS, seed: int = 0) -> tuple[float, float] | None:
    """(disorder a unit that chance gives, its standard error from sampling); None where nobody marked anything.

    `task` (n,) is the task of each answer that counts, `regions.answer` points into it. Each draw takes two annotators
    of every task, as many tasks as `UNITS` allow, and one shift.
    """
    rng = np.random.default_rng(seed)
    found: list[float] = []
    work = 0
    for _ in range(shifts if len(regions) else 0):
        if len(found) >= FEWEST and (work > WORK or _error(found) < ENOUGH * np.mean(found)):
            break
        first, second, length = _lines(regions, task, rng)
        units = len(first.start) + len(second.start)
        if not units:
            continue
        start = (second.start + rng.uniform(0, length)) % length
        moved = Units(start, start + second.end - second.start, second.part, second.label)
        left, right, gain = _worth(first, moved)
        work += len(left)
        found.append((units * EMPTY - gain[assigned(left, right, gain)].sum()) / units)
    if not found:
        return None
    return float(np.mean(found)), _error(found)


def _error(found: list[float]) -> float:
    """Standard error of the mean."""
    return float(np.std(found) / np.sqrt(max(len(found) - 1, 1)))


def _lines(regions: Regions, task: IntArray, rng: np.random.Generator) -> tuple[Units, Units, float]:
    """The units of two annotators of each task, all on one line, and its length."""
    order = np.lexsort((rng.random(len(task)), task))
    new = np.flatnonzero(np.r_[True, np.diff(task[order]) != 0])
    turn = np.empty(len(task), np.int64)
    turn[order] = np.arange(len(task)) - np.repeat(new, np.diff(np.r_[new, len(task)]))
    mine = turn[regions.answer]
    blocks = int(regions.block.max()) + 1
    sampled = rng.permutation(blocks)
    load = np.cumsum(np.bincount(regions.block, mine < 2, blocks)[sampled])
    use = np.zeros(blocks, bool)
    use[sampled[:max(int(np.searchsorted(load, UNITS, side="right")), 1)]] = True
    low, high = np.full(blocks, np.inf), np.full(blocks, -np.inf)
    np.minimum.at(low, regions.block, regions.extent[:, 0])
    np.maximum.at(high, regions.block, regions.extent[:, 1])
    if low.min() <= FAR * (high - low).max():  # the line begins at 0, unless that is far off: times that are dates
        low = np.minimum(low, 0)
    length = np.where(use, high - low, 0.0)
    offset = (np.cumsum(length) - length - low)[regions.block]
    everything = Units(regions.extent[:, 0] + offset, regions.extent[:, 1] + offset,
                       np.zeros(len(regions), np.int64), regions.label)
    one, other = (everything.only(np.flatnonzero((mine == who) & use[regions.block])) for who in (0, 1))
    return one, other, float(max(length.sum(), 1e-9))


def _worth(first: Units, second: Units) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs that cost less aligned than alone, and how much less."""
    found = []
    for left, right in joined(_widened(first), _widened(second)):
        gain = 2 * EMPTY - dissimilarity(first.only(left), second.only(right))
        keep = np.flatnonzero(gain > 0)
        found.append((left[keep], right[keep], gain[keep]))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    left, right, gain = (np.concatenate(column) for column in zip(*found, strict=True))
    return left, right, gain


def _widened(units: Units) -> Intervals:
    more = REACH * (units.end - units.start)
    return Intervals(units.start - more, units.end + more, units.part)
