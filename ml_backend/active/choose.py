"""In which order to ask, so that a model learns fastest: several reasons to ask, each with its share of the turns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_backend.active import rare
from ml_backend.active.cover import BROAD, SHARP, cover, likeness
from ml_backend.active.likeness import Points
from ml_backend.active.mix import mix
from ml_backend.active.unsure import BY
from ml_backend.calibration import Floats, Ints
from ml_backend.policy.policy import Learning

UNSURE, RARE, FAR, TYPICAL, RANDOM, DOUBTFUL = "unsure", "rare", "far", "typical", "random", "doubtful"
"""Reasons to ask. `UNSURE` is told by how it was measured (margin, entropy), `DOUBTFUL` is the same of a task that has
a label already."""

SHARES = {UNSURE: 0.75, RANDOM: 0.05, RARE: 0.15, FAR: 0.1}
"""Of the turns, in parts of what there is reason for. Chance is always among them: it keeps a model that is wrong and
sure of it, or wrong labels, from leading all questions astray. More of it costs labels: that an uncertain text
must stand for many others guards against outliers already."""
COLD = {TYPICAL: 0.9, RANDOM: 0.1}
"""The same while there is no model."""
CANDIDATES = 5
"""Of so many times as many as are wanted, the best by their own value, an unlike selection is taken."""
FEWEST = 200
"""Candidates at least."""
REFERENCES = 1_500
"""Tasks, drawn by chance, that stand for all."""
STRETCH, GROWTH = 20, 1.5
"""A long order is made in stretches: so many tasks first, and each stretch so many times longer than the last."""


@dataclass(frozen=True, slots=True)
class Tasks:
    """n tasks of one control that may be asked, of K labels."""

    belief: Floats | None
    """(n, K) what is believed of each (`belief.together`); None: there is no model yet."""
    second: NDArray[np.bool_]
    """(n,) which have a label: a question is a second opinion."""
    points: Points
    """(n, d) where their texts stand (`likeness.points`)."""
    near: Floats
    """(n,) how near the nearest labelled text is, 0 to 1."""
    draw: Floats
    """(n,) in [0, 1): chance, the same in every run."""
    counts: Floats
    """(K,) labelled tasks of each label."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The first m of the tasks, most wanted first."""

    place: Ints
    """(m,) of the tasks."""
    why: list[str]
    """Reason of each."""


def rank(tasks: Tasks, how: Learning, many: int) -> Ranked:
    """The first `many` of the tasks to ask."""
    new = np.flatnonzero(~tasks.second)
    orders = {RANDOM: new[np.argsort(tasks.draw[new], kind="stable")]}
    if tasks.belief is None:
        few = orders[RANDOM][:max(REFERENCES, CANDIDATES * many)]
        orders[TYPICAL] = _apart(tasks, few, np.ones(len(few)), many, None, BROAD)
        return _dealt(orders, COLD, many, tasks, how)
    unsure = BY[how.by](tasks.belief)
    worth = np.sqrt(unsure)
    orders[UNSURE] = _apart(tasks, new, worth[new], many, worth) if how.diverse else _best(new, unsure[new], many)
    if how.second:
        orders[UNSURE] = _with_second(orders[UNSURE], unsure[new], np.flatnonzero(tasks.second), unsure, many)
    if how.rare:
        chance = rare.chance(tasks.belief[new], tasks.counts)
        orders[RARE] = _apart(tasks, new[chance > 0], chance[chance > 0], many, None)
        if rare.unseen(tasks.counts):
            orders[FAR] = _apart(tasks, new, 1.0 - tasks.near[new], many, None)
    return _dealt(orders, SHARES, many, tasks, how)


def _best(some: Ints, value: Floats, many: int) -> Ints:
    return some[np.argsort(-value, kind="stable")[:many]]


def _apart(tasks: Tasks, some: Ints, value: Floats, many: int, weight: Floats | None,
           sharp: int = SHARP) -> Ints:
    """Up to `many` of these places, by `value` and by how much of `weight` (n,) they stand for, unlike each other.

    Without a weight all tasks weigh the same.
    """
    new = np.flatnonzero(~tasks.second)
    reference = new[np.argsort(tasks.draw[new], kind="stable")[:REFERENCES]]
    others = tasks.points[reference]
    weights = np.ones(len(reference)) if weight is None else weight[reference]
    covered = tasks.near[reference] ** sharp
    best = _best(np.arange(len(some)), value, len(some))
    taken: list[Ints] = [np.empty(0, dtype=np.int64)]
    stretch, missing = float(STRETCH), min(many, len(some))
    while missing:
        wanted = min(missing, int(stretch))
        top = best[:max(CANDIDATES * wanted, FEWEST)]
        speaks = likeness(tasks.points[some[top]], others, sharp)
        chosen = cover(speaks, weights, value[top], wanted, covered)
        covered = np.maximum(covered, speaks[chosen].max(axis=0))
        taken.append(some[top[chosen]])
        best = np.delete(best, chosen)
        stretch, missing = stretch * GROWTH, missing - wanted
    return np.concatenate(taken)


def _with_second(new: Ints, others: Floats, second: Ints, unsure: Floats, many: int) -> Ints:
    """The best new tasks in their order, with second opinions among them: each stands where its doubt would stand among
    that of all new tasks, `others`.

    What a new text stands for is nothing to a label in doubt: that it is wrong is worth as much wherever it stands.
    """
    doubts = second[np.argsort(-unsure[second], kind="stable")]
    before = np.searchsorted(np.sort(-others), -unsure[doubts], side="right")
    return np.insert(new, np.minimum(before, len(new)), doubts)[:many]


def _dealt(orders: dict[str, Ints], shares: dict[str, float], many: int, tasks: Tasks, how: Learning) -> Ranked:
    place, names = mix(orders, shares, many)
    why = [name if name != UNSURE else DOUBTFUL if tasks.second[at] else how.by
           for at, name in zip(place.tolist(), names, strict=True)]
    return Ranked(place, why)
