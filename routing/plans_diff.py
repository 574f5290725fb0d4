"""How many tasks of a project would get another plan under other rules, now: judged twice, nothing is written."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from cueloop.store import Store, routes
from cueloop.store.columns import now
from cueloop.store.schema import routes as table
from routing import context as contexts
from routing.language.rules import Rules
from routing.route import run

EXAMPLES = 5
"""Task ids told for each kind of move."""


@dataclass(frozen=True, slots=True)
class Move:
    """So many `tasks` go from one plan to another; `examples` are Label Studio's ids of some."""

    before: str
    after: str
    tasks: int
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Moves:
    """Of `tasks` in all, those whose plan changes, the commonest move first."""

    tasks: int
    changed: int
    moves: tuple[Move, ...]


class _Undo(Exception):
    """Rolls everything back."""


def plans_diff(store: Store, project_id: int, old: Rules, new: Rules) -> Moves:
    """Judge all tasks with both, as they stand now; what people were asked already counts for both."""
    before, after = _plans(store, project_id, old), _plans(store, project_id, new)
    pairs: dict[tuple[str, str], list[int]] = {}
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key, "not routed"), after.get(key, "not routed")
        if one != other:
            pairs.setdefault((one, other), []).append(key)
    ids = _ids(store, [key for keys in pairs.values() for key in keys[:EXAMPLES]])
    moves = [Move(one, other, len(keys), tuple(ids[key] for key in keys[:EXAMPLES] if key in ids))
             for (one, other), keys in pairs.items()]
    moves.sort(key=lambda move: (-move.tasks, move.before, move.after))
    return Moves(len(before.keys() | after.keys()), sum(move.tasks for move in moves), tuple(moves))


def _plans(store: Store, project_id: int, rules: Rules) -> dict[int, str]:
    """{task: its plan in words}, from routing inside a transaction that is rolled back."""
    found: dict[int, str] = {}
    try:
        with store.write() as conn:
            run(conn, contexts.read(conn, project_id, now(), rules=rules))
            keys = list(conn.scalars(sa.select(table.c.task).where(table.c.project_id == project_id)))
            for key, route in routes.of_tasks(conn, keys).items():
                found[key] = _words(route.plan or {})
            raise _Undo
    except _Undo:
        return found


def _words(plan: dict[str, object]) -> str:
    """Kind and rule; how many more only where people are wanted."""
    kind, rule = str(plan.get("kind") or "none"), plan.get("rule")
    if kind == "none":
        return "no rule"
    return f"{kind} ({rule})" if rule else kind


def _ids(store: Store, keys: list[int]) -> dict[int, int]:
    from cueloop.store import tasks

    with store.read() as conn:
        return {key: task.id for key, task in tasks.by_keys(conn, keys).items()}
