"""Numbers: the consensus is a value with an interval.

The model is in `sync.values.normal`: each annotator has a bias and a spread. A consensus is {"value", "mean", "low",
"high"} with a 95 % interval. An answer counts as right when it is within one typical error (the crowd's) of the true
value: that is an annotator's `accuracy` (about two thirds for the average one) and, for the consensus, its
`probability`: .68 with one average answer, .9 with three. A scale in the label config bounds consensus and interval.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cueloop.store.consensus import Consensus
from cueloop.types import Control
from sync.arrays import FloatArray
from sync.observations import Observations
from sync.outcome import Outcome
from sync.values import agreement
from sync.values.answers import Answers, voting
from sync.values.means import Means, between, shares, told
from sync.values.normal import AS_NORMAL, Normal, People, fit
from sync.values.outcomes import Known, crowd, detail, qualities, remembered, row, truth_row

METHOD = "robust-normal"
"""Name of the method in the store."""

METRIC = "krippendorff_alpha"

LEAST_ERROR = 1e-7
"""A deviation of numbers, as a share of the typical error, below which a value is exact."""


def judge(control: Control, seen: Observations, *, known: Known | None = None) -> Outcome:
    """Consensus values, annotators and agreement of the answers to a numeric control."""
    from sync.agreement.report import agreement_report

    answers = voting(seen, number)
    values = np.array(answers.value, np.float64)
    truth = np.full(answers.tasks, np.nan)
    for task, value in answers.truth.items():
        truth[task] = value
    people = _people(known, seen)
    found = fit(answers.task, answers.annotator, values, tasks=answers.tasks, annotators=answers.annotators,
                truth=truth, people=people, review=~answers.independent)
    rows = consensus(control, answers, found, tolerance(found))
    if known is not None:
        return Outcome(control, rows, remembered(seen, known),
                       agreement.not_judged(METRIC, "interval", "only some tasks were judged"), answers.warnings)
    numbers = np.array([np.nan if (read := number(value)) is None else read for value in seen.value], np.float64)
    return Outcome(control, rows, qualities(seen, accuracies(answers, values, found), details(found)),
                   agreement_report(seen, level="interval", numbers=numbers), answers.warnings)


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        return None
    return float(value)


def tolerance(found: Normal) -> float:
    """Within this of the true value an answer is right."""
    return found.typical * AS_NORMAL


def consensus(control: Control, answers: Answers, found: Normal, within: float) -> tuple[Consensus, ...]:
    """One row for each task with an answer or a ground truth."""
    low, high = control.scale or (-np.inf, np.inf)
    middle, half = np.clip(found.value, low, high), 1.96 * found.sd
    below, above = np.clip(found.value - half, low, high), np.clip(found.value + half, low, high)
    chance = _within(found.sd, np.zeros(len(half)), within)
    rows = []
    for task, name in enumerate(answers.seen.tasks):
        count = int(answers.per_task[task])
        if task in answers.truth:
            known = answers.truth[task]
            rows.append(truth_row(name, control.name, control.kind, dict.fromkeys(KEYS, known), {}, count))
        elif count:
            value = {key: short(float(one[task])) for key, one in zip(KEYS, (middle, middle, below, above),
                                                                      strict=True)}
            rows.append(row(name, control.name, control.kind, value, float(chance[task]), {}, count, METHOD,
                            float(found.worth[task])))
    return tuple(rows)


KEYS = ("value", "mean", "low", "high")
"""Of the consensus of a number or a rating."""


def short(value: float) -> float:
    """Eight significant digits: what a consensus is told with."""
    return float(f"{value:.8g}") + 0.0


def accuracies(answers: Answers, values: FloatArray, found: Normal) -> Means:
    """How often each annotator is within the tolerance of the truth, as the others see it and with their own say."""
    judged = answers.independent & ~np.isnan(found.others)
    least = _within(found.others_sd, values - found.others, tolerance(found))
    most = _within(found.sd[answers.task], values - found.value[answers.task], tolerance(found))
    return between(*(shares(answers.annotator, np.where(judged, one, np.nan), answers.annotators, chances=True)
                     for one in (least, most)))


def details(found: Normal) -> list[dict[str, Any]]:
    """Bias with its 95 % interval and spread of each annotator, in units of the control."""
    common = {"crowd": {"typical": found.typical, "biases": found.biases}}
    half = 1.96 * found.bias_sd
    return [{"bias": told(found.bias[at]), "bias_low": told(found.bias[at] - half[at]),
             "bias_high": told(found.bias[at] + half[at]), "spread": told(found.spread[at] * AS_NORMAL), **common}
            for at in range(len(found.bias))]


def _within(sd: FloatArray, apart: FloatArray, tolerance: float) -> FloatArray:
    """Chance that the truth, normal around a point `apart` from the answer, is within the tolerance of it."""
    from scipy.special import ndtr

    sd = np.maximum(sd, max(LEAST_ERROR * tolerance, 1e-300))
    return np.asarray(ndtr((tolerance * (1 + LEAST_ERROR) - apart) / sd)
                      - ndtr((-tolerance * (1 + LEAST_ERROR) - apart) / sd))


def _people(known: Known | None, seen: Observations) -> People | None:
    typical, biases = crowd(known, "typical"), crowd(known, "biases")
    if typical is None or biases is None:
        return None
    return People(detail(known, seen, "bias", 0.0), detail(known, seen, "spread", typical * AS_NORMAL) / AS_NORMAL,
                  typical, biases)
