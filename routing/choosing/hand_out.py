"""Asks the people who were chosen: the decision with its reasons, the assignments, the route."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from cueloop.store import assignments, decisions
from cueloop.store.decisions import Decision
from cueloop.store.routes import Route
from routing.choosing.choose import Choice
from routing.context import Context
from routing.deciding import seen
from routing.deciding.places import Place
from routing.showing.channel import CHANNEL
from routing.showing.wanted import state_of, wanted
from routing.signals import TaskSignals


def hand_out(conn: sa.Connection, given: Context, place: Place, choice: Choice, said: TaskSignals, *,
             need: int, why: str = "") -> Route:
    """Ask them about a task; its route afterwards, with so many people that are still to be asked.

    `why` tells more than that the rule wanted it, e.g. from whom the task was taken over.
    """
    plan, had = place.plan, place.route
    if had is None:
        raise ValueError(f"task {place.key} was never routed")
    names = frozenset(name for rule in given.rules.rules if rule.name == plan.rule for name in seen.names_of(rule))
    inputs = said.inputs(names) | {"why": f"{plan.why}; {why}" if why else plan.why, "n": plan.n, "target": plan.target}
    if choice.others:
        inputs |= {"others": choice.others, "others_probability": choice.others_probability}
    decision = decisions.add(conn, Decision(
        project_id=given.project.id, task=place.key, control=plan.control, kind=plan.kind, rule=plan.rule,
        rules_hash=given.rules.hash, inputs=inputs, candidates=list(choice.candidates), chosen=list(choice.people),
        probability=choice.probability, model_version=said.model_version,
        guideline_version=given.project.guideline_version, created_at=given.now))
    kind = assignments.REVIEW if plan.kind == "review" else assignments.ASK
    due = datetime.fromisoformat(plan.due) if plan.due else None
    assignments.add(conn, given.project.id, place.key, choice.people, decision, given.now, kind, due)
    asked = given.queues_of([a.annotator_id for a in place.open] + list(choice.people))
    want = wanted(plan, place, asked, frozenset(given.queues_of(place.done_with)), had.priority)
    if had.wanted.get("ranked") or plan.urgency:
        want = {**want, "ranked": True}         # an urgent task's place in the queue must be shown
    return replace(had, state=state_of(plan, len(asked)), wanted=want, need=need,
                   dirty=not CHANNEL.shows(want, place, asked), updated_at=given.now)
