"""Turns arrays of an assessment into the records that the store and the command line know."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cueloop.store.consensus import Consensus, ConsensusColumns
from cueloop.store.performance import Confusions
from sync.arrays import FloatArray
from sync.assess import Assessment

TRUTH = "ground-truth"
"""Method of a consensus that somebody declared."""

ADJUDICATION = "adjudication"
"""Method of a consensus that somebody decided whom a rule had asked to (`escalate`)."""


def consensus_rows(result: Assessment, control: str) -> Sequence[Consensus]:
    """The consensus of every task that somebody answered, in the order of the assessment's observations."""
    seen, labels = result.observations, result.observations.labels
    if not labels:
        return ()
    sure = seen.pinned >= 0
    rows = ConsensusColumns(
        control, labels, np.array(seen.tasks, object), result.posterior.argmax(1), result.probability,
        result.fit.probability, result.spoke, result.answers, result.effective,
        np.where(sure, TRUTH, np.array(result.method, object)), sure)
    return rows.take(result.answers > 0)


def told_by(rows: Sequence[Consensus], decided: Collection[Any]) -> Sequence[Consensus]:
    """The same consensus, but a truth of the tasks in `decided` is an adjudication by name."""
    if not decided:
        return rows
    if isinstance(rows, ConsensusColumns):
        theirs = np.fromiter((task in decided for task in rows.task.tolist()), bool, len(rows))
        return replace(rows, method=np.where(theirs & (rows.method == TRUTH), ADJUDICATION, rows.method))
    return [replace(row, method=ADJUDICATION) if row.task in decided and row.method == TRUTH else row for row in rows]


def consensus_row(task: int, control: str, labels: tuple[str, ...], posterior: FloatArray,
                  probability: FloatArray, answers: int, method: str, people: FloatArray | None = None,
                  effective: float | None = None) -> Consensus:
    """One task's consensus: `posterior` (K,) chooses the label, `probability` (K,) is what is told.

    `people` (K,) is the probability by people alone, where a model had a voice; `effective` how many average answers
    theirs are worth. The chance that the label is wrong is the rest of its probability, 0 for the ground truth.
    """
    return _record(task, control, labels, int(posterior.argmax()), probability.round(6).tolist(), answers, method,
                   None if people is None else people.round(6).tolist(),
                   None if effective is None else round(effective, 3))


def _record(task: int, control: str, labels: tuple[str, ...], chosen: int, told: list[float], answers: int,
            method: str, people: list[float] | None, effective: float | None) -> Consensus:
    return Consensus(task, control, labels[chosen], told[chosen], dict(zip(labels, told, strict=True)), answers,
                     method, people=None if people is None else dict(zip(labels, people, strict=True)),
                     effective=effective, wrong=0.0 if method == TRUTH else round(1 - told[chosen], 6))


def run_of(result: Assessment) -> Confusions:
    """What a later update needs to know of an assessment."""
    seen, fitted = result.observations, result.fit
    return Confusions(seen.labels, seen.annotators, fitted.confusion, fitted.counts, fitted.pooled, fitted.prior,
                      len(seen.task), result.warnings)
