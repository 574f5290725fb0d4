"""The training policy in force for a project."""

from __future__ import annotations

from functools import lru_cache

import sqlalchemy as sa

from cueloop.store import policies
from ml_backend.policy.policy import Policy

DEFAULTS = Policy()
"""What holds where nothing was applied."""


def policy(conn: sa.Connection, project_id: int | None) -> Policy:
    """What the newest applied `training.yaml` of the project says; the defaults where there is none.

    Raises FileRefused when what is stored cannot be read, e.g. by an older Cueloop: it is never guessed.
    """
    stored = policies.in_force(conn, project_id) if project_id is not None else None
    return _parse(stored.text, stored.file) if stored else DEFAULTS


@lru_cache(maxsize=16)
def _parse(text: str, file: str) -> Policy:
    """Every round of the loop reads the same file."""
    from ml_backend.policy.file import parse  # YAML only where there is a file

    return parse(text, file)
