"""Which tasks may show no suggestion: asked of the store when an answer would be stored, and remembered.

A suggestion that was shown by mistake cannot be taken back; one that is missing can be added later.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cueloop.store import Store
from cueloop.store.schema import projects, tasks
from cueloop.store.upsert import chunks
from ml_backend.serving.asking import Asking, StoreAway

AT_ONCE = ("SELECT id FROM tasks WHERE blind = 1 AND deleted_at IS NULL {} "
           "AND id IN (SELECT value FROM json_each(?))")
FRESH_SECONDS = 2.0
"""How old a look may be that decides for callers who store nothing."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store said at one look."""

    blind: Mapping[int, frozenset[int]]
    """{project: Label Studio's ids of its blind tasks}."""
    newest: Mapping[int, int]
    """{project: greatest task id}."""
    mark: tuple[tuple[int, int, int], ...] = ()
    """Changes whenever `blind` does."""

    def hidden(self, project_id: int | None, ids: Sequence[int]) -> frozenset[int]:
        """The blind ones of these ids."""
        sets = self.blind.values() if project_id is None else [self.blind.get(project_id, frozenset())]
        return frozenset().union(*(some.intersection(ids) for some in sets))

    def strange(self, project_id: int | None, ids: Sequence[int]) -> frozenset[int]:
        """Those of these ids that came after this look."""
        newest = max(self.newest.values(), default=0) if project_id is None else self.newest.get(project_id, 0)
        return frozenset(one for one in ids if one > newest)


class Blind:
    """Blindness of tasks, as one serving process knows it."""

    def __init__(self, asking: Asking, clock: Callable[[], float] = time.monotonic) -> None:
        """Knows nothing before the first look."""
        self._asking, self._clock = asking, clock
        self._known: Known | None = None
        self._at = -float("inf")

    def hidden(self, project_id: int | None, ids: Sequence[int], *, stored: bool) -> frozenset[int]:
        """Those of these Label Studio ids that may get no answer. Without a project: blind in any project.

        `stored`: the answer would be stored, so the store itself is asked; while it is away also tasks that were
        not there at the last look are hidden, all of them before the first look.
        """
        if not ids:
            return frozenset()
        known = self._known
        if known is not None and not stored and self._clock() - self._at < FRESH_SECONDS:
            return known.hidden(project_id, ids)
        if (found := self._at_once(project_id, ids)) is not None:
            return found
        try:
            return self._asking(blind, project_id, ids)
        except StoreAway:
            if known is None:
                return frozenset(ids) if stored else frozenset()
            hidden = known.hidden(project_id, ids)
            return hidden | known.strange(project_id, ids) if stored else hidden

    def _at_once(self, project_id: int | None, ids: Sequence[int]) -> frozenset[int] | None:
        project, given = ("", ()) if project_id is None else ("AND project_id = ?", (project_id,))
        rows = self._asking.at_once(AT_ONCE.format(project), (*given, json.dumps(ids)))
        return None if rows is None else frozenset(row[0] for row in rows)

    def look(self) -> None:
        """Renew what is known. Raises StoreAway."""
        self._known = self._asking(know, self._known)
        self._at = self._clock()


def blind(store: Store, project_id: int | None, ids: Sequence[int]) -> frozenset[int]:
    """Which of these Label Studio ids are tasks that may show no suggestion. Without a project: in any project."""
    found: set[int] = set()
    with store.read() as conn:
        for some in chunks(sorted(set(ids))):
            query = sa.select(tasks.c.id).where(tasks.c.id.in_(some), tasks.c.blind, tasks.c.deleted_at.is_(None))
            found |= set(conn.scalars(query if project_id is None else query.where(tasks.c.project_id == project_id)))
    return frozenset(found)


def know(store: Store, before: Known | None = None) -> Known:
    """All blind tasks. Read anew only when their number or sum differs from what was known `before`."""
    hidden = (tasks.c.blind, tasks.c.deleted_at.is_(None))
    newest = sa.select(sa.func.max(tasks.c.id)).where(tasks.c.project_id == projects.c.id).scalar_subquery()
    with store.read() as conn:
        greatest = {project: one for project, one in conn.execute(sa.select(projects.c.id, newest)) if one is not None}
        mark = tuple((row[0], int(row[1]), int(row[2])) for row in conn.execute(
            sa.select(tasks.c.project_id, sa.func.count(), sa.func.sum(tasks.c.id)).where(*hidden)
            .group_by(tasks.c.project_id).order_by(tasks.c.project_id)))
        if before is not None and before.mark == mark:
            return Known(before.blind, greatest, mark)
        found: dict[int, set[int]] = {project: set() for project, _, _ in mark}
        for project, one in conn.execute(sa.select(tasks.c.project_id, tasks.c.id).where(*hidden)):
            found[project].add(one)
    return Known({project: frozenset(ids) for project, ids in found.items()}, greatest, mark)
