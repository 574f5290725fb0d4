"""What the rules can see of tasks: the champion's prediction, the consensus, people's answers, the task's fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.sampling import uniform
from cueloop.store import consensus as consensus_rows
from cueloop.store import schema
from cueloop.store.schema import annotators, answers, predictions, tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from routing import columns
from routing.columns import Column
from routing.vocabulary import SIGNALS

CONTROL = re.compile(r"control\((?P<name>.*?)\)\.(?P<signal>.*)", re.DOTALL)
"""Name of the column of a signal of another control of the same task."""

UNKNOWN = Column(np.asarray(0.0), np.asarray(False))
"""A value that is not known of any task."""

CALM = 0.9
"""Weight of the model's probabilities where nobody has answered; the rest is spread evenly over all labels."""


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
    named: frozenset[str] = frozenset()
    """All labels that people's answers name: the signal `labels`."""
    regions: tuple[Mapping[str, Any], ...] | None = None
    """Regions that the champion predicts: each its label, score and properties."""
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
        if "(" in name:
            function, _, label = name[:-1].partition("(")
            return (self.model if function == "score" else self.people).get(label)
        return getattr(self, f"_{name}", None) if name in COMPUTED else getattr(self, name, None)

    @property
    def _labels(self) -> frozenset[str]:
        return self.named or frozenset(self.labels)

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
        """All plain signals, and those fields and functions that the rules name."""
        found = {name: self.value(name) for name in [*SIGNALS, *sorted(names - SIGNALS.keys())]}
        return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in found.items()}


COMPUTED = ("score", "margin", "entropy", "disagreement", "labels")


def uncertainty(belief: NDArray[np.float64]) -> float:
    """Entropy of a distribution (K,), as a share of the largest possible: 0 is sure, 1 is no idea."""
    p = belief[belief > 0]
    return float(-(p * np.log(p)).sum() / log(len(belief))) if len(belief) > 1 else 0.0


def lookup(signals: Sequence[TaskSignals], *, found: Mapping[str, float] | None = None,
           controls: Mapping[str, Sequence[TaskSignals]] | None = None) -> columns.Lookup:
    """Columns of these tasks' signals by name, each built once.

    `found` has the thresholds that are safe, by the column's name; `controls` the signals of other controls of the
    same tasks, in the same order. What is not there is unknown.
    """
    built: dict[str, Column] = {}
    others: dict[str, columns.Lookup] = {}

    def column(name: str) -> Column:
        if name not in built:
            built[name] = _column(name)
        return built[name]

    def _column(name: str) -> Column:
        if name.startswith("found("):
            return columns.constant(found[name]) if found and name in found else UNKNOWN
        if name.startswith("sample("):
            salt = f"sample:{name[len('sample('):-1]}"
            return columns.of([uniform(s.task, salt) for s in signals], float)
        other = CONTROL.match(name)
        if other is not None:
            if other["name"] not in (controls or {}):
                return UNKNOWN
            if other["name"] not in others:
                others[other["name"]] = lookup((controls or {})[other["name"]])
            return others[other["name"]](other["signal"])
        number = name.endswith(")") or SIGNALS.get(name, ("",))[0] == "number"
        return columns.of([s.value(name) for s in signals], float if number else object)

    return column


def gather(conn: sa.Connection, project_id: int, control: Control, keys: Sequence[int], champion: Champion | None,
           guideline_version: int | None) -> list[TaskSignals]:
    """The signals of a control for these tasks (keys), in their order.

    People are told by their submissions where a control is no single choice: it may be left empty, and a review of
    somebody's regions is no further look.
    """
    data = _by_task(conn, sa.select(tasks.c.key.label("task"), tasks.c.data), tasks.c.key, keys)
    said = _by_task(conn, sa.select(answers.c.task, answers.c.label).where(answers.c.control == control.name),
                    answers.c.task, keys)
    skips = _people(conn, schema.annotations.c.was_cancelled, keys)
    looked = {} if control.modelled else _people(conn, ~schema.annotations.c.was_cancelled, keys)
    agreed = consensus_rows.of_tasks(conn, keys, control.name)
    model: dict[int, list[Any]] = {}
    if champion is not None:
        model = _by_task(conn, sa.select(
            predictions.c.task, predictions.c.label, predictions.c.probabilities, predictions.c.version).where(
            predictions.c.control == control.name, predictions.c.model == champion.model,
            predictions.c.version == champion.version), predictions.c.task, keys)
    found = []
    for key in keys:
        guess, people = (model.get(key) or [None])[0], agreed.get(key)
        found.append(TaskSignals(
            task=key, data=data[key][0].data if key in data else {},
            predicted=guess.label if guess else None, model_version=guess.version if guess else None,
            model=guess.probabilities if guess else {}, label=people.label if people else None,
            posterior=people.probability if people else None, people=people.probabilities if people else {},
            labels=tuple(row.label for row in said.get(key, ())),
            submitted=None if control.modelled else len(looked.get(key, ())), skips=len(skips.get(key, ())),
            guideline_version=guideline_version))
    return found


def _people(conn: sa.Connection, which: sa.ColumnElement[bool], keys: Sequence[int]) -> dict[int, list[Any]]:
    """The people who made such annotations of each task."""
    made = schema.annotations.c
    return _by_task(conn, sa.select(made.task, made.annotator_id).distinct().join(
        annotators, sa.and_(annotators.c.id == made.annotator_id, annotators.c.kind == "person")).where(
        which, made.deleted_at.is_(None)), made.task, keys)


def _by_task(conn: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[int],
             keys: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for part in chunks(list(keys)):
        for row in conn.execute(query.where(column.in_(part))):
            found.setdefault(row.task, []).append(row)
    return found
