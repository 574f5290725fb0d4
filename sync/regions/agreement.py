"""Agreement on regions: pairwise F1 as the headline, beside it what is corrected for chance.

F1 is the chance that a region which one annotator marked was marked by another of the task, too (Hripcsak &
Rothschild 2005: where places that could be marked are countless, kappa tends to the mean pairwise F1). Every answer
counts once, however many others its task has. Reviews are left out: they are not independent (`votes.compared`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.agreement import krippendorff
from sync.agreement.bootstrap import interval
from sync.agreement.measured import measured
from sync.agreement.table import tabulate
from sync.arrays import IntArray
from sync.observations import Observations
from sync.regions import cuts, gamma
from sync.regions.agreed import EMPTY, NOBODY, Base
from sync.regions.gathered import LINES, Regions
from sync.regions.matching import matches
from sync.regions.overlap import Pairs
from sync.regions.votes import compared

Figure = dict[str, Any]

SAME = 1 - 1e-9
"""IoU from which two regions are at the same place."""


def agreement(seen: Observations, regions: Regions, pairs: Pairs, near: Pairs, group: IntArray) -> Figure:
    """Agreement as JSON, in the shape that `sync.agreement.report` gives: `f1` at IoU 0.5, equal labels (`near`).

    Coefficients: `f1`, `f1_exact` (the same place), `f1_place` (labels ignored), `gamma` (spans and segments; with
    `sampling_error`, its standard error from random shifts), `label_alpha` (Krippendorff's alpha of labels among
    regions that mean the same thing, `group`: whether anything is there is not part of it).
    """
    independent = compared(seen)
    size = np.bincount(seen.task[independent], minlength=len(seen.tasks))
    base = Base(regions, independent[regions.answer] & (size[regions.task] > 1), size)
    top = base.figure("f1", near)
    rows = [top, base.figure("f1_exact", matches(regions, pairs, threshold=SAME)),
            base.figure("f1_place", matches(regions, pairs, labelled=False))]
    if regions.kind in LINES:
        rows.append(_gamma(seen, base, independent))
    rows.append(_label_alpha(base, group))
    between, warnings = cuts.by_pair(seen, base, near, independent)
    return {**top, "level": "regions", "coefficients": rows, "by_label": cuts.by_label(base, near),
            "by_pair": between, "by_guideline": _by_guideline(seen, regions, near, independent),
            "over_time": cuts.over_time(seen, base, base.statistics(near)), "warnings": warnings}


def _by_guideline(seen: Observations, regions: Regions, near: Pairs, independent: NDArray[np.bool_]) -> list[Figure]:
    """F1 among answers given under the same version, if there are several."""
    versions = np.unique(seen.guideline[independent])
    found = []
    for version in versions.tolist() if len(versions) > 1 else []:
        use = independent & (seen.guideline == version)
        size = np.bincount(seen.task[use], minlength=len(seen.tasks))
        row = Base(regions, use[regions.answer] & (size[regions.task] > 1), size).figure("f1", near)
        found.append({"guideline": None if version < 0 else version,
                      **{key: one for key, one in row.items() if key != "metric"}})
    return found


def _gamma(seen: Observations, base: Base, independent: NDArray[np.bool_]) -> Figure:
    """Gamma with its interval over tasks, the expected disorder taken as known up to `sampling_error`."""
    paired = np.flatnonzero(base.size > 1)
    counted = {"metric": "gamma", "value": None, "low": None, "high": None, "tasks": len(paired),
               "answers": int(base.size[paired].sum()), "sampling_error": None}
    if not len(paired):
        return counted | {"reason": NOBODY}
    rows = np.flatnonzero(independent & (base.size[seen.task] > 1))
    place = np.full(len(seen.task), -1)
    place[rows] = np.arange(len(rows))
    mine = base.regions.only(np.flatnonzero(base.use), place)
    chance = gamma.expected(mine, seen.task[rows])
    if chance is None or chance[0] <= 0:
        return counted | {"reason": EMPTY}
    number = np.bincount(mine.task, minlength=len(base.size)).astype(np.float64)
    others = np.maximum(base.size - 1, 1)
    disorder = number * gamma.EMPTY - gamma.saved(mine, len(base.size)) / others
    statistics = np.stack([disorder, number], axis=1)[paired]
    low, high = interval(statistics, lambda sums: 1 - sums[:, 0] / (sums[:, 1] * chance[0]))
    ratio = float(disorder.sum() / (number.sum() * chance[0]))
    return counted | {"value": round(1 - ratio, 6), "low": None if low is None else round(low, 6),
                      "high": None if high is None else round(high, 6),
                      "sampling_error": round(ratio * chance[1] / chance[0], 6),
                      "reason": None if low is not None else "too few tasks: no interval"}


def _label_alpha(base: Base, group: IntArray) -> Figure:
    """Krippendorff's alpha of labels, given that two people marked the same thing."""
    use = np.flatnonzero(base.use)
    labels = len(base.regions.labels)
    groups = int(group.max(initial=-1)) + 1
    table = tabulate(group[use], base.regions.label[use], groups, np.arange(labels, dtype=float))
    found = measured(krippendorff.figure(table))
    reason = {"no task has two answers or more": "nothing was marked by two annotators"}.get(
        found.reason or "", found.reason)
    return {"metric": "label_alpha", "value": found.value, "low": found.low, "high": found.high,
            "tasks": found.tasks, "answers": found.answers, "reason": reason}
