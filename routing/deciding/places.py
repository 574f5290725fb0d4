"""Where tasks stand: what Label Studio shows of them, who has worked on them, who is being asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store import assignments, routes, schema, tasks
from cueloop.store.assignments import Assignment
from cueloop.store.routes import Route
from cueloop.store.upsert import chunks
from routing.deciding.plans import NONE, Plan


@dataclass(frozen=True, slots=True)
class Place:
    """One task, apart from what rules can see of it."""

    key: int
    id: int
    cue: Mapping[str, Any]
    """Our keys as last seen in Label Studio."""
    overlap: int | None
    is_labeled: bool | None
    blind: bool
    authors: frozenset[int] = frozenset()
    """Everybody with an annotation on it that is no skip, machines too: what Label Studio counts."""
    machine: frozenset[int] = frozenset()
    """Those authors that are machines."""
    skippers: frozenset[int] = frozenset()
    drafts: frozenset[int] = frozenset()
    """People who have begun and not submitted."""
    assignments: tuple[Assignment, ...] = field(default=())
    route: Route | None = None
    plan: Plan = NONE
    """What the rules wanted at the last routing."""

    @property
    def open(self) -> tuple[Assignment, ...]:
        """Who is being asked now."""
        return tuple(a for a in self.assignments if a.state == assignments.OPEN)

    @property
    def done_with(self) -> frozenset[int]:
        """People who will not be served it again."""
        return self.authors | self.skippers

    @property
    def asked(self) -> frozenset[int]:
        """Everybody who was ever asked."""
        return frozenset(a.annotator_id for a in self.assignments)


def read(conn: sa.Connection, keys: Sequence[int], machines: Collection[int]) -> dict[int, Place]:
    """{task key: its place} of living tasks."""
    asked, known = assignments.of_tasks(conn, keys), routes.of_tasks(conn, keys)
    worked = _pairs(conn, keys, schema.annotations, schema.annotations.c.deleted_at.is_(None))
    begun = _pairs(conn, keys, schema.drafts, sa.true())
    found = {}
    for key, task in tasks.by_keys(conn, keys).items():
        if task.deleted_at is not None:
            continue
        authors = frozenset(person for person, skipped in worked.get(key, ()) if not skipped)
        route = known.get(key)
        found[key] = Place(
            key=key, id=task.id, cue=task.cue, overlap=task.overlap, is_labeled=task.is_labeled, blind=task.blind,
            authors=authors, machine=authors & frozenset(machines),
            skippers=frozenset(person for person, skipped in worked.get(key, ()) if skipped) - authors,
            drafts=frozenset(person for person, _ in begun.get(key, ())),
            assignments=tuple(asked.get(key, ())), route=route,
            plan=Plan.from_json(route.plan) if route is not None and route.plan else NONE)
    return found


def acted(conn: sa.Connection, some: Sequence[Place]) -> dict[int, frozenset[int]]:
    """{task: who submitted or corrected something on it since its plan began}, of tasks whose plan waits for that.

    By the moment at which it was seen here: Label Studio's clock may differ.
    """
    since = {place.key: datetime.fromisoformat(place.plan.since) for place in some
             if place.plan.since is not None and _waits(place.plan)}
    found: dict[int, set[int]] = {}
    for row in edits(conn, list(since)):
        if row.seen_at >= since[row.task]:
            found.setdefault(row.task, set()).add(row.person)
    return {key: frozenset(people) for key, people in found.items()}


def edits(conn: sa.Connection, keys: Sequence[int]) -> list[Any]:
    """Every version of the annotations of these tasks that is no skip: task, person who made it, when it was seen."""
    note, version = schema.annotations.c, schema.annotation_versions.c
    rows: list[Any] = []
    for part in chunks(list(keys)):
        rows += conn.execute(sa.select(
            note.task, sa.func.coalesce(version.updated_by, note.annotator_id).label("person"), version.seen_at).join(
            schema.annotations, note.unique_id == version.unique_id).where(
            note.task.in_(part), note.deleted_at.is_(None), ~version.was_cancelled)).all()
    return [row for row in rows if row.person is not None]


def _waits(plan: Plan) -> bool:
    return plan.kind in ("review", "escalate") or bool(plan.who.if_nobody and plan.who.if_nobody.escalate)


def _pairs(conn: sa.Connection, keys: Sequence[int], table: sa.Table,
           alive: sa.ColumnElement[bool]) -> dict[int, list[tuple[int, bool]]]:
    """{task: [(annotator, skipped)]}; an annotation whose author was deleted counts as author -1."""
    skipped = table.c.was_cancelled if "was_cancelled" in table.c else sa.false()
    found: dict[int, list[tuple[int, bool]]] = {}
    for part in chunks(list(keys)):
        for row in conn.execute(sa.select(table.c.task, table.c.annotator_id, skipped.label("skipped"))
                                .where(table.c.task.in_(part), alive)):
            person = -1 if row.annotator_id is None else row.annotator_id
            found.setdefault(row.task, []).append((person, bool(row.skipped)))
    return found
