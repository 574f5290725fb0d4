"""The training policy in force for a project."""

from __future__ import annotations

import sqlalchemy as sa

from ml_backend.policy.policy import Policy


def policy(conn: sa.Connection, project_id: int | None) -> Policy:
    """What the newest applied `training.yaml` of the project says; the defaults where there is none."""
    return Policy()
