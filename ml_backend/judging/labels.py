"""Figures of each label: how much of it is found, how much of what is said to be it is it; with intervals."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ml_backend.calibration import Ints
from ml_backend.judging.intervals import f1, wilson

DRAWS = 400
"""Replicates of the interval of macro-F1."""
SEED = 20_262


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
    value = macro(counts.diagonal(), counts.sum(axis=0) + counts.sum(axis=1))
    return None if np.isnan(value) else value


def macro_interval(said: Ints, truth: Ints, labels: int) -> tuple[float, float]:
    """95 % interval of macro-F1 by drawing the n > 0 tasks anew (Efron 1979), the same for the same tasks.

    No confusion is counted: with ten thousand labels one would have a hundred million cells, in each replicate.
    """
    rng, found = np.random.default_rng(SEED), []
    for _ in range(DRAWS):
        at = rng.integers(0, len(truth), len(truth))
        one, other = said[at], truth[at]
        found.append(macro(np.bincount(one[one == other], minlength=labels),
                            np.bincount(one, minlength=labels) + np.bincount(other, minlength=labels)))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def as_dict(one: OfLabel) -> dict[str, Any]:
    """For a report: `precision`, `precision_low`, `precision_high` and so on."""
    told: dict[str, Any] = {"label": one.label, "tasks": one.tasks, "predicted": one.predicted}
    for name in ("precision", "recall", "f1"):
        share = asdict(getattr(one, name))
        told |= {name: share["value"], f"{name}_low": share["low"], f"{name}_high": share["high"]}
    return told


def macro(hits: Ints, both: Ints) -> float:
    """Macro-F1 of counts (K,): right ones, and those that people or model gave a label to; NaN of no tasks."""
    used = both > 0
    return float((2 * hits[used] / both[used]).mean()) if used.any() else float("nan")


def _share(hits: int, count: int) -> Share:
    return Share(hits / count, *wilson(hits, count)) if count else Share(None, None, None)


def _f1(hits: int, concerned: int) -> Share:
    return Share(*f1(hits, concerned)) if concerned else Share(None, None, None)
