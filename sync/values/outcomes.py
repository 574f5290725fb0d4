"""Puts what a kind found into the records that store, command and reports know."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from cueloop.store.consensus import Consensus
from sync.arrays import FloatArray
from sync.observations import Observations
from sync.outcome import AnnotatorQuality
from sync.performance import median_by
from sync.results import TRUTH
from sync.values.means import Means, told
from sync.values.showing import text

Known = Mapping[Hashable, AnnotatorQuality]
"""Annotators' quality from an earlier full run, by which a few tasks are judged quickly."""


def row(task: Any, control: str, kind: str, value: Any, probability: float, probabilities: Mapping[str, float],
        answers: int, method: str, effective: float | None = None) -> Consensus:
    """One task's consensus; `probability` is the chance that `value` is right."""
    sure = round(min(max(float(probability), 0.0), 1.0), 6)
    return Consensus(task, control, text(kind, value)[:200], sure,
                     {str(name): round(float(p), 6) for name, p in probabilities.items()}, answers, method, value,
                     effective=None if effective is None else round(float(effective), 4), wrong=round(1 - sure, 6))


def truth_row(task: Any, control: str, kind: str, value: Any, probabilities: Mapping[str, float],
              answers: int) -> Consensus:
    """A task whose answer somebody declared to be the ground truth."""
    return row(task, control, kind, value, 1.0, probabilities, answers, TRUTH)


def qualities(seen: Observations, judged: Means, details: Sequence[dict[str, Any]], *, labels: tuple[str, ...] = (),
              confusion: FloatArray | None = None, counts: FloatArray | None = None) -> tuple[AnnotatorQuality, ...]:
    """One record for each annotator; `details` gets how many answers the accuracy rests on."""
    given = np.bincount(seen.annotator, minlength=len(seen.annotators))
    seconds = median_by(seen.annotator, seen.seconds, len(seen.annotators))
    return tuple(AnnotatorQuality(
        annotator=name, answers=int(given[at]), accuracy=float(judged.value[at]), low=float(judged.low[at]),
        high=float(judged.high[at]), median_lead_time=told(seconds[at]), labels=labels,
        confusion=() if confusion is None else tuple(map(tuple, confusion[at].round(6).tolist())),
        counts=() if counts is None else tuple(map(tuple, counts[at].round(4).tolist())),
        details={**details[at], "judged": int(judged.count[at])}) for at, name in enumerate(seen.annotators))


def remembered(seen: Observations, known: Known) -> tuple[AnnotatorQuality, ...]:
    """The known quality of those annotators who answered here."""
    return tuple(known[name] for name in seen.annotators if name in known)


def detail(known: Known | None, seen: Observations, name: str, default: float) -> FloatArray:
    """A detail of each of `seen`'s annotators as a full run knew it; the mean of all for anybody new. (W,)"""
    found = {who: quality.details.get(name) for who, quality in (known or {}).items()}
    numbers = {who: float(value) for who, value in found.items() if isinstance(value, (int, float))}
    mean = sum(numbers.values()) / len(numbers) if numbers else default
    return np.array([numbers.get(who, mean) for who in seen.annotators], np.float64)


def crowd(known: Known | None, name: str) -> Any:
    """What a full run learned of the whole crowd: it is kept with every annotator; None if there is nothing."""
    return next((quality.details["crowd"][name] for quality in (known or {}).values()
                 if name in (quality.details.get("crowd") or {})), None)
