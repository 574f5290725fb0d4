"""Figures of each label: how much of it is found, how much of what is said to be it is it; with intervals."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ml_backend.calibration import Floats, Ints
from ml_backend.judging.intervals import f1, wilson

DRAWS = 400
"""Replicates of the interval of macro-F1."""
SEED = 20_262
CELLS = 4_000_000
"""Cells of confusions held at a time while drawing."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval; None: there is nothing it could be a share of."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class OfLabel:
    """One label on n judged tasks."""

    label: str
    tasks: int
    """People gave it to so many."""
    predicted: int
    """The model did."""
    precision: Share
    recall: Share
    f1: Share


def confusion(said: Ints, truth: Ints, labels: int) -> Ints:
    """(K, K) counts: row what people say, column what the model says; of n tasks (n,), (n,)."""
    found: Ints = np.bincount(truth * labels + said, minlength=labels * labels).reshape(labels, labels)
    return found


def figures(counts: Ints, labels: tuple[str, ...]) -> list[OfLabel]:
    """Of each label, from a confusion (K, K)."""
    hits, tasks, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    return [OfLabel(label, int(tasks[k]), int(predicted[k]), _share(int(hits[k]), int(predicted[k])),
                    _share(int(hits[k]), int(tasks[k])), _f1(int(hits[k]), int(tasks[k] + predicted[k] - hits[k])))
            for k, label in enumerate(labels)]


def macro_f1(counts: Ints) -> float | None:
    """Mean F1 of the labels that people or model gave, from a confusion (K, K); None of no tasks."""
    value = _macro(counts[None].astype(np.float64))[0]
    return None if np.isnan(value) else float(value)


def macro_interval(said: Ints, truth: Ints, labels: int) -> tuple[float, float]:
    """95 % interval of macro-F1 by drawing the n > 0 tasks anew (Efron 1979), the same for the same tasks."""
    rng = np.random.default_rng(SEED)
    cell, count = truth * labels + said, len(truth)
    found: list[Floats] = []
    for start in range(0, DRAWS, step := max(1, CELLS // (labels * labels))):
        drawn = [np.bincount(cell[rng.integers(0, count, count)], minlength=labels * labels)
                 for _ in range(min(step, DRAWS - start))]
        found.append(_macro(np.array(drawn, np.float64).reshape(-1, labels, labels)))
    low, high = np.quantile(np.concatenate(found), [0.025, 0.975])
    return float(low), float(high)


def as_dict(one: OfLabel) -> dict[str, Any]:
    """For a report: `precision`, `precision_low`, `precision_high` and so on."""
    told: dict[str, Any] = {"label": one.label, "tasks": one.tasks, "predicted": one.predicted}
    for name in ("precision", "recall", "f1"):
        share = asdict(getattr(one, name))
        told |= {name: share["value"], f"{name}_low": share["low"], f"{name}_high": share["high"]}
    return told


def _macro(counts: Floats) -> Floats:
    """(B,) of confusions (B, K, K); NaN of one without tasks."""
    hits = counts.diagonal(axis1=1, axis2=2)
    both = counts.sum(axis=1) + counts.sum(axis=2)
    used = both > 0
    found: Floats = np.where(used, 2 * hits / np.maximum(both, 1.0), 0.0).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(found / used.sum(axis=1), np.float64)


def _share(hits: int, count: int) -> Share:
    return Share(hits / count, *wilson(hits, count)) if count else Share(None, None, None)


def _f1(hits: int, concerned: int) -> Share:
    return Share(*f1(hits, concerned)) if concerned else Share(None, None, None)
