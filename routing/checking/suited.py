"""Who may be checked with which ground truth: those whom the rules would have asked about it when it was new.

Somebody who does not speak a text's language, lacks a skill that the rules demand, must never get such a task, or had
as many of a kind as a limit allows, is not to get it as a check either: it would harm them, or judge them unfairly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from cueloop.store import tasks
from routing.context import Context
from routing.language.actions import Ask
from routing.language.audience import ANYBODY, Audience
from routing.people import exposure, limits, qualify
from routing.people.crowd import Crowd
from routing.people.windows import Window
from routing.signals import TaskSignals, lookup


class Suited:
    """Of some tasks with ground truth, for whom each is fit."""

    def __init__(self, conn: sa.Connection, given: Context, keys: Sequence[int], found: Sequence[Window]) -> None:
        """`found` are the windows of those who are to be checked."""
        known = tasks.by_keys(conn, keys)
        self._given = given
        self._at = {key: at for at, key in enumerate(sorted(known))}
        self._data = {key: known[key].data for key in self._at}
        self._who = _audiences(given, [TaskSignals(key, self._data[key]) for key in self._at])
        self._place = {window.annotator.id: at for at, window in enumerate(found)}
        self._left = limits.read(conn, given, found).left
        self._caps = exposure.read(conn, given, Crowd(conn, given, found), list(self._at), np.ones_like(self._left))

    def ever(self, key: int, person: int) -> bool:
        """Whether somebody may get a task as a check at all."""
        at, data = self._at[key], self._data[key]
        one = self._given.team.person(self._given.everybody[person].email)
        demand = qualify.resolve(self._who[at], data)
        return not qualify.spared(one, data) and qualify.refusal(demand, one, self._given.team) is None

    def now(self, key: int, person: int) -> bool:
        """Whether limits leave room for it, too. Only of somebody of whom there is a window."""
        at, where = self._at[key], self._place[person]
        return self.ever(key, person) and bool(self._left[where] > 0) and not any(
            cap.counts[at] and cap.left[where] <= 0 for cap in self._caps)

    def take(self, key: int, person: int) -> None:
        """Somebody gets it: limits leave them one less."""
        self._left[self._place[person]] -= 1
        for cap in self._caps:
            cap.left[self._place[person]] -= int(cap.counts[self._at[key]])


def _audiences(given: Context, fresh: Sequence[TaskSignals]) -> list[Audience]:
    """Whom the first rule that asks people about each task, as long as it is new, demands."""
    found: list[Audience | None] = [None] * len(fresh)
    look = lookup(fresh, found=given.found)
    for rule in given.rules.rules:
        if isinstance(rule.action, Ask):
            for at in np.flatnonzero(rule.when.true(look, len(fresh))).tolist():
                found[at] = found[at] or rule.action.who
    return [who or ANYBODY for who in found]
