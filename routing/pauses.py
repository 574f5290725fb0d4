"""Who is paused: asked nothing more until somebody, or passed training, lifts it."""

from __future__ import annotations

import sqlalchemy as sa

from cueloop.store.schema import pauses


def paused(conn: sa.Connection, project_id: int) -> frozenset[int]:
    """Annotators (ids) with an open pause in a project."""
    return frozenset(conn.scalars(sa.select(pauses.c.annotator_id).where(
        pauses.c.project_id == project_id, pauses.c.lifted_at.is_(None))))
