"""What a model says of tasks, from a CSV file: it becomes one more voice in the consensus.

Either one line a task with a column for each label, or lines of task, label and probability (or score, as
`cueloop predict` writes them; what is not told is spread evenly over the other labels). `out_of_fold` may say of a
line whether the model was not trained on the task: where it was, it does not speak.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from console.answers_csv import opened
from cueloop.errors import DataError
from sync.arrays import FloatArray
from sync.observations import Observations
from sync.voice import Voice

TASK, SCORE, USABLE = ("task", "id"), ("probability", "score"), "out_of_fold"


def read(path: Path, seen: Observations) -> Voice:
    """The voice on the observed tasks; lines about other tasks are left out.

    Raises DataError naming file, line and column for what cannot be read, and when no line is about these tasks.
    """
    place = {label: at for at, label in enumerate(seen.labels)}
    position = {str(task): at for at, task in enumerate(seen.tasks)}
    told = np.full((len(seen.tasks), len(seen.labels)), np.nan)
    usable = np.ones(len(seen.tasks), bool)
    known = False
    with opened(path) as lines:
        header = [name.strip() for name in next(lines, [])]
        task, columns = _columns(path, header, place)
        for line in lines:
            row = dict(zip(header, line, strict=False))     # what a short line lacks is empty
            at = position.get(row.get(task, "").strip())
            if at is None:
                continue
            known = True
            usable[at] &= (row.get(USABLE) or "true").strip().lower() not in ("false", "0", "no")
            _tell(f"{path}, line {lines.line_num}", row, columns, place, told[at])
    spoken = ~np.isnan(told).all(1)
    if known and not spoken.any():
        raise DataError(f"{path}: no line is about a label of the answers ({', '.join(list(place)[:5])}).")
    if not spoken.any():
        raise DataError(f"{path}: no line is about a task of the answers. Its tasks must have the same names.")
    return Voice(_filled(path, told, seen.tasks), spoken & usable)


def _columns(path: Path, header: list[str], place: dict[str, int]) -> tuple[str, dict[str, str]]:
    """The task's column, and {label: its column} or {"": "label"} for lines of one label each."""
    lower = {name.lower(): name for name in reversed(header)}
    task = next((lower[name] for name in TASK if name in lower), None)
    if task is None:
        raise DataError(f"{path}, line 1: no column 'task'. The header has: {', '.join(header) or 'nothing'}.")
    wide = {label: label for label in place if label in header}
    score = next((lower[name] for name in SCORE if name in lower), None)
    if "label" in lower and score is not None:
        return task, {"": lower["label"], "score": score}
    if not wide:
        raise DataError(f"{path}, line 1: neither columns 'label' and 'probability' nor one for each label "
                        f"({', '.join(list(place)[:5])}). The header has: {', '.join(header)}.")
    return task, wide


def _tell(where: str, row: dict[str, str], columns: dict[str, str], place: dict[str, int], told: FloatArray) -> None:
    if "" in columns:
        label = row.get(columns[""], "").strip()
        score = _probability(where, columns["score"], row.get(columns["score"]))
        if label in place:      # a label that nobody ever answered is none of the consensus'
            told[place[label]] = score
        return
    for label, column in columns.items():
        told[place[label]] = _probability(where, column, row.get(column))


def _probability(where: str, column: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise DataError(f"{where}, column '{column}': '{text}' is no probability from 0 to 1.")
    return value


def _filled(path: Path, told: FloatArray, tasks: Sequence[object]) -> FloatArray:
    """Rows that sum to one: what was not told is spread evenly over the labels that were not named."""
    named = np.nansum(told, axis=1)
    above = np.flatnonzero(named > 1.001)
    if len(above):
        raise DataError(f"{path}: the probabilities of task '{tasks[int(above[0])]}' sum to {named[above[0]]:.3f}.")
    missing = np.isnan(told)
    share = np.where(missing.any(1), np.maximum(1 - named, 0) / np.maximum(missing.sum(1), 1), 0.0)
    filled = np.where(missing, share[:, None], told)
    total = filled.sum(1, keepdims=True)
    return np.where(total > 0, filled / np.maximum(total, 1e-12), 1 / max(told.shape[1], 1))
