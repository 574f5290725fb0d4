"""Whose turn it is to get a check among their work, and after how many tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from cueloop.store import assignments, decisions, routes
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import assignments as table
from cueloop.store.upsert import chunks
from routing.checking import spacing
from routing.context import Context
from routing.people.windows import Window
from routing.showing.wanted import PRIORITY


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody is to get a check of one kind now."""

    window: Window
    run: int
    done: int
    """Tasks that they have done."""
    rank: int
    """Tasks of their queue that come before it."""

    @property
    def person(self) -> int:
        """Whose turn it is."""
        return self.window.annotator.id


def salt(given: Context, kind: str, person: int) -> str:
    """Salt of the places of somebody's checks of a kind: the same at every run."""
    return f"{kind}:{given.project.id}:{person}"


def due(conn: sa.Connection, given: Context, found: Sequence[Window], kind: str, share: float,
        busy: Collection[int]) -> list[Turn]:
    """The turns of people at work who have no open check of this kind and are not `busy` with one.

    Only while they have work of other kinds: a check alone in a queue could be told from its surroundings.
    """
    waiting = [w for w in found if w.at_work and w.annotator.id not in busy
               and any(a.kind == assignments.ASK for a in w.open) and all(a.kind != kind for a in w.open)]
    if not waiting:
        return []
    done, last = tasks_done(conn, given, waiting), _last(conn, given.project.id, kind)
    turns = []
    for window in waiting:
        person = window.annotator.id
        drawn, count = salt(given, kind, person), done.get(person, 0)
        had = last.get(person)
        run = spacing.next_run(count, share, drawn, had.run if had else None)
        rank = spacing.rank(count, _since(conn, given.project.id, person, had) if had else None, share, drawn, run)
        if rank is not None and rank < sum(a.kind == assignments.ASK for a in window.open):
            turns.append(Turn(window, run, count, rank))
    return turns


def late(conn: sa.Connection, given: Context, found: Sequence[Window], kind: str, share: float) -> int:
    """Put checks whose time has come before everything else in their queue; how many had fallen behind.

    Tasks that were asked since may stand before them.
    """
    mine = [(w, a) for w in found for a in w.open if a.kind == kind]
    if not mine:
        return 0
    done = tasks_done(conn, given, [w for w, _ in mine])
    runs = _runs(conn, [a.decision for _, a in mine])
    moved = []
    for window, check in mine:
        person = window.annotator.id
        if done.get(person, 0) < spacing.place(runs.get(check.decision, 0), share, salt(given, kind, person)):
            continue
        known = routes.of_tasks(conn, [a.task for a in window.open])
        # other checks of the kind are left out: two whose time has come must not overtake each other for ever
        own, others = known.get(check.task), priorities(known, [a.task for a in window.open if a.kind != kind])
        if own is not None and others and own.wanted["cue"][PRIORITY] <= max(others):
            moved.append(at_priority(own, spacing.priority(0, others), given))
    routes.put(conn, moved)
    return len(moved)


def at_priority(route: routes.Route, value: float, given: Context) -> routes.Route:
    """The route with a priority that Label Studio must show, for it is a place in somebody's queue."""
    want = {**route.wanted, "cue": {**route.wanted["cue"], PRIORITY: value}, "ranked": True}
    return replace(route, wanted=want, dirty=True, updated_at=given.now)


def priorities(known: Mapping[int, routes.Route], tasks: Sequence[int]) -> list[float]:
    """The priorities of these tasks in Label Studio, as far as they are known."""
    return [float(known[task].wanted["cue"].get(PRIORITY) or 0.0) for task in tasks
            if task in known and "cue" in known[task].wanted]


def tasks_done(conn: sa.Connection, given: Context, windows: Sequence[Window]) -> dict[int, int]:
    """{annotator: annotations that they ever made}, skips and deleted ones too: it never goes back."""
    found: dict[int, int] = {}
    for some in chunks([w.annotator.id for w in windows]):
        found |= {row[0]: row[1] for row in conn.execute(
            sa.select(notes.c.annotator_id, sa.func.count()).select_from(notes).where(
                notes.c.project_id == given.project.id, notes.c.annotator_id.in_(some)).group_by(notes.c.annotator_id))}
    return found


@dataclass(frozen=True, slots=True)
class _Had:
    """Somebody's last check of a kind."""

    task: int
    run: int
    ended_at: datetime


def _last(conn: sa.Connection, project_id: int, kind: str) -> dict[int, _Had]:
    newest = sa.select(sa.func.max(table.c.key)).where(
        table.c.project_id == project_id, table.c.kind == kind).group_by(table.c.annotator_id)
    rows = conn.execute(sa.select(table).where(table.c.key.in_(newest))).all()
    runs = _runs(conn, [row.decision for row in rows])
    return {row.annotator_id: _Had(row.task, runs.get(row.decision, 0), row.ended_at or row.created_at)
            for row in rows}


def _runs(conn: sa.Connection, keys: Sequence[int]) -> dict[int, int]:
    """{decision: the run that it was for}."""
    rows = decisions.inputs_of(conn, keys)
    return {key: int(inputs.get("run", 0)) for key, inputs in rows.items()}


def _since(conn: sa.Connection, project_id: int, person: int, had: _Had) -> int:
    """Tasks that somebody did since they answered their last check, or since it was taken back."""
    answered = conn.scalar(sa.select(sa.func.max(notes.c.created_at)).where(
        notes.c.task == had.task, notes.c.annotator_id == person))
    return int(conn.scalar(sa.select(sa.func.count()).select_from(notes).where(
        notes.c.project_id == project_id, notes.c.annotator_id == person,
        notes.c.created_at > (answered or had.ended_at))) or 0)
