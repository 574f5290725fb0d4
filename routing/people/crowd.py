"""The people of one round: who may be asked about which tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store import assignments
from routing.choosing.worth import Worth
from routing.context import Context
from routing.deciding.places import Place
from routing.deciding.plans import Plan
from routing.language.columns import BoolArray
from routing.people import measured, qualify
from routing.people.qualify import Demand
from routing.people.team import Person
from routing.people.windows import Window
from routing.signals import in_question


class Crowd:
    """People in the order of their windows. What is the same for many tasks is found out once."""

    def __init__(self, conn: sa.Connection, given: Context, found: Sequence[Window]) -> None:
        """`found` are the windows of `given.people`."""
        self.given = given
        self.found = found
        self.people = tuple(given.team.person(window.annotator.email) for window in found)
        self.ids = np.array([window.annotator.id for window in found], np.int64)
        self.paused = np.isin(self.ids, sorted(given.paused))
        self._conn = conn
        self._away = frozenset(w.annotator.id for w in found if w.absent or w.idle)
        self._accuracy: dict[str, NDArray[np.float64]] = {}
        self._fits: dict[Demand, BoolArray] = {}
        self._groups: dict[str, BoolArray] = {}

    def accuracy(self, control_name: str) -> NDArray[np.float64]:
        """(W, K) how often everybody is right on each label: see `routing.people.measured`."""
        if control_name not in self._accuracy:
            self._accuracy[control_name] = measured.accuracy(
                self._conn, self.given.project.id, self.given.control(control_name), self.ids.tolist(), self.people)
        return self._accuracy[control_name]

    def right(self, control_name: str, belief: NDArray[np.float64], expertise: Sequence[str]) -> NDArray[np.float64]:
        """(T, W) accuracy on the labels in question (`signals.in_question`), each counting as likely as it is."""
        accuracy, labels = self.accuracy(control_name), self.given.labels(control_name)
        if not labels:
            return np.repeat(accuracy.T, len(belief), axis=0)
        asked = [in_question(row, labels, what) for row, what in zip(belief, expertise, strict=True)]
        part = belief * np.array([[label in some for label in labels] for some in asked])
        return np.asarray(part / np.clip(part.sum(axis=1, keepdims=True), 1e-12, None) @ accuracy.T)

    def able(self, text: str) -> BoolArray:
        """(W,) who might be asked about tasks of a group (`qualify.group`), now or when `if_nobody` comes into effect.

        Never fewer than may be asked about any of its tasks: somebody good at one of the labels in question is
        among them.
        """
        if text not in self._groups:
            demand, labels, control = qualify.members(text)
            fits = self._alone(demand)
            if demand.who.qualified is not None and labels:
                known = self.given.labels(control)
                at = [known.index(label) for label in labels if label in known]
                best = self.accuracy(control)[:, at].max(axis=1) if at else self.accuracy(control).max(axis=1)
                fits = fits & (best >= demand.who.qualified)
            let_in = [qualify.admitted(demand.who, p) or qualify.deciding(demand.who, p) for p in self.people]
            self._groups[text] = (fits | np.array(let_in, dtype=bool)) & ~self.paused
        return self._groups[text]

    def permitted(self, tasks: Sequence[Place], worth: Worth) -> BoolArray:
        """(T, W) who may be asked about each task, apart from who else is: never somebody who worked on it, is being
        asked, is paused, or let it lie."""
        plans = [place.plan for place in tasks]
        asked = any(plan.who.qualified is not None for plan in plans)
        right = self.right(worth.control, worth.belief, [plan.expertise for plan in plans]) if asked else None
        rows = [self._permitted(place, plans[at], worth.said[at].data, None if right is None else right[at])
                for at, place in enumerate(tasks)]
        may = np.array(rows, dtype=bool).reshape(len(tasks), len(self.people)) & ~self.paused
        look = qualify.fields([said.data for said in worth.said])
        for at, person in enumerate(self.people):
            if person.never is not None:
                may[:, at] &= ~person.never.true(look, len(tasks))
        return np.asarray(may)

    def fitting(self, place: Place, data: qualify.Data, chosen: Sequence[int], seats: int) -> BoolArray:
        """(W,) who fits beside those who answered, are asked, or were just `chosen` (annotators)."""
        demand = qualify.resolve(place.plan.who, data)
        if not demand.who.not_same and not demand.who.mix:
            return np.ones(len(self.people), dtype=bool)
        involved = [*self.involved(place), *(self._person(one) for one in chosen)]
        return np.array([qualify.clash(demand.who, person, involved, seats) is None for person in self.people],
                        dtype=bool)

    def involved(self, place: Place) -> list[Person]:
        """Those who answered a task or are being asked."""
        return [self._person(one) for one in sorted((place.authors - place.machine)
                                                    | {a.annotator_id for a in place.open}) if one >= 0]

    def _permitted(self, place: Place, plan: Plan, data: qualify.Data,
                   right: NDArray[np.float64] | None) -> BoolArray:
        demand = qualify.resolve(plan.who, data)
        least = demand.who.qualified
        if qualify.overdue(plan.who, plan.since, self.given.now):
            fits = qualify.allowed(demand, self.people, self.given.team,
                                   [None] * len(self.people) if right is None else right.tolist(), late=True)
        else:
            fits = self._alone(demand)
            if least is not None and right is not None:
                fits = fits & (right >= least)
        back = {a.annotator_id for a in place.assignments if a.state == assignments.RETURNED}
        busy = place.done_with | place.drafts | {a.annotator_id for a in place.open} | (back & self._away)
        fits = fits & ~np.isin(self.ids, sorted(busy)) if busy else fits
        others = fits & ~np.isin(self.ids, sorted(back))
        return others if plan.late and others.any() else fits    # whose deadline passed is asked if nobody else is left

    def _alone(self, demand: Demand) -> BoolArray:
        """(W,) who meets what is demanded of each one alone, whatever their accuracy."""
        bare = replace(demand, who=replace(demand.who, qualified=None, not_same=(), mix=(), if_nobody=None))
        if bare not in self._fits:
            self._fits[bare] = qualify.allowed(bare, self.people, self.given.team, [None] * len(self.people))
        return self._fits[bare]

    def _person(self, annotator: int) -> Person:
        known = self.given.everybody.get(annotator)
        return self.given.team.person(known.email if known else "")
