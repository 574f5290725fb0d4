"""Versions that predict beside the champion, unseen: their predictions are in the store and nowhere else."""

from __future__ import annotations

import sqlalchemy as sa

from cueloop.store import figures
from cueloop.store.models import ModelVersion
from ml_backend import registry
from ml_backend.judging import service, shadow, watch
from ml_backend.policy.policy import Policy

ENOUGH = 500
"""Audits that both predicted after which the version before need not predict new tasks any more."""


def unseen(conn: sa.Connection, project_id: int, policy: Policy) -> list[ModelVersion]:
    """What is to predict new tasks beside the champion of a project.

    The version in shadow mode; and, while the watch still looks for a rise of errors, the version before the champion:
    on the same tasks a worse one is seen several times sooner. Only versions of our own kinds that are of the project.
    """
    serving = service.read(conn, project_id)
    if serving is None:
        return []
    found = [shadow.running(conn, serving.version.name)]
    if policy.rollback.on and not _judged(conn, project_id, serving.version.version):
        found.append(serving.before)
    return [one for one in found if one is not None and one.project_id == project_id
            and one.kind not in registry.LOADERS]


def _judged(conn: sa.Connection, project_id: int, version: str) -> bool:
    report = figures.read(conn, project_id, figures.PROJECT, watch.NAME) or {}
    return report.get("version") == version and any(
        look["paired"] and look["tasks"] >= ENOUGH for look in report["looks"])
