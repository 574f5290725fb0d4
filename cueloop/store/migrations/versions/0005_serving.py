"""What spoke for and against each prediction, what a team's own pipeline said before calibration, an index."""

import sqlalchemy as sa
from alembic import op

import cueloop.store.columns

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add columns; nothing that is there changes."""
    op.add_column("predictions", sa.Column("explanation", cueloop.store.columns.Json(), nullable=True))
    op.add_column("predictions", sa.Column("raw", cueloop.store.columns.Json(), nullable=True))
    op.create_index("ix_tasks_blind", "tasks", ["project_id", "id"],
                    sqlite_where=sa.text("blind = 1 AND deleted_at IS NULL"),
                    postgresql_where=sa.text("blind AND deleted_at IS NULL"))
