"""The consensus of a few tasks at once, from what the last full run knows of their annotators."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import sqlalchemy as sa

from cueloop.store import consensus as consensus_store
from cueloop.store import performance as performance_store
from cueloop.store.consensus import Consensus
from cueloop.store.performance import Confusions
from cueloop.types import Control
from sync import choice, evidence, kinds, known, methods, online, voices
from sync.observations import Observations
from sync.results import TRUTH, consensus_row, told_by
from sync.voice import Heard, Voice, heard, join


def update(conn: sa.Connection, project_id: int, control: Control, task_keys: Collection[int]) -> None:
    """Write the consensus of these tasks (keys), in the caller's transaction; one without answers loses its own."""
    seen = evidence.observations(conn, project_id, control, task_keys)
    if control.kind == "choice":
        rows = _choices(conn, project_id, control, seen)
    else:
        quality = known.of_control(conn, project_id, control.name)
        rows = list(kinds.judge(control, seen, known=quality).consensus)
    rows = list(told_by(rows, seen.decided))
    consensus_store.write(conn, project_id, rows)
    consensus_store.remove(conn, set(task_keys) - {row.task for row in rows}, control.name)
    performance_store.add_stale(conn, project_id, control.name, len(task_keys))


def _choices(conn: sa.Connection, project_id: int, control: Control, seen: Observations) -> list[Consensus]:
    """From the run's confusions; where no full run knows these labels yet, what these few answers say by themselves."""
    run = performance_store.confusions(conn, project_id, control.name, annotators=seen.annotators)
    if run is None or not set(seen.labels) <= set(run.labels):
        return list(choice.judge(control, seen).consensus)
    learned = performance_store.runs(conn, project_id)[control.name].voice
    weighed = heard(learned) if learned else None
    voice = voices.read(conn, project_id, control, seen) if weighed is not None and weighed.weight > 0 else None
    return _each(run, seen, control.name, voice, weighed)


def _each(run: Confusions, seen: Observations, control: str, voice: Voice | None,
          weighed: Heard | None) -> list[Consensus]:
    """Consensus of each task from its own answers, the run's confusions and the model's word."""
    state = online.known(run.prior, run.pooled, run.confusion, run.counts)
    place = {annotator: at for at, annotator in enumerate(run.annotators)}
    rows = np.array([place.get(a, -1) for a in seen.annotators], int)[seen.annotator]
    column = [run.labels.index(name) for name in seen.labels]
    labels = np.array(column, int)[seen.label]
    order = np.argsort(seen.task, kind="stable")
    ends = np.searchsorted(seen.task[order], np.arange(len(seen.tasks) + 1))
    found = []
    for at, task in enumerate(seen.tasks):
        own = order[ends[at]:ends[at + 1]]
        if seen.pinned[at] >= 0:
            sure = np.eye(len(run.labels))[column[seen.pinned[at]]]
            found.append(consensus_row(task, control, run.labels, sure, sure, len(own), TRUTH))
            continue
        posterior, probability = online.posterior(state, rows[own], labels[own])
        people = None
        if voice is not None and weighed is not None and voice.usable[at]:
            said = np.zeros(len(run.labels))
            said[column] = voice.probabilities[at]
            people, probability = probability, join(probability[None], said[None], weighed)[0]
            posterior = probability
        found.append(consensus_row(task, control, run.labels, posterior, probability, len(own), methods.HIERARCHICAL,
                                   people, online.effective(state, rows[own])))
    return found
