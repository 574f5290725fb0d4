"""The signals of simulated tasks: what rules would see of them live. There is no clock: ages are unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from routing.signals import TaskSignals
from routing.simulate.state import Opinion, State

CLOCK = frozenset({"age", "quiet", "answer_guideline", "interval_width", "skips", "models_agree", "lesson", "doubted"})
"""Signals that a simulation does not know: conditions on them are never true in it."""


class Signals:
    """Makes `TaskSignals` of a state; what does not change with answers is made once."""

    def __init__(self, state: State) -> None:
        """Keeps what the model says of each task."""
        work = self.work = state.work
        self.state = state
        said = work.said
        rows = work.model.tolist() if work.model is not None else []
        self.model = [dict(zip(work.labels, rows[t], strict=True)) if said[t] else {} for t in range(len(work.keys))]
        self.predicted = [max(model, key=model.__getitem__) if model else None for model in self.model]
        known = np.zeros(len(work.people)) if work.seconds is None else np.nan_to_num(work.seconds)
        self.seconds = known.tolist() if work.seconds is not None else None
        hour = None if work.rate is None or work.seconds is None else work.rate * work.seconds / 3600
        self.price = None if hour is None else hour.tolist()

    def gather(self, tasks: Sequence[int], opinion: Opinion | None) -> list[TaskSignals]:
        """The signals of these tasks (places), in their order."""
        work, state = self.work, self.state
        found = []
        for t in tasks:
            given = state.given[t]
            people: dict[str, float] = {}
            label = posterior = None
            if given and opinion is not None:
                row = opinion.probability[t].tolist()
                people = dict(zip(work.labels, row, strict=True))
                at = int(opinion.label[t])
                label, posterior = work.labels[at], row[at]
            model = self.model[t]
            found.append(TaskSignals(
                task=int(work.keys[t]), data=work.data[t] if work.data else {}, predicted=self.predicted[t],
                model_version=work.version if model else None, model=model, label=label, posterior=posterior,
                people=people, labels=tuple(work.labels[k] for k in given), guideline_version=work.guideline,
                agreement=agreement(given), state=self._stands(t), seconds=self._sum(self.seconds, t),
                cost=self._sum(self.price, t)))
        return found

    def _stands(self, task: int) -> str:
        kind = self.state.plan[task].kind
        if kind == "none" and not self.state.given[task]:
            return "new"
        return {"accept": "accepted", "stop": "done", "escalate": "escalated"}.get(kind, "waiting")

    def _sum(self, each: Sequence[float] | None, task: int) -> float | None:
        if each is None:
            return None
        return float(sum(each[w] for w in self.state.authors[task]))


def agreement(given: Sequence[int]) -> float | None:
    """Share of pairs of answers that say the same; None below two answers."""
    size = len(given)
    if size < 2:
        return None
    return sum(n * (n - 1) for n in Counter(given).values()) / (size * (size - 1))
