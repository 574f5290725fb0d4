"""Ground truth among people's work: who gets which task, and where in their queue.

A task with a ground truth that counts is closed for rules: the truth stands. It is opened again for one person at a
time, as a check on them, and their answer closes it. Nobody can tell it from other work: it has the same keys, a
priority between those of its neighbours, and no suggestion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from cueloop import logs
from cueloop.sampling import uniform
from cueloop.store import assignments, decisions, routes
from cueloop.store.decisions import Decision
from cueloop.store.schema import annotations as notes
from cueloop.store.upsert import chunks
from routing import places, spacing, turns
from routing.context import Context
from routing.places import Place
from routing.plans import Plan
from routing.signals import TaskSignals
from routing.turns import Turn
from routing.wanted import wanted
from routing.windows import Window

RULE = "gold"
"""Stands for the rule in decisions: the declaration of that name."""

WHY = "it has a ground truth: nobody is asked for an opinion any more"

POOL = 500
"""Tasks with a ground truth that are looked at for one round of turns: a project may have a hundred thousand."""

log = logs.get(__name__)
_told: set[tuple[int, int]] = set()     # (project, annotator) for whom none is left: said once a process


def plan(given: Context, control: str, said: TaskSignals) -> Plan:
    """What becomes of a task with a ground truth, whatever the rules say of others."""
    return Plan(kind="stop", rule=RULE, rules_hash=given.rules.hash, control=control, target=said.answers,
                label=said.label, posterior=said.posterior, why=WHY)


def ask(conn: sa.Connection, given: Context, found: Sequence[Window]) -> int:
    """Put ground truth into the queues of those whose turn it is; how many decisions were made."""
    share = given.rules.declared.gold.share
    if not share or not given.gold:
        return 0
    turns.late(conn, given, found, assignments.GOLD, share)
    waiting = turns.due(conn, given, found, assignments.GOLD, share, ())
    if not waiting:
        return 0
    here = places.read(conn, _pool(given, waiting[0]), given.machines)
    knowing = _editors(conn, sorted(here))
    made = 0
    for turn in waiting:
        able = [key for key in sorted(here) if _fits(here[key], turn.person, knowing)]
        if able:
            chosen = able[int(uniform(turn.run, f"which:{turns.salt(given, RULE, turn.person)}") * len(able))]
            here[chosen] = _ask(conn, given, here[chosen], turn, len(able), len(here))
            made += 1
        elif len(here) == len(given.gold) and not _left(here, turn.person, knowing):
            _tell(given, here, turn)
    return made


def _pool(given: Context, first: Turn) -> list[int]:
    """The tasks to draw from: all, or as many as can be looked at, from a drawn one on."""
    keys = sorted(given.gold)
    if len(keys) <= POOL:
        return keys
    start = int(uniform(first.run, f"pool:{turns.salt(given, RULE, first.person)}") * len(keys))
    return (keys + keys)[start:start + POOL]


def _tell(given: Context, here: Mapping[int, Place], turn: Turn) -> None:
    """Say once that somebody had all the ground truth there is; not of experts, who made it and never had any."""
    had = sum(any(a.annotator_id == turn.person and a.kind == assignments.GOLD for a in place.assignments)
              for place in here.values())
    if had and (given.project.id, turn.person) not in _told:
        _told.add((given.project.id, turn.person))
        log.warning("no ground truth is left for an annotator: none is asked twice", project=given.project.id,
                    annotator=turn.window.annotator.email, tasks=len(here), had=had)


def told(conn: sa.Connection, given: Context, place: Place) -> dict[str, Any] | None:
    """For explanations: who was checked with this task; None where it has no ground truth that is mixed in."""
    if place.key not in given.gold:
        return None
    knowing = _editors(conn, [place.key])
    return {"why": WHY,
            "asked": [a.annotator_id for a in place.assignments if a.kind == assignments.GOLD],
            "left": [p.id for p in given.people if _left({place.key: place}, p.id, knowing)]}


def _fits(place: Place, person: int, knowing: Mapping[int, frozenset[int]]) -> bool:
    """Whether somebody may be asked now: it is open for nobody else, for a task has one priority."""
    return not place.open and place.plan.rule == RULE and person not in place.drafts \
        and bool(_left({place.key: place}, person, knowing))


def _left(here: Mapping[int, Place], person: int, knowing: Mapping[int, frozenset[int]]) -> list[int]:
    """Tasks that somebody never answered, skipped, edited or was asked as a check before."""
    return [key for key, place in here.items() if person not in place.done_with
            and person not in knowing.get(key, frozenset())
            and not any(a.annotator_id == person and a.kind == assignments.GOLD
                        and a.state in (assignments.ANSWERED, assignments.SKIPPED) for a in place.assignments)]


def _editors(conn: sa.Connection, keys: Sequence[int]) -> dict[int, frozenset[int]]:
    """{task: those who changed or marked an annotation on it}: they know the truth."""
    found: dict[int, set[int]] = {}
    for some in chunks(list(keys)):
        for row in conn.execute(sa.select(notes.c.task, notes.c.updated_by).where(
                notes.c.task.in_(some), notes.c.updated_by.is_not(None))):
            found.setdefault(row.task, set()).add(row.updated_by)
    return {key: frozenset(people) for key, people in found.items()}


def _ask(conn: sa.Connection, given: Context, place: Place, turn: Turn, able: int, pool: int) -> Place:
    """Ask one person, drawn from `able` of the `pool` that was looked at; the task's place afterwards."""
    had = place.route
    assert had is not None
    decision = decisions.add(conn, Decision(
        project_id=given.project.id, task=place.key, control=given.controls[0].name, kind=RULE, rule=RULE,
        rules_hash=given.rules.hash, chosen=[turn.person], probability=pool / len(given.gold) / able,
        guideline_version=given.project.guideline_version, created_at=given.now, inputs={
            "why": f"one of {1 / given.rules.declared.gold.share:.3g} tasks is ground truth; drawn from {able}",
            "run": turn.run, "done": turn.done, "ahead": turn.rank}))
    assignments.add(conn, given.project.id, place.key, [turn.person], decision, given.now, assignments.GOLD)
    known = routes.of_tasks(conn, [a.task for a in turn.window.open])
    others = turns.priorities(known, [a.task for a in turn.window.open])
    asked = given.queues_of([turn.person])
    want = wanted(place.plan, place, asked, frozenset(given.queues_of(place.done_with)), 0.0)
    route = turns.at_priority(replace(had, wanted=want), spacing.priority(turn.rank, others), given)
    routes.put(conn, [route])
    return places.read(conn, [place.key], given.machines)[place.key]
