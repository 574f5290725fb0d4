"""What the scorecard needs beside the answers: read from the store in a handful of queries, a chunk at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.store.annotators import machines
from cueloop.store.schema import annotations as annotation_table
from cueloop.store.schema import predictions, projects, tasks
from cueloop.types import Control
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations
from sync.scorecard.asked_twice import Copy, copies
from sync.scorecard.edits import Edit, edits
from sync.scorecard.in_service import Predicted, in_service

ROWS = 20_000
"""Rows fetched at a time."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """About N answers to T tasks by W annotators (`Observations`), in indices of theirs.

    `model` (N,): the model's label in service when the answer was given, -1 unknown. `length` (T,): characters that
    a task shows, NaN unknown. `skips` (S, 2): task and annotator of each skip; indices from T and from W on are of
    tasks and annotators that have no answer. `copies`: answers to tasks asked twice. `edits`: annotations that
    somebody else changed; None: not known.
    """

    model: IntArray
    length: FloatArray
    skips: IntArray
    copies: tuple[Copy, ...] = ()
    edits: tuple[Edit, ...] | None = None


def read(conn: sa.Connection, project_id: int, control: Control, seen: Observations) -> Evidence:
    """Everything the store has for the scorecard of one control whose answers are `seen`.

    Memory grows with answers and predictions by a few numbers each. Predictions are read only where it is known of
    an answer whether a suggestion was on screen, lengths only where there are lead times.
    """
    task_at = {key: at for at, key in enumerate(seen.tasks)}
    annotator_at = {key: at for at, key in enumerate(seen.annotators)}
    not_people = machines(conn)
    return Evidence(
        model=_model(conn, project_id, control, seen, task_at),
        length=_length(conn, project_id, control, seen, task_at),
        skips=_skips(conn, project_id, seen, task_at, annotator_at, not_people),
        copies=copies(conn, project_id, control, seen),
        edits=edits(conn, project_id, control, annotator_at, not_people))


def fetched(conn: sa.Connection, query: sa.Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """Rows a chunk at a time, without a copy of all of them in the driver."""
    with conn.execute(query.execution_options(stream_results=True)) as result:
        while rows := result.fetchmany(ROWS):
            yield rows


def moment(conn: sa.Connection, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A moment in a form that `seconds` turns into numbers fast: text of SQLite, POSIX seconds of PostgreSQL."""
    if conn.dialect.name == "sqlite":
        return sa.type_coerce(column, sa.Text())
    return sa.cast(sa.extract("epoch", column), sa.Double())


def seconds(at: Sequence[Any]) -> FloatArray:
    """POSIX seconds of what `moment` selects; NaN for NULL."""
    if any(isinstance(one, str) for one in at):
        found = np.array([one or "NaT" for one in at], "datetime64[us]")
        return np.where(np.isnat(found), np.nan, found.astype(np.int64) / 1e6)
    return np.array(at, np.float64)


def _model(conn: sa.Connection, project_id: int, control: Control, seen: Observations,
           task_at: Mapping[Any, int]) -> IntArray:
    """The model's label for each answer, of the project's model where one is named."""
    if not (seen.seen >= 0).any():
        return np.full(len(seen.task), -1)
    columns = predictions.c
    name = conn.scalar(sa.select(projects.c.model).where(projects.c.id == project_id))
    shown = sa.func.coalesce(columns.pushed_at, columns.sent_at)
    query = sa.select(columns.task, columns.label, moment(conn, columns.created_at), moment(conn, shown)).where(
        columns.project_id == project_id, columns.control == control.name)
    if name is not None:
        query = query.where(columns.model == name)
    label_at = {label: at for at, label in enumerate(seen.labels)}
    parts: list[tuple[IntArray, IntArray, FloatArray, FloatArray]] = [
        (np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros(0))]
    for rows in fetched(conn, query):
        task, label, made, sent = zip(*rows, strict=True)
        at = np.fromiter((task_at.get(key, -1) for key in task), np.int64, len(task))
        known = at >= 0
        labels = np.fromiter((label_at.get(one, -1) for one in label), np.int64, len(label))
        parts.append((at[known], labels[known], seconds(made)[known], seconds(sent)[known]))
    said = Predicted(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return in_service(said, seen.task, seen.at, seen.seen)


def _length(conn: sa.Connection, project_id: int, control: Control, seen: Observations,
            task_at: Mapping[Any, int]) -> FloatArray:
    """Characters of the text that the control is about; NaN for anything but plain text."""
    found = np.full(len(seen.tasks), np.nan)
    if control.shows != "Text" or not control.value or np.isnan(seen.seconds).all():
        return found
    length = sa.func.length(tasks.c.data[control.value].as_string())
    query = sa.select(tasks.c.key, length).where(tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None))
    for rows in fetched(conn, query):
        for key, size in rows:
            at = task_at.get(key)
            if at is not None and size is not None:
                found[at] = size
    return found


def _skips(conn: sa.Connection, project_id: int, seen: Observations, task_at: Mapping[Any, int],
           annotator_at: Mapping[Any, int], not_people: Collection[int]) -> IntArray:
    """Task and annotator of each skip that was not followed by an answer of theirs."""
    query = (sa.select(annotation_table.c.task, annotation_table.c.annotator_id).distinct()
             .join(tasks, tasks.c.key == annotation_table.c.task)
             .where(annotation_table.c.project_id == project_id, annotation_table.c.was_cancelled,
                    annotation_table.c.deleted_at.is_(None), annotation_table.c.annotator_id.is_not(None),
                    tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None)))
    more_tasks: dict[Any, int] = {}
    more_annotators: dict[Any, int] = {}
    met: list[tuple[int, int]] = []
    for rows in fetched(conn, query):
        for task, annotator in rows:
            if annotator in not_people:
                continue
            at = task_at.get(task)
            who = annotator_at.get(annotator)
            met.append((len(task_at) + more_tasks.setdefault(task, len(more_tasks)) if at is None else at,
                        len(annotator_at) + more_annotators.setdefault(annotator, len(more_annotators))
                        if who is None else who))
    pairs: IntArray = np.array(met, np.int64).reshape(-1, 2)
    width = len(annotator_at) + len(more_annotators) + 1
    answered = np.isin(pairs[:, 0] * width + pairs[:, 1], seen.task * width + seen.annotator)
    pairs = pairs[~answered]
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])
