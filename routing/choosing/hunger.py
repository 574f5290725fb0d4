"""Which of the waiting tasks are looked at: for everybody with free places those that they may do.

A project may have a hundred thousand waiting tasks. They fall into groups whose people are the same (the column
`audience`); a group none of whose people has a free place is not read at all, so that its tasks stand before nobody
else's, however much they are wanted.
"""

from __future__ import annotations

import hashlib

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop import logs
from cueloop.store import routes
from routing.context import Context
from routing.deciding.plans import Plan
from routing.people import qualify
from routing.people.crowd import Crowd
from routing.people.notices import ADMIN, raise_once

MOST = 2_000
"""Tasks of a group looked at in one go: enough for every free place, and few enough for half a second."""

SHOWN = 5
"""People of whom a notice says why they may not be asked."""

TOLD = 10
"""Groups of tasks that get a notice each; of more there is one for all: a field may have a thousand values."""

log = logs.get(__name__)
_known: set[tuple[str, str]] = set()        # (store, notice) that is there: not asked for again by this process


class Hunger:
    """The waiting tasks of a project, a page at a time."""

    def __init__(self, conn: sa.Connection, given: Context, crowd: Crowd) -> None:
        """Looks which groups there are."""
        self._conn, self._given, self._crowd = conn, given, crowd
        self._store = str(conn.engine.url)
        self._groups = {text: crowd.able(text) for text in routes.audiences(conn, given.project.id)}
        self._after: dict[tuple[int, str], tuple[float, int]] = {}
        self._ended: set[tuple[int, str]] = set()

    def first(self, free: NDArray[np.int64]) -> list[int]:
        """Tasks (keys) for people with so many `free` places (W,), the most wanted first."""
        found: list[tuple[float, int]] = []
        for text, able in self._groups.items():
            places = int(free[able].sum())
            if places:
                found += routes.hungry_of(self._conn, self._given.project.id, text, min(MOST, 2 * places + 20))
        return _ordered(found)

    def further(self, free: NDArray[np.int64]) -> list[int]:
        """The next tasks that these people have not worked on: what stood above was nothing for them.

        Empty at the end. Each call goes on where the last one ended.
        """
        found: list[tuple[float, int]] = []
        for at in np.flatnonzero(free).tolist():
            limit, person = min(MOST, 2 * int(free[at]) + 20), int(self._crowd.ids[at])
            for text, able in self._groups.items():
                if not able[at] or (at, text) in self._ended:
                    continue
                rows = routes.hungry_of(self._conn, self._given.project.id, text, limit, person=person,
                                        after=self._after.get((at, text)))
                if len(rows) < limit:
                    self._ended.add((at, text))
                else:
                    self._after[at, text] = rows[-1]
                found += rows
        return _ordered(found)

    def say_aloud(self) -> None:
        """Tell the admins, once, of groups of tasks about which nobody may be asked."""
        nobody = [text for text, able in self._groups.items() if not able.any()]
        if not self._given.people:
            return
        for text in nobody[:TOLD]:
            if (self._store, self._name(text)) not in _known:
                self._tell(text)
        name = self._name("more")
        if len(nobody) > TOLD and (self._store, name) not in _known and not raise_once(
                self._conn, project_id=self._given.project.id, kind="nobody", recipient=ADMIN, once=name,
                subject=f"Nobody may be asked about many tasks in project {self._given.project.id}",
                text=f"There are {len(nobody)} kinds of tasks about which nobody may be asked. They wait until "
                     "somebody may. `cueloop route plan` says which rules ask in vain, and "
                     "`cueloop route explain TASK` why."):
            _known.add((self._store, name))

    def _name(self, text: str) -> str:
        """What makes a notice one: it is raised again when rules or team changed, and are still to no avail."""
        said = f"{text}:{self._given.rules.hash}:{self._given.team.hash}"
        return f"nobody:{self._given.project.id}:{hashlib.sha256(said.encode()).hexdigest()[:16]}"

    def _tell(self, text: str) -> None:
        given, demand, name = self._given, qualify.members(text)[0], self._name(text)
        first = routes.hungry_of(self._conn, given.project.id, text, 1)
        if not first:
            return
        plan = Plan.from_json(routes.of_tasks(self._conn, [first[0][1]])[first[0][1]].plan)
        why = [f"{person.email}: {self._why(at, text)}" for at, person in enumerate(self._crowd.people)]
        more = f"\n... and {len(why) - SHOWN} others" if len(why) > SHOWN else ""
        absent = f" The tasks have no {', '.join(demand.absent)}." if demand.absent else ""
        if raise_once(self._conn, project_id=given.project.id, kind="nobody", recipient=ADMIN, once=name,
                      subject=f"Nobody may be asked about tasks of rule {plan.rule} in project {given.project.id}",
                      text=f"They wait until somebody may.{absent}\n" + "\n".join(why[:SHOWN]) + more):
            log.warning("tasks wait: nobody may be asked about them", project=given.project.id, rule=plan.rule)
        else:
            _known.add((self._store, name))     # only then: a dry run raises a notice, too, and takes it back

    def _why(self, at: int, text: str) -> str:
        if self._crowd.paused[at]:
            return "is paused"
        demand, _, control = qualify.members(text)
        right = float(self._crowd.accuracy(control).max(axis=1)[at]) if demand.who.qualified is not None else None
        return qualify.refusal(demand, self._crowd.people[at], self._given.team, right) or \
            "accuracy on the labels in question is too low"


def _ordered(found: list[tuple[float, int]]) -> list[int]:
    return [task for _, task in sorted(set(found), key=lambda row: (-row[0], row[1]))]
