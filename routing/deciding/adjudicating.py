"""Who decides a task that a rule escalated: written down, so that their answer is the consensus from then on.

A judge who was asked decides every control that the rule speaks of. Who had answered before they could be asked
decides the control whose signals the rule matches, if nobody else of those it is escalated to had: of several it
cannot be told who is to decide, and the consensus stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from cueloop.store import adjudications, projects
from cueloop.store.adjudications import Adjudication
from routing.context import Context
from routing.deciding import asking
from routing.deciding.asking import Standing
from routing.deciding.matching import Matches, speaks
from routing.deciding.seen import Seen
from routing.language.actions import Escalate

Decisions = Mapping[str, tuple[str, Sequence[str]]]
"""{control: (rule, e-mail addresses of who decided it)}."""


def settle(conn: sa.Connection, given: Context, said: Seen, matched: Mapping[str, Sequence[Matches]],
           order: Sequence[int], standings: Mapping[int, Standing]) -> dict[str, dict[int, Standing]]:
    """Write what was decided since the last look; {control: {task: where it stands, with the verdict that holds}}."""
    known = adjudications.of_tasks(conn, list(standings))
    ids = {person.email.lower(): number for number, person in given.everybody.items()}
    fresh = [row for at, key in enumerate(order) if key in standings
             for row in _new(given, said, {name: rows[at] for name, rows in matched.items()}, at, key, standings[key],
                             known, ids)]
    adjudications.write(conn, fresh)
    projects.note_changes(conn, given.project.id, {row.task for row in fresh})      # their consensus is another now
    decided = sorted({task for task, _, _ in known} | {row.task for row in fresh})
    found: dict[str, dict[int, Standing]] = {}
    for name in said.controls:
        holding = adjudications.standing(conn, given.project.id, name, decided) if decided else {}
        found[name] = {key: replace(standings[key], verdict=verdict, judge=_name(given, verdict.judge))
                       for key, verdict in holding.items()}
    return found


def _new(given: Context, said: Seen, matched: Mapping[str, Matches], at: int, key: int, standing: Standing,
         known: Mapping[tuple[int, str, int], Adjudication], ids: Mapping[str, int]) -> list[Adjudication]:
    since = standing.plan.since
    asked, before = _asked(given, said, at, standing), _before(said, matched, at, standing)
    found = {}
    for decisions, renewed in ((before, None), (asked, since and datetime.fromisoformat(since))):
        for control, (rule, judges) in decisions.items():
            for judge in judges:
                had = known.get((key, control, ids[judge]))
                if had is None or (renewed and had.created_at < renewed):
                    found[control, judge] = Adjudication(given.project.id, key, control, ids[judge], rule, given.now)
    return list(found.values())


def _asked(given: Context, said: Seen, at: int, standing: Standing) -> Decisions:
    """What those decided who were asked to by the plan in force."""
    had = standing.plan
    if not standing.acted or had.control not in said.rows:
        return {}
    judges = asking.deciders(said.rows[had.control][at], standing)
    rule = next((rule for rule in given.rules.rules if rule.name == had.rule), None)
    spoken = [name for name in said.controls if rule is not None and speaks(rule, name, named=name in given.named)]
    return dict.fromkeys(spoken or [had.control], (had.rule, judges)) if judges else {}


def _before(said: Seen, matched: Mapping[str, Matches], at: int, standing: Standing) -> Decisions:
    """What somebody decided who had answered when a rule wanted them to."""
    found: dict[str, tuple[str, Sequence[str]]] = {}
    for name, matches in matched.items():
        rule = matches.get("escalate")
        if rule is not None and isinstance(rule.action, Escalate):
            judges = asking.judging(rule.action.who, said.rows[name][at], standing, standing.answered_by)
            found[name] = rule.name, judges if len(judges) == 1 else ()
    return found


def _name(given: Context, person: int) -> str:
    known = given.everybody.get(person)
    return (known.email.lower() or known.name) if known else f"deleted user {person}"
