"""Runs rules to their end on a whole table of answers, and says what became of every task."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.language.rules import Rules
from routing.simulate.engine import Engine
from routing.simulate.work import Work
from sync.arrays import FloatArray, IntArray

MOST_ROUNDS = 1_000
"""Rounds after which a run is ended: each asks at least one answer, so rules end long before."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What rules did with T tasks: n answers in the order asked, and how each task stands in the end."""

    task: IntArray
    person: IntArray
    round: IntArray
    """(n,) places of task and person, and the round in which they were asked."""
    kind: tuple[str, ...]
    """(T,) accept, stop, or what is still wanted and nobody is left for: ask, escalate, review, none."""
    rule: tuple[str, ...]
    """(T,) rule by which it stands so."""
    label: IntArray
    """(T,) the label that stands: the machine's where it was accepted, else the consensus; -1: none."""
    probability: FloatArray
    """(T,) told for that label; NaN where there is none."""

    @property
    def answers(self) -> IntArray:
        """(T,) answers given to each task."""
        return np.bincount(self.task, minlength=len(self.kind))

    @property
    def accepted(self) -> IntArray:
        """(T,) 1 where the machine's label stands."""
        return np.array([kind == "accept" for kind in self.kind], np.int64)


def run(rules: Rules, work: Work, table: IntArray) -> Run:
    """Run `rules` on `work`; `table` (T, W) holds the label that each person would answer, -1 where nobody knows.

    Only pairs that are known can be asked.
    """
    engine = Engine(rules, work, table >= 0)
    rounds: list[int] = []
    for number in range(MOST_ROUNDS):
        task, person = engine.next()
        if not len(task):
            break
        engine.tell(task, person, table[task, person].astype(np.int64))
        rounds += [number] * len(task)
    return outcome(engine, np.array(rounds, np.int64))


def outcome(engine: Engine, rounds: IntArray) -> Run:
    """How all tasks stand now."""
    state, work, opinion = engine.state, engine.work, engine.opinion
    size = len(work.keys)
    kind = tuple(plan.kind for plan in state.plan)
    said = np.full(size, -1) if opinion is None else opinion.label
    place = {label: at for at, label in enumerate(work.labels)}
    label = np.array([place[plan.label] if plan.kind == "accept" and plan.label is not None else said[t]
                      for t, plan in enumerate(state.plan)], np.int64).reshape(size)
    told = np.full(size, np.nan)
    for t in range(size):
        if kind[t] == "accept" and work.model is not None:
            told[t] = work.model[t, label[t]]
        elif opinion is not None and label[t] >= 0:
            told[t] = opinion.probability[t, label[t]]
    return Run(np.array(state.task, np.int64), np.array(state.person, np.int64), rounds, kind,
               tuple(plan.rule for plan in state.plan), label, told)
