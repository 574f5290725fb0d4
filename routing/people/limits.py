"""How many more tasks each person may get: by `team.yaml` and by the limits in the rules.

* `capacity` and `hours` hold for all projects together, limits in rules for their project.
* A day begins at midnight in the person's own time zone; a week is the last seven days; an hour the last sixty minutes.
* What lies in somebody's queue counts as if it were done today: it can be.
* A share is one of all answers that the project wants by now, rounded up to a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store import schema
from cueloop.store.schema import assignments, projects, routes
from cueloop.store.upsert import chunks
from routing.context import Context
from routing.language.actions import Limit
from routing.people.team import Person
from routing.people.windows import Window

UNLIMITED = 10**9
WEEK, HOUR = timedelta(days=7), timedelta(hours=1)
Counts = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Room:
    """How many more tasks people may get, whatever the tasks; arrays (W,) in the order of their windows."""

    left: NDArray[np.int64]
    why: tuple[str, ...]
    """What leaves no room, as a sentence; empty where there is some."""


def read(conn: sa.Connection, given: Context, found: Sequence[Window]) -> Room:
    """The room of everybody. What no limit speaks of is not read."""
    people = [given.team.person(window.annotator.email) for window in found]
    left = np.full(len(found), UNLIMITED, np.int64)
    why = [""] * len(found)
    for quota in (_capacity, _hours, _shares, _rules):
        for at, (room, said) in quota(conn, given, found, people).items():
            if room < left[at]:
                left[at], why[at] = max(0, room), said
    return Room(left, tuple(said if left[at] <= 0 else "" for at, said in enumerate(why)))


Quota = dict[int, tuple[int, str]]
"""{place of a person: (how many more, what to say when there are none)}."""


def _capacity(conn: sa.Connection, given: Context, found: Sequence[Window], people: Sequence[Person]) -> Quota:
    here = [at for at, person in enumerate(people) if person.capacity is not None]
    if not here:
        return {}
    opened = _open(conn, [found[at].annotator.id for at in here])
    done = _since_midnight(conn, given.now, [(found[at].annotator.id, people[at]) for at in here])
    rooms = {}
    for at in here:
        one, most = found[at].annotator.id, people[at].capacity or 0
        used = int(done.get(one, 0) + opened.get(one, 0))
        rooms[at] = (most - used, f"{used} of {most} tasks today are done or in their queue (capacity in team.yaml)")
    return rooms


def _hours(conn: sa.Connection, given: Context, found: Sequence[Window], people: Sequence[Person]) -> Quota:
    here = [at for at, person in enumerate(people) if person.hours is not None]
    if not here:
        return {}
    ids = [found[at].annotator.id for at in here]
    opened, spent = _open(conn, ids), seconds(conn, None, given.now - WEEK, found)
    rooms = {}
    for at in here:
        window, most = found[at], people[at].hours or 0.0
        used = spent.get(window.annotator.id, 0.0) + opened.get(window.annotator.id, 0) * window.pace
        rooms[at] = (int((most - used) // window.pace),
                     f"{used / 3600:.1f} of {most / 3600:g} hours in seven days are worked or in their queue")
    return rooms


def _shares(conn: sa.Connection, given: Context, found: Sequence[Window], people: Sequence[Person]) -> Quota:
    file = given.rules.limit.share_of_all
    shares = {at: min(share for share in (file, person.share) if share is not None)
              for at, person in enumerate(people) if file is not None or person.share is not None}
    if not shares:
        return {}
    total = _answers_wanted(conn, given)
    return {at: (ceil(share * total - 1e-9) - found[at].load,
                 f"{found[at].load} answers are {share:.0%} of all that are wanted, the most they may give")
            for at, share in shares.items()}


def _rules(conn: sa.Connection, given: Context, found: Sequence[Window], people: Sequence[Person]) -> Quota:
    """The limits of the file and of rules that speak of every task."""
    rooms: Quota = {}
    for name, limit in plain(given):
        for most, done, period in _counts(conn, given, limit, found, people):
            for at, window in enumerate(found):
                used = int(done.get(window.annotator.id, 0)) + len(window.open)
                if at not in rooms or most - used < rooms[at][0]:
                    rooms[at] = (most - used, f"{used} of {most} tasks {period} are done or in their queue ({name})")
    return rooms


def plain(given: Context) -> list[tuple[str, Limit]]:
    """Limits on all tasks, with what to call them."""
    said = [("`limit` in the rules", given.rules.limit)]
    said += [(f"rule {rule.name}", rule.limit) for rule in given.rules.rules
             if rule.limit is not None and rule.limit.seen is None and not rule.when.names]
    return [(name, limit) for name, limit in said if limit.seen is None]


def _counts(conn: sa.Connection, given: Context, limit: Limit, found: Sequence[Window],
            people: Sequence[Person]) -> Iterable[tuple[int, Counts, str]]:
    if limit.per_person_day is not None:
        yield limit.per_person_day, _since_midnight(
            conn, given.now, [(w.annotator.id, p) for w, p in zip(found, people, strict=True)],
            given.project.id), "today"
    if limit.per_hour is not None:
        yield limit.per_hour, _done(conn, given.project.id, given.now - HOUR, [w.annotator.id for w in found]), \
            "in an hour"


def seconds(conn: sa.Connection, project_id: int | None, since: datetime | None,
            found: Sequence[Window]) -> dict[int, float]:
    """{annotator: seconds of work} in a project, or in all, since a moment; what is not timed took their usual time."""
    pace = {window.annotator.id: window.pace for window in found}
    timed = sa.func.coalesce(sa.func.sum(schema.annotations.c.lead_time), 0.0)
    untimed = sa.func.sum(sa.case((schema.annotations.c.lead_time.is_(None), 1), else_=0))
    rows = _grouped(conn, project_id, since, list(pace), timed, untimed)
    return {row[0]: float(row[1]) + float(row[2]) * pace[row[0]] for row in rows}


def _since_midnight(conn: sa.Connection, now: datetime, people: Sequence[tuple[int, Person]],
                    project_id: int | None = None) -> dict[int, float]:
    """{annotator: tasks they did since their day began}; one look for each time zone."""
    zones: dict[datetime, list[int]] = {}
    for one, person in people:
        zones.setdefault(person.midnight(now), []).append(one)
    found: dict[int, float] = {}
    for midnight, ids in zones.items():
        found |= _done(conn, project_id, midnight, ids)
    return found


def _done(conn: sa.Connection, project_id: int | None, since: datetime, ids: Sequence[int]) -> dict[int, float]:
    return {row[0]: float(row[1]) for row in _grouped(conn, project_id, since, ids, sa.func.count())}


def _grouped(conn: sa.Connection, project_id: int | None, since: datetime | None, ids: Sequence[int],
             *what: sa.ColumnElement[Any]) -> list[Any]:
    """Of annotations that these people made themselves: what came with an import was no work of theirs here."""
    note = schema.annotations.c
    found: list[Any] = []
    here = note.project_id == project_id if project_id is not None else note.project_id.in_(sa.select(projects.c.id))
    for some in chunks(list(ids)):
        found += conn.execute(sa.select(note.annotator_id, *what).where(
            here, note.deleted_at.is_(None), note.annotator_id.in_(some), note.imported.is_not(sa.true()),
            *([note.created_at >= since] if since is not None else [])).group_by(note.annotator_id)).all()
    return found


def _open(conn: sa.Connection, ids: Sequence[int]) -> dict[int, int]:
    """{annotator: tasks in their queues of all projects}."""
    found: dict[int, int] = {}
    for some in chunks(list(ids)):
        found |= {row[0]: row[1] for row in conn.execute(sa.select(assignments.c.annotator_id, sa.func.count()).where(
            assignments.c.state == "open", assignments.c.annotator_id.in_(some)).group_by(assignments.c.annotator_id))}
    return found


def _answers_wanted(conn: sa.Connection, given: Context) -> int:
    """Answers that the project has, is waiting for and still needs."""
    note, here = schema.annotations.c, given.project.id
    parts = (
        sa.select(sa.func.count()).select_from(schema.annotations).where(
            note.project_id == here, note.deleted_at.is_(None), ~note.was_cancelled, note.imported.is_not(sa.true())),
        sa.select(sa.func.count()).select_from(assignments).where(
            assignments.c.project_id == here, assignments.c.state == "open"),
        sa.select(sa.func.coalesce(sa.func.sum(routes.c.need), 0)).where(
            routes.c.project_id == here, routes.c.need > 0))
    return sum(int(conn.scalar(part) or 0) for part in parts)
