"""Limits on tasks of a kind, e.g. at most 60 graphic ones a person and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store.schema import annotations as notes
from routing import signals
from routing.choosing.worth import see
from routing.context import Context
from routing.language.actions import Limit
from routing.language.columns import BoolArray
from routing.language.conditions import Condition
from routing.people import limits
from routing.people.crowd import Crowd


@dataclass(frozen=True, slots=True)
class Cap:
    """One limit of one rule."""

    name: str
    counts: BoolArray
    """(T,) tasks of this round that it is about."""
    left: NDArray[np.int64]
    """(W,) how many more of them each person may get; falls as people are asked."""
    most: int
    period: str
    """`today`, or `in an hour`."""


def read(conn: sa.Connection, given: Context, crowd: Crowd, keys: Sequence[int],
         free: NDArray[np.int64]) -> list[Cap]:
    """The limits that may bind when these tasks (keys) are given out to people with so many `free` places.

    A limit that nobody could reach in this round is left out unread: looking costs as much as judging those tasks.
    """
    found = []
    for name, when, limit in special(given):
        counts = _among(conn, given, when, limit, keys)
        if not counts.any():
            continue
        for most, shown, period in _shown(conn, given, crowd, limit):
            everything = np.array([len(shown[one]) for one in crowd.ids.tolist()])
            if not (everything + free > most).any():
                continue
            past = sorted({task for tasks in shown.values() for task in tasks})
            of_kind = {key for key, is_so in zip(past, _among(conn, given, when, limit, past), strict=True) if is_so}
            used = np.array([len(shown[one] & of_kind) for one in crowd.ids.tolist()], np.int64)
            found.append(Cap(name, counts, np.maximum(most - used, 0), most, period))
    return found


def special(given: Context) -> list[tuple[str, Condition | None, Limit]]:
    """Limits that are about some tasks only: (name, condition of the rule, limit)."""
    said: list[tuple[str, Condition | None, Limit]] = [
        (f"rule {rule.name}", rule.when if rule.when.names else None, rule.limit) for rule in given.rules.rules
        if rule.limit is not None and (rule.limit.seen is not None or rule.when.names)]
    if given.rules.limit.seen is not None:
        said.append(("`limit` in the rules", None, given.rules.limit))
    return said


def _among(conn: sa.Connection, given: Context, when: Condition | None, limit: Limit, keys: Sequence[int]) -> BoolArray:
    """(T,) of which tasks the conditions are known to be true, on any control."""
    is_so = np.zeros(len(keys), dtype=bool)
    if not keys:
        return is_so
    seen = {control.name: see(conn, given, control.name, keys) for control in given.controls}
    for rows in seen.values():
        look = signals.lookup(rows, found=given.found, controls=seen)
        both = np.ones(len(keys), dtype=bool)
        for condition in (when, limit.seen):
            if condition is not None:
                both &= condition.true(look, len(keys))
        is_so |= both
    return is_so


def _shown(conn: sa.Connection, given: Context, crowd: Crowd,
           limit: Limit) -> list[tuple[int, dict[int, frozenset[int]], str]]:
    """(most, {annotator: tasks (keys) they did or have in their queue}, period) for each part of a limit."""
    parts = []
    if limit.per_person_day is not None:
        zones: dict[datetime, list[int]] = {}
        for one, person in zip(crowd.ids.tolist(), crowd.people, strict=True):
            zones.setdefault(person.midnight(given.now), []).append(one)
        done: dict[int, frozenset[int]] = {}
        for midnight, ids in zones.items():
            done |= _done(conn, given, midnight, ids)
        parts.append((limit.per_person_day, done, "today"))
    if limit.per_hour is not None:
        hour = _done(conn, given, given.now - limits.HOUR, crowd.ids.tolist())
        parts.append((limit.per_hour, hour, "in an hour"))
    return [(most, {window.annotator.id: frozenset(a.task for a in window.open)
                    | done.get(window.annotator.id, frozenset()) for window in crowd.found}, period)
            for most, done, period in parts]


def _done(conn: sa.Connection, given: Context, since: datetime, ids: Sequence[int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    wanted = set(ids)
    for row in conn.execute(sa.select(notes.c.annotator_id, notes.c.task).where(
            notes.c.project_id == given.project.id, notes.c.deleted_at.is_(None), notes.c.created_at >= since,
            notes.c.imported.is_not(sa.true()))):
        if row.annotator_id in wanted:
            found.setdefault(row.annotator_id, set()).add(row.task)
    return {one: frozenset(tasks) for one, tasks in found.items()}
