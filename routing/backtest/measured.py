"""What a run of rules cost and brought, in figures that two runs can be compared by."""

from __future__ import annotations

import numpy as np

from routing.simulate.run import Run
from sync.arrays import FloatArray, IntArray

FIGURES: dict[str, str] = {
    "answers": "answers of people a task",
    "accepted": "share of tasks that the machine decides",
    "accuracy": "share of labels that are right",
    "accepted_error": "share of the machine's labels that are wrong",
    "unfinished": "share of tasks that want people and find nobody left",
    "hours": "hours of people's work per thousand tasks",
    "money": "money for people's work per thousand tasks",
}
"""Name: what it says. NaN where it cannot be told: no machine's label, no times, no rates."""

SHARES = frozenset({"accepted", "accuracy", "accepted_error", "unfinished"})
"""Figures between 0 and 1."""

FEW = 10
"""Labels of the machine below which their error is not told: a share of so few says nothing."""


def measured(run: Run, truth: IntArray, seconds: FloatArray, rate: FloatArray) -> FloatArray:
    """The FIGURES of a run, in their order.

    `truth` (T,) is the right label, `seconds` (T, W) what each answer takes, `rate` (W,) what an hour costs.
    """
    size = max(len(run.kind), 1)
    labelled, accepted = run.label >= 0, run.accepted > 0
    right = run.label == truth
    took = seconds[run.task, run.person]
    wanting = np.array([kind in ("ask", "escalate", "review", "reopen") for kind in run.kind])
    machine = labelled & accepted
    return np.array([
        len(run.task) / size, accepted.mean() if size else np.nan, _mean(right[labelled]),
        _mean(~right[machine]) if machine.sum() >= FEW else np.nan, wanting.mean(), took.sum() / 3600 / size * 1000,
        (took * rate[run.person]).sum() / 3600 / size * 1000])


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if len(values) else float("nan")
