"""The team file in force: the newest that was applied, for all projects."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import sqlalchemy as sa

from cueloop.declared import Declared
from cueloop.store import projects
from cueloop.store import rules as stored_rules
from cueloop.store import teams as stored_teams
from cueloop.store.schema import projects as table
from routing.language import rules as rules_files
from routing.people import team_file
from routing.people.team import NO_TEAM, Team


def in_force(conn: sa.Connection) -> Team:
    """The team in force; one without people where none was ever applied.

    Raises RulesError when what is stored cannot be read.
    """
    stored = stored_teams.in_force(conn)
    return _parse(stored.text, stored.file) if stored else NO_TEAM


def put_in_force(conn: sa.Connection, team: Team, author: str, replaces: str = "") -> bool:
    """Put a team file in force, for all projects; False when it was already.

    What people cost becomes known to every project that has rules. `team.file` tells where it comes from. Raises
    Conflict when the team in force came from another file and `replaces` is not the beginning of its hash.
    """
    changed = stored_teams.put_in_force(conn, file=team.file, text=team.text, hash=team.hash, author=author,
                                        replaces=replaces)
    for project_id in conn.scalars(sa.select(table.c.id).where(table.c.rules_hash.is_not(None))).all():
        stored = stored_rules.in_force(conn, project_id)
        if stored is not None:
            said = rules_files.parse(stored.text, stored.file).declared
            projects.declare(conn, project_id, declared(said, team).to_json())
    return changed


def declared(said: Declared, team: Team) -> Declared:
    """What rules declare, with what the team file says of costs: of one person, the rules win.

    Where the two name different currencies only the rules count: amounts are never added up across currencies.
    """
    costs = said.costs
    if not team.costs or (costs.currency and team.currency and costs.currency != team.currency):
        return said
    return replace(said, costs=replace(costs, currency=costs.currency or team.currency,
                                       people={**team.costs, **costs.people}))


@lru_cache(maxsize=8)
def _parse(text: str, file: str) -> Team:
    """Every round of the loop reads the same file."""
    return team_file.parse(text, file)
