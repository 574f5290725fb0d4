"""Which label is agreed on: alpha of each label against all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from sync.agreement.measured import Agreement, Figure, measured
from sync.agreement.table import Table, paired
from sync.agreement.told import told
from sync.arrays import FloatArray, IntArray

MOST = 200
"""Of more labels than this only the commonest are told."""


def by_label(table: Table, names: tuple[str, ...], *, replicates: int = 1000, seed: int = 0) -> list[dict[str, Any]]:
    """One record a label, in their order: alpha of "this label or not"; `tasks` are those where somebody gave it.

    A task enters by how often it got the label and how many answers it has, so equal ones are resampled together.
    """
    table = paired(table)
    totals = np.zeros(len(names))
    totals[table.position.astype(np.int64)] = table.totals()
    listed = np.sort(np.argsort(-totals, kind="stable")[:MOST])
    sizes, kind = np.unique(table.size, return_inverse=True)
    order = np.argsort(table.label, kind="stable")
    bounds = np.searchsorted(table.position[table.label[order]], np.arange(len(names) + 1))
    records = []
    for at in listed:
        cells = order[bounds[at]:bounds[at + 1]]
        found = _against_others(table.count[cells], kind[table.task[cells]], kind, sizes, replicates, seed)
        records.append({"label": names[at], **told(found)})
    return records


def _against_others(given: FloatArray, kind: IntArray, kinds: IntArray, sizes: FloatArray, replicates: int,
                    seed: int) -> Agreement:
    """Alpha of one label from how often tasks of each size got it (cells), and the sizes of all tasks."""
    tasks, answers = len(given), int(given.sum())
    if not len(kinds):
        return Agreement(None, None, None, 0, 0, "no task has two answers or more")
    if not tasks:
        return Agreement(None, None, None, 0, 0, "nobody gave this label to a task with two answers or more")
    without = np.bincount(kinds, minlength=len(sizes)) - np.bincount(kind, minlength=len(sizes))
    (times, of_kind), like = np.unique(np.stack((given, kind)), axis=1, return_counts=True)
    times = np.concatenate((times, np.zeros(len(sizes))))
    size = np.concatenate((sizes[of_kind.astype(np.int64)], sizes))
    statistics = np.column_stack((times, size, 2 * times * (size - times) / (size - 1)))
    counts = np.concatenate((like, without))
    value = _alpha((counts @ statistics)[None])[0]
    if not np.isfinite(value):
        return Agreement(None, None, None, tasks, answers, "all answers are this label: alpha is not defined")
    whole = Figure(float(value), len(kinds), answers, np.arange(len(counts)), statistics, _alpha)
    found = measured(whole, counts=counts, replicates=replicates, seed=seed)
    return Agreement(found.value, found.low, found.high, tasks, answers, found.reason)


def _alpha(sums: FloatArray) -> FloatArray:
    """Alpha (R,) from answers with the label, all answers, and disagreement (R, 3); NaN if all or none have it."""
    given, answers, disagreeing = sums.T
    expected = 2 * given * (answers - given)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - (answers - 1) * disagreeing / expected, np.nan)
