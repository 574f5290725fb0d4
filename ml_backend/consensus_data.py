"""Reads training data from the consensus of people's answers, never from what the model itself accepted.

Where the model had a voice in a consensus, the label is the one that people alone would have: a model neither learns
from itself nor is judged by itself. A control without one truth teaches the shares of its labels.

What is held out are the tasks that the audit sample is drawn from first: blind audits stay evidence about the next
version, too, and the gate judges on tasks that people see whatever any model says of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from cueloop.errors import ModelError, NotFound
from cueloop.label_config import parse, require_modelled
from cueloop.sampling import audit_salt, uniform
from cueloop.store.schema import annotators, answers, consensus, projects, tasks
from cueloop.types import Control
from ml_backend.dataset import Dataset, Example, limit_of
from ml_backend.texts.reader import Read, inline

LEAST_PROBABILITY = 0.5
"""Consensus that is not more likely than not is left out of training and judging. Asking for more biases the classes:
one answer alone makes a rare label less sure than a common one."""


def datasets(
    conn: sa.Connection, project_id: int, least: float = LEAST_PROBABILITY, read: Read = inline,
) -> list[Dataset]:
    """One dataset for each modelled control of a project that shows a text, as `read` reads it.

    Raises NotFound for an unknown project, ModelError when no control shows a field of the task's data.
    """
    project = conn.execute(sa.select(projects).where(projects.c.id == project_id)).first()
    if project is None:
        raise NotFound(f"Project {project_id} is not connected: run `cueloop connect --project {project_id}`.")
    controls = [c for c in require_modelled(parse(project.label_config)) if c.value]
    if not controls:
        raise ModelError(f"Project {project_id}: no control shows a field of the task's data; "
                         'its object tag needs value="$field".')
    return [_dataset(conn, project_id, control, least, project.guideline_version, read) for control in controls]


def people_answered(control: str) -> sa.ColumnElement[bool]:
    """SQL: a person (not the machine's account) answered this task of `consensus` for that control."""
    machine = sa.select(annotators.c.id).where(annotators.c.kind == "machine")
    return sa.select(answers.c.task).where(
        answers.c.task == consensus.c.task, answers.c.control == control,
        answers.c.annotator_id.not_in(machine)).exists()


def _dataset(
    conn: sa.Connection, project_id: int, control: Control, least: float, guideline: int | None, read: Read,
) -> Dataset:
    assert control.value
    suggested = sa.select(answers.c.task).where(
        answers.c.task == consensus.c.task, answers.c.control == control.name,
        sa.or_(answers.c.seen_suggestion.is_(None), answers.c.seen_suggestion)).exists()
    rows = conn.execute(
        sa.select(tasks.c.key, tasks.c.id, tasks.c.created_at, tasks.c.data, consensus.c.label, consensus.c.value,
                  consensus.c.probability, consensus.c.people, consensus.c.updated_at,
                  sa.or_(tasks.c.blind, ~suggested).label("blind"))
        .join(tasks, tasks.c.key == consensus.c.task)
        .where(consensus.c.project_id == project_id, consensus.c.control == control.name,
               consensus.c.answers > 0, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None),
               people_answered(control.name))
        .order_by(tasks.c.key)).all()
    salt = audit_salt(project_id)
    examples = tuple(
        Example(key=r.key, identity=f"{project_id}/{r.id}/{r.created_at.isoformat()}", text=text, label=label,
                weight=weight, blind=bool(r.blind), shares=shares, draw=uniform(r.key, salt))
        for r, text in zip(rows, read(control, [r.data.get(control.value) for r in rows]), strict=True)
        if text is not None
        for label, weight, shares in _labels(r, control.labels, least))
    return Dataset(control=control.name, to_name=control.to_name, field=control.value, labels=control.labels,
                   examples=examples, source="consensus", cursor=max((r.updated_at for r in rows), default=None),
                   guideline_version=guideline, limit=limit_of([e.draw for e in examples if e.draw is not None]))


def _labels(row: Any, labels: tuple[str, ...], least: float) -> Iterator[tuple[str, float, tuple[float, ...] | None]]:
    """The label of a consensus by people alone with its probability, and shares; nothing where it is too unsure."""
    if isinstance(row.value, dict) and "distribution" in row.value:
        shares = tuple(float(row.value["distribution"].get(label, {}).get("share", 0.0)) for label in labels)
        if any(shares):
            yield labels[shares.index(max(shares))], 1.0, shares
        return
    label, probability = row.label, row.probability
    if row.people:
        label, probability = max(row.people.items(), key=lambda item: item[1])
    if label in labels and probability >= least:
        yield label, probability, None
