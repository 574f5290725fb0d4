"""Several choices: the consensus is a set of labels.

Each label of a task is true or not (`sync.values.units`), and the set has the labels that are likelier than not. It
is empty only where somebody said so; else the likeliest label is in it. `probability` is the chance that the whole
set is right, labels taken as independent. `accuracy` of an annotator is the mean Jaccard similarity of their sets to
those of the others (of the ground truth where there is one): part of a set is part of a right answer. Agreement is
Krippendorff's alpha with the MASI distance (Passonneau 2006), and a nominal alpha of each label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cueloop.store.consensus import Consensus
from cueloop.types import Control
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations
from sync.outcome import Outcome
from sync.values import agreement, sets
from sync.values.answers import Answers, agreeing, index, voting
from sync.values.binary import by_label
from sync.values.outcomes import Known, qualities, remembered, row, truth_row
from sync.values.set_judges import accuracies, details, likeness, members, remembered_rates
from sync.values.units import UnitFit, Units, fit, units

METHOD = "label-by-label"
"""Name of the method in the store."""

METRIC = "krippendorff_alpha_masi"


def judge(control: Control, seen: Observations, *, known: Known | None = None) -> Outcome:
    """Consensus sets, annotators and agreement of the answers to a control that allows several labels."""
    answers = voting(seen, _set)
    compared = agreeing(answers, _set)
    _, names = index([label for value in compared.value for label in value], control.labels)
    place = {name: at for at, name in enumerate(names)}
    chosen = _chosen(answers, place)
    truth = {task: np.array([place[label] for label in value], np.int64) for task, value in answers.truth.items()}
    split = units(answers, chosen, len(names), truth)
    labels = tuple(names)
    found = fit(split, rates=remembered_rates(known, seen, labels))
    sizes = np.fromiter(map(len, chosen), np.int64, len(chosen))
    rows = _consensus(control, answers, split, found, labels, sizes == 0)
    if known is not None:
        return Outcome(control, rows, remembered(seen, known),
                       agreement.not_judged(METRIC, "set", "only some tasks were judged"), answers.warnings)
    like = likeness(answers, split, found, sizes, sets.jaccard)
    said = chosen if compared is answers else _chosen(compared, place)
    matrix = sets.rows(said, len(labels))
    outside = sorted(set(labels) - set(control.labels))[:5] if control.labels else []
    warnings = (*answers.warnings, *([f"labels that the config does not have: {', '.join(outside)}"]
                                     if outside else []))
    report = agreement.report(
        compared, lambda left, right: 1 - sets.masi(*sets.shared(matrix, left, right)), metric=METRIC, level="set",
        coefficients=_coefficients(compared, matrix), by_label=by_label(compared, said, labels))
    return Outcome(control, rows, qualities(seen, accuracies(answers, like),
                                            details(answers, split, found, labels, like[0])), report, warnings)


def _set(value: Any) -> tuple[str, ...] | None:
    """Distinct labels, sorted; None if it is no list of labels."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(label, str) for label in value):
        return None
    return tuple(sorted(set(value)))


def _chosen(answers: Answers, place: Mapping[str, int]) -> list[IntArray]:
    """Indices of the labels of each answer."""
    return [np.array([place[label] for label in value], np.int64) for value in answers.value]


def _coefficients(answers: Answers, matrix: Any) -> list[dict[str, Any]]:
    """Agreement with Jaccard's distance, and how many pairs of sets are equal."""
    def distance(left: Any, right: Any) -> FloatArray:
        return 1 - sets.jaccard(*sets.shared(matrix, left, right))

    def unequal(left: Any, right: Any) -> FloatArray:
        one, other, both = sets.shared(matrix, left, right)
        return np.asarray((one != both) | (other != both), np.float64)

    return [agreement.coefficient(answers, distance, "krippendorff_alpha_jaccard"),
            agreement.raw(answers, unequal, "percent_exact")]


def _consensus(control: Control, answers: Answers, split: Units, found: UnitFit, names: tuple[str, ...],
               empty: Any) -> tuple[Consensus, ...]:
    """One row for each task with an answer or a ground truth."""
    tasks, size = answers.tasks, answers.per_task
    none = np.bincount(answers.task, empty, tasks) > 0
    inside = members(split, found.choosing, split.task, tasks, ~none)
    sure = np.clip(found.probability, 1e-12, 1 - 1e-12)
    log_set = np.bincount(split.task, np.where(inside, np.log(sure), np.log1p(-sure)), tasks) - found.rest
    log_empty = np.bincount(split.task, np.log1p(-sure), tasks) - found.rest
    chance = np.exp(log_set) / np.where(none, 1.0, np.maximum(1 - np.exp(log_empty), 1e-12))
    by_task: list[list[int]] = [[] for _ in range(tasks)]
    for at, task in enumerate(split.task.tolist()):
        by_task[task].append(at)
    rows = []
    for task, name in enumerate(answers.seen.tasks):
        mine = by_task[task]
        told = {names[split.label[at]]: float(found.probability[at]) for at in mine}
        count = int(size[task])
        if task in answers.truth:
            rows.append(truth_row(name, control.name, "multi", list(answers.truth[task]), told, count))
        elif count:
            value = sorted(names[split.label[at]] for at in mine if inside[at])
            rows.append(row(name, control.name, "multi", value, float(chance[task]), told, count, METHOD))
    return tuple(rows)
