"""Two model versions on the same tasks that people answered blind, whatever made their predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.store.models import ModelVersion
from cueloop.store.predictions import Prediction, of_tasks
from cueloop.types import Control
from ml_backend.calibration import Floats, Ints, ece
from ml_backend.elsewhere import evidence, sayings
from ml_backend.judging.comparison import Comparison, compare, compare_scores
from ml_backend.judging.intervals import wilson
from ml_backend.judging.judges import LEAST_JUDGES


@dataclass(frozen=True, slots=True)
class Pair:
    """n tasks of one single choice with K labels: what people say, and what two versions say."""

    control: Control
    truth: Ints
    one: Floats
    """(n, K) probabilities."""
    other: Floats


def choices(
    conn: sa.Connection, project_id: int, control: Control, one: ModelVersion, other: ModelVersion,
) -> Pair:
    """Both on the tasks that people answered blind, both predicted, and neither was trained on."""
    truths = evidence.read(conn, project_id, control)
    said = [_said(conn, version, control.name, sorted(truths)) for version in (one, other)]
    tasks = [task for task in truths if all(task in by for by in said)]
    place = {label: at for at, label in enumerate(control.labels)}
    truth = np.array([place[truths[task].label] for task in tasks], np.int64)
    return Pair(control, truth, *(_matrix([by[task] for task in tasks], place) for by in said))


def candidate_alone(conn: sa.Connection, project_id: int, control: Control, one: ModelVersion) -> tuple[Floats, Ints]:
    """(n, K) probabilities of one version and (n,) what people say, blind."""
    pair = choices(conn, project_id, control, one, one)
    return pair.one, pair.truth


def regions(
    conn: sa.Connection, project_id: int, control: Control, one: ModelVersion, other: ModelVersion | None,
) -> Comparison:
    """The F1 of two versions' regions on the same tasks; without another one, against marking nothing."""
    truths = evidence.read(conn, project_id, control)
    said = _said(conn, one, control.name, sorted(truths))
    rival = _said(conn, other, control.name, sorted(truths)) if other else {}
    tasks = [task for task in truths if task in said and (other is None or task in rival)]
    agreed = [list(truths[task].regions or ()) for task in tasks]
    new = _f1(control, [said[task].value or [] for task in tasks], agreed)
    old = _f1(control, [rival[task].value or [] if task in rival else [] for task in tasks], agreed)
    return compare_scores(control.name, "the champion" if other else "marking nothing", new, old)


def regions_report(found: Comparison) -> dict[str, Any]:
    """Two versions' regions side by side, as JSON: their F1 on the same tasks."""
    enough = found.tasks >= LEAST_JUDGES
    return {"control": found.control, "tasks": found.tasks, "f1": [
        round(found.accuracy, 6), round(found.rival_accuracy, 6)] if enough else None, "difference": {
        "f1": round(found.accuracy_difference, 6), "error": round(found.accuracy_error, 6)} if enough else None}


def report(pair: Pair) -> dict[str, Any]:
    """Everything that tells two versions apart on one control, as JSON."""
    labels, count = pair.control.labels, len(pair.truth)
    if not count:
        return {"control": pair.control.name, "tasks": 0,
                "reason": "there is no task that people answered blind and that both predicted"}
    first, second = pair.one.argmax(axis=1), pair.other.argmax(axis=1)
    between = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(between, (first, second), 1)
    paired = compare(pair.control.name, "the other", pair.one, pair.other, pair.truth)
    difference = {"accuracy": round(paired.accuracy_difference, 6), "error": round(paired.accuracy_error, 6),
                  "log_score": round(paired.log_difference, 6), "log_error": round(paired.log_error, 6),
                  } if count >= LEAST_JUDGES else None
    return {
        "control": pair.control.name, "tasks": count, "models": [_quality(pair, pair.one), _quality(pair, pair.other)],
        "difference": difference, "agree": round(float((first == second).mean()), 6),
        "labels": [_of_label(pair, number, label, first, second) for number, label in enumerate(labels)],
        "both_wrong": int(((first != pair.truth) & (second != pair.truth)).sum()),
        "said": {label: {to: int(between[a, b]) for b, to in enumerate(labels) if between[a, b]}
                 for a, label in enumerate(labels) if between[a].any()}}


def _quality(pair: Pair, probabilities: Floats) -> dict[str, float]:
    right = int((probabilities.argmax(axis=1) == pair.truth).sum())
    low, high = wilson(right, len(pair.truth))
    return {"accuracy": round(right / len(pair.truth), 6), "low": round(low, 6), "high": round(high, 6),
            "ece": round(ece(probabilities, pair.truth), 6)}


def _of_label(pair: Pair, number: int, label: str, first: Ints, second: Ints) -> dict[str, Any]:
    """Of the tasks that people gave this label, the share that each version got right; None without any."""
    here = pair.truth == number
    count = int(here.sum())
    shares = [round(float((said[here] == number).mean()), 6) if count else None for said in (first, second)]
    return {"label": label, "tasks": count, "right": shares}


def _said(conn: sa.Connection, version: ModelVersion, control: str, tasks: Sequence[int]) -> dict[int, Prediction]:
    return {task: row for task, rows in of_tasks(conn, version.name, version.version, tasks).items() for row in rows
            if row.control == control and row.out_of_fold}


def _matrix(rows: Sequence[Prediction], place: dict[str, int]) -> Floats:
    found = np.zeros((len(rows), len(place)))
    for at, row in enumerate(rows):
        for label, share in row.probabilities.items():
            if label in place:
                found[at, place[label]] = share
    return found


def _f1(control: Control, told: Sequence[Sequence[Any]], agreed: Sequence[Sequence[Any]]) -> Floats:
    """(n,) F1 of each task; where neither side marks anything it is 1."""
    if not told:
        return np.zeros(0)
    hits = np.array([(one == sayings.RIGHT).sum() for one in sayings.matched(control, told, agreed)], np.float64)
    both = np.array([len(a) + len(b) for a, b in zip(told, agreed, strict=True)], np.float64)
    return np.where(both > 0, 2 * hits / np.maximum(both, 1.0), 1.0)
