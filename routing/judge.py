"""Judges tasks: closes what was answered, evaluates the rules, writes plans and the decisions that follow at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from cueloop.store import assignments, decisions, routes, schema
from cueloop.store.assignments import Assignment
from cueloop.store.decisions import Decision
from cueloop.store.routes import Route
from cueloop.store.upsert import chunks
from routing import decide, gold, places, recheck, signals
from routing.adopt import adopt
from routing.closing import close_answered, forget
from routing.context import Context
from routing.decide import Standing
from routing.places import Place
from routing.plans import Plan
from routing.signals import TaskSignals, uncertainty
from routing.wanted import PRIORITY, satisfied, state_of, wanted

FIRST = 1.0
"""Added to the priority of what was escalated: it goes before everything else."""


def judge(conn: sa.Connection, given: Context, keys: Sequence[int]) -> int:
    """Bring routes of these tasks up to date; how many decisions were made."""
    if not given.controls:
        return 0
    keys = recheck.settle(conn, given, keys)
    adopt(conn, given, routes.missing(conn, keys))
    close_answered(conn, given, keys)
    found = places.read(conn, keys, given.machines)
    order = [key for key in keys if key in found]
    forget(conn, given, [key for key in keys if key not in found])
    blind(conn, given, [found[key] for key in order])
    seen = {c.name: signals.gather(conn, given.project.id, c, order, given.champion, given.project.guideline_version)
            for c in given.controls}
    matches = {name: list(decide.match(given.rules, signals.lookup(rows, found=given.found, controls=seen), len(rows),
                                       name)) for name, rows in seen.items()}
    made, changed = 0, []
    for at, key in enumerate(order):
        place = found[key]
        standing = _standing(given, place)
        plan = gold.plan(given, given.controls[0].name, seen[given.controls[0].name][at]) if key in given.gold else \
            decide.combine([decide.decide(given.rules, name, matches[name][at], seen[name][at], standing)
                            for name in _answered(seen, at)])
        said = seen[plan.control or given.controls[0].name][at]
        made += _record(conn, given, place, plan, said)
        route = settle(conn, given, place, plan, said)
        if route != place.route:
            changed.append(route)
    routes.put(conn, changed)
    return made


def settle(conn: sa.Connection, given: Context, place: Place, plan: Plan, said: TaskSignals) -> Route:
    """The route of a task with this plan. Withdraws those who are asked and no longer wanted."""
    room = max(0, plan.target - said.answers) if plan.asks else 0
    keep, drop = _sift(given, place, room, plan)
    assignments.end(conn, [a.key for a in drop], assignments.WITHDRAWN, given.now)
    belief = said.belief(given.labels(plan.control))
    priority = round(uncertainty(belief) + (FIRST if plan.kind == "escalate" else 0.0), 6)
    asked = given.queues_of([a.annotator_id for a in keep])
    want = wanted(plan, place, asked, frozenset(given.queues_of(place.done_with)), priority)
    had = place.route
    if had is not None and keep and plan.kind == "stop":        # a check on somebody: its place in their queue stays
        want = {**want, "cue": {**want["cue"], PRIORITY: had.wanted["cue"][PRIORITY]}, "ranked": True}
    if had is not None and _same(had.wanted, want):
        want = had.wanted           # only the priority moved: not worth a write to Label Studio
    dirty = not satisfied(want, place, asked)
    if dirty and had is not None and not had.dirty and "accept" in want and not place.machine:
        dirty = (had.published or {}).get("accept") != want["accept"]    # accepted; the pull brings it any moment
    fresh = Route(
        task=place.key, project_id=given.project.id, state=state_of(plan, len(keep)), wanted=want,
        published=had.published if had else None, dirty=dirty, audit=bool(plan.audit or (had and had.audit)),
        plan=plan.to_json(), need=max(0, room - len(keep)), priority=priority, updated_at=given.now,
        published_at=had.published_at if had else None)
    if had is not None and replace(fresh, updated_at=had.updated_at, priority=had.priority) == had \
            and abs(fresh.priority - had.priority) < 0.01:
        return had
    return fresh


def _answered(seen: Mapping[str, Sequence[TaskSignals]], at: int) -> list[str]:
    """The controls that speak for a task: what everybody left empty holds nothing up."""
    return [name for name, rows in seen.items() if not rows[at].blank] or list(seen)


def blind(conn: sa.Connection, given: Context, found: Sequence[Place]) -> None:
    """Mark the audit sample and ground truth: no suggestion may be shown on it. Nothing is ever unmarked here."""
    fresh = [place.key for place in found
             if not place.blind and (place.key in given.gold or given.held_out(place.key))]
    for part in chunks(fresh):
        conn.execute(schema.tasks.update().where(schema.tasks.c.key.in_(part)).values(blind=True))


def _standing(given: Context, place: Place) -> Standing:
    people = place.authors - place.machine
    return Standing(
        plan=place.plan, held_out=given.held_out(place.key), blind=place.blind, now=given.now, team=given.team,
        accepted=bool(place.machine) or bool(place.route and (place.route.published or {}).get("accept")),
        answered_by=frozenset(given.everybody[p].email.lower() for p in people if p in given.everybody))


def _sift(given: Context, place: Place, room: int, plan: Plan) -> tuple[list[Assignment], list[Assignment]]:
    """(kept, withdrawn) of those being asked: who began stays first, then who was asked first.

    On a task with a ground truth those stay who are checked with it, on any other those whom the rules ask.
    """
    able = {a.id: a.email.lower() for a in given.people}
    if place.key in given.gold:
        checked = [a for a in place.open if a.annotator_id in able and a.kind == assignments.GOLD]
        return checked, [a for a in place.open if a not in checked]
    wished = [a for a in place.open if a.annotator_id in able and a.kind == assignments.ASK
              and (not plan.who.people or able[a.annotator_id] in plan.who.people)]
    wished.sort(key=lambda a: (a.annotator_id not in place.drafts, a.key))
    keep = wished[:room]
    return keep, [a for a in place.open if a not in keep]


def _record(conn: sa.Connection, given: Context, place: Place, plan: Plan, said: TaskSignals) -> int:
    """Write the decisions that this plan brings; asking people is decided in `refill`."""
    had = place.plan
    kinds: list[str] = []
    if plan.audit and not had.audit:
        kinds.append("audit")
    if plan.kind in ("accept", "stop"):
        if (plan.kind, plan.label) != (had.kind, had.label):
            kinds.append(plan.kind)
    elif had.kind in ("accept", "stop"):
        kinds.append("reopen")
    names = frozenset(name for rule in given.rules.rules if rule.name == plan.rule for name in rule.when.names)
    chosen = {"accept": plan.label, "stop": said.label}
    for kind in kinds:
        decisions.add(conn, Decision(
            project_id=given.project.id, task=place.key, control=plan.control, kind=kind,
            rule=plan.audit if kind == "audit" else plan.rule,
            rules_hash=given.rules.hash, inputs=said.inputs(names) | {"why": plan.why}, chosen=chosen.get(kind) or [],
            probability=given.rules.audit_share if kind == "audit" else 1.0, model_version=said.model_version,
            guideline_version=given.project.guideline_version, created_at=given.now))
    return len(kinds)


def _same(left: dict[str, object], right: dict[str, object]) -> bool:
    """Whether two wishes differ in nothing but the priority."""
    def bare(want: dict[str, object]) -> dict[str, object]:
        cue = want.get("cue")
        return {**want, "cue": cue.get("cue_queue") if isinstance(cue, dict) else None}

    return bare(left) == bare(right)
