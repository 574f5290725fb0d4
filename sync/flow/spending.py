"""Reads everything that the costs are computed from, and has them computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cueloop import declared
from cueloop.store import performance
from cueloop.store.annotators import Annotator
from cueloop.store.projects import Project
from cueloop.store.schema import performance as table
from sync.flow import decided
from sync.flow.automation import Audit
from sync.flow.by_hand import answers_needed
from sync.flow.clock import HOUR
from sync.flow.cost import Given, cost, per_person
from sync.flow.day import Work
from sync.flow.decided import Finished
from sync.flow.rates import Rates, hours, rates, seconds_each
from sync.flow.sample import Sample, sample


def sampled(conn: sa.Connection, project: Project, done: Mapping[int, Work], people: Mapping[int, Annotator],
            found: Finished, routed: bool, medians: Mapping[int, float]) -> tuple[Rates, Sample]:
    """The rates that were declared for the people who worked, and what they spent on finished tasks."""
    declarations = declared.of(project.declared)
    given = rates(declarations.costs, {who: people[who].email if who in people else "" for who in done})
    return given, sample(conn, project.id, routed, found.people_tasks, medians, seconds_each(done), given.hourly)


def costs(conn: sa.Connection, project: Project, done: Mapping[int, Work], found: Finished, audits: list[Audit],
          given: Rates, some: Sample) -> dict[str, Any]:
    """The part `cost` of the report."""
    jobs = decided.machine_seconds(conn, project.id)
    machine = sum(job["seconds"] for job in jobs.values()) / HOUR
    worked, again = hours(done, copies=False), hours(done, copies=True)
    control, figures = _figures(conn, project.id, found)
    told = cost(Given(
        rates=given, finished=found, sample=some, audits=audits, people=_priced(worked, again, given),
        rechecks=_priced(again, None, given), machine=None if given.machine is None else machine * given.machine,
        answers=sum(one.answers for one in done.values()), hand=_hand(conn, project.id, found)))
    made = sum((one for one in done.values()), Work())
    return told | {
        "spent": {"people": None if worked is None else round(_priced(worked, again, given) or 0.0, 6),
                  "machine": None if given.machine is None else round(machine * given.machine, 6),
                  "people_hours": None if worked is None or again is None
                  else round(sum(worked.values()) + sum(again.values()), 6),
                  "machine_hours": round(machine, 6), "coverage": made.coverage and round(made.coverage, 4)},
        "machine": {"jobs": jobs, "serving": None, "reason": "the time that serving takes is not measured"},
        "control": control, "people": per_person(figures, given)}


def _priced(worked: Mapping[int, float] | None, more: Mapping[int, float] | None, given: Rates) -> float | None:
    """Hours of people as units; None when no time is known."""
    if worked is None:
        return None
    return sum(hours_ * given.hourly.get(who, 0.0) for part in (worked, more or {}) for who, hours_ in part.items())


def _figures(conn: sa.Connection, project_id: int, found: Finished,
             ) -> tuple[str | None, dict[int, tuple[float, float, float, float | None]]]:
    """(control, {annotator: (accuracy, low, high, median seconds)}) of the control with the most labels."""
    control = min(found.by_control, key=lambda name: (-found.by_control[name][0], name), default=None)
    p = table.c
    rows = conn.execute(sa.select(p.annotator_id, p.accuracy, p.low, p.high, p.median_lead_time).where(
        p.project_id == project_id, p.control == control, p.answers > 0)) if control else ()
    return control, {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def _hand(conn: sa.Connection, project_id: int, found: Finished) -> tuple[int, float] | str:
    """(answers a task of uniform overlap as accurate as what was reached, its accuracy); why it is unknown."""
    labels = found.people_labels + found.machine_labels
    if not labels or not found.people_right:
        return "no task that people finished yet"
    overall = (found.people_right + found.machine_right) / labels / (found.people_right / found.people_labels)
    needed, weights, reached = [], [], []
    for control, (size, right) in sorted(found.by_control.items()):
        known = performance.confusions(conn, project_id, control, annotators=())
        if known is None:
            return f"how people err on `{control}` is not known as a confusion of labels"
        answers, accuracy = answers_needed(known.pooled, known.prior, min(right / size * overall, 1.0))
        needed.append(answers)
        weights.append(size)
        reached.append(accuracy)
    mean = sum(w * a for w, a in zip(weights, reached, strict=True)) / sum(weights)
    return (max(needed) if all(needed) else 0), mean
