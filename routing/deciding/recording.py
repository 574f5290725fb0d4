"""Decisions that a plan brings at once, and what people are told of them; asking people is decided in `refill`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from cueloop.store import decisions
from cueloop.store.decisions import Decision
from cueloop.store.routes import Route
from routing.context import Context
from routing.deciding.places import Place
from routing.deciding.plans import Plan
from routing.explaining.overrides import BY_HAND, by_hand
from routing.people.notices import ADMIN, raise_once

CLOSED = ("accept", "stop")

LISTED = 20
"""Tasks that a notice names; the others are counted."""


def record(conn: sa.Connection, given: Context, place: Place, plan: Plan, version: str | None,
           inputs: Callable[[], dict[str, Any]]) -> int:
    """Write the decisions that follow from this plan; how many. `inputs` gives the signals that its rule saw,
    `version` is the model's that predicted."""
    kinds = _kinds(place.plan, plan)
    if not kinds:
        return 0
    saw = inputs()
    chosen = {"accept": plan.label, "stop": plan.label, "deadline": _lying(place)}
    for kind in kinds:
        why = "it was not answered in time and goes to others" if kind == "deadline" else plan.why
        decisions.add(conn, Decision(
            project_id=given.project.id, task=place.key, control=plan.control, kind=kind,
            rule=plan.audit if kind == "audit" else plan.rule, rules_hash=given.rules.hash,
            inputs={**saw, "why": why}, chosen=chosen.get(kind) or [],
            probability=given.rules.audit_share if kind == "audit" else 1.0, model_version=version,
            guideline_version=given.project.guideline_version, created_at=given.now))
    return len(kinds)


def tell_late(conn: sa.Connection, given: Context, late: Sequence[tuple[Place, Plan]]) -> None:
    """Tell the admins, in one notice for each rule, of tasks whose deadline passed just now."""
    for rule in sorted({plan.rule for _, plan in late}):
        mine = [(place, plan) for place, plan in late if plan.rule == rule]
        numbers = ", ".join(str(place.id) for place, _ in mine[:LISTED])
        more = f" and {len(mine) - LISTED} more" if len(mine) > LISTED else ""
        first = min(f"{place.key}:{place.plan.due}" for place, _ in mine)
        some = "A task was" if len(mine) == 1 else f"{len(mine)} tasks were"
        raise_once(
            conn, project_id=given.project.id, kind="deadline", recipient=ADMIN,
            subject=f"{some} not answered in time (rule {rule})",
            text=f"{some} to be answered in time by rule {rule} of project {given.project.id}, and went to others "
                 f"now, before all other work: {numbers}{more}.\n\n"
                 f"cueloop route explain {mine[0][0].id} --project {given.project.id} says who had it.",
            once=f"deadline:{given.project.id}:{rule}:{first}")


def note_by_hand(conn: sa.Connection, given: Context, place: Place, route: Route) -> int:
    """Note that somebody closed or opened a task in Label Studio itself, where that is now put right; how many."""
    why = by_hand(place) if route.dirty else ""
    if why:
        decisions.add(conn, Decision(
            project_id=given.project.id, task=place.key, control=place.plan.control, kind=BY_HAND,
            rule=place.plan.rule, rules_hash=given.rules.hash, created_at=given.now,
            inputs={"why": why, "overlap": place.overlap, "is_labeled": place.is_labeled},
            guideline_version=given.project.guideline_version))
    return bool(why)


def _kinds(had: Plan, plan: Plan) -> list[str]:
    kinds = ["audit"] if plan.audit and not had.audit else []
    if plan.kind in CLOSED:
        if (plan.kind, plan.label) != (had.kind, had.label):
            kinds.append(plan.kind)
    elif had.kind in CLOSED or (plan.kind == had.kind == "reopen" and plan.target > had.target):
        kinds.append("reopen")
    elif plan.late > had.late:
        kinds.append("deadline")
    return kinds


def _lying(place: Place) -> list[int]:
    """Who let it lie: asked, and not begun."""
    return [a.annotator_id for a in place.open if a.annotator_id not in place.drafts]
