"""A dry run: routes everything for real inside a transaction that is rolled back, so that it cannot disagree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from cueloop.store import Store, assignments, routes
from cueloop.store.columns import now
from cueloop.store.schema import assignments as asked
from cueloop.store.schema import decisions
from cueloop.store.schema import routes as table
from routing import context as contexts
from routing.advice import advise
from routing.language.rules import Rules
from routing.route import run


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What routing would do now."""

    rules: str
    """Hash of the rules that were tried."""
    decisions: dict[str, dict[str, int]]
    """{kind: {rule: how many}} that would be made."""
    states: dict[str, int]
    """{state: tasks} afterwards."""
    writes: int
    """Tasks that would then be written in Label Studio."""
    nobody: int
    """Tasks that need people and would get none: queues are full, or nobody qualifies."""
    withdrawn: int
    """Questions that lie in people's queues and would be taken back."""
    advice: tuple[str, ...]
    """What an admin should know about the rules in this project."""


class _Undo(Exception):
    """Rolls the rehearsal back."""


def rehearse(store: Store, project_id: int, rules: Rules | None = None) -> Rehearsal:
    """Route with `rules` (None: those in force) and undo it all. Holds the store's write lock meanwhile."""
    found: list[Rehearsal] = []
    try:
        with store.write() as conn:
            found.append(_run(conn, project_id, rules))
            raise _Undo
    except _Undo:
        return found[0]


def _run(conn: sa.Connection, project_id: int, rules: Rules | None) -> Rehearsal:
    last = conn.scalar(sa.select(sa.func.max(decisions.c.key))) or 0
    given = contexts.read(conn, project_id, now(), rules=rules)
    run(conn, given)
    made: dict[str, Counter[str]] = {}
    for row in conn.execute(sa.select(decisions.c.kind, decisions.c.rule).where(
            decisions.c.project_id == project_id, decisions.c.key > last)):
        made.setdefault(row.kind, Counter())[row.rule] += 1
    here = table.c.project_id == project_id
    return Rehearsal(
        rules=given.rules.hash, decisions={kind: dict(count) for kind, count in sorted(made.items())},
        states=routes.counts(conn, project_id),
        writes=int(conn.scalar(sa.select(sa.func.count()).where(here, table.c.dirty)) or 0),
        nobody=int(conn.scalar(sa.select(sa.func.count()).where(here, table.c.need > 0)) or 0),
        withdrawn=int(conn.scalar(sa.select(sa.func.count()).select_from(asked).where(
            asked.c.project_id == project_id, asked.c.ended_at == given.now,
            asked.c.state.in_((assignments.WITHDRAWN, assignments.RETURNED)))) or 0),
        advice=tuple(advise(given, conn)))
