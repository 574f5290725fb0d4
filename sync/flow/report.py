"""The figures of flow and cost of a project: one JSON report for the console, reports and `cueloop flow`.

The sync loop calls `update` at most once a minute: it reads what changed since the last time, and days instead of
annotations for the rest.
"""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa

from cueloop import declared
from cueloop.store import Store, annotators, figures, projects
from cueloop.store.columns import now as this_moment
from cueloop.store.projects import Project
from sync.flow import decided, ledger, spending, standing, throughput
from sync.flow.automation import automation
from sync.flow.clock import day_of, iso
from sync.flow.closing import first_to_done
from sync.flow.day import Work
from sync.flow.forecast import forecast
from sync.flow.ledger import Ledger
from sync.flow.remaining import remaining
from sync.flow.waiting import open_tasks, snapshot, waiting

NAME = "flow"
DAYS = 28
"""Days that recent figures and the forecast look back."""

ASSUMPTIONS = (
    "An answer counts on the day it was first submitted (UTC). Hidden copies, deleted work, imports and the machine's "
    "annotations are nobody's answers; skips take time and are no answers.",
    "A lead time counts up to ten times the person's median, at least one minute and at most thirty: Label Studio also "
    "counts open tabs. Submissions without a lead time are taken to last as long as the others of that person.",
    "The forecast supposes that people go on as in the past weeks, that no tasks are added and that the machine "
    "accepts nothing more.",
    "A label is accurate with its calibrated probability; the machine's as its blind audits say, where there are "
    "enough.",
    "By hand: every task gets the same number of answers, the fewest with which a majority of average annotators is as "
    "accurate as what was reached, each at the mean time of a blind answer (means, not medians, add up to a cost). "
    "Answers to one task are taken for independent, which flatters it.",
    "Not in any cost: what serving the model takes, and the time of reviews, for nothing measures them.")


def update(store: Store, project_id: int, *, now: float | None = None) -> dict[str, Any]:
    """Compute the report and keep it as the figure `flow` of the project. Raises NotFound for an unknown project.

    Where much is to be counted for the first time, it is counted over several calls: see `pending` in the report.
    """
    report = _current(store, project_id, DAYS, now, ledger.MOST)
    with store.write() as conn:
        figures.write(conn, project_id, figures.PROJECT, NAME, report)
    return report


def current(store: Store, project_id: int, *, days: int = DAYS, now: float | None = None) -> dict[str, Any]:
    """Compute the report with recent figures of the last `days`, and keep the ledger that it rests on.

    `now` in POSIX seconds. Raises NotFound for an unknown project, ValueError when `days` is not positive.
    """
    if days < 1:
        raise ValueError(f"days is {days}, but must be 1 or more")
    return _current(store, project_id, days, now, math.inf)


def stored(conn: sa.Connection, project_id: int) -> dict[str, Any] | None:
    """The report as last kept; None before the first."""
    found: dict[str, Any] | None = figures.read(conn, project_id, figures.PROJECT, NAME)
    return found


def _current(store: Store, project_id: int, days: int, now: float | None, most: float) -> dict[str, Any]:
    at = this_moment().timestamp() if now is None else now
    with store.read() as conn:
        project = projects.get(conn, project_id)
        kept = ledger.refresh(conn, project_id, at, most=most)
        report = _report(conn, project, kept, at, days)
    ledger.write(store, project_id, kept)
    return report


def _report(conn: sa.Connection, project: Project, kept: Ledger, now: float, days: int) -> dict[str, Any]:
    people = annotators.known(conn)
    names = {who: one.name for who, one in people.items()}
    medians = ledger.usual_seconds(conn, project.id)
    where = standing.read(conn, project)
    if any(where.counts.values()):
        kept.put(day_of(now), states=snapshot(where))
    since = throughput.window(now, days)
    done = throughput.works(kept.days)
    found = decided.finished(conn, project.id, where.counts, where.routed)
    audits = decided.audits(conn, project.id) if where.routed else []
    rates, some = spending.sampled(conn, project, done, people, found, where.routed, medians)
    counts, hours = throughput.daily(kept.days, now, days), throughput.by_hour(kept.days, since)
    total = sum(throughput.works(kept.days, since).values(), start=Work())
    return {
        "project": project.id, "at": iso(now), "days": days, "since": since, "routed": where.routed,
        "pending": len(kept.seen["pending"]),
        "throughput": {
            "total": throughput.totals(total), "days": throughput.series(kept.days, now),
            "people": throughput.people(kept.days, since, names), "hours": hours,
            "trend": throughput.trend(throughput.daily(kept.days, now, 2 * throughput.WEEK)),
            "first_to_done": first_to_done(conn, project.id, where.routed),
            "reason": None if done else "nobody has submitted anything yet"},
        "waiting": waiting(where, now, project.connected_at.timestamp(), medians, names),
        "forecast": forecast(counts, remaining(open_tasks(where), some.sizes), now, hours),
        "automation": automation(kept.days, where.counts, audits, since, where.routed),
        "cost": spending.costs(conn, project, done, found, audits, rates, some) | {
            "currency": declared.of(project.declared).costs.currency or None},
        "assumptions": list(ASSUMPTIONS)}
