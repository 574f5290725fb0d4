"""Whether people answered enough since a pushed version was calibrated. Read by the sync loop: light to import."""

from __future__ import annotations

import sqlalchemy as sa

from cueloop.store.models import ELSEWHERE, ModelVersion
from ml_backend.elsewhere import evidence

GROWTH, LEAST_NEW = 0.2, 10
"""Share, and number, of new blind answers from which on scores are learned anew."""


def due(conn: sa.Connection, version: ModelVersion) -> bool:
    """Whether its scores are to be learned anew."""
    if version.kind != ELSEWHERE or version.project_id is None:
        return False
    if not version.card.get("calibrated_at"):       # a push died before it could
        return True
    return any(_grown(evidence.count(conn, version.project_id, name), report["blind"])
               for name, report in version.card["controls"].items())


def _grown(count: int, before: int) -> bool:
    return count - before >= max(LEAST_NEW, GROWTH * before)
