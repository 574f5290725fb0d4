"""Refills the queues: chooses who is asked about the tasks that need people, the most uncertain tasks first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store import assignments, decisions, routes
from cueloop.store.assignments import Assignment
from cueloop.store.decisions import Decision
from routing import expertise, places, signals, windows
from routing.choose import Choice, Pool, choose
from routing.context import Context
from routing.places import Place
from routing.plans import Plan
from routing.signals import TaskSignals
from routing.wanted import satisfied, state_of, wanted
from routing.windows import Window

MOST = 2_000
"""Tasks looked at in one run: enough for every free place, and few enough for half a second."""

LAST = -1.0
"""Priority of a task that nobody is left to be asked about: it must not stand before others for ever."""

AWAY_WORTH = 0.01
"""What the answer of an absent annotator counts for: they are asked where nobody else is free."""


def refill(conn: sa.Connection, given: Context) -> int:
    """Ask people about waiting tasks while there are free places; how many decisions were made."""
    if not given.controls:
        return 0
    found = windows.read(conn, given.project.id, given.people, given.rules.queues, given.now)
    places_left = sum(w.free for w in found)
    if not places_left:
        return 0
    hungry = routes.hungry(conn, given.project.id, min(MOST, 2 * places_left + 20))
    here = places.read(conn, hungry, given.machines)
    order = [here[key] for key in hungry if key in here]
    made = 0
    for control in given.controls:
        mine = [place for place in order if given.control(place.plan.control).name == control.name]
        if mine:
            made += _ask_all(conn, given, control.name, mine, found)
    return made


def take_back(conn: sa.Connection, given: Context) -> set[int]:
    """Take back what absent people hold, and what idle ones hold while others run dry; keys of those tasks.

    Whatever somebody has begun stays with them, and so do hidden copies, which nobody else can be asked.
    """
    found = windows.read(conn, given.project.id, given.people, given.rules.queues, given.now)
    returned = [a for w in found if w.absent for a in w.open
                if a.kind != assignments.RECHECK and _older(given, a, given.rules.queues.return_after)]
    missing = sum(w.free for w in found if w.dry)
    if missing and not routes.hungry(conn, given.project.id, 1):
        spare = [a for w in found if w.idle and not w.absent for a in w.open
                 if a.kind == assignments.ASK and _older(given, a, given.rules.queues.hold)]
        returned += sorted(spare, key=lambda a: a.key)[:missing]
    begun = {key: place.drafts for key, place in
             places.read(conn, sorted({a.task for a in returned}), given.machines).items()}
    returned = [a for a in returned if a.annotator_id not in begun.get(a.task, ())]
    assignments.end(conn, [a.key for a in returned], assignments.RETURNED, given.now)
    return {a.task for a in returned}


def _older(given: Context, assignment: Assignment, seconds: float) -> bool:
    return (given.now - assignment.created_at).total_seconds() > seconds


def _ask_all(conn: sa.Connection, given: Context, control_name: str, tasks: Sequence[Place],
             found: Sequence[Window]) -> int:
    control = given.control(control_name)
    known = expertise.load(conn, given.project.id, control, [w.annotator.id for w in found])
    said = signals.gather(conn, given.project.id, control, [place.key for place in tasks], given.champion,
                          given.project.guideline_version)
    belief = np.array([s.belief(given.labels(control.name)) for s in said])
    narrow = np.array([place.plan.expertise == "likeliest_two" for place in tasks])
    value = np.where(narrow[:, None], expertise.information(expertise.likeliest_two(belief), known.confusion),
                     expertise.information(belief, known.confusion))
    value *= np.where([w.absent for w in found], AWAY_WORTH, 1.0)
    pool = _pool(found, known.answers)
    made, changed = 0, []
    for at, place in enumerate(tasks):
        if not pool.free.any():
            break
        assert place.route is not None
        allowed = _allowed(place, found)
        choice = choose(pool, value[at], allowed, place.route.need, place.key, f"ask:{len(place.assignments)}")
        if choice.people:
            route = _ask(conn, given, place, choice, said[at])
            left = allowed & ~np.isin(pool.ids, choice.people)
            changed.append(route if left.any() or not route.need else replace(route, priority=LAST))
            made += 1
        elif not allowed.any():
            changed.append(replace(place.route, priority=LAST))
    routes.put(conn, changed)
    return made


def _ask(conn: sa.Connection, given: Context, place: Place, choice: Choice, said: TaskSignals) -> routes.Route:
    plan, had = place.plan, place.route
    assert had is not None
    names = frozenset(name for rule in given.rules.rules if rule.name == plan.rule for name in rule.when.names)
    decision = decisions.add(conn, Decision(
        project_id=given.project.id, task=place.key, control=plan.control, kind=plan.kind, rule=plan.rule,
        rules_hash=given.rules.hash, inputs=said.inputs(names) | {"why": plan.why, "n": plan.n, "target": plan.target},
        candidates=list(choice.candidates), chosen=list(choice.people), probability=choice.probability,
        model_version=said.model_version, guideline_version=given.project.guideline_version, created_at=given.now))
    assignments.add(conn, given.project.id, place.key, choice.people, decision, given.now)
    asked = given.queues_of([a.annotator_id for a in place.open] + list(choice.people))
    want = wanted(plan, place, asked, frozenset(given.queues_of(place.done_with)), had.priority)
    return replace(had, state=state_of(plan, len(asked)), wanted=want, need=max(0, had.need - len(choice.people)),
                   dirty=not satisfied(want, place, asked), updated_at=given.now)


def _allowed(place: Place, found: Sequence[Window]) -> NDArray[np.bool_]:
    """(W,) who may be asked about a task: never somebody who worked on it or is being asked."""
    plan: Plan = place.plan
    busy = place.done_with | place.drafts | frozenset(a.annotator_id for a in place.open)
    away = frozenset(a.annotator_id for a in place.assignments if a.state == assignments.RETURNED)
    named = frozenset(plan.who.people)
    return np.array([w.annotator.id not in busy and not ((w.absent or w.idle) and w.annotator.id in away)
                     and (not named or w.annotator.email.lower() in named) for w in found], dtype=bool)


def _pool(found: Sequence[Window], answers: NDArray[np.float64]) -> Pool:
    return Pool(ids=np.array([w.annotator.id for w in found], np.int64),
                size=np.array([w.size for w in found], np.float64), free=np.array([w.free for w in found], np.int64),
                load=np.array([w.load for w in found], np.float64), answers=answers)
