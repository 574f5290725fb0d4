"""Which tasks are labelled well enough to learn from: by people, for a control that shows a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from cueloop.errors import ModelError, NotFound
from cueloop.label_config import parse, require_modelled
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import annotators, answers, consensus, projects, tasks
from cueloop.types import Control
from ml_backend.policy.policy import Data

Labelled = tuple[str, float, tuple[float, ...] | None]
"""A label, what it counts for, and the share of each label where more than one is taught."""


def controls(conn: sa.Connection, project_id: int) -> list[Control]:
    """The modelled controls of a project that show a field of the task's data.

    Raises NotFound for an unknown project, LabelConfigError or ModelError when there is no such control.
    """
    config = conn.scalar(sa.select(projects.c.label_config).where(projects.c.id == project_id))
    if config is None:
        raise NotFound(f"Project {project_id} is not connected: run `cueloop connect --project {project_id}`.")
    found = [c for c in require_modelled(parse(config)) if c.value]
    if not found:
        raise ModelError(f"Project {project_id}: no control shows a field of the task's data; "
                         'its object tag needs value="$field".')
    return found


def rows(conn: sa.Connection, project_id: int, control: Control) -> Sequence[Any]:
    """Tasks that people answered for a control, in the order of their keys, with their data and the consensus.

    Not deleted ones, no hidden copies, and never what the machine alone accepted. Answers that came with an import make
    no task a blind one: nobody knows how they were made, and one bad file would judge every model.
    """
    here = (answers.c.task == consensus.c.task, answers.c.control == control.name)
    suggested = sa.select(answers.c.task).where(
        *here, sa.or_(answers.c.seen_suggestion.is_(None), answers.c.seen_suggestion)).exists()
    imported = sa.select(answers.c.task).join(notes, notes.c.unique_id == answers.c.unique_id).where(
        *here, notes.c.imported).exists()
    return conn.execute(
        sa.select(tasks.c.key, tasks.c.id, tasks.c.created_at, tasks.c.data, consensus.c.label, consensus.c.value,
                  consensus.c.probability, consensus.c.probabilities, consensus.c.people, consensus.c.updated_at,
                  sa.and_(sa.or_(tasks.c.blind, ~suggested), ~imported).label("blind"))
        .join(tasks, tasks.c.key == consensus.c.task)
        .where(consensus.c.project_id == project_id, consensus.c.control == control.name,
               consensus.c.answers > 0, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None),
               people_answered(control.name))
        .order_by(tasks.c.key)).all()


def people_answered(control: str) -> sa.ColumnElement[bool]:
    """SQL: a person (not the machine's account) answered this task of `consensus` for that control."""
    machine = sa.select(annotators.c.id).where(annotators.c.kind == "machine")
    return sa.select(answers.c.task).where(
        answers.c.task == consensus.c.task, answers.c.control == control,
        answers.c.annotator_id.not_in(machine)).exists()


def label_of(row: Any, labels: tuple[str, ...], policy: Data) -> Iterator[Labelled]:
    """What a row teaches: the label of people alone, sure as it is; nothing where it is too unsure.

    Where people may differ, or the policy says so, the shares of all labels.
    """
    if isinstance(row.value, dict) and "distribution" in row.value:
        shares = tuple(float(row.value["distribution"].get(label, {}).get("share", 0.0)) for label in labels)
        if any(shares):
            yield labels[shares.index(max(shares))], 1.0, shares
        return
    label, probability, told = row.label, row.probability, row.probabilities
    if row.people:
        told = row.people
        label, probability = max(told.items(), key=lambda item: item[1])
    if label not in labels or probability < policy.least_probability:
        return
    if policy.soft:
        yield label, 1.0, tuple(float(told.get(one, 0.0)) for one in labels)
    else:
        yield label, probability, None
