"""Whether a rollout has something to do. Read by the sync loop: light to import."""

from __future__ import annotations

import sqlalchemy as sa

from cueloop.store import models, projects, rollouts
from ml_backend.policy.policy import Rollout as Policy
from ml_backend.rollout import removing


def due(conn: sa.Connection, project_id: int, policy: Policy) -> bool:
    """The champion is on its way, or not yet, into a connected project; or what is old can be removed."""
    champion, project = models.champion(conn, project_id), projects.get(conn, project_id)
    if champion is None or project.mode not in projects.LIVE:
        return False
    newest = rollouts.newest(conn, project_id)
    if newest is None or newest.started_at < project.connected_at or (
            newest.name, newest.version) != (champion.name, champion.version):
        return True
    if newest.state in (rollouts.REMOVING, rollouts.DONE):
        return removing.due(conn, project_id, policy)
    return newest.error is None     # what cannot go on is tried with the next run of pre-labelling
