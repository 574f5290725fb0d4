"""What the store knows of the tasks of one control: the model's word, the people's, and which may be asked for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.sampling import audit_salt, audit_share, uniform
from cueloop.store.models import ModelVersion
from cueloop.store.schema import consensus, predictions, routes, splits, tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from ml_backend.active.belief import shares, together
from ml_backend.calibration import Floats, Ints
from ml_backend.dataset import TRAIN

SALT = "lesson"
"""Draws of learning have nothing to do with those of the audit sample."""


@dataclass(frozen=True, slots=True)
class Standing:
    """n tasks that may be asked, of K labels of a control."""

    key: Ints
    """(n,) of the tasks."""
    belief: Floats | None
    """(n, K); None: no model in service answers this control."""
    second: NDArray[np.bool_]
    """(n,) which have a label already."""
    apart: NDArray[np.bool_]
    """(n,) which judge models, or may: chance alone chooses among them."""
    draw: Floats
    """(n,) chance in [0, 1), the same in every run."""
    counts: Floats
    """(K,) tasks of each label that models learn from."""
    labelled: Ints
    """Keys of those tasks."""


def standing(
    conn: sa.Connection, project_id: int, control: Control, champion: ModelVersion | None, holdout: float,
    keys: Sequence[int] | None = None,
) -> Standing:
    """Of all tasks of a project, or only those with these `keys`.

    Left out are deleted tasks and hidden copies, those that the machine accepted or about which the champion has said
    nothing yet, and labelled ones that judge models: nothing is learned from those. Of a control without one truth only
    tasks without an answer are asked.
    """
    rows = _rows(conn, project_id, control, champion, keys)
    labels = {label: place for place, label in enumerate(control.labels)}
    people = np.array([_told(row.people or row.agreed, labels) for row in rows]).reshape(-1, len(labels))
    answered = np.array([bool(row.answers) for row in rows], dtype=np.bool_)
    salt, line = audit_salt(project_id), max(holdout, audit_share(conn, project_id))
    judges = np.array([row.part != TRAIN if row.part else bool(row.blind) or uniform(row.key, salt) < line
                       for row in rows], dtype=np.bool_)
    learned = answered & ~judges & (people.sum(axis=1) > 0)
    counts = np.bincount(people[learned].argmax(axis=1), minlength=len(labels)).astype(np.float64) if learned.any() \
        else np.zeros(len(labels))
    said = np.array([row.said is not None for row in rows], dtype=np.bool_)
    one_truth = np.array([bool(row.label) for row in rows], dtype=np.bool_)
    open_ = ~answered | (learned & one_truth)
    belief = None
    if champion is not None and control.name in champion.card.get("controls", {}):
        open_ &= said
        model = np.array([_told(row.said, labels) for row in rows]).reshape(-1, len(labels))
        belief = together(model, np.where(answered[:, None], people, 0.0), shares(counts))[open_]
    else:
        open_ &= ~answered
    key = np.array([row.key for row in rows], dtype=np.int64)
    return Standing(key[open_], belief, answered[open_], judges[open_],
                    np.array([uniform(one, f"{SALT}:{project_id}") for one in key[open_].tolist()], dtype=np.float64),
                    counts, key[learned])


def _rows(
    conn: sa.Connection, project_id: int, control: Control, champion: ModelVersion | None, keys: Sequence[int] | None,
) -> list[Any]:
    version = (champion.name, champion.version) if champion else ("", "")
    query = (
        sa.select(tasks.c.key, tasks.c.blind, splits.c.part, predictions.c.probabilities.label("said"),
                  consensus.c.answers, consensus.c.label, consensus.c.people, consensus.c.probabilities.label("agreed"))
        .outerjoin(splits, splits.c.task == tasks.c.key)
        .outerjoin(routes, routes.c.task == tasks.c.key)
        .outerjoin(consensus, sa.and_(consensus.c.task == tasks.c.key, consensus.c.control == control.name))
        .outerjoin(predictions, sa.and_(
            predictions.c.task == tasks.c.key, predictions.c.control == control.name,
            predictions.c.model == version[0], predictions.c.version == version[1]))
        .where(tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None),
               sa.func.coalesce(routes.c.state, "waiting") != "accepted").order_by(tasks.c.key))
    if keys is None:
        return list(conn.execute(query))
    return [row for some in chunks(keys) for row in conn.execute(query.where(tasks.c.key.in_(some)))]


def _told(said: Mapping[str, float] | None, labels: Mapping[str, int]) -> list[float]:
    """Probabilities in the order of the labels; 0 for what is not told. Labels that left the config are passed over."""
    row = [0.0] * len(labels)
    for label, chance in (said or {}).items():
        if label in labels:
            row[labels[label]] = chance
    return row
