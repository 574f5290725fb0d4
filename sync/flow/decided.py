"""Reads from the store what people and the machine decided: finished labels, blind audits, the machine's time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cueloop.store import routes
from cueloop.store.schema import consensus, decisions, jobs, predictions, tasks
from cueloop.store.schema import routes as table
from sync.flow.automation import Audit
from sync.flow.clock import seconds


@dataclass(frozen=True, slots=True)
class Finished:
    """Finished tasks and their labels (a task has one on each control). `right` is the expected number of accurate
    labels: the sum of their calibrated probabilities. `by_control` is {control: (labels, right)} of people's."""

    people_tasks: int
    people_labels: int
    people_right: float
    machine_tasks: int
    machine_labels: int
    machine_right: float
    by_control: dict[str, tuple[int, float]]


def finished(conn: sa.Connection, project_id: int, counts: dict[str, int], routed: bool) -> Finished:
    """What is finished: as the rules have it, without rules as Label Studio has it (`is_labeled`)."""
    c = consensus.c
    wanted = sa.select(c.control, sa.func.count(), sa.func.sum(c.probability)).where(
        c.project_id == project_id).group_by(c.control)
    if routed:      # what was deleted, and a hidden copy, has no consensus
        wanted = wanted.join(table, table.c.task == c.task).where(table.c.state == routes.DONE)
    else:
        wanted = wanted.join(tasks, tasks.c.key == c.task).where(is_finished(routed))
    by_control = {row[0]: (row[1], float(row[2])) for row in conn.execute(wanted)}
    labels, right = _accepted(conn, project_id) if routed else (0, 0.0)
    return Finished(counts.get(routes.DONE, 0), sum(n for n, _ in by_control.values()),
                    sum(r for _, r in by_control.values()), counts.get(routes.ACCEPTED, 0), labels, right, by_control)


def is_finished(routed: bool) -> sa.ColumnElement[bool]:
    """Condition on `tasks` (and with rules on `routes`): a task that people finished."""
    alive = sa.and_(tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None))
    return sa.and_(alive, table.c.state == routes.DONE if routed else tasks.c.is_labeled.is_(sa.true()))


def audits(conn: sa.Connection, project_id: int) -> list[Audit]:
    """Tasks held out from the machine that people have finished: was its label theirs?"""
    d, c = decisions.c, consensus.c
    rows = conn.execute(
        sa.select(d.task, d.inputs, c.label, seconds(conn, d.created_at).label("at"))
        .join(table, table.c.task == d.task).join(tasks, tasks.c.key == d.task)
        .join(consensus, sa.and_(c.task == d.task, c.control == d.control))
        .where(table.c.project_id == project_id, table.c.audit, is_finished(True), d.kind == "audit")
        .order_by(d.key)).all()
    newest = {row.task: row for row in rows if row.inputs.get("predicted") is not None}
    return [Audit(row.at, row.inputs["predicted"] == row.label) for row in newest.values()]


def machine_seconds(conn: sa.Connection, project_id: int) -> dict[str, Any]:
    """{kind of job: {"seconds", "runs", "unknown"}}: what jobs of the project took; `unknown` runs left no times.

    Of a job that was tried several times the last try is known. What serving costs is unknown: nothing measures it.
    """
    j = jobs.c
    took = seconds(conn, j.ended_at) - seconds(conn, j.started_at)
    rows = conn.execute(sa.select(j.kind, sa.func.sum(took), sa.func.count(took), sa.func.count()).where(
        j.project_id == project_id, j.state.in_(("done", "failed"))).group_by(j.kind).order_by(j.kind))
    return {row[0]: {"seconds": round(max(float(row[1] or 0.0), 0.0), 3), "runs": row[3], "unknown": row[3] - row[2]}
            for row in rows}


def _accepted(conn: sa.Connection, project_id: int) -> tuple[int, float]:
    """(labels that the machine accepted, how many of them are right by its calibrated scores)."""
    p = predictions.c
    version = sa.type_coerce(table.c.plan, sa.JSON)["version"].as_string()
    row = conn.execute(
        sa.select(sa.func.count(), sa.func.sum(p.score)).select_from(table)
        .join(tasks, tasks.c.key == table.c.task)
        .join(predictions, sa.and_(p.task == table.c.task, p.version == version))
        .where(table.c.project_id == project_id, table.c.state == routes.ACCEPTED, tasks.c.deleted_at.is_(None),
               tasks.c.copy_of.is_(None))).one()
    return int(row[0]), float(row[1] or 0.0)
