"""Reads from the store what quality is computed from: answers, skips and the controls that are judged.

A million answers go straight into arrays, a chunk of rows at a time; nothing is kept as a Python object but the
names of tasks and annotators, and structured answers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop import declared
from cueloop.errors import NotFound
from cueloop.label_config import parse
from cueloop.store import adjudications
from cueloop.store.schema import annotations as made
from cueloop.store.schema import answers, projects, tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control, LabelConfig
from sync import kinds
from sync.arrays import first_seen
from sync.observations import Observations

ROWS = 2_000
"""Rows fetched at a time: few enough to stay in the processor's cache until they are in arrays."""

TRUTH, REVIEW, SEEN, GUIDELINE = 1, 2, 4, 16
"""Units in which the small facts of an answer are packed into one number, so that there are fewer columns to carry:
whether it is ground truth, a review, what was seen (one more than in `Observations`), the guideline (one more)."""

Table = dict[str, NDArray[Any]]


def modelled(conn: sa.Connection, project_id: int) -> tuple[Control, ...]:
    """The controls of a project that a model predicts. Raises NotFound when the project is not known."""
    return _config(conn, project_id)[0].modelled


def controls(conn: sa.Connection, project_id: int) -> tuple[Control, ...]:
    """The controls that get a consensus, as the rules declare them. Raises NotFound for an unknown project."""
    config, said = _config(conn, project_id)
    return tuple(kinds.declared(control, said.labels.get(control.name)) for control in config.judged)


def observations(conn: sa.Connection, project_id: int, control: Control,
                 task_keys: Collection[int] | None = None) -> Observations:
    """Answers to one control of all tasks of a project, or of these tasks, oldest first.

    Deleted tasks and hidden copies are left out. A ground truth that came with an import counts only where the rules
    say so. Where there is none, the answer of who was asked to decide is the truth. Raises NotFound when the project
    is not known.
    """
    _, said = _config(conn, project_id)
    wanted = _select(conn, project_id, control, imported=said.gold.imported)
    hidden = sa.or_(tasks.c.deleted_at.is_not(None), tasks.c.copy_of.is_not(None))
    if task_keys is None:   # a list of the hidden ones is made once; a join would look up the task of every answer
        keys = sa.select(tasks.c.key).where(tasks.c.project_id == project_id, hidden)
        parts = [wanted.where(answers.c.task.not_in(keys))]
    else:
        few = wanted.join(tasks, tasks.c.key == answers.c.task).where(~hidden)
        parts = [few.where(answers.c.task.in_(p)) for p in chunks(sorted(task_keys))]
    labels: dict[str, int] = {}
    values: list[Any] = []
    tables = [_table(rows, labels, values) for part in parts for rows in _fetched(conn, part)] or [
        _table([], labels, values)]
    found = {name: np.concatenate([table.pop(name) for table in tables]) for name in list(tables[0])}
    order = np.lexsort((found["annotator"], found["task"], found["at"]))
    found = {name: column[order] for name, column in found.items()}
    decided = _pin(found, adjudications.standing(conn, project_id, control.name, task_keys))
    return _observed(control, found, labels, [values[at] for at in order] if values else [], decided)


def answer_count(conn: sa.Connection, project_id: int) -> int:
    """How many answers a project has, to all controls; those on hidden copies too."""
    return conn.scalar(sa.select(sa.func.count()).select_from(answers)
                       .where(answers.c.project_id == project_id)) or 0


def skips(conn: sa.Connection, project_id: int) -> dict[int, int]:
    """Skipped tasks of each annotator: a sign of difficulty, never a label."""
    rows = conn.execute(
        sa.select(made.c.annotator_id, sa.func.count())
        .join(tasks, sa.and_(tasks.c.key == made.c.task, tasks.c.copy_of.is_(None)))
        .where(made.c.project_id == project_id, made.c.was_cancelled,
               made.c.deleted_at.is_(None), made.c.annotator_id.is_not(None))
        .group_by(made.c.annotator_id))
    return {row[0]: row[1] for row in rows}


def _config(conn: sa.Connection, project_id: int) -> tuple[LabelConfig, declared.Declared]:
    row = conn.execute(sa.select(projects.c.label_config, projects.c.declared)
                       .where(projects.c.id == project_id)).first()
    if row is None:
        raise NotFound(f"Project {project_id} is not in the store: run `cueloop connect --project {project_id}`.")
    return parse(row.label_config), declared.of(row.declared)


def _select(conn: sa.Connection, project_id: int, control: Control, *, imported: bool) -> sa.Select[Any]:
    """Rows of `_table`, of all tasks and in any order: sorting arrays is quicker than having a database sort rows."""
    c = answers.c
    truth: sa.ColumnElement[bool] = c.ground_truth
    if not imported:
        truth = truth & ~sa.exists().where(made.c.unique_id == c.unique_id, made.c.imported)
    seen = sa.case((c.seen_suggestion, 2 * SEEN), (~c.seen_suggestion, SEEN), else_=0)
    dependent: sa.ColumnElement[bool] = c.review
    if imported:  # whoever imported a ground truth is not who found it
        dependent = dependent | (truth & sa.exists().where(made.c.unique_id == c.unique_id, made.c.imported))
    marks = (sa.case((truth, TRUTH), else_=0) + sa.case((dependent, REVIEW), else_=0) + seen
             + GUIDELINE * (sa.func.coalesce(c.guideline_version, -1) + 1))
    columns = [c.task, c.annotator_id, c.label, c.lead_time, marks, _moment(conn)]
    if control.kind not in kinds.CHOICES:
        columns.append(c.value)
    return sa.select(*columns).where(c.project_id == project_id, c.control == control.name)


def _moment(conn: sa.Connection) -> sa.ColumnElement[Any]:
    """`answered_at` as SQLite writes it, for numpy to read; from PostgreSQL as POSIX seconds."""
    if conn.dialect.name == "sqlite":
        return sa.type_coerce(answers.c.answered_at, sa.Text())
    return sa.cast(sa.extract("epoch", answers.c.answered_at), sa.Double())


def _fetched(conn: sa.Connection, query: sa.Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """Rows a chunk at a time, without a copy of all of them in the driver."""
    streamed = conn.dialect.name != "sqlite"  # SQLite's driver streams anyhow, and its rows cost less
    with conn.execute(query.execution_options(stream_results=streamed)) as result:
        fetch = result.fetchmany if streamed or result.cursor is None else result.cursor.fetchmany
        while rows := fetch(ROWS):
            yield rows


def _table(rows: Sequence[Sequence[Any]], labels: dict[str, int], values: list[Any]) -> Table:
    """One chunk as arrays; labels become numbers in `labels`, structured answers go to the end of `values`."""
    task, annotator, label, seconds, marks, at, *value = zip(*rows, strict=True) if rows else ((),) * 6
    for name in set(label) - labels.keys():
        labels[name] = len(labels)
    if value:  # in SQLite's own rows JSON is text
        values.extend(json.loads(one) if isinstance(one, str) else one for one in value[0])
    packed = np.array(marks, np.int64)
    return {
        "task": np.array(task, np.int64), "annotator": np.array(annotator, np.int64),
        "label": np.fromiter(map(labels.__getitem__, label), np.int32, len(label)),
        "seconds": np.array(seconds, np.float64), "at": _seconds(at), "truth": packed & TRUTH > 0,
        "review": packed & REVIEW > 0, "seen": (packed // SEEN % (GUIDELINE // SEEN) - 1).astype(np.int8),
        "guideline": (packed // GUIDELINE - 1).astype(np.int32)}


def _seconds(at: Sequence[Any]) -> NDArray[np.float64]:
    """POSIX seconds of moments as `_moment` gives them."""
    if at and isinstance(at[0], str):
        return np.array(at, "datetime64[us]").astype(np.int64) / 1e6
    return np.array(at, np.float64)


def _pin(found: Table, verdicts: Mapping[int, adjudications.Verdict]) -> frozenset[int]:
    """Mark the answers of those who were asked to decide as the truth; the tasks. A ground truth stands above them."""
    if not verdicts:
        return frozenset()
    settled = set(found["task"][found["truth"]].tolist())
    judged = [task for task in verdicts if task not in settled]
    rows = np.flatnonzero(np.isin(found["task"], np.array(judged, np.int64)))
    said_by = np.array([verdicts[task].said_by for task in found["task"][rows].tolist()], np.int64)
    rows = rows[found["annotator"][rows] == said_by]
    found["truth"][rows] = True
    return frozenset(found["task"][rows].tolist())


def _observed(control: Control, found: Table, labels: dict[str, int], values: list[Any],
              decided: frozenset[int]) -> Observations:
    names = list(dict.fromkeys([*control.labels, *sorted(labels)]))
    place = {name: at for at, name in enumerate(names)}
    label = np.array([place[name] for name in labels], np.int64)[found["label"]]
    tasks_seen, task = first_seen(found["task"])
    annotators_seen, annotator = first_seen(found["annotator"])
    truth = found["truth"]
    pinned = np.full(len(tasks_seen), -1)
    pinned[task[truth]] = label[truth]
    return Observations(
        task, annotator, label, found["seconds"], truth, pinned, tuple(tasks_seen), tuple(annotators_seen),
        tuple(names), review=found["review"], at=found["at"], seen=found["seen"], guideline=found["guideline"],
        value=_positions(control, values, label), decided=decided)


def _positions(control: Control, values: list[Any], label: NDArray[Any]) -> tuple[Any, ...]:
    """Structured answers; of a choice whose labels are declared to be ordered, the label's position from 1."""
    if control.kind != "rating" or not control.labels:
        return tuple(values)
    return tuple((int(at) + 1 if at < len(control.labels) else None) if value is None else value
                 for value, at in zip(values, label, strict=True))
