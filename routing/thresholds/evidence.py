"""Reads what is known of a champion's errors: its own predictions beside the blind answers of people.

A task counts when four things hold. The champion was not trained on it. Every answer to it is known to have been given
without a suggestion on screen. People alone say what is right: no model has a voice in it, and a ground truth stands
above all. And nothing a model said had a part in choosing it: it belongs to the audit sample, which is drawn by a hash
of the task, or it was answered before any model had predicted it. Else the tasks would be those that some model found
hard, or easy, and their errors not those of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.sampling import audit_salt, is_sampled
from cueloop.store.schema import annotators, answers, consensus, predictions, routes, rules, tasks
from routing.signals import Champion

TRUTH = "ground-truth"
"""Method of a consensus that is a ground truth (`sync.results`)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """n audited tasks in the order of their answers. `doubt` is the chance that what people agreed on is wrong.

    `sampled`: of the audit sample, else answered before any model spoke. `rule` would have accepted it, were it not
    held out (empty: none). `at` are ISO texts.
    """

    task: NDArray[np.int64]
    score: NDArray[np.float64]
    predicted: NDArray[Any]
    wrong: NDArray[np.bool_]
    doubt: NDArray[np.float64]
    sampled: NDArray[np.bool_]
    rule: NDArray[Any]
    at: NDArray[Any]

    def __len__(self) -> int:
        return len(self.task)

    def where(self, keep: NDArray[np.bool_]) -> Evidence:
        """Only these tasks."""
        return replace(self, **{name: getattr(self, name)[keep] for name in self.__slots__})

    def of(self, label: str) -> Evidence:
        """Only tasks predicted as `label`; all for an empty one."""
        return self.where(self.predicted == label) if label else self


def read(conn: sa.Connection, project_id: int, control: str, champion: Champion) -> Evidence:
    """All that counts of a control of a project, for this model version."""
    share = conn.scalar(sa.select(sa.func.max(rules.c.audit_share)).where(rules.c.project_id == project_id)) or 0.0
    salt = audit_salt(project_id)
    rows = []
    for row in conn.execute(_query(project_id, control, champion)):
        sampled = is_sampled(row.task, salt, share)
        if sampled or row.predicted_at is None or row.first < row.predicted_at:
            rows.append((row, sampled))
    rows.sort(key=lambda pair: (pair[0].last, pair[0].task))
    return _arrays([_fact(row, sampled) for row, sampled in rows])


def _query(project_id: int, control: str, champion: Champion) -> sa.Select[Any]:
    person = sa.select(annotators.c.id).where(annotators.c.kind == "person")
    said = (sa.select(answers.c.task, sa.func.min(answers.c.answered_at).label("first"),
                      sa.func.max(answers.c.answered_at).label("last"))
            .where(answers.c.project_id == project_id, answers.c.control == control, ~answers.c.review,
                   answers.c.annotator_id.in_(person))
            .group_by(answers.c.task)
            .having(sa.func.sum(sa.case((answers.c.seen_suggestion.is_(sa.false()), 0), else_=1)) == 0)).subquery()
    earlier = predictions.alias()
    predicted_at = (sa.select(sa.func.min(earlier.c.created_at)).where(
        earlier.c.task == said.c.task, earlier.c.control == control)).scalar_subquery()
    return (sa.select(said.c.task, said.c.first, said.c.last, predicted_at.label("predicted_at"), predictions.c.label,
                      predictions.c.score, consensus.c.label.label("agreed"), consensus.c.people,
                      consensus.c.probability, consensus.c.wrong, consensus.c.method, routes.c.plan)
            .join(predictions, sa.and_(
                predictions.c.task == said.c.task, predictions.c.control == control,
                predictions.c.model == champion.model, predictions.c.version == champion.version,
                predictions.c.out_of_fold))
            .join(consensus, sa.and_(consensus.c.task == said.c.task, consensus.c.control == control))
            .join(tasks, tasks.c.key == said.c.task).outerjoin(routes, routes.c.task == said.c.task)
            .where(tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None)))


def _fact(row: Any, sampled: bool) -> tuple[Any, ...]:
    agreed, doubt = row.agreed, row.wrong if row.wrong is not None else 1 - row.probability
    if row.method == TRUTH:
        doubt = 0.0
    elif row.people:        # a model had a voice: what people alone say counts
        agreed, sure = max(row.people.items(), key=lambda item: item[1])
        doubt = 1 - sure
    return (row.task, row.score, row.label, row.label != agreed, doubt, sampled,
            (row.plan or {}).get("audit") or "", row.last.isoformat())


def _arrays(facts: Sequence[tuple[Any, ...]]) -> Evidence:
    columns = list(zip(*facts, strict=True)) if facts else [()] * 8
    kinds = (np.int64, np.float64, object, bool, np.float64, bool, object, object)
    return Evidence(*(np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)))


@dataclass(frozen=True, slots=True)
class Population:
    """All N tasks of which a champion predicts a control. `open`: nobody has answered it, and it may be accepted."""

    score: NDArray[np.float64]
    predicted: NDArray[Any]
    open: NDArray[np.bool_]

    def of(self, label: str) -> Population:
        """Only tasks predicted as `label`; all for an empty one."""
        keep = self.predicted == label
        return Population(self.score[keep], self.predicted[keep], self.open[keep]) if label else self


def population(conn: sa.Connection, project_id: int, control: str, champion: Champion) -> Population:
    """The tasks that a model version speaks of, deleted ones and hidden copies left out."""
    answered = sa.select(consensus.c.task).where(
        consensus.c.task == predictions.c.task, consensus.c.control == control).exists()
    rows = conn.execute(
        sa.select(predictions.c.score, predictions.c.label, sa.and_(~answered, ~tasks.c.blind).label("open"))
        .join(tasks, tasks.c.key == predictions.c.task)
        .where(tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None),
               predictions.c.control == control, predictions.c.model == champion.model,
               predictions.c.version == champion.version)).all()
    return Population(np.array([row.score for row in rows], np.float64),
                      np.array([row.label for row in rows], dtype=object), np.array([row.open for row in rows], bool))
