"""The model in service as one more voice in the consensus: which of its predictions may speak.

All that the store has are out of sample: about a task that a version was trained on, it keeps what a model said that
was trained without it; and a pipeline of others that was trained on a task is not heard about it. Yet a prediction
speaks only where it cannot be an echo: where every answer was given without it on screen, because who has seen it
answers under its influence; and never on a blind task, which is there to judge the model by people alone.
"""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from cueloop.store.schema import aliases, predictions, projects, tasks
from cueloop.types import Control
from sync.observations import Observations
from sync.voice import Voice


def read(conn: sa.Connection, project_id: int, control: Control, seen: Observations) -> Voice | None:
    """What the version in service says about the observed tasks; None without one, or where it never may speak."""
    position = {task: at for at, task in enumerate(seen.tasks)}
    usable = _unseen(seen)
    place = {label: at for at, label in enumerate(seen.labels)}
    probabilities = np.full((len(seen.tasks), len(seen.labels)), 1 / max(len(seen.labels), 1))
    said = np.zeros(len(seen.tasks), bool)
    for row in conn.execute(_champion(project_id, control.name)):
        at = position.get(row.task)
        if at is None or not usable[at] or not row.probabilities.keys() <= place.keys():
            continue
        probabilities[at] = 0.0
        for label, probability in row.probabilities.items():
            probabilities[at, place[label]] = probability
        said[at] = True
    return Voice(probabilities, said) if said.any() else None


def _unseen(seen: Observations) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tasks of which every answer is known to have been given without a suggestion: (T,)."""
    usable = np.ones(len(seen.tasks), bool)
    usable[seen.task[(seen.seen != 0) & ~seen.review]] = False
    return usable


def _champion(project_id: int, control: str) -> sa.Select[tuple[int, dict[str, float]]]:
    """Predictions of the project's model in service, blind tasks left out."""
    return (sa.select(predictions.c.task, predictions.c.probabilities)
            .join(projects, sa.and_(projects.c.id == predictions.c.project_id, projects.c.model == predictions.c.model))
            .join(aliases, sa.and_(aliases.c.name == predictions.c.model, aliases.c.alias == "champion",
                                   aliases.c.version == predictions.c.version))
            .join(tasks, tasks.c.key == predictions.c.task)
            .where(predictions.c.project_id == project_id, predictions.c.control == control, ~tasks.c.blind,
                   tasks.c.deleted_at.is_(None),
                   sa.or_(predictions.c.raw.is_(None), predictions.c.out_of_fold)))
