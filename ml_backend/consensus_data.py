"""Reads training data from the consensus of people's answers, never from what the model itself accepted.

Where the model had a voice in a consensus, the label is the one that people alone would have: a model neither learns
from itself nor is judged by itself. A control without one truth teaches the shares of its labels.

What is held out was settled before (`data.splits`). Where nothing was, it is the tasks that the audit sample is drawn
from first: blind audits stay evidence about the next version, too, and the gate judges on tasks that people see
whatever any model says of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from cueloop.sampling import audit_salt, uniform
from cueloop.store import splits
from cueloop.store.schema import projects
from cueloop.store.splits import Split
from cueloop.types import Control
from ml_backend.data import labelled
from ml_backend.dataset import APART, Dataset, Example, limit_of
from ml_backend.policy.policy import Policy
from ml_backend.texts.reader import Read, inline

DEFAULTS = Policy()


def datasets(
    conn: sa.Connection, project_id: int, policy: Policy = DEFAULTS, read: Read = inline,
) -> list[Dataset]:
    """One dataset for each modelled control of a project that shows a text, as `read` reads it.

    Raises NotFound for an unknown project, ModelError when no control shows a field of the task's data.
    """
    controls = labelled.controls(conn, project_id)
    guideline = conn.scalar(sa.select(projects.c.guideline_version).where(projects.c.id == project_id))
    parts = splits.of_project(conn, project_id)
    return [_dataset(conn, project_id, control, policy, guideline, parts, read) for control in controls]


def fields_of(data: Mapping[str, object], policy: Policy) -> dict[str, str]:
    """Those fields of a task's data by which models are judged apart, or that name its source."""
    named = [*policy.gate.slices, *([policy.data.source] if policy.data.source else [])]
    return {name: str(value) for name in named if isinstance(value := data.get(name), str | int | float)}


def _dataset(
    conn: sa.Connection, project_id: int, control: Control, policy: Policy, guideline: int | None,
    parts: Mapping[int, Split], read: Read,
) -> Dataset:
    rows = labelled.rows(conn, project_id, control)
    salt = audit_salt(project_id)
    unsettled = Split(0, APART, "") if parts else None      # labelled since parts were settled: the next training's
    examples = []
    for row, text in zip(rows, read(control, [r.data.get(control.value) for r in rows]), strict=True):
        if text is None:
            continue
        split = parts.get(row.key, unsettled)
        examples += [
            Example(key=row.key, identity=f"{project_id}/{row.id}/{row.created_at.isoformat()}", text=text,
                    label=label, weight=weight, blind=bool(row.blind), shares=shares, draw=uniform(row.key, salt),
                    part=split.part if split else None, cluster=split.cluster if split else "",
                    fields=fields_of(row.data, policy))
            for label, weight, shares in labelled.label_of(row, control.labels, policy.data)]
    return Dataset(control=control.name, to_name=control.to_name, field=str(control.value), labels=control.labels,
                   examples=tuple(examples), source="consensus", cursor=max((r.updated_at for r in rows), default=None),
                   guideline_version=guideline,
                   limit=limit_of([e.draw for e in examples if e.draw is not None], policy.data.holdout))
