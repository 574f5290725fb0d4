"""Keeps consensus, performance and agreement in the store up to date, each modelled control on its own.

A changed task is updated at once with the confusions of the last full run. A full run comes when the changes
since amount to a quarter of its answers; small projects can afford one at every change. It is done here, so
that nothing waits for Redis; a big project's goes to a worker when there is one.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import sqlalchemy as sa

from cueloop import logs, settings
from cueloop.errors import QueueUnavailable
from cueloop.store import Store, projects
from cueloop.store import consensus as consensus_store
from cueloop.store import performance as performance_store
from cueloop.store.consensus import Consensus
from cueloop.store.performance import Confusions
from cueloop.types import Control
from sync import evidence, online
from sync.assess import Assessment, assess
from sync.consensus import METHOD
from sync.observations import Observations
from sync.results import TRUTH, annotator_rows, consensus_row, consensus_rows, run_of

GROWTH = 0.25
"""Changed tasks since the last full run, as a share of its answers, that call for the next."""

EVERY_TIME = 5_000
"""A project with so few answers gets a full run at every change: it takes about 0.1 s."""

INLINE = 50_000
"""Up to so many answers the loop does the full run itself (about two seconds), above it asks a worker."""

NOTABLE = 0.005
"""A probability that moved less than this is no reason to route a task again."""

log = logs.get(__name__)


def step(store: Store, client: object, project_id: int, changed: Collection[int]) -> None:
    """Loop step: bring quality up to date after the tasks (keys) in `changed` were pulled.

    With nothing changed it does next to nothing, unless the label config has other labels now.
    """
    with store.read() as conn:
        if not changed and not _labels_changed(conn, project_id):
            return
        due = full_run_due(conn, project_id, len(changed))
        answers = evidence.answer_count(conn, project_id) if due else 0
    if due and (answers <= INLINE or not _hand_over(store, project_id)):
        recompute(store, project_id)
    elif changed:
        update(store, project_id, changed)


def update(store: Store, project_id: int, task_keys: Collection[int]) -> None:
    """Consensus of these tasks only, with the last run's confusions; a task without answers loses its own."""
    with store.write() as conn:
        store.lock(conn, f"quality {project_id}")
        for control in evidence.modelled(conn, project_id):
            _update(conn, project_id, control, task_keys)


def recompute(store: Store, project_id: int) -> frozenset[int]:
    """Full run over all answers; replaces what is stored. Returns tasks (keys) whose consensus notably moved.

    Those are noted as changed, so that the loop's next turn routes them.
    The fit runs outside any transaction. Tasks that were updated meanwhile are updated once more, with what
    the run learned, so that no newer answer is overwritten by an older state.
    """
    with store.read() as conn:
        controls = evidence.modelled(conn, project_id)
        skips = evidence.skips(conn, project_id)
        before = {c.name: consensus_store.stamps(conn, project_id, c.name) for c in controls}
        found = {c.name: evidence.observations(conn, project_id, c) for c in controls}
    results = {name: assess(answers) for name, answers in found.items()}
    moved: set[int] = set()
    names = [c.name for c in controls]
    with store.write() as conn:
        store.lock(conn, f"quality {project_id}")
        consensus_store.keep_controls(conn, project_id, names)
        performance_store.keep_controls(conn, project_id, names)
        for control in controls:
            moved |= _replace(conn, project_id, control, results[control.name], skips, before[control.name])
        projects.note_changes(conn, project_id, moved)
    for name, result in results.items():
        log.info("quality recomputed", project=project_id, control=name, answers=len(result.observations.task),
                 tasks=len(result.observations.tasks), alpha=result.agreement.value, moved=len(moved))
    return frozenset(moved)


def full_run_due(conn: sa.Connection, project_id: int, changed: int = 0) -> bool:
    """Whether, with so many more changed tasks, the last full run is out of date, or there was none.

    It is when the tasks updated since are a quarter of its answers, when it was small, or when labels changed.
    """
    runs = [run for _, run in _runs(conn, project_id)]
    known = [run for run in runs if run is not None]
    answers = max((run.answers for run in known), default=0)
    stale = max((run.stale for run in known), default=0) + changed
    return (len(known) < len(runs) or (bool(runs) and (answers <= EVERY_TIME or stale > GROWTH * answers))
            or _labels_changed(conn, project_id))


def _runs(conn: sa.Connection, project_id: int) -> list[tuple[Control, Confusions | None]]:
    """The last full run of each control, without single annotators."""
    return [(control, performance_store.confusions(conn, project_id, control.name, annotators=()))
            for control in evidence.modelled(conn, project_id)]


def _labels_changed(conn: sa.Connection, project_id: int) -> bool:
    """Whether the label config has other labels than the last full run knew."""
    return any(run is not None and run.labels[:len(control.labels)] != control.labels
               for control, run in _runs(conn, project_id))


def _hand_over(store: Store, project_id: int) -> bool:
    """Have a worker do the full run. False when there is no Redis to carry it."""
    from cueloop.queue import Jobs

    jobs = Jobs(settings.load().redis_url, store)
    try:
        state = jobs.state("recompute", project_id)
        if state is None or state["state"] not in ("queued", "running"):
            jobs.enqueue_once("recompute", project_id, "sync.jobs.recompute", project_id)
    except QueueUnavailable as error:
        log.warning("full run done in the loop", project=project_id, why=str(error))
        return False
    return True


def _update(conn: sa.Connection, project_id: int, control: Control, task_keys: Collection[int]) -> None:
    answers = evidence.observations(conn, project_id, control, task_keys)
    run = performance_store.confusions(conn, project_id, control.name, annotators=answers.annotators)
    known = run if run is not None and set(answers.labels) <= set(run.labels) else _fresh(answers)
    rows = _online(known, answers, control.name)
    consensus_store.write(conn, project_id, rows)
    consensus_store.remove(conn, set(task_keys) - {row.task for row in rows}, control.name)
    performance_store.add_stale(conn, project_id, control.name, len(task_keys))


def _fresh(answers: Observations) -> Confusions:
    """What these few answers say by themselves, when no full run knows their labels yet."""
    return run_of(assess(answers))


def _online(run: Confusions, answers: Observations, control: str) -> list[Consensus]:
    """Consensus of the tasks in `answers`, each from its own answers and the run's confusions."""
    known = online.known(run.prior, run.pooled, run.confusion, run.counts)
    place = {annotator: at for at, annotator in enumerate(run.annotators)}
    rows = np.array([place.get(a, -1) for a in answers.annotators], int)[answers.annotator]
    labels = np.array([run.labels.index(name) if name in run.labels else -1 for name in answers.labels],
                      int)[answers.label]
    order = np.argsort(answers.task, kind="stable")
    ends = np.searchsorted(answers.task[order], np.arange(len(answers.tasks) + 1))
    found = []
    for at, task in enumerate(answers.tasks):
        own = order[ends[at]:ends[at + 1]]
        truth = own[answers.truth[own]]
        if len(truth):
            chances = np.eye(len(run.labels))[labels[truth[-1]]]
            posterior, method = chances, TRUTH
        else:
            posterior, chances = online.posterior(known, rows[own], labels[own])
            method = METHOD
        found.append(consensus_row(task, control, run.labels, posterior, chances, len(own), method))
    return found


def _replace(conn: sa.Connection, project_id: int, control: Control, result: Assessment,
             skips: dict[int, int], before: dict[int, consensus_store.Stamp]) -> set[int]:
    """Write a full run's result; returns the tasks whose label or probability notably moved."""
    name = control.name
    now = consensus_store.stamps(conn, project_id, name)
    rows = {row.task: row for row in consensus_rows(result, name)}
    consensus_store.write(conn, project_id, [r for t, r in rows.items() if t not in before or before[t].differs(r)])
    consensus_store.remove(conn, set(before) - set(rows), name)
    run = run_of(result)
    performance_store.write(conn, project_id, name, annotator_rows(result, skips))
    performance_store.write_run(conn, project_id, name, run)
    agreed = result.agreement
    consensus_store.write_agreement(conn, project_id, name, {
        "value": agreed.value, "low": agreed.low, "high": agreed.high, "tasks": agreed.tasks,
        "answers": agreed.answers, "reason": agreed.reason})
    meanwhile = {t for t in now.keys() | before.keys() if now.get(t) != before.get(t)}
    if meanwhile:
        _update(conn, project_id, control, meanwhile)
    return {t for t in rows.keys() | before.keys()
            if t not in before or t not in rows or before[t].differs(rows[t], NOTABLE)} | meanwhile

