"""Ratings and labels in order: near misses are near.

The model is in `sync.values.ordinal`. The consensus is the level at the middle of its probabilities, as {"value",
"mean", "low", "high"} with the levels that hold 95 %; levels of labels count from 1. `probability` is the chance of
exactly this level. An annotator's `accuracy` is the chance of the exact level; `details` have the chance of "within
one", their bias (mean signed distance to the others' mean, in levels) and spread. Very fine scales are judged as
numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cueloop.store.consensus import Consensus
from cueloop.types import Control
from sync.arrays import FloatArray, IntArray, incidence, label_counts
from sync.consensus import Fit
from sync.observations import Observations
from sync.outcome import Outcome
from sync.performance import performance
from sync.values import agreement, number
from sync.values.answers import Answers, voting
from sync.values.means import Means, between, offsets, shares, told
from sync.values.ordinal import Ordinal, believed, expect, fit, medians, quantile
from sync.values.outcomes import Known, crowd, qualities, remembered, row, truth_row
from sync.values.showing import text

METHOD = "ordinal-ds"
"""Name of the method in the store."""

LEVELS = 10
"""At most so many levels have a confusion. A finer scale is judged as numbers: on simulated scales of 25 levels that is
a sixth nearer to the truth, on 5 levels confusions are."""

STEPS = 1000
"""A scale with more whole steps than this is known by the levels that were used."""

CELLS = 20_000_000
"""At most so many cells of all annotators' confusions are held."""

METRIC = "krippendorff_alpha"


def judge(control: Control, seen: Observations, *, known: Known | None = None) -> Outcome:
    """Consensus levels, annotators and agreement of ratings, or of labels in the config's order."""
    from sync.agreement.report import agreement_report

    values, warnings = _values(control, seen)
    answers = voting(seen, number.number, values)
    levels, names = _levels(control, answers, known)
    if len(levels) > LEVELS or len(levels) ** 2 * answers.annotators > CELLS:
        return _as_number(control, seen, values, levels, known, warnings)
    place = {level: at for at, level in enumerate(levels)}
    level = np.array([place[value] for value in answers.value], np.int64)
    pinned = np.full(answers.tasks, -1)
    for task, value in answers.truth.items():
        pinned[task] = place[value]
    warnings = (*warnings, *answers.warnings)
    if known is not None:
        posterior, probability = _remembered(answers, level, names, pinned, known)
        return Outcome(control, _consensus(control, answers, level, posterior, probability, levels, names),
                       remembered(seen, known), agreement.not_judged(METRIC, "ordinal", "only some tasks were judged"),
                       warnings)
    found = fit(answers.task, answers.annotator, level, tasks=answers.tasks, annotators=answers.annotators,
                levels=len(levels), pinned=pinned, review=~answers.independent)
    rows = _consensus(control, answers, level, found.posterior, found.probability, levels, names)
    judged, details = _annotators(answers, level, found, pinned, np.array(levels, np.float64), names)
    numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    return Outcome(control, rows, qualities(seen, judged, details, labels=names, confusion=found.confusion,
                                            counts=found.counts),
                   agreement_report(seen, level="ordinal", numbers=numbers), warnings)


def _values(control: Control, seen: Observations) -> tuple[list[float | None], tuple[str, ...]]:
    """The level of each answer, None where it has none; of labels their place in the config's order, from 1."""
    if seen.value:
        low, high = control.scale or (-np.inf, np.inf)
        read = [number.number(value) for value in seen.value]
        return [value if value is not None and low <= value <= high else None for value in read], ()
    order = control.labels or seen.labels
    warnings = () if control.labels else ("the label config names no labels in order: taken as they came",)
    place = {label: float(at) for at, label in enumerate(order, start=1)}
    of_label = [place.get(label) for label in seen.labels]
    return [of_label[at] for at in seen.label.tolist()], warnings


def _levels(control: Control, answers: Answers, known: Known | None) -> tuple[list[float], tuple[str, ...]]:
    """All levels in order, and their names: of the labels, of the scale, or those that were used."""
    if control.type == "Choices" or not answers.seen.value:
        names = control.labels or answers.seen.labels or ("",)
        return [float(at) for at in range(1, len(names) + 1)], tuple(names)
    found = {*answers.value, *answers.truth.values()}
    earlier = next((quality.labels for quality in (known or {}).values() if quality.labels), ())
    found |= {float(name) for name in earlier}
    if control.scale and control.scale[1] - control.scale[0] < STEPS:
        found |= set(np.arange(control.scale[0], control.scale[1] + 0.5).tolist())
    levels = sorted(found) or [0.0]
    return levels, tuple(text("number", level) for level in levels)


def _consensus(control: Control, answers: Answers, level: IntArray, posterior: FloatArray, probability: FloatArray,
               levels: Sequence[float], names: tuple[str, ...]) -> tuple[Consensus, ...]:
    """One row for each task with an answer or a ground truth."""
    middle, low, high = medians(posterior), quantile(probability, 0.025), quantile(probability, 0.975)
    low, high = np.minimum(low, middle), np.maximum(high, middle)
    mean = posterior @ np.array(levels)
    rows = []
    for task, name in enumerate(answers.seen.tasks):
        count = int(answers.per_task[task])
        if not count and task not in answers.truth:
            continue
        told_levels = dict(zip(names, probability[task].tolist(), strict=True))
        value = {"value": levels[middle[task]], "mean": number.short(float(mean[task])),
                 "low": levels[low[task]], "high": levels[high[task]]}
        if task in answers.truth:
            found = truth_row(name, control.name, "rating", value, told_levels, count)
        else:
            found = row(name, control.name, "rating", value, float(probability[task, middle[task]]), told_levels,
                        count, METHOD)
        rows.append(_labelled(found, names[middle[task]]))
    return tuple(rows)


def _labelled(found: Consensus, label: str) -> Consensus:
    from dataclasses import replace

    return replace(found, label=label)


def _annotators(answers: Answers, level: IntArray, found: Ordinal, pinned: IntArray, levels: FloatArray,
                names: tuple[str, ...]) -> tuple[Means, list[dict[str, Any]]]:
    """Accuracy of each annotator, and their chance of "within one", bias and spread, by all others' answers."""
    mine = answers.independent & ((answers.per_task[answers.task] > 1) | (pinned[answers.task] >= 0))
    as_fit = Fit(posterior=found.posterior, probability=found.probability, likelihood=found.posterior,
                 confusion=found.confusion, counts=found.counts, pooled=found.pooled, prior=found.prior,
                 iterations=found.iterations)
    people = performance(answers.task[mine], answers.annotator[mine], level[mine], as_fit,
                         annotators=answers.annotators, pinned=pinned)
    others = np.maximum(found.posterior[answers.task], 1e-300) / np.maximum(
        found.confusion[answers.annotator, :, level], 1e-12)
    others /= others.sum(1, keepdims=True)
    sure = pinned[answers.task] >= 0
    others[sure] = found.posterior[answers.task[sure]]
    near = np.abs(np.arange(len(levels))[None, :] - level[:, None]) <= 1
    within = between(*(shares(answers.annotator, np.where(mine, (chance * near).sum(1), np.nan), answers.annotators,
                              chances=True) for chance in (others, found.posterior[answers.task])))
    bias, spread = offsets(answers.annotator, np.where(mine, levels[level] - others @ levels, np.nan),
                           answers.annotators)
    common = {"crowd": {"levels": list(names), "shares": [round(float(p), 8) for p in found.prior],
                        "pooled": found.pooled.round(6).tolist()}}
    details = [{"bias": told(bias.value[at]), "bias_low": told(bias.low[at]), "bias_high": told(bias.high[at]),
                "spread": told(spread[at]), "within_one": told(within.value[at]),
                "within_one_low": told(within.low[at]), "within_one_high": told(within.high[at]), **common}
               for at in range(answers.annotators)]
    return Means(people.accuracy, people.low, people.high, people.answers), details


def _remembered(answers: Answers, level: IntArray, names: tuple[str, ...], pinned: IntArray,
                known: Known) -> tuple[FloatArray, FloatArray]:
    """Posterior and the probability to believe, by confusions of an earlier run."""
    size = len(names)
    if crowd(known, "levels") != list(names):
        found = fit(answers.task, answers.annotator, level, tasks=answers.tasks, annotators=answers.annotators,
                    levels=size, pinned=pinned, review=~answers.independent)
        return found.posterior, found.probability
    pooled = np.array(crowd(known, "pooled"), np.float64)
    confusion = np.array([known[name].confusion if name in known and known[name].labels == names else pooled
                          for name in answers.seen.annotators], np.float64).reshape(-1, size, size)
    posterior = expect(incidence(answers.task, answers.annotator, level, answers.tasks, answers.annotators, size),
                       confusion, np.array(crowd(known, "shares")))
    probability = believed(posterior, label_counts(answers.task, level, answers.tasks, size))
    for task in np.flatnonzero(pinned >= 0):
        posterior[task] = probability[task] = np.eye(size)[pinned[task]]
    return posterior, probability


def _as_number(control: Control, seen: Observations, values: list[float | None], levels: Sequence[float],
               known: Known | None, warnings: tuple[str, ...]) -> Outcome:
    """A scale too fine for confusions: judged as numbers, each consensus the nearest level."""
    from dataclasses import replace

    found = number.judge(replace(control, kind="number"), replace(seen, value=tuple(values)), known=known)
    scale = np.array(levels, np.float64)

    def snapped(one: Consensus) -> Consensus:
        value = {**one.value, "value": float(scale[np.abs(scale - one.value["value"]).argmin()])}
        name = control.labels[int(value["value"]) - 1] if control.type == "Choices" else text("number", value["value"])
        return replace(one, value=value, label=name)

    warning = f"{len(levels)} levels and {len(seen.annotators)} annotators: judged as numbers"
    return replace(found, control=control, consensus=tuple(map(snapped, found.consensus)),
                   warnings=(*warnings, *found.warnings, warning))
