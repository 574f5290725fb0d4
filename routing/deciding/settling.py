"""The route of a task with a plan: who goes on being asked, how many more are wanted, what Label Studio should show."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from cueloop.store import assignments
from cueloop.store.assignments import Assignment
from cueloop.store.routes import Route
from routing.context import Context
from routing.deciding.places import Place
from routing.deciding.plans import Plan
from routing.language.audience import ANYBODY
from routing.people import qualify
from routing.showing.channel import CHANNEL
from routing.showing.wanted import PRIORITY, Wanted, state_of, wanted
from routing.signals import TaskSignals, in_question, uncertainty

FIRST = 1.0
"""Added to the priority of what was escalated: it goes before what people are usually asked."""

JUMP = 0.25
"""Least change of the priority of an urgent task that is worth a write to Label Studio."""


def settle(conn: sa.Connection, given: Context, place: Place, plan: Plan, said: TaskSignals) -> Route:
    """The route of a task with this plan. Ends the assignments of those who are not wanted any more."""
    room = room_of(plan, said.answers)
    keep, drop = sift(given, place, room, plan, said)
    late = plan.late > place.plan.late
    assignments.end(conn, [a.key for a in drop], assignments.RETURNED if late else assignments.WITHDRAWN, given.now)
    belief = said.belief(given.labels(plan.control))
    first = FIRST if plan.kind == "escalate" else 0.0
    priority = round(_wanted(given, uncertainty(belief), said) + first + plan.urgency, 6)
    asked = given.queues_of([a.annotator_id for a in keep])
    had = place.route
    want = _shown(place, plan, bool(keep),
                  wanted(plan, place, asked, frozenset(given.queues_of(place.done_with)), priority))
    dirty = not CHANNEL.shows(want, place, asked)
    if dirty and had is not None and not had.dirty and "accept" in want and not place.machine:
        dirty = (had.published or {}).get("accept") != want["accept"]    # accepted; the pull brings it any moment
    need = max(0, room - len(keep))
    return Route(
        task=place.key, project_id=given.project.id, state=state_of(plan, len(keep)), wanted=want,
        published=had.published if had else None, dirty=dirty, audit=bool(plan.audit or (had and had.audit)),
        plan=plan.to_json(), need=need, priority=priority, updated_at=given.now,
        published_at=had.published_at if had else None, audience=_audience(given, plan, said) if plan.asks else "",
        together=plan.together)


def _wanted(given: Context, unsure: float, said: TaskSignals) -> float:
    """How much an answer is wanted, 0 to 1: for what it tells of the task, and for what it teaches the model."""
    return unsure if said.lesson is None else (1 - given.teaching) * unsure + given.teaching * said.lesson


def same(fresh: Route, had: Route | None) -> bool:
    """Whether a route says what the one in the store says, but for a priority that moved a little."""
    return had is not None and abs(fresh.priority - had.priority) < 0.01 and \
        replace(fresh, updated_at=had.updated_at, priority=had.priority) == had


def room_of(plan: Plan, answers: int) -> int:
    """How many people are to be asked at a time now."""
    if not plan.asks:
        return 0
    return plan.n if plan.kind == "review" else max(0, plan.target - answers)


def sift(given: Context, place: Place, room: int, plan: Plan,
         said: TaskSignals) -> tuple[list[Assignment], list[Assignment]]:
    """(kept, ended) of those being asked: who began stays first, then who was asked first.

    On a task with a ground truth those stay who are checked with it, on any other those whom the rules ask. When a
    deadline passed, only those stay who have begun.
    """
    able = {a.id: a.email.lower() for a in given.people}
    if place.key in given.gold:
        checked = [a for a in place.open if a.annotator_id in able and a.kind == assignments.GOLD]
        return checked, [a for a in place.open if a not in checked]
    kind = assignments.REVIEW if plan.kind == "review" else assignments.ASK
    only_begun = plan.late > place.plan.late
    wished = [a for a in place.open if a.annotator_id in able and a.kind == kind
              and (a.annotator_id in place.drafts or not (only_begun or a.annotator_id in given.paused))
              and _fits(given, plan, said, able[a.annotator_id])]
    wished.sort(key=lambda a: (a.annotator_id not in place.drafts, a.key))
    keep = wished[:room]
    return keep, [a for a in place.open if a not in keep]


def _fits(given: Context, plan: Plan, said: TaskSignals, email: str) -> bool:
    if plan.who == ANYBODY:
        return not qualify.spared(given.team.person(email), said.data)
    return qualify.stays(plan.who, said.data, given.team.person(email), given.team, since=plan.since, now=given.now)


def _audience(given: Context, plan: Plan, said: TaskSignals) -> str:
    labels = given.labels(plan.control)
    asked = in_question(said.belief(labels), labels, plan.expertise) if plan.who.qualified is not None else ()
    return qualify.group(plan.who, said.data, asked, plan.control)


def _shown(place: Place, plan: Plan, kept: bool, want: Wanted) -> Wanted:
    """What is wanted, with the priority that Label Studio shows where another one is not worth a write."""
    had = place.route
    if had is None or "cue" not in had.wanted:
        return want
    before = had.wanted["cue"].get(PRIORITY)
    if kept and plan.kind == "stop":            # a check on somebody: its place in their queue stays
        want = {**want, "cue": {**want["cue"], PRIORITY: before}, "ranked": True}
    elif not want["is_labeled"] and "accept" not in want and (plan.urgency or had.wanted.get("ranked")):
        moved = not isinstance(before, int | float) or abs(want["cue"][PRIORITY] - before) >= JUMP
        want = {**want, "cue": want["cue"] if moved else {**want["cue"], PRIORITY: before}, "ranked": True}
        return had.wanted if want == had.wanted else want
    return had.wanted if _same(had.wanted, want) else want


def _same(left: Wanted, right: Wanted) -> bool:
    """Whether two wishes differ in nothing but the priority."""
    def bare(want: Wanted) -> Wanted:
        cue = want.get("cue")
        return {**want, "cue": cue.get("cue_queue") if isinstance(cue, dict) else None}

    return bare(left) == bare(right)
