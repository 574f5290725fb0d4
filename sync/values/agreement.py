"""The agreement of structured answers in the shape that all reports have (`sync.agreement.report` does labels)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.told import moment
from sync.values.answers import Answers, ranks
from sync.values.distances import Distance, Pairs, alpha, pairs
from sync.values.means import offsets, told

LISTED = 200
"""So many pairs of annotators are listed, those with the most common tasks."""

PERIODS = 12
"""At most so many periods are told over time."""

FEW = 20
"""Under so many tasks with two answers the figures are shown with a warning."""


def not_judged(metric: str, level: str, reason: str) -> dict[str, Any]:
    """The report where agreement was not looked at."""
    return {"metric": metric, "level": level, "value": None, "low": None, "high": None, "tasks": 0, "answers": 0,
            "reason": reason, "coefficients": [], "by_label": [], "by_pair": [], "by_guideline": [], "over_time": [],
            "blind": None, "warnings": []}


def report(answers: Answers, distance: Distance, *, metric: str, level: str,
           coefficients: Sequence[dict[str, Any]] = (), by_label: Sequence[dict[str, Any]] = (),
           warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Agreement of all independent answers by their distance (0 to 1). Figures of parts (pairs of annotators,
    guidelines, periods) have the expected distance of all answers."""
    found = pairs(answers, distance)
    value, low, high, reason = alpha(found)
    head = {"metric": metric, "value": told(value), "low": told(low), "high": told(high), "tasks": found.tasks,
            "answers": found.answers, "reason": reason}
    few = [f"only {found.tasks} task(s) have two answers or more: the figures say little"] if (
        0 < found.tasks < FEW) else []
    return {**head, "level": level,
            "coefficients": [head, _similarity(answers, found), *coefficients], "by_label": list(by_label),
            "by_pair": _by_pair(answers, found), "by_guideline": _by_guideline(answers, found),
            "over_time": _over_time(answers, found), "blind": None, "warnings": [*few, *warnings]}


def coefficient(answers: Answers, distance: Distance, metric: str) -> dict[str, Any]:
    """Alpha by another distance, for a report's `coefficients`."""
    found = pairs(answers, distance)
    value, low, high, reason = alpha(found)
    return {"metric": metric, "value": told(value), "low": told(low), "high": told(high), "tasks": found.tasks,
            "answers": found.answers, "reason": reason}


def raw(answers: Answers, distance: Distance, metric: str) -> dict[str, Any]:
    """1 - mean distance of two answers to one task, chance not taken off, for a report's `coefficients`."""
    return {**_similarity(answers, pairs(answers, distance)), "metric": metric}


def _similarity(answers: Answers, found: Pairs) -> dict[str, Any]:
    """Mean similarity of two answers to one task, chance not taken off."""
    part = _part(answers, found, np.zeros(len(found.left), np.int64), 1, chance=1.0)
    return {"metric": "mean_similarity", **part[0], "answers": found.answers}


def _part(answers: Answers, found: Pairs, group: IntArray, groups: int, chance: float) -> list[dict[str, Any]]:
    """1 - mean distance / `chance` in each group of pairs; each task counts once, and the interval is over tasks."""
    task = answers.task[found.left]
    cell, at = np.unique(group * answers.tasks + task, return_inverse=True)
    mean = np.bincount(at, found.distance, len(cell)) / np.maximum(np.bincount(at, minlength=len(cell)), 1)
    means, _ = offsets(cell // max(answers.tasks, 1), mean, groups)
    return [_told_part(means.value[k], means.low[k], means.high[k], int(means.count[k]), chance)
            for k in range(groups)]


def _told_part(value: float, low: float, high: float, tasks: int, chance: float) -> dict[str, Any]:
    if not tasks:
        return {"value": None, "low": None, "high": None, "tasks": 0, "reason": "no task has two answers or more"}
    if chance <= 1e-12:
        return {"value": None, "low": None, "high": None, "tasks": tasks, "reason": "all answers are the same"}
    best = min(1.0, 1 - low / chance)
    return {"value": told(1 - value / chance), "low": told(1 - high / chance), "high": told(best), "tasks": tasks,
            "reason": None if tasks > 1 else "one task: no interval"}


def _by_pair(answers: Answers, found: Pairs) -> list[dict[str, Any]]:
    """Pairs of annotators, most common tasks first."""
    rank = ranks(answers.seen.annotators)
    one, other = rank[answers.annotator[found.left]], rank[answers.annotator[found.right]]
    low, high = np.minimum(one, other), np.maximum(one, other)
    both, at, count = np.unique(low * max(answers.annotators, 1) + high, return_inverse=True, return_counts=True)
    listed = np.lexsort((both, -count))[:LISTED]
    place = np.full(len(both), -1)
    place[listed] = np.arange(len(listed))
    kept = place[at] >= 0
    some = _subset(found, kept)
    parts = _part(answers, some, place[at][kept], len(listed), found.expected)
    names = [answers.seen.annotators[at] for at in np.argsort(rank)]
    return [{"annotators": [names[both[k] // answers.annotators], names[both[k] % answers.annotators]], **part}
            for k, part in zip(listed, parts, strict=True)]


def _by_guideline(answers: Answers, found: Pairs) -> list[dict[str, Any]]:
    """Pairs of answers under one version of the guidelines."""
    one, other = answers.guideline[found.left], answers.guideline[found.right]
    versions, at = np.unique(one[one == other], return_inverse=True)
    parts = _part(answers, _subset(found, one == other), at, len(versions), found.expected)
    return [{"guideline": None if version < 0 else int(version), **part}
            for version, part in zip(versions, parts, strict=True)]


def _over_time(answers: Answers, found: Pairs) -> list[dict[str, Any]]:
    """Periods with equally many pairs of answers, by the later answer of each."""
    later = np.fmax(answers.at[found.left], answers.at[found.right])
    known = ~np.isnan(later)
    when = later[known]
    periods = min(PERIODS, len(when) // FEW)
    if periods < 2:
        return []
    edges = np.unique(np.quantile(when, np.linspace(0, 1, periods + 1)))
    at = np.clip(np.searchsorted(edges, when, side="right") - 1, 0, max(len(edges) - 2, 0))
    if len(edges) < 2:
        return []
    parts = _part(answers, _subset(found, known), at, len(edges) - 1, found.expected)
    return [{"from": moment(edges[k]), "to": moment(edges[k + 1]), **part} for k, part in enumerate(parts)]


def _subset(found: Pairs, kept: FloatArray | IntArray | Any) -> Pairs:
    from dataclasses import replace

    return replace(found, left=found.left[kept], right=found.right[kept], distance=found.distance[kept],
                   weight=found.weight[kept])
