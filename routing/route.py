"""Routes tasks: rules and signals become plans, plans become questions to people; all in the store.

`judge` gives tasks their plans, `refill` asks people. Each works in transactions that leave the store consistent:
a crash in between loses nothing, for the next run finds the same needs. Where nothing changed nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from cueloop.store import Store
from cueloop.store.columns import now as this_moment
from cueloop.store.pilot import chosen
from cueloop.store.schema import routes, tasks
from routing import context as contexts
from routing.checking import checks, gold, pause, recheck, review, training
from routing.choosing.refill import refill, take_back
from routing.context import Context
from routing.deciding.judge import judge
from routing.people import windows

CHUNK = 1_000
"""Tasks judged in one transaction: others can write in between."""


def route(store: Store, project_id: int, task_keys: Collection[int] | None = None, *,
          now: datetime | None = None) -> int:
    """Judge these tasks (None: all) and refill the queues; how many decisions were made.

    Raises RulesError when the stored rules cannot be read.
    """
    moment = now or this_moment()
    with store.write() as conn:
        alone(conn, project_id)
        given = contexts.read(conn, project_id, moment)
        if given.project.rules_hash is None:
            contexts.put_in_force(conn, project_id, given.rules, "cueloop")
        given, back = pause.apply(conn, given, task_keys)
        keys = concerned(conn, project_id, None if task_keys is None else {*task_keys, *back})
    made = 0
    for start in range(0, len(keys), CHUNK):
        with store.write() as conn:
            alone(conn, project_id)
            made += judge(conn, given, keys[start:start + CHUNK])
            review.give_back(conn, given, keys[start:start + CHUNK])
    with store.write() as conn:
        alone(conn, project_id)
        return made + fill(conn, given)


def alone(conn: sa.Connection, project_id: int) -> None:
    """Let no other process route this project until the transaction ends. SQLite has one writer anyway."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text("SELECT pg_advisory_xact_lock(7012532, :project)"), {"project": project_id})


def run(conn: sa.Connection, given: Context) -> int:
    """Judge all tasks and refill the queues within the caller's transaction; how many decisions were made."""
    alone(conn, given.project.id)
    given, _ = pause.apply(conn, given)
    keys = concerned(conn, given.project.id)
    made = sum(judge(conn, given, keys[start:start + CHUNK]) for start in range(0, len(keys), CHUNK))
    return made + fill(conn, given)


def fill(conn: sa.Connection, given: Context) -> int:
    """Take back what absent people hold, fill the queues, mix in checks; how many decisions were made."""
    found = windows.read(conn, given.project.id, given.people, given.rules.queues, given.now)
    returned, made = take_back(conn, given, found), 0
    if returned:
        made = judge(conn, given, sorted(returned))
        found = windows.read(conn, given.project.id, given.people, given.rules.queues, given.now)
    made += refill(conn, given, found)
    review.announce(conn, given)
    if given.paused:
        made += training.ask(conn, given)
    if not given.controls or not (given.gold or checks.share(given.rules, checks.RECHECK)):
        return made
    able = [person for person in given.people if person.id not in given.paused]
    found = windows.read(conn, given.project.id, able, given.rules.queues, given.now)
    return made + gold.ask(conn, given, found) + recheck.ask(conn, given, found)


def concerned(conn: sa.Connection, project_id: int, wanted: Collection[int] | None = None) -> list[int]:
    """Keys of the tasks to judge: those wanted, or all, with those deleted that need tidying up.

    In a pilot those that it is about. Of hidden copies those that somebody is being asked.
    """
    if wanted is not None:
        return chosen(conn, project_id, sorted(wanted))
    untidy = sa.and_(routes.c.task.is_not(None), sa.or_(routes.c.state != "done", routes.c.dirty))
    return chosen(conn, project_id, list(conn.scalars(
        sa.select(tasks.c.key).outerjoin(routes, routes.c.task == tasks.c.key).where(
            tasks.c.project_id == project_id, sa.or_(tasks.c.deleted_at.is_(None), untidy),
            sa.or_(tasks.c.copy_of.is_(None), routes.c.state == "asked")).order_by(tasks.c.key))))
