"""Training: somebody who is paused gets tasks whose truth is known, and nothing else, until enough were right.

The tasks are those that are mixed into everybody's work as checks, and look like any other; nobody gets one twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cueloop.sampling import uniform
from cueloop.store import assignments, decisions, routes
from cueloop.store import pauses as rows
from cueloop.store.decisions import Decision
from cueloop.store.pauses import Paused
from cueloop.store.schema import assignments as table
from routing.checking import gold, known_answers
from routing.checking.known_answers import Marked
from routing.checking.suited import Suited
from routing.context import Context
from routing.deciding import places
from routing.deciding.places import Place
from routing.people import windows
from routing.people.notices import ADMIN, raise_once

AHEAD = 3
"""Tasks in the queue of somebody in training: each is open for one person at a time, and others are in training too."""


def ask(conn: sa.Connection, given: Context) -> int:
    """Fill the queues of those in training; how many decisions were made."""
    people = {person.id for person in given.people}
    trained = [one for one in rows.open_of(conn, given.project.id).values()
               if one.training and one.annotator_id in people]
    if not trained or not given.controls:
        return 0
    here = places.read(conn, gold.pool(given, f"training:{trained[0].key}"), given.machines)
    found = windows.read(conn, given.project.id, given.people, given.rules.queues, given.now)
    knowing, suited = gold.editors(conn, sorted(here)), Suited(conn, given, sorted(here), found)
    has = _open(conn, given)
    made = 0
    for one in trained:
        free = AHEAD - has.get(one.annotator_id, 0)
        fit = [key for key in sorted(here) if suited.ever(key, one.annotator_id)]
        left = gold.left({key: here[key] for key in fit}, one.annotator_id, knowing)
        for _ in range(free):
            able_now = [key for key in fit if suited.now(key, one.annotator_id)
                        and gold.fits(here[key], one.annotator_id, knowing)]
            if not able_now:
                break
            at = int(uniform(one.key, f"training:{made}:{len(able_now)}") * len(able_now))
            here[able_now[at]] = _ask(conn, given, here[able_now[at]], one, len(able_now), len(here))
            suited.take(able_now[at], one.annotator_id)
            made += 1
        if not left and not has.get(one.annotator_id) and len(here) == len(given.gold):
            _nothing_left(conn, given, one)
    return made


def passed(conn: sa.Connection, given: Context, paused: Sequence[Paused]) -> list[Paused]:
    """Those in training who got enough right of the last tasks that they had in it."""
    trained = {one.annotator_id: one for one in paused if one.training}
    if not trained:
        return []
    marks = answered(conn, given, trained)
    return [one for person, one in trained.items() if one.training and enough(marks.get(person, []), one.training)]


def enough(marks: Sequence[Marked], wanted: dict[str, int]) -> bool:
    """Whether so many of the last so many were right; with fewer answers than are looked at, of those there are."""
    return sum(mark.right for mark in marks[-wanted["of"]:]) >= wanted["right"]


def answered(conn: sa.Connection, given: Context, trained: dict[int, Paused]) -> dict[int, list[Marked]]:
    """{annotator: marks of the tasks that they had in training, oldest first}; of several controls the worst counts."""
    mine: set[tuple[int, int]] = set()
    for row in conn.execute(sa.select(table.c.task, table.c.annotator_id, table.c.ended_at).where(
            table.c.project_id == given.project.id, table.c.annotator_id.in_(list(trained)),
            table.c.kind == assignments.GOLD)):
        if row.ended_at is None or row.ended_at > trained[row.annotator_id].created_at:
            mine.add((row.task, row.annotator_id))
    worst: dict[tuple[int, int], Marked] = {}
    for control in given.controls:
        for mark in known_answers.read(conn, given.project.id, control, trained,
                                       imported=given.rules.declared.gold.imported):
            pair = mark.task, mark.annotator
            if pair in mine and (pair not in worst or mark.credit < worst[pair].credit):
                worst[pair] = mark
    found: dict[int, list[Marked]] = {}
    for mark in sorted(worst.values(), key=lambda mark: (mark.at, mark.task)):
        found.setdefault(mark.annotator, []).append(mark)
    return found


def _open(conn: sa.Connection, given: Context) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in assignments.open_of(conn, given.project.id):
        if one.kind == assignments.GOLD:
            found[one.annotator_id] = found.get(one.annotator_id, 0) + 1
    return found


def _ask(conn: sa.Connection, given: Context, place: Place, one: Paused, able: int, pool: int) -> Place:
    had, person = place.route, one.annotator_id
    assert had is not None
    decision = decisions.add(conn, Decision(
        project_id=given.project.id, task=place.key, control=given.controls[0].name, kind=gold.RULE,
        rule=one.rule or gold.RULE, rules_hash=given.rules.hash, chosen=[person],
        probability=pool / len(given.gold) / able, guideline_version=given.project.guideline_version,
        created_at=given.now, inputs={"why": f"training, asked of somebody who is paused; drawn from {able}",
                                      "pause": one.key}))
    assignments.add(conn, given.project.id, place.key, [person], decision, given.now, assignments.GOLD)
    routes.put(conn, [gold.opened(given, place, had, person, 1.0)])
    return places.read(conn, [place.key], given.machines)[place.key]


def _nothing_left(conn: sa.Connection, given: Context, one: Paused) -> None:
    person = given.everybody[one.annotator_id].email
    raise_once(conn, project_id=given.project.id, kind="pause", recipient=ADMIN, once=f"pause:{one.key}:no-training",
               subject=f"No tasks are left for the training of {person} in project {given.project.id}",
               text=f"{person} is paused until training is passed, and has had every task with a ground truth that "
                    f"there is, or there is none. Mark more annotations as ground truth in Label Studio, or lift the "
                    f"pause: cueloop team resume {person} --project {given.project.id}")
