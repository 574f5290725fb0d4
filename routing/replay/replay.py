"""Reveals recorded answers as a policy asks for them, until a budget is spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from routing.replay.load import Load
from routing.replay.policy import Policy, Unfair, Visible
from routing.replay.recorded import Recorded
from sync.arrays import IntArray


@dataclass(frozen=True, slots=True)
class Reveals:
    """What was asked: `place` (n,) of the recorded answers in the order asked, after `rounds` questions to the policy.

    `stopped` says that the policy wanted no more although budget and open answers were left.
    """

    place: IntArray
    rounds: int
    stopped: bool


def replay(recorded: Recorded, policy: Policy, *, budget: int, cap: float | None = None, seed: int = 0,
           progress: Callable[[int], None] | None = None) -> Reveals:
    """Let `policy` ask for up to `budget` recorded answers, or all where fewer are recorded.

    `cap`: see `Load`. The same seed asks for the same answers, and a smaller budget for the first of them. `progress`
    is told how many were revealed. Raises `Unfair` for a policy that asks for what it must not.
    """
    rng = np.random.default_rng(seed)
    load = Load.of(np.bincount(recorded.annotator, minlength=len(recorded.annotators)), cap)
    label = np.full(len(recorded), -1)
    order: list[int] = []
    rounds, goal = 0, min(budget, len(recorded))
    while len(order) < goal:
        wanted = policy.next(_visible(recorded, label, order, load), rng)
        rounds += 1
        if not len(wanted):
            break
        for place in wanted[:goal - len(order)].tolist():
            _reveal(recorded, place, label, load)
            order.append(place)
        if progress is not None:
            progress(len(order))
    return Reveals(np.array(order, np.int64), rounds, len(order) < goal)


def _visible(recorded: Recorded, label: IntArray, order: list[int], load: Load) -> Visible:
    shown = label.copy()
    shown.flags.writeable = False
    return Visible(recorded.task, recorded.annotator, shown, np.array(order, np.int64), load.copy(), **recorded.sizes)


def _reveal(recorded: Recorded, place: int, label: IntArray, load: Load) -> None:
    person = int(recorded.annotator[place])
    if label[place] >= 0:
        raise Unfair(f"answer {place} is revealed already")
    if not load.under(person) and not (allowed := load.allowed())[person]:
        raise Unfair(f"{recorded.annotators[person]} is above the cap, and {int(allowed.sum())} others are not")
    label[place] = recorded.label[place]
    load.take(person)
