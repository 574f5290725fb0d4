"""Judges tasks: closes what was answered, evaluates the rules, writes plans and the decisions that follow at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import sqlalchemy as sa

from cueloop.store import routes, schema
from cueloop.store.upsert import chunks
from routing.checking import gold, recheck
from routing.context import Context
from routing.deciding import adjudicating, clock, decide, doubting, places, seen
from routing.deciding.adopt import adopt
from routing.deciding.asking import Standing
from routing.deciding.closing import close_answered, forget, resolve_doubts
from routing.deciding.matching import Matches
from routing.deciding.places import Place
from routing.deciding.plans import Plan
from routing.deciding.recording import note_by_hand, record, tell_late
from routing.deciding.seen import Seen
from routing.deciding.settling import same, settle

__all__ = ["judge", "settle"]


def judge(conn: sa.Connection, given: Context, keys: Sequence[int]) -> int:
    """Bring routes of these tasks up to date; how many decisions were made."""
    if not given.controls:
        return 0
    keys = recheck.settle(conn, given, keys)
    adopt(conn, given, routes.missing(conn, keys))
    close_answered(conn, given, keys)
    resolve_doubts(conn, given, keys)
    found = places.read(conn, keys, given.machines)
    order = [key for key in keys if key in found]
    forget(conn, given, [key for key in keys if key not in found])
    said = seen.read(conn, given, order)
    matched = {name: list(seen.matches(given, said, name)) for name in said.controls}
    blinded = {key for at, key in enumerate(order)
               if any("blind" in rows[at] and rows[at]["blind"].blind for rows in matched.values())}
    if given.rules.audit_share:         # where audits are blind, so is another look at what a bad model said
        blinded |= {key for at, key in enumerate(order) if _closed(found[key]) and any(
            doubting.opens(rows[at], said.rows[name][at]) for name, rows in matched.items())}
    found |= blind(conn, given, [found[key] for key in order], blinded)
    acted = places.acted(conn, [found[key] for key in order])
    standings = {key: _standing(given, found[key], acted.get(key, frozenset())) for key in order
                 if key not in given.gold}
    decided = adjudicating.settle(conn, given, said, matched, order, standings)
    ticking, used = clock.of(given.rules), {rule.name: seen.names_of(rule) for rule in given.rules.rules}
    made, changed, late = 0, [], []
    for at, key in enumerate(order):
        place = found[key]
        plan = _plan(given, place, said, at, {
            name: (rows[at], decided[name].get(key, standings.get(key))) for name, rows in matched.items()})
        control = plan.control if plan.control in said.rows else said.controls[0]
        made += record(conn, given, place, plan, said.rows[control][at].model_version,
                       partial(said.inputs, control, at, used.get(plan.rule, frozenset())))
        if plan.late > place.plan.late:
            late.append((place, plan))
        route = settle(conn, given, place, plan, said.rows[control][at])
        route = replace(route, wake_at=ticking.wake(plan, route.need, [rows[at] for rows in said.rows.values()],
                                                    given.now) if key not in given.gold else None)
        if not same(route, place.route):
            changed.append(route)
            made += note_by_hand(conn, given, place, route)
    routes.put(conn, changed)
    tell_late(conn, given, late)
    return made


def _plan(given: Context, place: Place, said: Seen, at: int,
          stands: Mapping[str, tuple[Matches, Standing | None]]) -> Plan:
    """The plan of one task; of each control what matches, and where the task stands (None where it checks people)."""
    if place.key in given.gold:
        first = said.controls[0]
        return gold.plan(given, first, said.rows[first][at])
    plans = [decide.decide(given.rules, name, matches, said.rows[name][at], standing)
             for name in _answered(said, at) for matches, standing in [stands[name]] if standing is not None]
    # a control that rules only name says something where one of them matches, and else nothing
    return decide.combine([plan for plan in plans if plan.kind != "none" or plan.control not in given.named] or plans)


def _answered(said: Seen, at: int) -> list[str]:
    """The controls that speak for a task: what everybody left empty holds nothing up."""
    return [name for name in said.controls if not said.rows[name][at].blank] or list(said.controls)


def blind(conn: sa.Connection, given: Context, found: Sequence[Place],
          matched: Collection[int] = ()) -> dict[int, Place]:
    """Mark the audit sample, ground truth, and what a rule `matched`: no suggestion may be shown on it; those places.

    Nothing is ever unmarked here.
    """
    fresh = {place.key: replace(place, blind=True) for place in found if not place.blind and (
        place.key in given.gold or place.key in matched or given.held_out(place.key))}
    for part in chunks(list(fresh)):
        conn.execute(schema.tasks.update().where(schema.tasks.c.key.in_(part)).values(blind=True))
    return fresh


def _closed(place: Place) -> bool:
    return place.plan.kind in ("accept", "stop") or bool(place.machine)


def _standing(given: Context, place: Place, acted: frozenset[int]) -> Standing:
    people = place.authors - place.machine
    return Standing(
        plan=place.plan, held_out=given.held_out(place.key), blind=place.blind, now=given.now, team=given.team,
        accepted=bool(place.machine) or bool(place.route and (place.route.published or {}).get("accept")),
        answered_by=_emails(given, people), acted=_emails(given, acted))


def _emails(given: Context, people: Collection[int]) -> frozenset[str]:
    return frozenset(given.everybody[person].email.lower() for person in people if person in given.everybody)
