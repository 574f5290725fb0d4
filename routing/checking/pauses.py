"""Who is paused: asked nothing more until an admin, or passed training, lifts it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from cueloop import audit
from cueloop.errors import Conflict, NotFound
from cueloop.store import annotators, assignments, projects
from cueloop.store import pauses as rows
from cueloop.store.annotators import Annotator
from cueloop.store.pauses import BY_HAND, Paused
from cueloop.store.schema import drafts
from cueloop.store.upsert import chunks
from routing.people.notices import ADMIN, raise_once

TRAINING = "training"
"""Who lifts a pause of somebody who passed."""

ENOUGH = 5
"""One slip is forgiven in each so many right answers that training asks for."""


def paused(conn: sa.Connection, project_id: int) -> frozenset[int]:
    """Annotators (ids) with an open pause in a project."""
    return frozenset(rows.open_of(conn, project_id))


def in_training(conn: sa.Connection, project_id: int) -> bool:
    """Whether anybody's pause can be lifted by training."""
    return any(one.training for one in rows.open_of(conn, project_id).values())


def training_of(right: int) -> dict[str, int] | None:
    """What is asked of somebody who has to get `right` tasks right: so many of the last so many; None for none.

    One slip is forgiven in each five: 5 of the last 6, 10 of the last 12; with fewer than five none.
    """
    return {"right": right, "of": right + right // ENOUGH} if right else None


def pause(conn: sa.Connection, made: Paused, person: Annotator, actor: str, *, tell: bool,
          more: Sequence[str] = ()) -> int:
    """Pause somebody, and tell them and the admins, in the caller's transaction; the key of the pause.

    `more`: sentences that only the admins are told.
    """
    key = rows.add(conn, made)
    where = _project(conn, made.project_id)
    audit.record(conn, actor, "pause", person.email or str(person.id), {
        "project": made.project_id, "pause": key, "rule": made.rule, "rules_hash": made.rules_hash,
        "reason": made.reason, "inputs": made.details, "training": made.training})
    if tell:
        raise_once(conn, project_id=made.project_id, kind="pause", recipient=person.email, once=f"pause:{key}",
                   subject=f"You are paused in {where}", text="\n\n".join([
                       f"You get no new tasks in {where} for now.", f"Why: {made.reason}",
                       "What you have begun you may still finish; your other tasks went to others.", _next(made)]))
    by = f"rule {made.rule}" if made.rule else actor
    command = f"cueloop team resume {person.email} --project {made.project_id}"
    raise_once(conn, project_id=made.project_id, kind="pause", recipient=ADMIN, once=f"pause:{key}:admin",
               subject=f"{person.email} is paused in {where} by {by}", text="\n\n".join([
                   made.reason, *more, ("Training lifts it; " if made.training else "Nobody but you lifts it; ")
                   + f"to lift it yourself: {command}"]))
    return key


def lift(conn: sa.Connection, had: Paused, person: Annotator, actor: str, at: datetime, *,
         tell: bool = True) -> list[int]:
    """Ask somebody again, and tell them; keys of tasks that they had in training and that go out of their queue."""
    rows.lift(conn, had.key, at, actor)
    audit.record(conn, actor, "resume", person.email or str(person.id), {
        "project": had.project_id, "pause": had.key, "rule": had.rule})
    where = _project(conn, had.project_id)
    if tell:
        why = "You passed the training." if actor == TRAINING else "An admin lifted the pause."
        raise_once(conn, project_id=had.project_id, kind="resume", recipient=person.email, once=f"resume:{had.key}",
                   subject=f"You get tasks again in {where}", text=f"{why} New tasks are in your queue.")
    return withdraw(conn, had.project_id, {person.id: had}, at, kinds=(assignments.GOLD,))


def withdraw(conn: sa.Connection, project_id: int, people: Collection[int] | Mapping[int, Paused], at: datetime, *,
             kinds: Collection[str] | None = None, begun_for: float | None = None) -> list[int]:
    """Take back what these people are asked, of these kinds (None: all); keys of those tasks.

    What they have begun stays theirs, for `begun_for` seconds since they last saved it (None: for good).
    """
    mine = [a for a in assignments.open_of(conn, project_id)
            if a.annotator_id in people and (kinds is None or a.kind in kinds)]
    begun = _begun(conn, [a.task for a in mine])
    gone = [a for a in mine if (saved := begun.get((a.task, a.annotator_id))) is None
            or (begun_for is not None and (at - saved).total_seconds() > begun_for)]
    assignments.end(conn, [a.key for a in gone], assignments.WITHDRAWN, at)
    return sorted({a.task for a in gone})


def by_hand(conn: sa.Connection, project_id: int, email: str, why: str, actor: str, at: datetime, *,
            training: int = 0) -> Paused:
    """Pause somebody because an admin says so. Raises NotFound, Conflict when they are paused already."""
    person = _person(conn, email)
    had = rows.open_of(conn, project_id).get(person.id)
    if had is not None:
        raise Conflict(f"{person.email} is paused in project {project_id} already, since "
                       f"{had.created_at:%Y-%m-%d %H:%M} UTC: {had.reason}")
    made = Paused(project_id, person.id, BY_HAND, "", why, at, training=training_of(training))
    pause(conn, made, person, actor, tell=True)
    withdrawn(conn, project_id, withdraw(conn, project_id, {person.id}, at))
    return made


def resume(conn: sa.Connection, project_id: int, email: str, actor: str, at: datetime) -> Paused:
    """Lift somebody's pause because an admin says so. Raises NotFound where there is none."""
    person = _person(conn, email)
    had = rows.open_of(conn, project_id).get(person.id)
    if had is None:
        raise NotFound(f"{person.email} is not paused in project {project_id}.")
    withdrawn(conn, project_id, lift(conn, had, person, actor, at))
    return had


def _begun(conn: sa.Connection, keys: Collection[int]) -> dict[tuple[int, int], datetime]:
    """{(task, annotator): when they last saved what they have begun}."""
    found: dict[tuple[int, int], datetime] = {}
    for some in chunks(sorted(set(keys))):
        for row in conn.execute(sa.select(drafts).where(drafts.c.task.in_(some))):
            pair = row.task, row.annotator_id
            found[pair] = max(row.updated_at, found.get(pair, row.updated_at))
    return found


def withdrawn(conn: sa.Connection, project_id: int, tasks: Collection[int]) -> None:
    """Have the loop judge these tasks at its next turn: they go to others."""
    projects.note_changes(conn, project_id, tasks)


def _person(conn: sa.Connection, email: str) -> Annotator:
    known = [person for person in annotators.people(conn) if person.email.lower() == email.strip().lower()]
    if not known:
        raise NotFound(f"{email} is no annotator that Cueloop knows; `cueloop team show` lists them.")
    return known[0]


def _project(conn: sa.Connection, project_id: int) -> str:
    return f"project {project_id} ({projects.get(conn, project_id).title})"


def _next(made: Paused) -> str:
    if not made.training:
        return "What happens next: an admin looks at it and decides. Nothing is expected of you until then."
    return (f"What happens next: tasks for training come into your queue. When {made.training['right']} of your last "
            f"{made.training['of']} answers to them were right, you get other tasks again, without anybody's doing.")
