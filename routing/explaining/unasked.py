"""Who is not asked about a task, and why: for explanations."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from cueloop.store import assignments
from routing.context import Context
from routing.deciding.places import Place
from routing.people import qualify, windows
from routing.people.crowd import Crowd
from routing.people.limited import limited
from routing.signals import TaskSignals

COULD, FULL, LIMITED, MAY_NOT = "could", "full", "limited", "may not"


@dataclass(frozen=True, slots=True)
class Unasked:
    """Somebody who is not being asked."""

    annotator: int
    kind: str
    """COULD: nothing speaks against it; FULL: their queue is; LIMITED: by a limit or the budget; MAY_NOT."""
    why: str


def unasked(conn: sa.Connection, given: Context, place: Place, said: TaskSignals) -> list[Unasked]:
    """Everybody in the project who is not being asked, whether or not anybody is wanted."""
    plan = place.plan
    found = windows.read(conn, given.project.id, given.people, given.rules.queues, given.now)
    crowd = Crowd(conn, given, found)
    demand = qualify.resolve(plan.who, said.data)
    labels = given.labels(plan.control)
    right = crowd.right(plan.control, said.belief(labels)[None], [plan.expertise])[0].tolist() \
        if plan.who.qualified is not None else [None] * len(found)
    open_now = {a.annotator_id for a in place.open}
    refused = qualify.reasons(
        demand, crowd.people, given.team, right, involved=crowd.involved(place), data=said.data,
        seats=max(1, place.route.need if place.route else 0),
        late=qualify.overdue(plan.who, plan.since, given.now))
    full = limited(conn, given, crowd, place, said)
    reasons = []
    for at, window in enumerate(found):
        person = window.annotator.id
        if person in open_now:
            continue
        why = _busy(given, place, person) or refused.get(crowd.people[at].email)
        if why:
            reasons.append(Unasked(person, MAY_NOT, why))
        elif person in full:
            reasons.append(Unasked(person, LIMITED, full[person]))
        elif not window.free:
            reasons.append(Unasked(person, FULL, "their queue is full"))
        else:
            reasons.append(Unasked(person, COULD, "could be asked" if plan.asks else "nobody is wanted"))
    return reasons


def _busy(given: Context, place: Place, person: int) -> str | None:
    if person in place.authors:
        return "has answered it"
    if person in place.skippers:
        return "skipped it"
    if person in place.drafts:
        return "has begun it"
    if person in given.paused:
        return "is paused"
    ended = [a for a in place.assignments if a.annotator_id == person and a.state == assignments.RETURNED]
    return "let it lie" if ended and place.plan.late else None
