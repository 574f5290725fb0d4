"""What the labels cost: people's time and the machine's, per answer, label and accurate label, beside by hand; pure.

The cost per accurate label is everything spent on finished tasks (people, rechecks, machine) over the expected number
of accurate labels: calibrated probabilities of people's labels, and of the machine's either its blind audits or its
calibrated scores. Its interval comes from resampling finished tasks (Efron and Tibshirani 1993), so that time and
accuracy vary together, and from drawing which labels are right and how good the machine is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sync.agreement.bootstrap import resampled
from sync.arrays import FloatArray
from sync.flow.automation import FEWEST_AUDITS, Audit
from sync.flow.decided import Finished
from sync.flow.rates import Rates
from sync.flow.sample import KINDS, Sample
from sync.told import rounded

FEWEST = 20
"""Finished tasks below which no interval is told."""
REPLICATES, SEED = 1_000, 7


@dataclass(frozen=True, slots=True)
class Given:
    """Everything that the costs are computed from. `people`, `rechecks` and `machine` are the units spent in all
    (None: unknown), `answers` those of people. `hand` is (answers a task, accuracy) of uniform overlap, 0 answers where
    none reaches it, or why it is unknown."""

    rates: Rates
    finished: Finished
    sample: Sample
    audits: Sequence[Audit]
    people: float | None
    rechecks: float | None
    machine: float | None
    answers: int
    hand: tuple[int, float] | str


@dataclass(frozen=True, slots=True)
class Draws:
    """Replicates, the point itself in the first place: cost of people on finished tasks, accurate labels, cost of a
    plain answer. (R + 1,)"""

    spent: FloatArray
    right: FloatArray
    plain: FloatArray


def cost(given: Given) -> dict[str, Any]:
    """The figures per answer, per finished label and per accurate label, the split, by hand and the saving."""
    done, labels = given.finished, given.finished.people_labels + given.finished.machine_labels
    told: dict[str, Any] = {
        "unit": given.rates.unit, "reason": given.rates.reason,
        "labels": {"by_people": done.people_labels, "by_machine": done.machine_labels, "accurate": None,
                   "machine_accuracy_from": "audit" if _audited(given) else "score"},
        "per_answer": _one(given.people, given.answers,
                           _untimed(given) or (None if given.answers else "nobody has answered yet"))}
    right = done.people_right + done.machine_right
    why = _untimed(given) or (None if labels and right > 0 else "no task is finished yet")
    if not why and done.people_tasks and not len(given.sample.labels):
        why = "no finished task could be looked at"
    if why:
        return told | {"per_label": _none(why), "per_accurate_label": _none(why), "split": None,
                       "by_hand": _none(why), "saving": _none(why)}
    draws = draw(given)
    fixed = (given.rechecks or 0.0) + (given.machine or 0.0)
    few = done.people_tasks < FEWEST and f"an interval needs {FEWEST} tasks that people finished"
    each = (draws.spent + fixed) / np.maximum(draws.right, 1e-9)
    told["labels"]["accurate"] = rounded(draws.right[0], 6)
    return told | {
        "per_label": _told((draws.spent + fixed) / labels, few), "per_accurate_label": _told(each, few),
        "split": split(given), **by_hand(given, draws, each, few)}


def draw(given: Given) -> Draws:
    """Resample the sampled tasks. Where they are part of all finished tasks, deviations shrink as with all of them."""
    one, done = given.sample, given.finished
    rows = np.column_stack((one.cost.sum(1), one.right, one.doubt, one.plain_cost, one.plain))
    size, generator = len(rows), np.random.default_rng(SEED)
    nothing = np.zeros((1, 5))
    mean = rows.mean(0, keepdims=True) if size else nothing
    again = resampled(rows, replicates=REPLICATES, seed=SEED) / max(size, 1) if size > 1 else np.zeros((0, 5))
    again = mean + (again - mean) * np.sqrt(min(size / max(done.people_tasks, 1), 1.0))
    means = np.maximum(np.vstack((mean, again)), 0.0)
    draws = len(means)
    chance = generator.standard_normal(draws)
    chance[0] = 0.0
    scale = means[:, 1] / max(mean[0, 1], 1e-12)
    people = np.clip(done.people_right * scale + chance * np.sqrt(means[:, 2] * done.people_tasks),
                     0.0, done.people_labels)
    plain = means[:, 3] / np.maximum(means[:, 4], 1e-12)
    return Draws(means[:, 0] * done.people_tasks, people + _machine(given, draws, generator), plain)


def split(given: Given) -> dict[str, Any]:
    """Where the cost of finished tasks went. `rework` is what went beyond the rule's first plan: more answers,
    checks on tasks whose truth is known, and rechecks; None where no rule asked. Reviews of others' annotations leave
    no time of their own in Label Studio: it is unknown."""
    tasks = given.finished.people_tasks
    means = given.sample.cost.mean(0) if len(given.sample.cost) else np.zeros(4)
    parts = {name: rounded(value * tasks, 6) for name, value in zip(KINDS, means, strict=True)}
    planned = given.sample.planned > 0
    rework = float((means[1] + means[2]) * tasks) + (given.rechecks or 0.0)
    people = float(means.sum() * tasks) + (given.rechecks or 0.0)
    return {"people": rounded(people, 6), "machine": rounded(given.machine, 6),
            **parts, "more": parts["more"] if planned else None, "rechecks": rounded(given.rechecks, 6),
            "rework": rounded(rework, 6) if planned else None, "planned": rounded(given.sample.planned, 6),
            "reviews": None,
            "reason": None if planned else "no rule asked for these answers: which were more than planned is unknown"}


def by_hand(given: Given, draws: Draws, each: FloatArray, few: str | bool) -> dict[str, Any]:
    """Uniform overlap that reaches the same accuracy: cost per accurate label, and what is saved against it."""
    why = given.hand if isinstance(given.hand, str) else None
    size, accuracy = (0, 0.0) if isinstance(given.hand, str) else given.hand
    if why is None and not size:
        why = f"no uniform overlap reaches the same accuracy (the best reaches {accuracy:.1%})"
    if why is None and not draws.plain[0] > 0:
        why = "what an answer takes is unknown"
    if why:
        return {"by_hand": _none(why), "saving": _none(why)}
    done = given.finished
    tasks, labels = done.people_tasks + done.machine_tasks, done.people_labels + done.machine_labels
    hand = size * draws.plain * tasks / (labels * accuracy)
    return {"by_hand": _told(hand, few) | {
        "answers_per_task": size, "accuracy": rounded(accuracy, 6), "per_answer": rounded(draws.plain[0], 6),
        "total": rounded(size * draws.plain[0] * tasks, 6),
        "timed_by": "blind answers" if given.sample.blind else "all answers"},
        "saving": _told(1 - each / np.maximum(hand, 1e-12), few)}


def _machine(given: Given, draws: int, generator: np.random.Generator) -> FloatArray:
    """Accurate labels among those that the machine accepted."""
    done = given.finished
    labels = done.machine_labels
    if not labels:
        return np.zeros(draws)
    if _audited(given):
        wrong = sum(not one.right for one in given.audits)
        share = generator.beta(len(given.audits) - wrong + 0.5, wrong + 0.5, draws)
        share[0] = 1 - wrong / len(given.audits)
    else:
        share = np.full(draws, min(done.machine_right / labels, 1.0))
    right = generator.binomial(labels, share).astype(np.float64)
    right[0] = labels * share[0]
    return np.asarray(right, np.float64)


def _audited(given: Given) -> bool:
    return len(given.audits) >= FEWEST_AUDITS


def _untimed(given: Given) -> str | None:
    if given.people is None:
        return "no lead time is known of anybody's work" if given.answers else "nobody has answered anything yet"
    return None


def _told(values: FloatArray, few: str | bool) -> dict[str, Any]:
    if few or len(values) < 2:
        return {"value": rounded(values[0], 6), "low": None, "high": None, "reason": few or "too few finished tasks"}
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return {"value": rounded(values[0], 6), "low": rounded(min(low, values[0]), 6),
            "high": rounded(max(high, values[0]), 6), "reason": None}


def _one(total: float | None, of: int, why: str | None) -> dict[str, Any]:
    return {"value": rounded(total / of, 6) if total is not None and of else None, "reason": why}


def _none(why: str) -> dict[str, Any]:
    return {"value": None, "low": None, "high": None, "reason": why}


def per_person(figures: Mapping[int, tuple[float, float, float, float | None]], rates: Rates) -> list[dict[str, Any]]:
    """Cost of an accurate answer of each annotator: rate times median seconds over accuracy, cheapest first.

    `figures` is {annotator: (accuracy, low, high, median seconds)}; the interval is that of the accuracy.
    """
    found = []
    for who, (accuracy, low, high, seconds) in figures.items():
        rate = rates.hourly.get(who)
        known = seconds is not None and rate is not None and accuracy > 0
        answer = (seconds or 0.0) / 3600 * (rate or 0.0)
        found.append({"annotator": who, "rate": rate if rates.reason is None else None, "median_seconds": seconds,
                      "accuracy": rounded(accuracy, 6),
                      "per_accurate_answer": {
                          "value": rounded(answer / accuracy, 6) if known else None,
                          "low": rounded(answer / high, 6) if known and high > 0 else None,
                          "high": rounded(answer / low, 6) if known and low > 0 else None,
                          "reason": None if known else "time or rate is unknown"}})
    return sorted(found, key=lambda r: (r["per_accurate_answer"]["value"] is None,
                                        r["per_accurate_answer"]["value"] or 0.0, r["annotator"]))
