"""What an admin should know of the thresholds in rules: which is not safe yet or no more, and which nobody audits."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from routing import found_thresholds
from routing.context import Context
from routing.language.actions import Accept
from routing.thresholds import keep
from routing.thresholds.promises import threshold


def of_rules(given: Context) -> Iterator[str]:
    """What follows from the rules and the thresholds that are safe now."""
    file = given.rules.file
    for rule in given.rules.rules:
        columns = [name for name in sorted(rule.when.names) if found_thresholds.parts(name)]
        audited = isinstance(rule.action, Accept) and given.rules.audit_share > 0
        for name in columns:
            if name not in given.found:
                yield (f"{file}:{rule.line}: rule {rule.name}: no threshold is safe yet for "
                       f"{found_thresholds.written(name)}, so it holds for no task; `cueloop route thresholds` tells "
                       "how many audits are missing")
        if isinstance(rule.action, Accept) and not audited and (columns or threshold(rule.when.source) is not None):
            yield (f"{file}:{rule.line}: rule {rule.name} accepts without an audit: nobody will know how often that is "
                   "wrong; write accept: {audit: 5%}")


def of_store(conn: sa.Connection, project_id: int) -> Iterator[str]:
    """Alarms that stand."""
    stored = keep.kept(conn, project_id) or {"controls": {}}
    for control, parts in stored["controls"].items():
        for name, row in parts["found"].items():
            if row["alarm"] and row["score"] is None:
                yield (f"threshold {found_thresholds.written(name)} of control {control} was withdrawn at "
                       f"{row['alarm'][:16]}: {row['why']}")
        for name, row in parts["fixed"].items():
            if row["alarm"]:
                yield f"rule {name} does not keep what its threshold promises since {row['alarm'][:16]}: {row['why']}"
