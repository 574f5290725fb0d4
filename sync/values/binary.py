"""Krippendorff's nominal alpha of each label by itself: chosen or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from sync.agreement.bootstrap import interval
from sync.arrays import FloatArray, IntArray
from sync.values.answers import Answers
from sync.values.means import told

LISTED = 100
"""So many labels are told, those chosen most often."""


def by_label(answers: Answers, chosen: list[IntArray], labels: tuple[str, ...]) -> list[dict[str, Any]]:
    """Alpha with its interval of the labels (indices) that each answer chose, in the order of `labels`."""
    answer = np.repeat(np.arange(len(chosen)), [len(one) for one in chosen])
    label = np.concatenate([*chosen, np.empty(0, np.int64)]).astype(np.int64)
    size = np.bincount(answers.task[answers.independent], minlength=answers.tasks)
    kept = answers.independent[answer] & (size[answers.task[answer]] >= 2)
    task, label = answers.task[answer[kept]], label[kept]
    order = np.argsort(label, kind="stable")
    task, label = task[order], label[order]
    used = np.bincount(label, minlength=len(labels))
    listed = np.sort(np.argsort(-used, kind="stable")[:LISTED])
    ends = np.searchsorted(label, np.arange(len(labels) + 1))
    paired = size[size >= 2]
    total, tasks = int(paired.sum()), len(paired)
    found = []
    for k in listed:
        counts = np.bincount(task[ends[k]:ends[k + 1]], minlength=answers.tasks)[size >= 2]
        found.append({"label": labels[k], **_alpha(counts.astype(np.float64), paired, total, tasks)})
    return found


def _alpha(counts: FloatArray, size: IntArray, total: int, tasks: int) -> dict[str, Any]:
    """From how many of the answers (`size`) to each task chose the label."""
    if not tasks:
        return _none(0, "no task has two answers or more")
    if counts.sum() in (0, total):
        return _none(tasks, "chosen always or never: alpha is not defined")
    disagreeing = 2 * counts * (size - counts) / (size - 1)
    sums = np.array([[disagreeing.sum(), counts.sum(), total]])
    statistics = np.column_stack((disagreeing, counts, size)).astype(np.float64)
    low, high = interval(statistics, _of_sums, replicates=300)
    return {"value": told(float(_of_sums(sums)[0])), "low": None if low is None else told(low),
            "high": None if high is None else told(high), "tasks": tasks,
            "reason": None if low is not None else "too few tasks with both answers: no interval"}


def _of_sums(sums: FloatArray) -> FloatArray:
    disagreeing, yes, total = sums.T
    return np.asarray(1 - disagreeing * (total - 1) / (2 * yes * (total - yes)))


def _none(tasks: int, reason: str) -> dict[str, Any]:
    return {"value": None, "low": None, "high": None, "tasks": tasks, "reason": reason}
