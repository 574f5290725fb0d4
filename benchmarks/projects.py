"""Simulated projects: people with errors of their own kind, a model that is good, bad or absent, changes of rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.backtest.history import History, Logged
from routing.language import rules as rules_files
from routing.language.rules import Rules
from routing.simulate.engine import Engine
from routing.simulate.work import Work
from sync.arrays import FloatArray, IntArray, normalised

LABELS = ("alpha", "beta", "gamma", "delta")
MODELS = ("good", "too sure", "bad", "none")


@dataclass(frozen=True, slots=True)
class Project:
    """T tasks of which everything is known: `truth` (T,), `table` (T, W) what everybody would answer, `seconds`
    (T, W) how long it would take them, and what rules see of it (`work`); `model` says how good the model is."""

    work: Work
    truth: IntArray
    table: IntArray
    seconds: FloatArray
    model: str

    def part(self, at: IntArray) -> Project:
        """Some of the tasks."""
        return Project(self.work.pick(at), self.truth[at], self.table[at], self.seconds[at], self.model)

    @property
    def rate(self) -> FloatArray:
        """(W,) what an hour costs."""
        assert self.work.rate is not None
        return self.work.rate


def project(seed: int, tasks: int) -> Project:
    """A project of its own kind: 5 to 13 people, 2 to 4 labels, often one that is rare, often tasks that are hard."""
    rng = np.random.default_rng(seed)
    people, labels = int(rng.integers(5, 14)), int(rng.integers(2, 5))
    rare = rng.random() < 0.4
    share = np.array([0.85] + [0.15 / (labels - 1)] * (labels - 1)) if rare else rng.dirichlet(np.full(labels, 3.0))
    truth = rng.choice(labels, tasks, p=share)
    hard = rng.random(tasks) < rng.choice([0.0, 0.0, 0.15, 0.3])
    table = _answers(truth, hard, _confusions(people, labels, rng), rng)
    kind = MODELS[int(rng.integers(len(MODELS)))]
    pace = rng.uniform(5, 60, people)
    return Project(
        Work(keys=np.arange(1, tasks + 1), labels=LABELS[:labels], people=tuple(range(100, 100 + people)),
             model=_model(kind, truth, share, rng), busy=rng.dirichlet(np.full(people, 4.0)), seconds=pace,
             rate=rng.uniform(10, 40, people)),
        truth, table, rng.lognormal(0, 0.5, (tasks, people)) * pace, kind)


def _confusions(people: int, labels: int, rng: np.random.Generator) -> FloatArray:
    """(W, K, K): right in 60 to 95 % of the cases, on some labels more than on others, each with favourite errors."""
    right = np.clip(rng.uniform(0.6, 0.95, (people, 1)) + rng.normal(0, 0.12, (people, labels)), 0.35, 0.98)
    found = np.empty((people, labels, labels))
    for w in range(people):
        for k in range(labels):
            found[w, k] = np.insert(rng.dirichlet(np.ones(labels - 1)) * (1 - right[w, k]), k, right[w, k])
    return found


def _answers(truth: IntArray, hard: NDArray[np.bool_], confusion: FloatArray, rng: np.random.Generator) -> IntArray:
    """Answers to hard tasks are guesses in half of the cases."""
    labels = confusion.shape[1]
    table = np.empty((len(truth), len(confusion)), np.int64)
    for w, own in enumerate(confusion):
        chance = np.where(hard[:, None], 0.5 * own[truth] + 0.5 / labels, own[truth])
        table[:, w] = (np.cumsum(chance, 1) < rng.random((len(truth), 1))).sum(1).clip(max=labels - 1)
    return table


def _model(kind: str, truth: IntArray, share: FloatArray, rng: np.random.Generator) -> FloatArray | None:
    """Probabilities of a classifier of normal features: calibrated if good, else too sure of itself."""
    if kind == "none":
        return None
    strength, sure = {"good": (3.0, 1.0), "too sure": (2.0, 2.0), "bad": (0.3, 4.0)}[kind]
    feature = rng.normal(0, 1, (len(truth), len(share)))
    feature[np.arange(len(truth)), truth] += strength
    logits = sure * (strength * feature) + np.log(share)
    return normalised(np.exp(logits - logits.max(1, keepdims=True)))


def rules(*, first: int = 2, most: int = 5, sure: float = 0.9, accept: float | None = 0.95, audit: str = "5%",
          expertise: str = "likeliest_two") -> Rules:
    """A rules file: `first` answers, then one more each time until `sure` or `most`."""
    lines = ["version: 1", "rules:"]
    if accept is not None:
        lines.append(f"  - {{name: clear, when: score >= {accept}, accept: {{audit: {audit}}}}}")
    lines += [f"  - {{name: stuck, when: answers >= {most}, stop: {{}}}}",
              f"  - {{name: sure, when: answers >= {first} and posterior >= {sure}, stop: {{}}}}",
              f"  - {{name: first-pass, when: answers < {first}, ask: {{n: {first}}}}}"]
    if most > first:
        lines.append(f"  - {{name: torn, when: answers >= {first} and posterior < {sure}, "
                     f"ask: {{n: 1, expertise: {expertise}, max: {most}}}}}")
    return rules_files.parse("\n".join(lines) + "\n")


CHANGES: dict[str, tuple[Rules, Rules]] = {
    "ask fewer": (rules(), rules(most=3, sure=0.8)),
    "ask more": (rules(), rules(first=3, most=7, sure=0.95)),
    "be surer": (rules(sure=0.8), rules(sure=0.95)),
    "accept more": (rules(accept=0.95), rules(accept=0.8)),
    "ask experts": (rules(expertise="all_labels"), rules(first=1)),
    "from one answer": (rules(first=1, most=1), rules(first=1, most=3)),
    "no machine": (rules(accept=0.9), rules(accept=None)),
    "check the machine": (rules(accept=0.85), rules(accept=0.97, audit="20%")),
    "stop earlier": (rules(first=3, most=5, sure=0.97), rules(first=2, most=4, sure=0.85)),
    "fixed overlap": (rules(first=3, most=3), rules(first=5, most=5)),
}
"""Name: rules in force, new ones."""


def worked(whole: Project, old: Rules) -> History:
    """What `old` rules left behind of a project: only the answers that they asked for, and how they chose."""
    engine = Engine(old, whole.work)
    while len((asked := engine.next())[0]):
        engine.tell(*asked, whole.table[asked])
    state = engine.state
    task, person, label = (np.array(column, np.int64) for column in (state.task, state.person, state.label))
    logged = tuple(Logged(t, choice.people, choice.probability, {
        int(one["annotator_id"]): float(one["probability"]) for one in choice.candidates},
        choice.others, choice.others_probability)
        for t, choice in engine.choices)
    return History(whole.work, task, person, label, whole.seconds[task, person], np.full(len(whole.truth), -1), logged)
