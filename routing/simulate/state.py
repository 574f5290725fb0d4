"""Where the simulated tasks stand: who answered what, what the rules want, what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.deciding.plans import NONE, Plan
from routing.simulate.work import Work
from sync.arrays import FloatArray, IntArray
from sync.consensus import Fit
from sync.methods import HIERARCHICAL, METHODS
from sync.voice import Voice, join, learn


@dataclass(frozen=True, slots=True)
class Opinion:
    """The consensus of all tasks at one moment; `label` (T,) is -1 where nobody answered.

    `probability` (T, K) is told, with the model's voice where it earned one; `fit` is by people alone.
    """

    label: IntArray
    probability: FloatArray
    fit: Fit


class State:
    """What is known of T tasks while they are worked on; changed by `tell` and by the engine."""

    def __init__(self, work: Work) -> None:
        """Nothing was asked yet."""
        size = len(work.keys)
        self.work = work
        self.task: list[int] = []
        self.person: list[int] = []
        self.label: list[int] = []
        self.given: list[list[int]] = [[] for _ in range(size)]
        """(T,) labels that people gave, in the order given."""
        self.authors: list[list[int]] = [[] for _ in range(size)]
        self.plan: list[Plan] = [NONE] * size
        self.changed = np.ones(size, bool)
        """(T,) answered, or never judged, since the rules last looked."""
        self.asked = np.zeros(size, np.int64)
        self.open = np.ones((size, len(work.people)), bool)
        """(T, W) who was not asked yet."""
        self.blind = np.zeros(size, bool)
        """(T,) no suggestion is shown: the model has no voice there, for they are there to judge it."""

    def tell(self, task: IntArray, person: IntArray, label: IntArray) -> None:
        """Add answers, one a row: places of task and person, index of the label."""
        for t, w, k in zip(task.tolist(), person.tolist(), label.tolist(), strict=True):
            self.task.append(t)
            self.person.append(w)
            self.label.append(k)
            self.given[t].append(k)
            self.authors[t].append(w)
            self.open[t, w] = False
        self.changed[task] = True
        np.add.at(self.asked, task, 1)

    def opinion(self) -> Opinion:
        """The consensus as a full run of the loop would find it."""
        work = self.work
        task, person, label = (np.array(column, np.int64) for column in (self.task, self.person, self.label))
        fit = METHODS[HIERARCHICAL](task, person, label, tasks=len(work.keys), annotators=len(work.people),
                                    labels=len(work.labels))
        answered = np.bincount(task, minlength=len(work.keys)) > 0
        posterior, probability = fit.posterior, fit.probability
        if work.model is not None and answered.any():
            spoke = work.said & answered & ~self.blind
            voice = Voice(np.where(work.said[:, None], work.model, 1 / len(work.labels)), spoke)
            heard = learn(voice, task, person, label, fit)
            if heard.weight > 0 and spoke.any():
                probability = probability.copy()
                probability[spoke] = join(probability[spoke], voice.probabilities[spoke], heard)
                posterior = np.where(spoke[:, None], probability, posterior)
        return Opinion(np.where(answered, posterior.argmax(1), -1), probability, fit)
