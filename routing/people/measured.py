"""How often each annotator is right on each label: measured, and until then as declared or as is usual."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store import performance
from cueloop.types import Control
from routing.choosing.expertise import CROWD, USUAL_ACCURACY
from routing.people.team import Person

Array = NDArray[np.float64]


def accuracy(conn: sa.Connection, project_id: int, control: Control, ids: Sequence[int],
             people: Sequence[Person]) -> Array:
    """(W, K) chance that an annotator is right where the truth is a label; (W, 1) for answers of another shape.

    The mean of what was measured and of what was expected before: the accuracy that `team.yaml` declares, else the
    crowd's on that label, which counts as CROWD answers do. So somebody of whom little is known is neither shut out
    for ever, as by a lower bound, nor trusted after one lucky answer.
    """
    if not control.modelled:
        return _overall(conn, project_id, control, ids, people)
    size = len(control.labels)
    found = performance.confusions(conn, project_id, control.name)
    usual: Array = np.full(size, USUAL_ACCURACY)
    counts: Array = np.zeros((len(ids), size, size))
    if found is not None and found.labels[:size] == control.labels:
        pooled = np.clip(found.pooled, 1e-6, None)
        usual = np.diag(pooled / pooled.sum(axis=1, keepdims=True))[:size]
        place = {annotator: at for at, annotator in enumerate(found.annotators)}
        counts = np.array([found.counts[place[one]][:size] if one in place else np.zeros(found.pooled.shape)[:size]
                           for one in ids], np.float64).reshape(len(ids), size, -1)
    expected = np.array([[person.qualified.get(label, usual[k]) for k, label in enumerate(control.labels)]
                         for person in people], np.float64).reshape(len(ids), size)
    right = counts[:, np.arange(size), np.arange(size)]
    return np.asarray((right + CROWD * expected) / (counts.sum(axis=2) + CROWD))


def _overall(conn: sa.Connection, project_id: int, control: Control, ids: Sequence[int],
             people: Sequence[Person]) -> Array:
    known = {row.annotator_id: (float(row.accuracy), float(row.answers))
             for row in conn.execute(performance.of_project(project_id, control.name))}
    total = sum(answers for _, answers in known.values())
    usual = (sum(right * answers for right, answers in known.values()) + CROWD * USUAL_ACCURACY) / (total + CROWD)
    found = []
    for one, person in zip(ids, people, strict=True):
        right, answers = known.get(one, (0.0, 0.0))
        declared = list(person.qualified.values())
        expected = sum(declared) / len(declared) if declared else usual
        found.append([(right * answers + CROWD * expected) / (answers + CROWD)])
    return np.array(found, np.float64).reshape(len(ids), 1)
