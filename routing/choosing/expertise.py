"""What an answer of each annotator would tell about a task: their confusion against what is believed so far.

The value is the mutual information of the task's label and that annotator's next answer (facts: A2). Somebody
who tells the two likeliest labels apart is worth much on a torn task, whatever their overall accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store import performance
from cueloop.types import Control

Array = NDArray[np.float64]

USUAL_ACCURACY = 0.7
"""Taken for everybody while no answer was compared with another."""


CROWD = 10
"""Answers that what is usual counts for beside an annotator's own, where only their accuracy is known."""


@dataclass(frozen=True, slots=True)
class Expertise:
    """What is known of some annotators on one control."""

    confusion: Array
    """(W, K, K): P(answer l | truth k)."""
    answers: Array
    """(W,) answers behind it."""


def load(conn: sa.Connection, project_id: int, control: Control, annotators: Sequence[int]) -> Expertise:
    """Expertise of these annotators, in their order; who is not known yet counts as the crowd does.

    Answers that are no single choice are right or wrong: K is 2, and who is right more often tells more.
    """
    if not control.modelled:
        return _by_accuracy(conn, project_id, control, annotators)
    size = len(control.labels)
    found = performance.confusions(conn, project_id, control.name)
    if found is None or found.labels[:size] != control.labels:
        usual = _one_coin(size)
        return Expertise(np.repeat(usual[None], len(annotators), axis=0), np.zeros(len(annotators)))
    place = {annotator: at for at, annotator in enumerate(found.annotators)}
    matrices = [found.confusion[place[a]] if a in place else found.pooled for a in annotators]
    counts = [found.counts[place[a]].sum() if a in place else 0.0 for a in annotators]
    confusion = np.array(matrices, np.float64).reshape(len(annotators), *found.pooled.shape)[:, :size, :size]
    confusion = np.clip(confusion, 1e-6, None)
    return Expertise(confusion / confusion.sum(axis=2, keepdims=True), np.array(counts, np.float64))


def _by_accuracy(conn: sa.Connection, project_id: int, control: Control, annotators: Sequence[int]) -> Expertise:
    """Somebody who is mostly wrong tells nothing: in such answers there is no other label that they would mean."""
    known = {row.annotator_id: (float(row.accuracy), int(row.answers))
             for row in conn.execute(performance.of_project(project_id, control.name))}
    usual = (sum(right * answers for right, answers in known.values()) + CROWD * USUAL_ACCURACY) / (
        sum(answers for _, answers in known.values()) + CROWD)
    here = [known.get(annotator, (0.0, 0)) for annotator in annotators]
    chances = [(right * answers + CROWD * usual) / (answers + CROWD) for right, answers in here]
    confusion = np.array([_one_coin(2, min(max(chance, 0.5), 1 - 1e-6)) for chance in chances])
    return Expertise(confusion.reshape(len(annotators), 2, 2), np.array([answers for _, answers in here], np.float64))


def information(belief: Array, confusion: Array) -> Array:
    """(T, W) nats that annotator w's answer is expected to tell about task t's label.

    `belief` (T, K) is what is believed of each label, `confusion` (W, K, K) is P(answer | label).
    """
    answer = np.einsum("tk,wkl->twl", belief, confusion)
    noise = -np.einsum("wkl,wkl->wk", confusion, np.log(np.clip(confusion, 1e-12, None)))
    value: Array = _entropy(answer) - belief @ noise.T
    return np.clip(value, 0.0, None)


def likeliest_two(belief: Array) -> Array:
    """(T, K) belief in which only the two likeliest labels of each task are left."""
    if belief.shape[1] <= 2:
        return belief
    keep = np.argsort(-belief, axis=1, kind="stable")[:, :2]
    only = np.zeros_like(belief)
    np.put_along_axis(only, keep, np.take_along_axis(belief, keep, axis=1), axis=1)
    return np.asarray(only / np.clip(only.sum(axis=1, keepdims=True), 1e-12, None))


def _entropy(p: Array) -> Array:
    return np.asarray(-(p * np.log(np.clip(p, 1e-12, None))).sum(axis=-1))


def _one_coin(size: int, right: float = USUAL_ACCURACY) -> Array:
    other = (1 - right) / max(size - 1, 1)
    return np.full((size, size), other) + np.eye(size) * (right - other)
