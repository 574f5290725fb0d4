"""A rules file as a policy: its rules choose tasks and people among the recorded answers.

There is no model in recorded answers, so what rules say of scores is unknown, and nothing is accepted by a machine.
Where the rules want nobody any more, or only people of whom no answer is recorded, the replay stops early.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable

import numpy as np

from cueloop.sampling import audit_salt
from routing.language.rules import Rules
from routing.replay.policy import Visible
from routing.replay.recorded import Recorded
from routing.simulate.engine import Engine
from routing.simulate.work import Work
from sync.arrays import IntArray


class RulesPolicy:
    """Follows `rules`; names of labels, tasks and people are those of the `recorded` answers, and nothing else."""

    def __init__(self, rules: Rules, recorded: Recorded) -> None:
        """The answers themselves are not looked at: only what they are called and which pairs there are."""
        self.work = Work(
            keys=np.array([key_of(task) for task in recorded.tasks], np.int64), labels=recorded.labels,
            people=tuple(range(len(recorded.annotators))), emails=tuple(str(a).lower() for a in recorded.annotators),
            salt=audit_salt(0), busy=np.bincount(recorded.annotator, minlength=len(recorded.annotators)).astype(float))
        self.place = np.full((len(recorded.tasks), len(recorded.annotators)), -1)
        self.place[recorded.task, recorded.annotator] = np.arange(len(recorded))
        self.engine = Engine(rules, self.work, self.place >= 0)
        self.told = 0

    def next(self, seen: Visible, rng: np.random.Generator) -> IntArray:
        """Places of the answers that the rules ask for next; see `Policy`. Draws are by hash of the task's name."""
        fresh = seen.revealed[self.told:]
        self.told = len(seen.revealed)
        if len(fresh):
            self.engine.tell(seen.task[fresh], seen.annotator[fresh], seen.label[fresh])
        load, wanted = seen.load, []
        for task, person in zip(*self.engine.next(load.allowed()), strict=True):
            if load.under(person) or load.allowed()[person]:
                wanted.append(self.place[task, person])
                load.take(int(person))
        return np.array(wanted, np.int64)


def key_of(task: Hashable) -> int:
    """A number for a task's name, the same in every run: itself where it is one."""
    name = str(task)
    if name.isdecimal() and len(name) < 16:
        return int(name)
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
