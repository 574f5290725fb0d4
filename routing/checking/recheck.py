"""Chooses what somebody is asked again: an old answer of theirs, at a place among their work.

Here a copy is only announced, in the journal; `routing.checking.copies` imports it into Label Studio. No rule is asked
about a copy: it is open for one person, and closed when they are done with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from cueloop import journal
from cueloop.sampling import uniform
from cueloop.store import assignments, copies, decisions, routes
from cueloop.store.decisions import Decision
from cueloop.store.pilot import chosen
from cueloop.store.routes import Route
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import tasks
from routing.checking import check_tasks, checks, turns
from routing.checking.checks import Source
from routing.checking.turns import Turn
from routing.context import Context
from routing.deciding import places
from routing.deciding.closing import close_answered, forget
from routing.deciding.places import Place
from routing.people.windows import Window
from routing.showing.channel import CHANNEL
from routing.showing.wanted import PRIORITY, QUEUE, Wanted, queue_names, queue_value

RULE = "recheck"
"""Stands for the rule in decisions that the file's own declaration made."""

POOL = 500
"""Old answers that are looked at for one turn where rules choose among them."""


def ask(conn: sa.Connection, given: Context, found: Sequence[Window]) -> int:
    """Announce a copy for everybody whose turn it is; how many decisions were made."""
    said = checks.sources(given.rules, checks.RECHECK)
    if not said:
        return 0
    share = checks.share(given.rules, checks.RECHECK)
    turns.late(conn, given, found, assignments.RECHECK, share)
    coming = {int(entry.before["annotator"])
              for entry in journal.entries(conn, given.project.id, copies.KIND, journal.INTENDED)}
    made = 0
    for turn in turns.due(conn, given, found, assignments.RECHECK, share, coming):
        able = _able(conn, given, said, turn)
        drawn = checks.draw(said, able, turn.run, turns.salt(given, RULE, turn.person))
        if drawn is not None:
            some = able[drawn[0].name]
            at = int(uniform(turn.run, f"which:{turns.salt(given, RULE, turn.person)}") * len(some))
            _announce(conn, given, turn, some[at], drawn, len(some))
            made += 1
    return made


def _able(conn: sa.Connection, given: Context, said: Sequence[Source], turn: Turn) -> dict[str, list[int]]:
    """{declaration: tasks that somebody may be asked again by it}; those that are looked at are drawn."""
    old = _answered(conn, given, turn.person, min(source.after for source in said))
    if len(old) > POOL and any(source.rule for source in said):
        start = int(uniform(turn.run, f"pool:{turns.salt(given, RULE, turn.person)}") * len(old))
        old = dict(([*old.items()] * 2)[start:start + POOL])
    drawn_for = check_tasks.assigned(conn, given, said, sorted(old))
    after = {source.name: timedelta(seconds=source.after) for source in said}
    able: dict[str, list[int]] = {}
    for key in sorted(old):
        name = drawn_for.get(key)
        if name is not None and old[key] <= given.now - after[name]:
            able.setdefault(name, []).append(key)
    return able


def _answered(conn: sa.Connection, given: Context, person: int, after: float) -> dict[int, datetime]:
    """{task: when} of what somebody answered so many seconds ago, here, and was not asked again.

    Ground truth is a check already, and of what was imported nobody knows how it was made.
    """
    before = given.now - timedelta(seconds=after)
    rows = conn.execute(sa.select(notes.c.task, sa.func.min(notes.c.answered_at).label("at")).join(
        tasks, tasks.c.key == notes.c.task).where(
        notes.c.project_id == given.project.id, notes.c.annotator_id == person, notes.c.deleted_at.is_(None),
        ~notes.c.was_cancelled, notes.c.answered_at <= before, notes.c.imported.is_not(sa.true()),
        tasks.c.deleted_at.is_(None),
        tasks.c.copy_of.is_(None)).group_by(notes.c.task).order_by(notes.c.task)).all()
    refused = {int(entry.before["task"]) for entry in journal.entries(conn, given.project.id, copies.KIND)
               if entry.before["annotator"] == person}      # announced before, and perhaps never made
    seen = copies.asked_again(conn, person) | refused | given.gold
    able = set(chosen(conn, given.project.id, [row.task for row in rows if row.task not in seen]))
    return {row.task: row.at for row in rows if row.task in able}


def _announce(conn: sa.Connection, given: Context, turn: Turn, task: int, drawn: tuple[Source, float],
              able: int) -> None:
    source, chance = drawn
    decision = decisions.add(conn, Decision(
        project_id=given.project.id, task=task, control=given.controls[0].name, kind=RULE, rule=source.name,
        rules_hash=given.rules.hash, chosen=[turn.person], probability=chance / able, created_at=given.now,
        guideline_version=given.project.guideline_version, inputs={
            "why": f"one of {1 / source.share:.3g} tasks is asked again; drawn from {able} answers that are old enough",
            "run": turn.run, "done": turn.done, "ahead": turn.rank}))
    name = "c" + hashlib.sha256(f"{given.project.id}:{task}:{turn.person}:{decision}".encode()).hexdigest()[:24]
    journal.announce(conn, given.project.id, copies.KIND, name, {
        "task": task, "annotator": turn.person, "decision": decision, "ahead": turn.rank})


def settle(conn: sa.Connection, given: Context, keys: Sequence[int]) -> list[int]:
    """Bring those of the tasks that are hidden copies up to date; the others, which are judged by the rules."""
    own = copies.among(conn, keys)
    if not own:
        return list(keys)
    mine = [key for key in keys if key in own]
    close_answered(conn, given, mine)
    found = places.read(conn, mine, given.machines)
    forget(conn, given, [key for key in mine if key not in found])
    routes.put(conn, [route for place in found.values() if (route := _settled(conn, given, place)) is not None])
    return [key for key in keys if key not in own]


def _settled(conn: sa.Connection, given: Context, place: Place) -> Route | None:
    """The route of a copy as it should be; None when it is so, or when nobody was ever asked."""
    had = place.route
    if had is None:
        return None
    able = {person.id for person in given.people}
    gone = [a.key for a in place.open if a.annotator_id not in able]
    assignments.end(conn, gone, assignments.WITHDRAWN, given.now)
    asked = given.queues_of([a.annotator_id for a in place.open if a.key not in gone])
    shown = queue_names(place.cue.get(QUEUE))
    authors = len(place.authors)
    want: Wanted = {**had.wanted, "overlap": authors + len(asked)} if asked else {
        "cue": {QUEUE: queue_value(shown), PRIORITY: place.cue.get(PRIORITY, 0.0)},
        "overlap": max(1, authors), "is_labeled": True}
    fresh = replace(had, wanted=want, state=routes.ASKED if asked else routes.DONE,
                    dirty=not CHANNEL.shows(want, place, asked))
    return None if fresh == had else replace(fresh, updated_at=given.now)
