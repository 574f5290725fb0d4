"""Keeps consensus, performance and agreement in the store up to date, each judged control on its own.

A changed task is updated at once with what the last full run knows of its annotators. A full run comes when the
changes since amount to a quarter of its answers; small projects can afford one at every change. It is done here, so
that nothing waits for Redis; a big project's goes to a worker when there is one. Reports follow once a minute.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cueloop import logs, settings
from cueloop.errors import QueueUnavailable
from cueloop.store import Store, figures, projects
from cueloop.store import consensus as consensus_store
from cueloop.store import performance as performance_store
from cueloop.store.columns import now
from cueloop.store.performance import Run
from cueloop.types import Control
from sync import evidence, full_run, quick
from sync.flow import report as flow_report

GROWTH = 0.25
"""Changed tasks since the last full run, as a share of its answers, that call for the next."""

EVERY_TIME = 5_000
"""A project with so few answers gets a full run at every change: it takes about 0.1 s."""

INLINE = 50_000
"""Up to so many answers the loop does the full run itself (about two seconds), above it asks a worker."""

NOTABLE = 0.005
"""A probability that moved less than this is no reason to route a task again."""

REPORTS_EVERY = timedelta(minutes=1)
"""Reports are made at most so often: they take seconds, and people read them in minutes."""

MAYBE_DEAD = timedelta(minutes=10)
"""Age from which a full run that a worker has not ended may have lost its worker."""

log = logs.get(__name__)


def step(store: Store, client: object, project_id: int, changed: Collection[int]) -> None:
    """Loop step: bring quality up to date after the tasks (keys) in `changed` were pulled.

    With nothing changed it does next to nothing, unless the label config or the rules ask something else now, or
    reports are due. What a full run itself moved is no reason for the next.
    """
    with store.read() as conn:
        answered = frozenset(changed) - projects.only_moved(conn, project_id)
        reports = _reports_due(conn, project_id)
        flows = not reports and _old(figures.moment(conn, project_id, figures.PROJECT, "flow"))
        asked = answered or _asks_otherwise(conn, project_id)
        due = _due(conn, project_id, len(answered)) if asked else frozenset()
        big = (due or reports) and evidence.answer_count(conn, project_id) > INLINE
    if reports and not _hand_over(store, project_id):
        recompute(store, project_id)
    elif due and not (big and (reports or _hand_over(store, project_id))):
        recompute(store, project_id, reports=False, only=due)
        update(store, project_id, answered, but=due)
    elif answered:
        update(store, project_id, answered)
    if flows:       # it moves with the clock, not only with answers
        flow_report.update(store, project_id)


def update(store: Store, project_id: int, task_keys: Collection[int], *, but: Collection[str] = ()) -> None:
    """Consensus of these tasks only, with what the last run knows; a task without answers loses its own.

    `but`: controls that are left alone.
    """
    with store.write() as conn:
        store.lock(conn, f"quality {project_id}")
        for control in evidence.controls(conn, project_id):
            if control.name not in but:
                quick.update(conn, project_id, control, task_keys)


def recompute(store: Store, project_id: int, *, reports: bool = True,
              only: Collection[str] | None = None) -> frozenset[int]:
    """Full run over all answers; replaces what is stored. Returns tasks (keys) whose consensus, of a control that
    rules speak of, notably moved.

    `only`: names of the controls to run; all when None.

    Those are noted as changed, so that the loop's next turn routes them.
    The run is outside any transaction. Tasks that were updated meanwhile are updated once more, with what
    the run learned, so that no newer answer is overwritten by an older state.
    """
    with store.read() as conn:
        controls = evidence.controls(conn, project_id)
        skips = evidence.skips(conn, project_id)
        inputs = {c.name: full_run.read(conn, project_id, c, reports=reports) for c in controls
                  if only is None or c.name in only}
    found = {name: full_run.find(given, reports=reports) for name, given in inputs.items()}
    routed = {c.name for c in controls if c.modelled} or set(inputs)
    moved: set[int] = set()
    with store.write() as conn:
        store.lock(conn, f"quality {project_id}")
        for keep in (consensus_store.keep_controls, performance_store.keep_controls, figures.keep_controls):
            keep(conn, project_id, [c.name for c in controls])
        meanwhile = {name: full_run.write(conn, project_id, given, found[name], skips)
                     for name, given in inputs.items()}
        if reports:
            figures.write(conn, project_id, figures.PROJECT, "reports", {"seen": _signature(conn, project_id)})
        for name, given in inputs.items():
            if meanwhile[name]:
                quick.update(conn, project_id, given.control, meanwhile[name])
            if name in routed:
                moved |= full_run.moved(given, found[name], NOTABLE) | meanwhile[name]
        projects.note_changes(conn, project_id, moved, moved=True)
    if reports:
        flow_report.update(store, project_id)
    for name, given in inputs.items():
        log.info("quality recomputed", project=project_id, control=name, answers=len(given.seen.task),
                 tasks=len(given.seen.tasks), agreement=found[name].outcome.agreement["value"], moved=len(moved))
    return frozenset(moved)


def full_run_due(conn: sa.Connection, project_id: int, changed: int = 0) -> bool:
    """Whether, with so many more changed tasks, the last full run is out of date, or there was none.

    It is when the tasks updated since are a quarter of its answers, when it was small, or when labels changed.
    """
    return bool(_due(conn, project_id, changed))


def _due(conn: sa.Connection, project_id: int, changed: int) -> frozenset[str]:
    """The controls whose full run is due: answers of other shapes than a choice take longer, so theirs come rarer."""
    controls, runs = evidence.controls(conn, project_id), performance_store.runs(conn, project_id)
    answers = max((runs[c.name].answers for c in controls if c.name in runs), default=0)
    return frozenset(c.name for c in controls
                     if (run := runs.get(c.name)) is None or _differs(c, run)
                     or (c.kind == "choice" and answers <= EVERY_TIME)
                     or run.stale + changed > GROWTH * answers)


def _asks_otherwise(conn: sa.Connection, project_id: int) -> bool:
    """Whether a control has other labels, or another shape, than the last full run knew."""
    runs = performance_store.runs(conn, project_id)
    return any(_differs(control, runs[control.name]) for control in evidence.controls(conn, project_id)
               if control.name in runs)


def _differs(control: Control, run: Run) -> bool:
    return run.kind != control.kind or run.labels[:len(control.labels)] != control.labels


def _signature(conn: sa.Connection, project_id: int) -> list[Any]:
    """What changes with every answer that was counted, and with the rules' declarations."""
    runs = performance_store.runs(conn, project_id)
    return [[name, run.answers, run.stale, run.updated_at.isoformat()] for name, run in sorted(runs.items())] + [
        projects.get(conn, project_id).declared]


def _reports_due(conn: sa.Connection, project_id: int) -> bool:
    """Whether something was answered since the reports were made, and that is long enough ago."""
    if not _old(figures.moment(conn, project_id, figures.PROJECT, "reports")):
        return False
    last = figures.read(conn, project_id, figures.PROJECT, "reports") or {}
    return last.get("seen") != _signature(conn, project_id)


def _old(made: datetime | None) -> bool:
    return made is None or now() - made >= REPORTS_EVERY


def _hand_over(store: Store, project_id: int) -> bool:
    """Have a worker do the full run with its reports. False when there is no Redis to carry it.

    One that failed is not asked for again before the reports' time has passed. One that takes long may have lost its
    worker: the queue knows, and is asked.
    """
    from cueloop.queue import Jobs

    jobs = Jobs(settings.load().redis_url, store)
    try:
        state = jobs.state("recompute", project_id)
        if state is None or not (_under_way(state) or _failed_just_now(state)):
            jobs.enqueue_once("recompute", project_id, "sync.jobs.recompute", project_id)
    except QueueUnavailable as error:
        log.debug("full run done in the loop", project=project_id, why=str(error))
        return False
    return True


def _under_way(state: dict[str, Any]) -> bool:
    since = state["started_at"] or state["queued_at"]
    return state["state"] in ("queued", "running") and now() - since < MAYBE_DEAD


def _failed_just_now(state: dict[str, Any]) -> bool:
    ended = state["ended_at"]
    return state["state"] == "failed" and ended is not None and now() - ended < REPORTS_EVERY
