"""What sets of labels say of their annotators: each answer against the set that all others make likely."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.observations import Observations
from sync.values.answers import Answers
from sync.values.means import Means, between, shares
from sync.values.outcomes import Known, crowd, detail
from sync.values.units import Rates, UnitFit, Units, of_others, with_own

Similarity = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""From sizes of two sets and of what they share."""

DRAWS = 8
"""True sets that are drawn for each answer."""

LISTED = 50
"""So many labels, the most used ones, are told one by one."""


def members(units: Units, chance: FloatArray, group: IntArray, groups: int,
            fill: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which items (units or entries) of each group are in its set: those likelier than not; in a group to `fill`
    (groups,) the likeliest one where there is no other. Ties go to the label that comes first."""
    inside = chance > 0.5
    empty = np.bincount(group, inside, groups) == 0
    label = units.label if len(group) == len(units.label) else units.label[units.unit]
    order = np.lexsort((label, -chance, group))
    first = order[np.r_[True, np.diff(group[order]) != 0]] if len(order) else order
    chosen = first[(empty & fill)[group[first]]]
    inside = inside.copy()
    inside[chosen] = True
    return inside


def likeness(answers: Answers, units: Units, found: UnitFit, sizes: IntArray,
             similarity: Similarity) -> tuple[FloatArray, FloatArray]:
    """Expected similarity of each answer's set (`sizes` (N,) members) to the true one; NaN where nobody else says.

    Twice: with the truth as all others see it, and as they and the answer itself do. If the others err by themselves
    the second is right, if the task is hard for everybody the first (see `sync.performance`).
    """
    known = np.zeros(answers.tasks, bool)
    known[list(answers.truth)] = True
    judged = answers.independent & (known[answers.task] | (answers.per_task[answers.task] > 1))
    least = _expected(answers, units, of_others(units, found), sizes, similarity)
    most = _expected(answers, units, with_own(units, found), sizes, similarity)
    return np.where(judged, least, np.nan), np.where(judged, most, np.nan)


def _expected(answers: Answers, units: Units, chance: FloatArray, sizes: IntArray,
              similarity: Similarity) -> FloatArray:
    """Mean similarity over true sets that are drawn from the units' chances (E,): a few draws even out over answers."""
    rng = np.random.default_rng(0)
    count = len(answers.task)
    total = np.zeros(count)
    start = rng.random(len(units.task))
    for draw in range(DRAWS):  # stratified: each unit meets low and high thresholds equally often
        true = ((start + draw / DRAWS) % 1)[units.unit] < chance
        both = np.bincount(units.answer, true & units.chosen, count)
        size = np.bincount(units.answer, true, count)
        total += similarity(np.asarray(sizes, np.float64), np.asarray(size, np.float64), np.asarray(both, np.float64))
    return np.asarray(total / DRAWS)


def accuracies(answers: Answers, like: tuple[FloatArray, FloatArray]) -> Means:
    """Mean similarity of each annotator's answers to the truth: midway between both views, the interval spans both."""
    least, most = (shares(answers.annotator, one, answers.annotators) for one in like)
    return between(least, most)


def details(answers: Answers, units: Units, found: UnitFit, names: tuple[str, ...],
            like: FloatArray) -> list[dict[str, Any]]:
    """Of each annotator: precision, recall, specificity, per label too, and what a later quick run needs."""
    judged = ~np.isnan(like)[units.answer]
    chance, who, label = of_others(units, found)[judged], units.annotator[judged], units.label[units.unit][judged]
    chosen = units.chosen[judged]
    sums = [np.bincount(who, what, answers.annotators) for what in (chance * chosen, chosen, chance)]
    asked = np.bincount(answers.annotator[~np.isnan(like)], minlength=answers.annotators) * max(len(names), 1)
    listed = np.argsort(-units.choices, kind="stable")[:LISTED]
    by_label = [_by_label(answers.annotators, who, label, chance, chosen, int(k)) for k in listed]
    common = {"crowd": crowd_of(found.rates, names, listed)}
    rows = []
    for at in range(answers.annotators):
        hit, said, true = (float(one[at]) for one in sums)
        negative = float(asked[at]) - true
        rows.append({
            "misses": round(float(found.rates.misses[at]), 6), "falses": round(float(found.rates.falses[at]), 6),
            "precision": _ratio(hit, said), "recall": _ratio(hit, true),
            "specificity": _ratio(negative - (said - hit), negative),
            "by_label": [{"label": names[k], "chosen": int(table[1][at]), "precision": _ratio(table[0][at],
                          table[1][at]), "recall": _ratio(table[0][at], table[2][at])}
                         for k, table in zip(listed, by_label, strict=True) if table[1][at] + table[2][at] >= 0.5],
            **common})
    return rows


def _by_label(annotators: int, who: IntArray, label: IntArray, chance: FloatArray, chosen: NDArray[np.bool_],
              k: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per annotator: expected hits, choices, and expected truths of one label."""
    mine = label == k
    who, chance, chosen = who[mine], chance[mine], chosen[mine]
    hits, said, true = (np.bincount(who, what, annotators) for what in (chance * chosen, chosen, chance))
    return hits.astype(np.float64), said.astype(np.float64), true.astype(np.float64)


def _ratio(part: float, whole: float) -> float | None:
    return round(float(min(max(part / whole, 0.0), 1.0)), 6) if whole > 1e-9 else None


def crowd_of(rates: Rates, names: tuple[str, ...], listed: IntArray) -> dict[str, Any]:
    """Labels' rates as JSON: of the `listed` labels one by one, of all others their mean under ''."""
    table = np.column_stack((rates.share, rates.miss, rates.false))
    others = np.setdiff1d(np.arange(len(table)), listed)
    rest = table[others].mean(0) if len(others) else table.mean(0) if len(table) else np.array([0.1, 0.2, 0.01])
    return {"labels": {"": [float(f"{x:.6g}") for x in rest],
                       **{names[k]: [float(f"{x:.6g}") for x in table[k]] for k in listed}}}


def remembered_rates(known: Known | None, seen: Observations, names: tuple[str, ...]) -> Rates | None:
    """Rates as an earlier full run learned them; None when none is known."""
    labels = crowd(known, "labels")
    if not labels:
        return None
    table = np.array([labels.get(name, labels[""]) for name in names], np.float64).reshape(len(names), 3)
    return Rates(table[:, 0], table[:, 1], table[:, 2], detail(known, seen, "misses", 1.0),
                 detail(known, seen, "falses", 1.0))
