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
from cueloop.store.routes import Route
from cueloop.store.schema import annotations as notes
from cueloop.store.upsert import chunks
from routing.checking import check_tasks, checks, spacing, turns
from routing.checking.checks import Source
from routing.checking.suited import Suited
from routing.checking.turns import Turn
from routing.context import Context
from routing.deciding import places
from routing.deciding.places import Place
from routing.deciding.plans import Plan
from routing.people.notices import ADMIN, raise_once
from routing.people.windows import Window
from routing.showing.wanted import wanted
from routing.signals import TaskSignals

RULE = "gold"
"""Stands for the rule in plans, and in decisions that the file's own declaration made."""

WHY = "it has a ground truth: nobody is asked for an opinion any more"

POOL = 500
"""Tasks with a ground truth that are looked at for one round of turns: a project may have a hundred thousand."""

log = logs.get(__name__)


def plan(given: Context, control: str, said: TaskSignals) -> Plan:
    """What becomes of a task with a ground truth, whatever the rules say of others."""
    return Plan(kind="stop", rule=RULE, rules_hash=given.rules.hash, control=control, target=said.answers,
                label=said.label, posterior=said.posterior, why=WHY)


def ask(conn: sa.Connection, given: Context, found: Sequence[Window]) -> int:
    """Put ground truth into the queues of those whose turn it is; how many decisions were made."""
    said = checks.sources(given.rules, checks.GOLD)
    if not said or not given.gold:
        return 0
    share = checks.share(given.rules, checks.GOLD)
    turns.late(conn, given, found, assignments.GOLD, share)
    waiting = turns.due(conn, given, found, assignments.GOLD, share, ())
    if not waiting:
        return 0
    keys = pool(given, f"{waiting[0].run}:{turns.salt(given, RULE, waiting[0].person)}")
    here = places.read(conn, keys, given.machines)
    drawn_for = check_tasks.assigned(conn, given, said, sorted(here))
    knowing, suited = editors(conn, sorted(here)), Suited(conn, given, sorted(here), found)
    made = 0
    for turn in waiting:
        able: dict[str, list[int]] = {}
        fit = [key for key in sorted(here) if suited.ever(key, turn.person)]
        for key in fit:
            if key in drawn_for and suited.now(key, turn.person) and fits(here[key], turn.person, knowing):
                able.setdefault(drawn_for[key], []).append(key)
        drawn = checks.draw(said, able, turn.run, turns.salt(given, RULE, turn.person))
        if drawn is not None:
            some = able[drawn[0].name]
            chosen = some[int(uniform(turn.run, f"which:{turns.salt(given, RULE, turn.person)}") * len(some))]
            here[chosen] = _ask(conn, given, here[chosen], turn, drawn, len(some), len(here))
            suited.take(chosen, turn.person)
            made += 1
        elif len(here) == len(given.gold) and not left(
                {key: here[key] for key in fit if key in drawn_for}, turn.person, knowing):
            _tell(conn, given, here, turn)
    return made


def pool(given: Context, salt: str) -> list[int]:
    """The tasks to draw from: all, or as many as can be looked at, from a drawn one on."""
    keys = sorted(given.gold)
    if len(keys) <= POOL:
        return keys
    start = int(uniform(0, f"pool:{salt}") * len(keys))
    return (keys + keys)[start:start + POOL]


def _tell(conn: sa.Connection, given: Context, here: Mapping[int, Place], turn: Turn) -> None:
    """Say once that somebody had all the ground truth there is; not of experts, who made it and never had any."""
    had = sum(any(a.annotator_id == turn.person and a.kind == assignments.GOLD for a in place.assignments)
              for place in here.values())
    person, project = turn.window.annotator.email, given.project.id
    if had and raise_once(
            conn, project_id=project, kind="gold", recipient=ADMIN,
            once=f"gold:none-left:{project}:{turn.person}:{had}",
            subject=f"{person} had all the ground truth of project {project}",
            text=f"{person} was checked with {had} tasks, and none is left: nobody is asked one twice. Mark more "
                 "annotations as ground truth in Label Studio."):
        log.warning("no ground truth is left for an annotator: none is asked twice", project=project,
                    annotator=person, tasks=len(here), had=had)


def told(conn: sa.Connection, given: Context, place: Place) -> dict[str, Any] | None:
    """For explanations: who was checked with this task; None where it has no ground truth that is mixed in."""
    if place.key not in given.gold:
        return None
    knowing, suited = editors(conn, [place.key]), Suited(conn, given, [place.key], ())
    return {"why": WHY,
            "asked": [a.annotator_id for a in place.assignments if a.kind == assignments.GOLD],
            "left": [p.id for p in given.people
                     if suited.ever(place.key, p.id) and left({place.key: place}, p.id, knowing)]}


def fits(place: Place, person: int, knowing: Mapping[int, frozenset[int]]) -> bool:
    """Whether somebody may be asked now: it is open for nobody else, for a task has one priority."""
    return not place.open and place.plan.rule == RULE and person not in place.drafts \
        and bool(left({place.key: place}, person, knowing))


def left(here: Mapping[int, Place], person: int, knowing: Mapping[int, frozenset[int]]) -> list[int]:
    """Tasks that somebody never answered, skipped, edited or was asked as a check before."""
    return [key for key, place in here.items() if person not in place.done_with
            and person not in knowing.get(key, frozenset())
            and not any(a.annotator_id == person and a.kind == assignments.GOLD
                        and a.state in (assignments.ANSWERED, assignments.SKIPPED) for a in place.assignments)]


def editors(conn: sa.Connection, keys: Sequence[int]) -> dict[int, frozenset[int]]:
    """{task: those who changed or marked an annotation on it}: they know the truth."""
    found: dict[int, set[int]] = {}
    for some in chunks(list(keys)):
        for row in conn.execute(sa.select(notes.c.task, notes.c.updated_by).where(
                notes.c.task.in_(some), notes.c.updated_by.is_not(None))):
            found.setdefault(row.task, set()).add(row.updated_by)
    return {key: frozenset(people) for key, people in found.items()}


def _ask(conn: sa.Connection, given: Context, place: Place, turn: Turn, drawn: tuple[Source, float], able: int,
         pool: int) -> Place:
    """Ask one person, drawn from `able` of the `pool` that was looked at; the task's place afterwards."""
    had = place.route
    assert had is not None
    source, chance = drawn
    decision = decisions.add(conn, Decision(
        project_id=given.project.id, task=place.key, control=given.controls[0].name, kind=RULE, rule=source.name,
        rules_hash=given.rules.hash, chosen=[turn.person], probability=chance * pool / len(given.gold) / able,
        guideline_version=given.project.guideline_version, created_at=given.now, inputs={
            "why": f"one of {1 / source.share:.3g} tasks is ground truth; drawn from {able}",
            "run": turn.run, "done": turn.done, "ahead": turn.rank}))
    assignments.add(conn, given.project.id, place.key, [turn.person], decision, given.now, assignments.GOLD)
    known = routes.of_tasks(conn, [a.task for a in turn.window.open])
    others = turns.priorities(known, [a.task for a in turn.window.open])
    routes.put(conn, [opened(given, place, had, turn.person, spacing.priority(turn.rank, others))])
    return places.read(conn, [place.key], given.machines)[place.key]


def opened(given: Context, place: Place, had: Route, person: int, priority: float) -> Route:
    """The route of a task that is opened for one person, at this place in their queue."""
    want = wanted(place.plan, place, given.queues_of([person]), frozenset(given.queues_of(place.done_with)), 0.0)
    return turns.at_priority(replace(had, wanted=want), priority, given)
