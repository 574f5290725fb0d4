"""The worth of all tasks of a control, as ranks from 0 to 1.

Only those that may come next are compared by what they say: the most uncertain ones, those that may be of a rare class
and a part of all by chance. The rest follow by uncertainty alone, so that 100,000 tasks take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ml_backend.active import rare
from ml_backend.active.choose import RANDOM, TYPICAL, Tasks, rank
from ml_backend.active.likeness import nearest, points
from ml_backend.active.standing import Standing
from ml_backend.active.unsure import BY
from ml_backend.calibration import Floats, Ints
from ml_backend.policy.policy import Learning

MOST_UNSURE, MOST_RARE, BY_CHANCE, KNOWN = 2_500, 500, 1_500, 1_000
"""Tasks whose texts are read: for their uncertainty, for a rare class, by chance; and labelled ones beside them."""


class Texts(Protocol):
    """Something that knows the text of a task."""

    def texts(self, keys: list[int]) -> list[str]:
        """Of each task, in this order."""
        ...


@dataclass(frozen=True, slots=True)
class Valued:
    """Of n tasks: value (n,), 0 to 1, and why."""

    value: Floats
    why: list[str]


def value_all(standing: Standing, how: Learning, field: Texts) -> Valued:
    """Value of each task that `standing` knows, the most wanted one 1.

    Tasks that may judge models get the value of one of the others, by chance: as many of them as of others come first,
    whatever a model says of them.
    """
    size = len(standing.key)
    teach = np.flatnonzero(~standing.apart)
    some = teach[_candidates(standing, teach)]
    ranked = rank(_compared(standing, some, field), how, len(some))
    first = some[ranked.place]
    rest = np.setdiff1d(teach, first)
    unsure = _unsure(standing, how)
    rest = rest[np.argsort(-unsure[rest], kind="stable")]
    if standing.belief is not None and not how.second:
        rest = rest[np.argsort(standing.second[rest], kind="stable")]
    order = np.concatenate([first, rest])
    value, why = np.empty(size), [RANDOM] * size
    value[order] = ranks(len(order))
    usual = how.by if standing.belief is not None else TYPICAL
    for place, reason in zip(order.tolist(), ranked.why + [usual] * len(rest), strict=True):
        why[place] = reason
    new = order[~standing.second[order]]
    apart = np.flatnonzero(standing.apart)
    if len(new):
        value[apart] = np.sort(value[new])[(standing.draw[apart] * len(new)).astype(np.int64)]
    else:
        value[apart] = standing.draw[apart]
    return Valued(value, why)


def ranks(count: int) -> Floats:
    """(count,) 1 for the first, evenly down to nearly 0."""
    return 1.0 - np.arange(count) / max(count, 1)


def _unsure(standing: Standing, how: Learning) -> Floats:
    if standing.belief is None:
        return standing.draw
    return BY[how.by](standing.belief)


def _candidates(standing: Standing, teach: Ints) -> NDArray[np.int64]:
    """Places in `teach` of the tasks that are compared by their texts."""
    chance = np.argsort(standing.draw[teach], kind="stable")
    if standing.belief is None:
        return np.sort(chance[:MOST_UNSURE + BY_CHANCE])
    belief = standing.belief[teach]
    unsure = np.argsort(-BY["margin"](belief), kind="stable")
    likely = rare.chance(belief, standing.counts)
    likeliest = np.argsort(-likely, kind="stable")[:MOST_RARE]
    some = np.concatenate([unsure[:MOST_UNSURE], likeliest[likely[likeliest] > 0], chance[:BY_CHANCE]])
    return np.asarray(np.unique(some), dtype=np.int64)


def _compared(standing: Standing, some: Ints, field: Texts) -> Tasks:
    """These places of the standing with where their texts stand."""
    spaced = np.linspace(0, len(standing.labelled), min(KNOWN, len(standing.labelled)), endpoint=False)
    known = standing.labelled[spaced.astype(np.int64)]
    keys = standing.key[some].tolist()
    all_ = points(field.texts([*keys, *known.tolist()])) if keys else np.zeros((0, 1), dtype=np.float32)
    own, theirs = all_[:len(some)], all_[len(some):]
    return Tasks(belief=None if standing.belief is None else standing.belief[some], second=standing.second[some],
                 points=own, near=nearest(own, theirs), draw=standing.draw[some],
                 counts=standing.counts)
