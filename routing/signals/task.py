"""What the rules can see of tasks: the champion's prediction, the consensus, people's answers, the task's fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

CALM = 0.9
"""Weight of the model's probabilities where nobody has answered; the rest is spread evenly over all labels."""

QUESTION = 0.9
"""How likely one of the labels in question is right."""


@dataclass(frozen=True, slots=True)
class Champion:
    """The model version in service: its predictions are the ones that rules see."""

    model: str
    version: str


@dataclass(frozen=True, slots=True)
class TaskSignals:
    """Everything the rules can see of one control of one task. None is unknown."""

    task: int
    data: Mapping[str, Any]
    predicted: str | None = None
    model_version: str | None = None
    model: Mapping[str, float] = field(default_factory=dict)
    """{label: the champion's probability}; empty without a champion."""
    label: str | None = None
    posterior: float | None = None
    people: Mapping[str, float] = field(default_factory=dict)
    """{label: the consensus' probability}; empty while nobody answered."""
    labels: tuple[str, ...] = ()
    """People's answers."""
    submitted: int | None = None
    """People who submitted the task, where they may leave a control empty; None: each of `labels` is one."""
    skips: int = 0
    guideline_version: int | None = None
    agreement: float | None = None
    interval_width: float | None = None
    named: frozenset[str] | None = None
    """All labels that people's answers name: the signal `labels`; None: each of `labels` is one."""
    regions: tuple[Mapping[str, Any], ...] | None = None
    """Regions that the champion predicts: each its label, score and properties."""
    models_agree: float | None = None
    """Share of other models that say the champion's label."""
    asked: int = 0
    state: str = "new"
    age: float | None = None
    """Seconds since the task was made."""
    quiet: float | None = None
    """Seconds since the last answer."""
    seconds: float | None = None
    """Seconds that people spent on it."""
    cost: float | None = None
    answer_guideline: int | None = None
    lesson: float | None = None
    """What an answer would teach the model, 0 to 1."""
    doubted: bool | None = None
    """The model that pre-labelled it was found bad, and no person has answered since."""
    doubt: str = ""
    """Why it is doubted."""

    @property
    def answers(self) -> int:
        """People who have answered."""
        return len(self.labels) if self.submitted is None else self.submitted

    @property
    def blank(self) -> bool:
        """People submitted the task and left this control empty."""
        return bool(self.submitted) and self.label is None

    def value(self, name: str) -> Any:
        """One signal by its name in the rules language, also `task.FIELD` and `score(LABEL)`."""
        if name.startswith("task."):
            return self.data.get(name.removeprefix("task."))
        if name.startswith(("score(", "posterior(")):
            function, _, label = name[:-1].partition("(")
            return (self.model if function == "score" else self.people).get(label)
        return getattr(self, f"_{name}", None) if name in COMPUTED else getattr(self, name, None)

    @property
    def _labels(self) -> frozenset[str]:
        return frozenset(self.labels) if self.named is None else self.named

    @property
    def _score(self) -> float | None:
        return self.model.get(self.predicted) if self.predicted is not None else None

    @property
    def _margin(self) -> float | None:
        best = sorted(self.model.values(), reverse=True)
        return best[0] - best[1] if len(best) > 1 else None

    @property
    def _entropy(self) -> float | None:
        return uncertainty(np.array(list(self.model.values()))) if len(self.model) > 1 else None

    @property
    def _disagreement(self) -> float | None:
        if len(self.labels) < 2:
            return None
        return 1 - max(Counter(self.labels).values()) / len(self.labels)

    def belief(self, labels: Sequence[str]) -> NDArray[np.float64]:
        """(K,) probability of each label, from people if any answered, else from the model, else even.

        Without labels (2,): that the consensus is right, and that it is not.
        """
        if not labels:
            right = 0.5 if self.posterior is None else self.posterior
            return np.array([right, 1 - right])
        even = np.full(len(labels), 1 / len(labels))
        said = self.people or self.model
        found = np.array([said.get(label, 0.0) for label in labels], np.float64)
        if found.sum() <= 0:
            return even
        calm = 1.0 if self.people else CALM
        belief: NDArray[np.float64] = calm * found / found.sum() + (1 - calm) * even
        return belief

    def inputs(self, names: frozenset[str] = frozenset()) -> dict[str, Any]:
        """What a decision rests on: the signals that are always read, and the names of its rule's condition."""
        own = {name for name in names if not name.startswith(ELSEWHERE)}
        found = {name: self.value(name) for name in [*ALWAYS, *sorted(own - set(ALWAYS))]}
        return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in found.items()}


ALWAYS = ("score", "margin", "entropy", "predicted", "model_version", "posterior", "label", "answers", "skips",
          "disagreement", "guideline_version")
"""Signals that are read of every task; the others where a rule names them."""

ELSEWHERE = ("found(", "sample(", "control(")
"""Names of columns that are no property of one control of a task."""

COMPUTED = ("score", "margin", "entropy", "disagreement", "labels")


def uncertainty(belief: NDArray[np.float64]) -> float:
    """Entropy of a distribution (K,), as a share of the largest possible: 0 is sure, 1 is no idea."""
    p = belief[belief > 0]
    return float(-(p * np.log(p)).sum() / log(len(belief))) if len(belief) > 1 else 0.0


def in_question(belief: NDArray[np.float64], labels: Sequence[str], expertise: str) -> tuple[str, ...]:
    """The labels that a task may have: the two likeliest, or the fewest that are right with QUESTION's probability."""
    if not labels:
        return ()
    order = np.argsort(-belief, kind="stable")
    before = np.cumsum(belief[order]) - belief[order]
    size = min(2, len(labels)) if expertise == "likeliest_two" else int((before < QUESTION).sum())
    return tuple(labels[at] for at in order[:size])
