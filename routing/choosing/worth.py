"""What is known of some tasks on one control, and what each person's answer to each of them would tell for its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from routing import signals
from routing.choosing import cost, expertise
from routing.context import Context
from routing.deciding import seen
from routing.deciding.places import Place
from routing.people.windows import Window
from routing.signals import TaskSignals

Array = NDArray[np.float64]

AWAY_WORTH = 0.01
"""What the answer of an absent annotator counts for: they are asked where nobody else is free."""


@dataclass(frozen=True, slots=True)
class Worth:
    """Of T tasks and W people."""

    control: str
    said: Sequence[TaskSignals]
    belief: Array
    """(T, K) probability of each label; (T, 2) right or wrong where answers have no labels."""
    value: Array
    """(T, W) nats that an answer is expected to tell, for what it costs beside others' (`choosing.cost`); more where
    it teaches the model."""
    answers: Array
    """(W,) answers behind what is known of people."""


def read(conn: sa.Connection, given: Context, control_name: str, tasks: Sequence[Place],
         found: Sequence[Window]) -> Worth:
    """Read it for tasks in their order."""
    control = given.control(control_name)
    known = expertise.load(conn, given.project.id, control, [w.annotator.id for w in found])
    said = see(conn, given, control_name, [place.key for place in tasks])
    belief = np.array([s.belief(given.labels(control.name)) for s in said])
    narrow = np.array([place.plan.expertise == "likeliest_two" for place in tasks], bool)
    dear = cost.relative(given.rules.declared.costs, found) / np.where([w.absent for w in found], AWAY_WORTH, 1.0)
    told = value(belief, known.confusion, narrow, dear) * teaching(given.teaching, said)[:, None]
    return Worth(control.name, said, belief, told, known.answers)


def value(belief: Array, confusion: Array, narrow: NDArray[np.bool_], dear: Array) -> Array:
    """(T, W) nats that an answer is expected to tell, for its cost.

    `belief` (T, K), of which only the two likeliest labels count in `narrow` (T,) tasks; `confusion` (W, K, K); `dear`
    (W,) is what an answer costs as a multiple of what it usually does.
    """
    open_ = np.where(narrow[:, None], expertise.likeliest_two(belief), belief)
    return np.asarray(expertise.information(open_, confusion) / dear)


def teaching(weight: float, said: Sequence[TaskSignals]) -> Array:
    """(T,) what an answer counts for more because it teaches the model; 1 where nobody knows that it does."""
    return np.array([1 + weight * (one.lesson or 0.0) for one in said], np.float64)


def see(conn: sa.Connection, given: Context, control_name: str, keys: Sequence[int]) -> list[TaskSignals]:
    """The signals of tasks on a control, as far as rules, limits and the budget name them."""
    rules, named = given.rules, seen.names(given.rules)
    names = named.get("", frozenset()) | named.get(control_name, frozenset())
    for condition in (*(rule.limit.seen for rule in rules.rules if rule.limit), rules.limit.seen):
        names |= condition.names if condition else frozenset()
    if rules.budget.per_item is not None:
        names |= {"cost"} | rules.budget.per_item.names
    return signals.gather(conn, given.project.id, given.control(control_name), keys, given.champion,
                          given.project.guideline_version, names=names, now=given.now, costs=rules.declared.costs)
