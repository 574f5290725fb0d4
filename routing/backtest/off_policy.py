"""Agreement of those whom rules would ask, told from the logged choices alone, beside what the model of people says.

Each logged choice was made with a known chance. Weighing it by how often the new rules make the same choice gives an
estimate that needs no model of people (self-normalised inverse propensities, Swaminathan and Joachims 2015); the
doubly robust one adds to the model's word only what it got wrong where it can be seen (Dudík, Langford and Li 2011).
Imputed answers stand in the model's part only, never in the weights (Tang and Wiens 2023; Mandyam et al. 2024,
arXiv 2412.08052). Where the two disagree clearly, the model's figures are not to be trusted, and the report says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.backtest.history import History
from routing.backtest.posterior import Draw
from routing.simulate.run import Run
from sync.arrays import FloatArray, IntArray, normalised

LARGEST_WEIGHT = 20.0
"""Weights are cut here: a single choice must not decide everything."""

FEW = 20.0
"""Choices' worth of evidence below which nothing is told."""

CLEAR = 3.0
"""Standard errors from which on the model is said to be off."""


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """Share of the answers of those asked together with them that the first one asked agrees with.

    `weighed` by the logged choices, `modelled` by the model of people, `doubly_robust`, with the standard `error` of
    the correction. They rest on `choices` logged choices, worth `effective` ones after weighing. None: too few.
    """

    weighed: float | None
    modelled: float | None
    doubly_robust: float | None
    error: float | None
    choices: int
    effective: float

    @property
    def off(self) -> bool:
        """Whether the model of people is clearly wrong about those who would be asked."""
        if self.doubly_robust is None or self.modelled is None or self.error is None:
            return False
        return abs(self.doubly_robust - self.modelled) > CLEAR * self.error


def off_policy(history: History, runs: Sequence[Run], worlds: Sequence[Draw]) -> OffPolicy:
    """The estimates for the rules of these runs, which were made on the tasks of history."""
    wanted = _first(history, runs)
    table = history.table
    weights: list[float] = []
    seen: list[float] = []
    expected: list[float] = []
    modelled: list[float] = []
    done: set[int] = set()
    for logged in history.logged:
        t, w = logged.task, logged.chosen[0]
        if t in done or t not in wanted or table[t, w] < 0 or (chance := logged.chance(w, table.shape[1])) <= 0:
            continue
        # Only who was asked together with them: whether more people are asked depends on what the first one said.
        others = np.array([p for p in logged.chosen[1:] if table[t, p] >= 0], np.int64)
        if not len(others):
            continue
        done.add(t)
        share = np.bincount(table[t, others], minlength=len(history.work.labels)) / len(others)
        agreed = np.mean([_agreement(world, t, others, table, share) for world in worlds], axis=0)
        weights.append(min(wanted[t].get(w, 0.0) / chance, LARGEST_WEIGHT))
        seen.append(float(share[table[t, w]]))
        expected.append(float(agreed[w]))
        modelled.append(sum(chance * float(agreed[p]) for p, chance in wanted[t].items()))
    return _estimates(np.array(weights), np.array(seen), np.array(expected), np.array(modelled))


def _estimates(weight: FloatArray, seen: FloatArray, expected: FloatArray, modelled: FloatArray) -> OffPolicy:
    total = float(weight.sum())
    effective = total ** 2 / float((weight ** 2).sum()) if total > 0 else 0.0
    if effective < FEW:
        return OffPolicy(None, None, None, None, len(weight), round(effective, 1))
    missed = seen - expected
    correction = float((weight * missed).sum() / total)
    error = float(np.sqrt((weight ** 2 * (missed - correction) ** 2).sum()) / total)
    return OffPolicy(float((weight * seen).sum() / total), float(modelled.mean()), float(modelled.mean()) + correction,
                     error, len(weight), round(effective, 1))


def _first(history: History, runs: Sequence[Run]) -> dict[int, dict[int, float]]:
    """{task: {person: how often they are the first to be asked}} over the runs."""
    found: dict[int, dict[int, float]] = {}
    for run in runs:
        known: set[int] = set()
        for t, w in zip(run.task.tolist(), run.person.tolist(), strict=True):
            if t not in known:
                known.add(t)
                mine = found.setdefault(t, {})
                mine[w] = mine.get(w, 0.0) + 1 / len(runs)
    return found


def _agreement(world: Draw, task: int, others: IntArray, table: IntArray, share: FloatArray) -> FloatArray:
    """(W,) chance that each one's answer agrees with one of the others', which are all that is known of the label."""
    logs = np.log(world.prior[task] + 1e-12)
    for w in others:
        logs = logs + np.log(world.confusion[w, :, table[task, w]] + 1e-12)
    belief = normalised(np.exp(logs - logs.max())[None])[0]
    return np.asarray(np.einsum("k,wkl,l->w", belief, world.confusion, share))
