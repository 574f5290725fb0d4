"""${message}"""

import sqlalchemy as sa
from alembic import op

import cueloop.store.columns

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Apply."""
    ${upgrades if upgrades else "pass"}
