"""Work is taken from those who are slow or idle and given to those who run dry while no task waits for them.

First what idle people hold, for they should have been done; then from whoever would take longest, from the end of
their queue. What its holder is much better at than the taker is taken last, so that the specialist is not starved of
what only they are good at. Nobody at work is left with less than they have before their eyes, and nothing that was
begun is taken. Each task moves to where it is done sooner, or to somebody with nothing at all, so that none is passed
back and forth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store import assignments, routes
from cueloop.store.schema import assignments as asked
from cueloop.store.schema import routes as table
from cueloop.store.schema import tasks
from routing.choosing import worth
from routing.choosing.choose import Choice
from routing.choosing.hand_out import hand_out
from routing.choosing.worth import Worth
from routing.context import Context
from routing.deciding import places
from routing.deciding.places import Place
from routing.people import exposure, windows
from routing.people.crowd import Crowd
from routing.people.spending import Purse
from routing.people.windows import LOW
from routing.showing.wanted import PRIORITY, QUEUE, queue_names

KEEP = 2
"""Tasks that somebody who may be at work keeps: the one on their screen and the next."""

MOST = 600
"""Tasks looked at in one round."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A task in somebody's queue that could be taken over."""

    key: int
    task: int
    holder: int
    """Place of its holder among the people."""
    rank: int
    """How many tasks of theirs come before it."""
    audience: str
    together: bool


def steal(conn: sa.Connection, given: Context, crowd: Crowd, purse: Purse, free: NDArray[np.int64]) -> int:
    """Let those who run dry take over work; how many decisions were made. `free` (W,) are places left."""
    if not any(window.at_work or window.new for window in crowd.found):
        return 0
    queues = _queues(conn, given, crowd)
    takers = [at for at in range(len(crowd.found)) if free[at] > 0 and _hungry(given, crowd, at, len(queues[at]))]
    if not takers or not any(len(queues[at]) for at in range(len(queues)) if at not in takers or len(takers) > 1):
        return 0
    held = _candidates(crowd, queues, takers)
    here = places.read(conn, sorted({one.task for one in held}), given.machines)
    made = 0
    for control in given.controls:
        tasks = {key: place for key, place in here.items() if given.control(place.plan.control).name == control.name}
        if tasks:
            mine = [one for one in held if one.task in tasks]
            made += _Moving(conn, given, crowd, purse, free, queues, tasks, control.name).move(takers, mine)
    return made


def _hungry(given: Context, crowd: Crowd, at: int, opened: int) -> bool:
    window = crowd.found[at]
    if window.new:
        return opened == 0
    return window.at_work and opened <= window.size * LOW


def _queues(conn: sa.Connection, given: Context, crowd: Crowd) -> list[list[_Held]]:
    """Everybody's queue in the order in which Label Studio serves it: by the priority that it shows, for what is on
    the screen is not to be taken; what it does not show yet, by its own.
    """
    place = {one: at for at, one in enumerate(crowd.ids.tolist())}
    found: list[list[_Held]] = [[] for _ in place]
    rows = conn.execute(sa.select(
        asked.c.key, asked.c.task, asked.c.annotator_id, asked.c.kind, table.c.audience, table.c.together,
        table.c.priority, tasks.c.cue).join(table, table.c.task == asked.c.task).join(
        tasks, tasks.c.key == asked.c.task).where(
        asked.c.project_id == given.project.id, asked.c.state == assignments.OPEN))
    for row in sorted(rows, key=lambda row: (-_served(row), row.task)):
        at = place.get(row.annotator_id)
        if at is not None:
            found[at].append(_Held(row.key if row.kind == assignments.ASK else 0, row.task, at, len(found[at]),
                                   row.audience, bool(row.together)))
    return found


def _served(row: Any) -> float:
    shown = row.cue.get(PRIORITY)
    return float(shown if queue_names(row.cue.get(QUEUE)) and isinstance(shown, int | float) else row.priority)


def _candidates(crowd: Crowd, queues: Sequence[Sequence[_Held]], takers: Sequence[int]) -> list[_Held]:
    """What could be taken by anybody who runs dry: of idle people all, of others the ends of the longest queues."""
    able = {text: bool(crowd.able(text)[takers].any()) for text in {one.audience for queue in queues for one in queue}}
    found = []
    for at, queue in enumerate(queues):
        window = crowd.found[at]
        keep = 0 if window.idle or window.absent else KEEP
        found += [(window.idle or window.absent, (one.rank + 1) * window.pace, one) for one in queue
                  if one.key and one.rank >= keep and able[one.audience]]
    found.sort(key=lambda row: (not row[0], -row[1], row[2].key))
    return [one for _, _, one in found[:MOST]]


class _Moving:
    """Moves tasks of one control."""

    def __init__(self, conn: sa.Connection, given: Context, crowd: Crowd, purse: Purse, free: NDArray[np.int64],
                 queues: Sequence[Sequence[_Held]], here: dict[int, Place], control: str) -> None:
        self._conn, self._given, self._crowd, self._purse, self._free = conn, given, crowd, purse, free
        self._here = here
        order = sorted(here)
        self._at = {key: at for at, key in enumerate(order)}
        self._known: Worth = worth.read(conn, given, control, [here[key] for key in order], crowd.found)
        self._may = crowd.permitted([here[key] for key in order], self._known)
        self._caps = exposure.read(conn, given, crowd, order, free)
        self._length = [len(queue) for queue in queues]

    def move(self, takers: Sequence[int], held: Sequence[_Held]) -> int:
        """One task after the other to whoever has least to do."""
        left, waiting, made = list(held), list(takers), 0
        while waiting and left:
            taker = min(waiting, key=lambda at: (self._time(at), at))
            best = min((one for one in left if self._good(one, taker)), key=lambda one: self._cost(one, taker),
                       default=None)
            if best is None:
                waiting.remove(taker)
                continue
            left = [one for one in left if one.key != best.key]
            self._take(best, taker)
            made += 1
            window = self._crowd.found[taker]
            enough = windows.few(self._given.rules.queues) if window.new else window.size
            if self._free[taker] <= 0 or self._length[taker] >= enough:
                waiting.remove(taker)
        return made

    def _time(self, at: int) -> float:
        return self._length[at] * self._crowd.found[at].pace

    def _good(self, one: _Held, taker: int) -> bool:
        """Whether the taker may have it, and it is done sooner there."""
        holder, place, at = self._crowd.found[one.holder], self._here[one.task], self._at[one.task]
        idle = holder.idle or holder.absent
        if one.holder == taker or not self._may[at, taker] or self._crowd.ids[one.holder] in place.drafts:
            return False
        if not idle and self._length[one.holder] <= KEEP:
            return False
        later = (self._length[taker] + 1) * self._crowd.found[taker].pace
        if not idle and self._length[taker] and self._time(one.holder) <= later:
            return False
        if any(cap.counts[at] and cap.left[taker] <= 0 for cap in self._caps):
            return False
        if self._purse.needed and not self._purse.allows(True)[taker]:
            return False
        bare = self._without(one)
        return bool(self._crowd.fitting(bare, self._known.said[at].data, (), 1)[taker])

    def _cost(self, one: _Held, taker: int) -> tuple[bool, bool, float, int, int]:
        """What is taken first is least: from idle people, what is not kept together, what loses least, the end."""
        holder, value = self._crowd.found[one.holder], self._known.value[self._at[one.task]]
        loss = 0.0 if holder.absent else round(max(0.0, float(value[one.holder] - value[taker])), 2)
        return not (holder.idle or holder.absent), one.together, loss, -one.rank, one.key

    def _take(self, one: _Held, taker: int) -> None:
        holder, at = self._crowd.found[one.holder], self._at[one.task]
        idle = holder.idle or holder.absent
        person = int(self._crowd.ids[taker])
        assignments.end(self._conn, [one.key], assignments.RETURNED if idle else assignments.WITHDRAWN,
                        self._given.now)
        place = self._without(one)
        value = self._known.value[at]
        choice = Choice((person,), 1.0, tuple(
            {"annotator_id": int(self._crowd.ids[who]), "value": round(float(value[who]), 6),
             "probability": float(who == taker)} for who in (taker, one.holder)))
        why = f"taken over from {holder.annotator.email}, who " + (
            "was not seen for long" if idle else f"has {self._length[one.holder]} tasks to do")
        route = place.route
        self._here[one.task] = place
        routes.put(self._conn, [hand_out(self._conn, self._given, place, choice, self._known.said[at],
                                         need=route.need if route else 0, why=why)])
        self._may[at] = False
        self._length[taker] += 1
        self._length[one.holder] -= 1
        self._free[taker] -= 1
        for cap in self._caps:
            cap.left[taker] -= int(cap.counts[at])

    def _without(self, one: _Held) -> Place:
        place = self._here[one.task]
        return replace(place, assignments=tuple(a for a in place.assignments if a.key != one.key))
