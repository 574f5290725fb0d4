"""Labels without a single truth: the consensus is a distribution with intervals, and no label wins.

A consensus has label "" and the value {"distribution": {label: {"share", "low", "high"}}, "width", "entropy"}: shares
as `sync.values.dirichlet` estimates them with 95 % intervals, the width of the widest interval (for stop rules such as
`interval_width < 0.15`), and the entropy as a share of the largest possible. `probability` is 1 - width: how sure the
distribution is, not a label. Annotators' `accuracy` is their consistency (`sync.values.consistency`), between 0 for
answers that belong to no task and 1 for somebody exchangeable with the others: never the distance to a winner. A label
that somebody declared the ground truth counts as one more answer: there is no single truth to pin.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from cueloop.store.consensus import Consensus
from cueloop.types import Control
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations
from sync.outcome import AnnotatorQuality, Outcome
from sync.told import rounded
from sync.values import agreement
from sync.values.answers import voting
from sync.values.consistency import Consistency, consistency
from sync.values.dirichlet import Cells, Crowd, cells, intervals, learn
from sync.values.means import Means, told
from sync.values.outcomes import Known, crowd, qualities, remembered

METHOD = "dirichlet"
"""Name of the method in the store."""

METRIC = "krippendorff_alpha"

LISTED = 64
"""Up to so many labels a distribution lists all; with more, those that somebody gave to the task."""

TRUE_DISAGREEMENT = 0.4
"""Under this alpha the report says that disagreement may be what is true here."""


def judge(control: Control, seen: Observations, *, known: Known | None = None) -> Outcome:
    """Distributions, annotators' consistency and agreement of single labels that have no single truth."""
    from dataclasses import replace

    from sync.agreement.report import agreement_report

    every = replace(seen, truth=np.zeros(len(seen.task), bool))
    answers = voting(every, int, seen.label.tolist())
    label = seen.label[answers.row]
    found = cells(answers.task, label, answers.tasks, len(seen.labels))
    learned = _remembered(known, seen) or learn(found, len(seen.labels))
    rows = _consensus(control, seen, found, learned)
    if known is not None:
        return Outcome(control, rows, remembered(seen, known),
                       agreement.not_judged(METRIC, "nominal", "only some tasks were judged"))
    mine = answers.independent
    judged = consistency(answers.task[mine], answers.annotator[mine], label[mine], found, learned, answers.annotators)
    report = agreement_report(seen, level="nominal")
    value = report.get("value")
    if value is not None and value < TRUE_DISAGREEMENT:
        report["warnings"] = [*report["warnings"], "Agreement is low, and that may be what is true here: this control "
                              "is declared to have no single right label. Look at annotators' consistency instead."]
    return Outcome(control, rows, _annotators(seen, judged, learned), report)


def _remembered(known: Known | None, seen: Observations) -> Crowd | None:
    """The crowd as an earlier full run learned it; labels that it did not know are rare."""
    shares, strength = crowd(known, "shares"), crowd(known, "strength")
    if not shares or not strength:
        return None
    given = np.array([float(shares.get(label, 0.0)) for label in seen.labels])
    given = np.maximum(given, 1e-6)
    return Crowd(given / given.sum(), float(strength))


def _consensus(control: Control, seen: Observations, found: Cells, learned: Crowd) -> tuple[Consensus, ...]:
    """One row for each task with an answer."""
    task, label, count = _listed(found, len(seen.labels))
    size = found.size[task]
    alpha, total = count + learned.strength * learned.shares[label], size + learned.strength
    low, high = intervals(alpha, np.asarray(total, np.float64))
    share = alpha / total
    starts = np.flatnonzero(np.r_[True, np.diff(task) != 0]) if len(task) else task
    rows = []
    for start, end in pairwise([*starts.tolist(), len(task)]):
        part = {seen.labels[label[at]]: {"share": round(float(share[at]), 6), "low": round(float(low[at]), 6),
                                         "high": round(float(high[at]), 6)} for at in range(start, end)}
        rows.append(_row(seen.tasks[task[start]], control.name, part, int(size[start]), len(seen.labels)))
    return tuple(rows)


def _row(task: Any, control: str, part: dict[str, dict[str, float]], answers: int, labels: int) -> Consensus:
    width = max(one["high"] - one["low"] for one in part.values())
    shares = np.array([one["share"] for one in part.values()])
    shares = shares[shares > 0]
    entropy = float(-(shares * np.log(shares)).sum() / np.log(labels)) if labels > 1 else 0.0
    value = {"distribution": part, "width": round(width, 6), "entropy": round(min(max(entropy, 0.0), 1.0), 6)}
    sure = round(min(max(1 - width, 0.0), 1.0), 6)
    return Consensus(task, control, "", sure, {name: one["share"] for name, one in part.items()}, answers, METHOD,
                     value, effective=float(answers), wrong=None)


def _listed(found: Cells, labels: int) -> tuple[IntArray, IntArray, IntArray]:
    """Task, label and count of every cell that is told, by task and then in the order of labels."""
    if labels > LISTED:
        return found.task, found.label, found.count
    used = np.flatnonzero(found.size)
    table = np.zeros((len(found.size), labels), np.int64)
    table[found.task, found.label] = found.count
    return np.repeat(used, labels), np.tile(np.arange(labels), len(used)), table[used].ravel()


def _annotators(seen: Observations, judged: Consistency, learned: Crowd) -> tuple[AnnotatorQuality, ...]:
    """Consistency as accuracy, and which labels each annotator gives more or less often than expected."""
    shares = {seen.labels[k]: rounded(learned.shares[k], 8)
              for k in np.argsort(-learned.shares, kind="stable")[:LISTED].tolist()}
    common = {"crowd": {"strength": learned.strength, "shares": shares}}
    details = [{"consistency": told(judged.raw[at]), "z": told(judged.z[at]),
                "leaning": _leaning(seen, judged.labels, judged.given[at], judged.expected[at]), **common}
               for at in range(len(judged.value))]
    return qualities(seen, Means(judged.value, judged.low, judged.high, judged.judged), details)


def _leaning(seen: Observations, labels: IntArray, given: FloatArray, expected: FloatArray) -> dict[str, Any]:
    """Of each label: how often it was given, and how often the others' answers to the same tasks made likely."""
    return {seen.labels[name] if name >= 0 else "": {"given": int(given[at]), "expected": round(float(expected[at]), 4)}
            for at, name in enumerate(labels.tolist()) if given[at] or expected[at] >= 0.5}
