"""In which order to ask, so that a model learns fastest: several reasons to ask, each with its share of the turns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_backend.active import rare
from ml_backend.active.likeness import Points
from ml_backend.active.mix import mix
from ml_backend.active.spread import spread
from ml_backend.active.unsure import BY
from ml_backend.calibration import Floats, Ints
from ml_backend.policy.policy import Learning

UNSURE, RARE, FAR, TYPICAL, RANDOM, DOUBTFUL = "unsure", "rare", "far", "typical", "random", "doubtful"
"""Reasons to ask. `UNSURE` is told by how it was measured (margin, entropy), `DOUBTFUL` is the same of a task that has
a label already."""

SHARES = {UNSURE: 0.7, TYPICAL: 0.15, RANDOM: 0.15, RARE: 0.15, FAR: 0.1}
"""Of the turns, in parts of what there is reason for. Chance is always among them: it keeps a model that is wrong and
sure of it, or wrong labels, from leading all questions astray."""
COLD = {TYPICAL: 0.85, RANDOM: 0.15}
"""The same while there is no model."""
CANDIDATES = 10
"""Of so many times as many as are wanted, the most uncertain ones, an unlike selection is taken."""
MODEST = 0.5
"""Power of how typical a task is in its worth: what is like many others teaches about all of them."""


@dataclass(frozen=True, slots=True)
class Tasks:
    """n tasks of one control that may be asked, of K labels."""

    belief: Floats | None
    """(n, K) what is believed of each (`belief.together`); None: there is no model yet."""
    second: NDArray[np.bool_]
    """(n,) which have a label: a question is a second opinion."""
    points: Points
    """(n, d) where their texts stand (`likeness.points`)."""
    typical: Floats
    """(n,) how many others speak like it, 0 to 1."""
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
    orders = {RANDOM: new[np.argsort(tasks.draw[new], kind="stable")],
              TYPICAL: _apart(new, tasks.typical[new], tasks, many, how.diverse, known=True)}
    if tasks.belief is None:
        return _dealt(orders, COLD, many, tasks, how)
    open_ = np.arange(len(tasks.second)) if how.second else new
    worth = BY[how.by](tasks.belief[open_]) * np.maximum(tasks.typical[open_], LEAST) ** MODEST
    orders[UNSURE] = _apart(open_, worth, tasks, many, how.diverse)
    if how.rare:
        chance = rare.chance(tasks.belief[new], tasks.counts)
        orders[RARE] = _apart(new[chance > 0], chance[chance > 0], tasks, many, how.diverse)
        if rare.unseen(tasks.counts):
            orders[FAR] = _apart(new, tasks.typical[new] * (1.0 - tasks.near[new]), tasks, many, True, known=True)
    return _dealt(orders, SHARES, many, tasks, how)


LEAST = 0.05
"""Least typicality that counts: a text that speaks like no other may still be asked."""


def _apart(some: Ints, value: Floats, tasks: Tasks, many: int, diverse: bool, known: bool = False) -> Ints:
    """Up to `many` of these places by value, each unlike those before it, and unlike what is `known` where asked."""
    order = np.argsort(-value, kind="stable")
    if not diverse:
        return some[order[:many]]
    top = order[:CANDIDATES * many]
    return some[top[spread(value[top], tasks.points[some[top]], many, tasks.near[some[top]] if known else None)]]


def _dealt(orders: dict[str, Ints], shares: dict[str, float], many: int, tasks: Tasks, how: Learning) -> Ranked:
    place, names = mix(orders, shares, many)
    why = [name if name != UNSURE else DOUBTFUL if tasks.second[at] else how.by
           for at, name in zip(place.tolist(), names, strict=True)]
    return Ranked(place, why)
