"""Where agreement on regions is lacking: by label, by pair of annotators, by guideline, over time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.observations import Observations
from sync.regions.agreed import Base, ratio
from sync.regions.overlap import Pairs
from sync.told import moment

Figure = dict[str, Any]

DRAWN = 200
"""So many labels, and pairs of annotators, those with most regions, get an interval; all are listed."""

CELLS = 5_000_000
"""Pairs of answers to the same task, above which pairs of annotators are not compared."""

WINDOWS = 8
"""Most windows of time."""

WINDOW_TASKS = 20
"""Fewest tasks in a window of time."""


def by_label(base: Base, matched: Pairs) -> list[Figure]:
    """F1 of each label in use, in their order."""
    regions = base.regions
    use = np.flatnonzero(base.use)
    size = np.bincount(regions.label[use], minlength=len(regions.labels))
    drawn = set(np.argsort(-size, kind="stable")[:DRAWN].tolist())
    near = np.flatnonzero(base.use[matched.left] & base.use[matched.right])
    weight = 2 / np.maximum(base.size[regions.task[matched.left[near]]] - 1, 1)
    task, value = _cells(regions.label[use], regions.task[use], regions.label[matched.left[near]],
                         regions.task[matched.left[near]], weight, len(base.size))
    found = []
    for label, (statistics, tasks) in _split(task, value, len(base.size)).items():
        found.append({"label": regions.labels[label], **ratio(statistics, draw=label in drawn), "tasks": len(tasks)})
    return found


def by_pair(seen: Observations, base: Base, matched: Pairs,
            counted: NDArray[np.bool_]) -> tuple[list[Figure], list[str]]:
    """(F1 of each pair of annotators with tasks in common, warnings)."""
    if int((base.size * (base.size - 1) // 2).sum()) > CELLS:
        return [], ["Too many annotators answered the same tasks: pairs of annotators are not compared."]
    regions, people = base.regions, len(seen.annotators)
    rows = np.flatnonzero(counted)
    one, other = _together(seen.task[rows])
    one, other = rows[one], rows[other]
    marks = np.bincount(regions.answer[base.use], minlength=len(seen.task))
    pair = _pair(seen.annotator[one], seen.annotator[other], people)
    near = np.flatnonzero(base.use[matched.left] & base.use[matched.right])
    left, right = matched.left[near], matched.right[near]
    task, value = _cells(pair, seen.task[one], _pair(regions.annotator[left], regions.annotator[right], people),
                         regions.task[left], np.full(len(near), 2.0), len(base.size),
                         marks[one] + marks[other])
    parts = _split(task, value, len(base.size))
    most = sorted(parts, key=lambda key: (-parts[key][0][:, 1].sum(), key))[:DRAWN]
    drawn = set(most)
    found = []
    for key, (statistics, tasks) in parts.items():
        a, b = divmod(key, people)
        found.append({"annotators": [seen.annotators[a], seen.annotators[b]],
                      **ratio(statistics, draw=key in drawn, empty="neither marked anything in their common tasks"),
                      "tasks": len(tasks)})
    return found, []


def over_time(seen: Observations, base: Base, statistics: FloatArray) -> list[Figure]:
    """F1 of tasks in windows of equal numbers of tasks, by when their last answer came."""
    last = np.full(len(seen.tasks), -np.inf)
    known = ~np.isnan(seen.at)
    np.maximum.at(last, seen.task[known], seen.at[known])
    tasks = np.flatnonzero((base.size > 1) & np.isfinite(last))
    tasks = tasks[np.argsort(last[tasks], kind="stable")]
    windows = min(WINDOWS, len(tasks) // WINDOW_TASKS)
    if windows < 2:
        return []
    return [{"from": moment(last[part[0]]), "to": moment(last[part[-1]]), **_without_metric(base, statistics, part)}
            for part in np.array_split(tasks, windows)]


def _without_metric(base: Base, statistics: FloatArray, tasks: IntArray) -> Figure:
    return {key: one for key, one in base.rated("f1", statistics, tasks).items() if key != "metric"}


def _together(task: IntArray) -> tuple[IntArray, IntArray]:
    """All pairs of rows of the same task."""
    order = np.argsort(task, kind="stable")
    end = np.searchsorted(task[order], task[order], side="right")
    after = end - np.arange(len(task)) - 1
    one = np.repeat(np.arange(len(task)), after)
    other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(after) - after, after)
    return order[one], order[other]


def _pair(one: IntArray, other: IntArray, people: int) -> IntArray:
    return np.asarray(np.minimum(one, other) * people + np.maximum(one, other))


def _cells(key: IntArray, task: IntArray, hit_key: IntArray, hit_task: IntArray, hits: FloatArray, tasks: int,
           marks: IntArray | None = None) -> tuple[IntArray, FloatArray]:
    """(key times `tasks` plus task, (hits, marks)) of every cell that occurs, sorted."""
    cells, place = np.unique(np.concatenate((key * tasks + task, hit_key * tasks + hit_task)), return_inverse=True)
    count = np.ones(len(key)) if marks is None else marks.astype(np.float64)
    return cells, np.stack([np.bincount(place[len(key):], hits, len(cells)),
                            np.bincount(place[:len(key)], count, len(cells))], axis=1)


def _split(cells: IntArray, value: FloatArray, tasks: int) -> dict[int, tuple[FloatArray, IntArray]]:
    """Rows of each key: {key: (values, tasks)}."""
    key, task = np.divmod(cells, max(tasks, 1))
    keys, first = np.unique(key, return_index=True)
    ends = np.append(first, len(key)).tolist()
    return {one: (value[a:b], task[a:b]) for one, (a, b) in zip(keys.tolist(), pairwise(ends), strict=True)}
