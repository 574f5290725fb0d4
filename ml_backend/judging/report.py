"""The whole report of a head on held-out tasks, as JSON for the card; finite numbers only.

The consensus's weights teach and do not judge: tasks that people are sure of are the easy ones, and weighting by that
would let them decide. A task counts once, and `doubt` says what share of the truths is probably wrong itself. Where
there is no one truth (`shares`), the distance to people's distribution is told beside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_backend.bundle import Head
from ml_backend.calibration import BINS, Floats, Ints
from ml_backend.dataset import Dataset, Example
from ml_backend.judging import labels
from ml_backend.judging.comparison import LEVEL
from ml_backend.judging.intervals import wilson
from ml_backend.judging.judges import LEAST_JUDGES, judges, said, truths
from ml_backend.judging.paired import shown
from ml_backend.judging.reliability import by_chance, curve
from ml_backend.judging.score import FLOOR, Score, scored
from ml_backend.judging.segments import VALUES
from ml_backend.policy.policy import Policy

DIGITS = 6


def report(head: Head, data: Dataset, policy: Policy) -> dict[str, Any]:
    """Accuracy with interval, macro-F1, labels, confusion, calibration and slices on the held-out part of the data."""
    examples, blind = judges(data)
    probabilities, truth = said(head, data, examples), truths(data, examples)
    if not np.isfinite(probabilities).all():        # the gate refuses it and says why; JSON has no such numbers
        return asdict(Score(0, blind, None, None, None))
    return of(probabilities, truth, data.labels, examples, blind, policy)


def of(
    probabilities: Floats, truth: Ints, names: tuple[str, ...], examples: Sequence[Example], blind: bool,
    policy: Policy,
) -> dict[str, Any]:
    """The same of probabilities (n, K) about the labels `truth` (n,) of n examples."""
    found: dict[str, Any] = asdict(scored(probabilities, truth, blind))
    if not len(truth):
        return found
    first = probabilities.argmax(axis=1)
    counts = labels.confusion(first, truth, len(names))
    macro_low, macro_high = labels.macro_interval(first, truth, len(names))
    onehot = np.eye(len(names))[truth]
    found |= {
        "macro_f1": labels.macro_f1(counts), "macro_f1_low": macro_low, "macro_f1_high": macro_high,
        "brier": float(((probabilities - onehot) ** 2).sum(axis=1).mean()),
        "ece_by_chance": by_chance(probabilities), "doubt": float(np.mean([1 - e.weight for e in examples])),
        "majority": float(counts.sum(axis=1).max() / len(truth)),
        "shows": shown(len(truth), len(truth) // 10, LEVEL),
        "labels": [labels.as_dict(one) for one in labels.figures(counts, names)],
        "confusion": {name: {names[k]: int(n) for k, n in enumerate(row) if n}
                      for name, row in zip(names, counts, strict=True) if row.any()},
        "reliability": {"bins": BINS, "curve": [asdict(one) for one in curve(probabilities, truth)]},
        "slices": {field: _slices(first == truth, [e.fields.get(field, "") for e in examples])
                   for field in policy.gate.slices}}
    shares = [e.shares for e in examples if e.shares is not None]
    if len(shares) == len(examples):
        found["distribution"] = _distribution(probabilities, np.array(shares))
    rounded: dict[str, Any] = _rounded(found)
    return rounded


def _slices(right: NDArray[np.bool_], values: Sequence[str]) -> list[dict[str, Any]]:
    """Each value of a field, the most frequent first; `small`: too few tasks to say much."""
    at, told = np.array(values, dtype=object), []
    for value, count in Counter(values).most_common(VALUES):
        hits = int(right[at == value].sum())
        low, high = wilson(hits, count)
        told.append({"value": value, "tasks": count, "accuracy": hits / count, "low": low, "high": high,
                     "small": count < LEAST_JUDGES})
    return told


def _distribution(probabilities: Floats, shares: Floats) -> dict[str, float]:
    """Distance to people's shares (n, K): total variation (0 to 1) and cross entropy in nats."""
    people = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    log = np.log(np.maximum(probabilities, FLOOR))
    return {"total_variation": float(np.abs(probabilities - people).sum(axis=1).mean() / 2),
            "cross_entropy": float(-(people * log).sum(axis=1).mean())}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value
