"""Predicts what two sets of rules would do with the next tasks of a project: draws of all figures, in pairs.

Each draw takes a state of the world that fits history (`posterior`), tasks like those of history (a Bayesian
bootstrap of Rubin 1981, then a sample of the size to be predicted, so that both what was not seen before and what
will be drawn next count), the recorded answers where there are any and imputed ones elsewhere, and runs both rules on
the same table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from routing.backtest import posterior
from routing.backtest.history import History
from routing.backtest.measured import measured
from routing.backtest.times import drawn, rates
from routing.language.rules import Rules
from routing.simulate.run import run
from sync.arrays import FloatArray

LARGEST = 1_000
"""Tasks in one draw, at most: what is predicted is then the next thousand."""

FUTURE = 1 << 40
"""Added to the keys of predicted tasks: their samples are drawn afresh, not as those of tasks there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """`old`, `new` (M, F): the figures (`measured.FIGURES`) of M draws, under the rules in force and under new ones,
    for `tasks` tasks."""

    old: FloatArray
    new: FloatArray
    tasks: int


def predict(history: History, old: Rules, new: Rules, *, draws: int, seed: int = 0, tasks: int | None = None,
            progress: Callable[[int], None] | None = None) -> Predicted:
    """Draw `draws` futures of `tasks` tasks (None: as many as in history, at most `LARGEST`)."""
    size = tasks or min(len(history.work.keys), LARGEST)
    table, rate = history.table, rates(history)
    found: list[list[FloatArray]] = []
    for number in range(draws):
        rng = np.random.default_rng([seed, number])
        world = posterior.draw(history, rng)
        share = rng.dirichlet(np.ones(len(history.work.keys)))
        at = np.sort(rng.choice(len(share), size, p=share))
        work = replace(history.work.pick(at, FUTURE * (number + 1) + np.arange(size)))
        said = table[at]
        answers = np.where(said >= 0, said, world.answers(world.truth[at], world.hard[at], rng))
        seconds = drawn(history, at, rng)
        found.append([measured(run(rules, work, answers), world.truth[at], seconds, rate) for rules in (old, new)])
        if progress is not None:
            progress(number + 1)
    both = np.array(found)
    return Predicted(both[:, 0], both[:, 1], size)
