"""What an admin should know of a policy in a project: what the file alone cannot show."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cueloop.errors import LabelConfigError
from cueloop.label_config import parse
from cueloop.language.words import suggest
from cueloop.store import projects
from cueloop.store.schema import tasks
from ml_backend.policy.policy import EVERY, REMOVE, Policy

LOOKED_AT = 200
"""Newest tasks in which fields are looked for."""


def advise(conn: sa.Connection, project_id: int, policy: Policy) -> list[str]:
    """Sentences; none when all fits. Raises NotFound."""
    project = projects.get(conn, project_id)
    try:
        labels = {label for control in parse(project.label_config).modelled for label in control.labels}
    except LabelConfigError as error:
        return [f"The label config of project {project_id} cannot be read: {error}"]
    return [*_labels(policy, labels), *_fields(conn, project_id, policy), *_at_odds(policy)]


def _labels(policy: Policy, labels: set[str]) -> Iterator[str]:
    if not labels:
        yield "No control of the label config has labels that a model of ours predicts: nothing is trained."
        return
    for label in policy.gate.protected:
        if label not in labels and label != EVERY:
            yield f"gate.protected: the label config has no label `{label}`{suggest(label, labels)}"


def _fields(conn: sa.Connection, project_id: int, policy: Policy) -> Iterator[str]:
    named = {"data.source": [policy.data.source] if policy.data.source else [], "gate.slices": policy.gate.slices}
    if not any(named.values()):
        return
    rows = conn.scalars(sa.select(tasks.c.data).where(
        tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None)).order_by(tasks.c.key.desc()).limit(LOOKED_AT))
    known = {str(name) for data in rows for name in data}
    for where, fields in named.items():
        for name in fields:
            if known and name not in known:
                yield f"{where}: none of the newest tasks has a field `{name}`{suggest(name, known)}"


def _at_odds(policy: Policy) -> Iterator[str]:
    """Settings that work against each other."""
    if policy.gate.shadow and policy.train.every and policy.gate.shadow.longest > policy.train.every:
        yield ("train.every is shorter than gate.shadow.longest: while a challenger runs in shadow mode no training "
               "begins")
    if policy.rollout.old == REMOVE and policy.rollout.keep == 0 and policy.rollback.on:
        yield "rollout.keep is 0: after a rollback the predictions of the version before have to be pushed again"
