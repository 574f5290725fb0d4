"""Putting a rules file in force without undoing an edit that somebody made elsewhere.

The store's copy is in force, whatever happens to files. A file may replace what it itself put in force, and the
default rules; what came from elsewhere only when the admin names the hash of what is to be replaced.
"""

from __future__ import annotations

import sqlalchemy as sa

from cueloop.errors import RulesError
from cueloop.store import rules as stored_rules
from cueloop.store.rules import StoredRules
from routing import context
from routing.language.default_rules import DEFAULT_FILE
from routing.language.rules import Rules

SHORTEST = 8
"""Characters of a hash that are enough to name it."""


class StaleRules(RulesError):
    """Raised when rules would replace others that came from somewhere else."""


def apply(conn: sa.Connection, project_id: int, rules: Rules, author: str, *, replaces: str = "") -> bool:
    """Put rules in force; False when they were already.

    `rules.file` tells where they come from, as an absolute path. Raises StaleRules (nothing is changed) when those in
    force came from another file and `replaces` is not the beginning of their hash, or is that of others.
    """
    held = stored_rules.in_force(conn, project_id)
    if held is not None:
        _refuse_stale(held, rules, replaces)
    return context.put_in_force(conn, project_id, rules, author)


def _refuse_stale(held: StoredRules, rules: Rules, replaces: str) -> None:
    if held.file == DEFAULT_FILE or held.hash == rules.hash:
        return
    named = len(replaces) >= SHORTEST and held.hash.startswith(replaces)
    if named or (not replaces and held.file == rules.file):
        return
    what = f"{held.file} (hash {held.hash[:12]}, applied by {held.author} on {held.created_at:%Y-%m-%d %H:%M} UTC)"
    if replaces:
        raise StaleRules(f"In force is {what}, not rules with hash {replaces}: somebody changed them meanwhile. "
                         "`cueloop route show` prints them.")
    raise StaleRules(f"In force is {what}, from elsewhere than {rules.file}. `cueloop route show` prints what would be "
                     f"lost; to replace it say --replaces {held.hash[:12]}.")
