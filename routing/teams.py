"""The team file in force: the newest that was applied."""

from __future__ import annotations

import sqlalchemy as sa

from routing.team import NO_TEAM, Team


def in_force(conn: sa.Connection) -> Team:
    """The team in force; one without people where none was ever applied."""
    return NO_TEAM
