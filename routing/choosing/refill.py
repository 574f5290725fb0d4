"""Refills the queues: chooses who is asked about the tasks that need people, the most wanted tasks first.

Tasks whose people depend on nothing but queues are given out together (`choosing.batch`); one by one go those that are
kept together, whose people must fit each other, or of which a limit or a budget speaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store import assignments, routes
from cueloop.store.assignments import Assignment
from cueloop.store.routes import Route
from routing.choosing import steal, worth
from routing.choosing.batch import batch
from routing.choosing.choose import Choice, Pool, choose
from routing.choosing.hand_out import hand_out
from routing.choosing.hunger import Hunger
from routing.choosing.worth import Worth
from routing.context import Context
from routing.deciding import places
from routing.deciding.places import Place
from routing.deciding.plans import Plan
from routing.language.columns import BoolArray
from routing.people import exposure, limits
from routing.people.crowd import Crowd
from routing.people.exposure import Cap
from routing.people.spending import Purse
from routing.people.windows import LOW, Window

LAST = -1e12
"""Priority of a task that nobody is left to be asked about: it must not stand before others for ever."""

PAGES = 4
"""How often, in one round, is looked further down for people who found nothing above."""


def refill(conn: sa.Connection, given: Context, found: Sequence[Window]) -> int:
    """Ask people about waiting tasks while there are free places (`found`, their windows); how many decisions were
    made."""
    if not given.controls:
        return 0
    crowd = Crowd(conn, given, found)
    hunger = Hunger(conn, given, crowd)
    hunger.say_aloud()
    room = limits.read(conn, given, found)
    free = np.array([window.free for window in found], np.int64)
    free = np.where(crowd.paused, 0, np.minimum(free, room.left))
    purse = Purse(conn, given, crowd)
    filling = _Filling(conn, given, crowd, purse, free)
    made = filling.fill(hunger.first(free), free > 0)
    for _ in range(PAGES):
        who = filling.starving()
        keys = hunger.further(np.where(who, free, 0))
        if not keys:
            break
        made += filling.fill(keys, who)
    return made + steal.steal(conn, given, crowd, purse, free)


def take_back(conn: sa.Connection, given: Context, found: Sequence[Window]) -> set[int]:
    """Take back what absent people hold; keys of those tasks. What idle ones hold goes to others when those run dry:
    see `routing.choosing.steal`.

    Whatever somebody has begun stays with them, and so do hidden copies, which nobody else can be asked.
    """
    returned = [a for w in found if w.absent for a in w.open
                if a.kind != assignments.RECHECK and _older(given, a, given.rules.queues.return_after)]
    if not returned:
        return set()
    begun = {key: place.drafts for key, place in
             places.read(conn, sorted({a.task for a in returned}), given.machines).items()}
    returned = [a for a in returned if a.annotator_id not in begun.get(a.task, ())]
    assignments.end(conn, [a.key for a in returned], assignments.RETURNED, given.now)
    return {a.task for a in returned}


def _older(given: Context, assignment: Assignment, seconds: float) -> bool:
    return (given.now - assignment.created_at).total_seconds() > seconds


class _Filling:
    """Gives out tasks in one round; `free` (W,) falls with every place that is taken."""

    def __init__(self, conn: sa.Connection, given: Context, crowd: Crowd, purse: Purse,
                 free: NDArray[np.int64]) -> None:
        self._conn, self._given, self._crowd, self._purse, self._free = conn, given, crowd, purse, free
        self._before = free.copy()
        self._size = np.array([window.size for window in crowd.found], np.float64)
        self._load = np.array([window.load for window in crowd.found], np.float64)

    def starving(self) -> BoolArray:
        """(W,) who has room and still too little to do."""
        opened = np.array([len(window.open) for window in self._crowd.found])
        return np.asarray((self._free > 0) & (opened + self._before - self._free <= self._size * LOW))

    def fill(self, keys: Sequence[int], who: BoolArray) -> int:
        """Ask these people (W,) about these tasks; how many decisions were made."""
        here = places.read(self._conn, keys, self._given.machines)
        order = [(here[key], here[key].plan) for key in keys if key in here]
        order.sort(key=lambda one: one[1].due or "~")       # deadlines first, else in their order
        made = 0
        for control in self._given.controls:
            mine = [one for one in order if self._given.control(one[1].control).name == control.name]
            if mine and self._free.any():
                made += self._control(control.name, [place for place, _ in mine], [plan for _, plan in mine], who)
        return made

    def _control(self, control: str, tasks: Sequence[Place], plans: Sequence[Plan], who: BoolArray) -> int:
        known = worth.read(self._conn, self._given, control, tasks, self._crowd.found)
        may = self._crowd.permitted(tasks, known)
        choices = _Choosing(self, known, tasks, plans, may & who).all()
        made: list[Route] = []
        asked = 0
        for at, (place, choice) in enumerate(zip(tasks, choices, strict=True)):
            route = place.route
            if route is None:
                continue
            if choice.people:
                route = hand_out(self._conn, self._given, place, choice, known.said[at],
                                 need=max(0, route.need - len(choice.people)))
                asked += 1
            left = may[at] & ~np.isin(self._crowd.ids, choice.people)
            if route.need and not left.any() and route.priority != LAST:
                route = replace(route, priority=LAST)
            if route != place.route:
                made.append(route)
        routes.put(self._conn, made)
        return asked


class _Choosing:
    """Chooses people for the tasks of one control."""

    def __init__(self, filling: _Filling, known: Worth, tasks: Sequence[Place], plans: Sequence[Plan],
                 may: BoolArray) -> None:
        self._crowd, self._purse = filling._crowd, filling._purse
        self._known, self._tasks, self._plans, self._may = known, tasks, plans, may
        self._pool = Pool(self._crowd.ids, filling._size, filling._free, filling._load, known.answers)
        conn, given = filling._conn, filling._given
        self._caps: list[Cap] = exposure.read(conn, given, self._crowd, [p.key for p in tasks], self._pool.free)
        self._items = self._purse.items(known.said, tasks)
        self._familiar: Mapping[str, dict[int, int]] = routes.familiar(
            conn, given.project.id, [plan.together for plan in plans])

    def all(self) -> list[Choice]:
        """One choice for each task."""
        choices: list[Choice] = []
        for at in range(len(self._tasks)):
            if self._single(at):
                choices += [*self._together(range(len(choices), at)), self._one(at)]
        return [*choices, *self._together(range(len(choices), len(self._tasks)))]

    def _single(self, at: int) -> bool:
        plan = self._plans[at]
        return (self._purse.needed or bool(plan.together) or bool(plan.who.not_same) or bool(plan.who.mix)
                or any(cap.counts[at] for cap in self._caps))

    def _together(self, run: range) -> list[Choice]:
        """For neighbours whose people depend on nothing but queues."""
        if not len(run):
            return []
        some = slice(run.start, run.stop)
        return batch(self._pool, self._known.value[some], self._may[some], [self._need(at) for at in run],
                     [self._tasks[at].key for at in run], [self._salt(at) for at in run])

    def _one(self, at: int) -> Choice:
        """Person after person, because each one changes who fits."""
        place, chosen = self._tasks[at], list[Choice]()
        for turn in range(self._need(at)):
            people = [person for one in chosen for person in one.people]
            allowed = self._may[at] & self._free_to(at, people) & ~np.isin(self._crowd.ids, people)
            allowed &= self._crowd.fitting(place, self._known.said[at].data, people, self._need(at) - turn)
            known = self._familiar.get(self._plans[at].together, {})
            same = allowed & np.isin(self._crowd.ids, sorted(known)) & (self._pool.free > 0)
            choice = choose(self._pool, self._known.value[at], same if same.any() else allowed, 1, place.key,
                            f"{self._salt(at)}:{turn}")
            if not choice.people:
                break
            chosen.append(choice)
            self._note(at, choice.people[0])
        first = chosen[0] if chosen else Choice((), 1.0, ())
        return replace(first, people=tuple(person for one in chosen for person in one.people),
                       probability=float(np.prod([one.probability for one in chosen])))

    def _free_to(self, at: int, people: Sequence[int]) -> BoolArray:
        """(W,) whom limits and the budget leave free for a task."""
        place = self._tasks[at]
        begun = bool(place.authors - place.machine) or bool(place.open) or bool(people)
        free = self._purse.allows(begun, float(self._items[at])) if self._purse.needed else np.ones(
            len(self._crowd.ids), dtype=bool)
        for cap in self._caps:
            if cap.counts[at]:
                free &= cap.left > 0
        return free

    def _note(self, at: int, person: int) -> None:
        """Somebody was chosen."""
        where = int(np.flatnonzero(self._crowd.ids == person)[0])
        for cap in self._caps:
            cap.left[where] -= int(cap.counts[at])
        if self._purse.needed:
            self._purse.take(where)
            self._items[at] -= self._purse.price[where]
        together = self._plans[at].together
        if together:
            had = self._familiar.setdefault(together, {})  # type: ignore[attr-defined]
            had[person] = had.get(person, 0) + 1

    def _need(self, at: int) -> int:
        route = self._tasks[at].route
        return route.need if route else 0

    def _salt(self, at: int) -> str:
        return f"ask:{len(self._tasks[at].assignments)}"
