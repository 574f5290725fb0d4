"""Explains one task: where it stands, what every rule says about it now, and all decisions with their reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cueloop.errors import NotFound
from cueloop.store import Store, assignments, decisions, tasks
from cueloop.store.columns import now
from cueloop.store.tasks import Task
from routing import context as contexts
from routing import gold, places, signals
from routing.context import Context
from routing.decide import match
from routing.places import Place
from routing.refill import LAST

LINK = re.compile(r"(?:[?&]task=|/tasks/)(\d+)")


def task_id(text: str) -> int:
    """Label Studio's id of a task, from the id itself or from a link to it. Raises NotFound."""
    found = LINK.search(text)
    if found:
        return int(found[1])
    if text.strip().isdigit():
        return int(text)
    raise NotFound(f"{text!r} is neither a task id nor a link to a task. Copy the address from the task's page, "
                   "or the ID column of the Data Manager.")


def explain(store: Store, project_id: int, task: str | int) -> dict[str, Any]:
    """Everything known about a task's routing. Raises NotFound when the task is not in the store."""
    with store.read() as conn:
        found = tasks.by_id(conn, project_id, task_id(str(task)))
        given = contexts.read(conn, project_id, now())
        place = places.read(conn, [found.key], given.machines)[found.key]
        return {
            "project": project_id, "task": found.id, "state": place.route.state if place.route else "never routed",
            "plan": place.route.plan if place.route else None, "why": place.plan.why,
            "waits_for": _waits_for(place), "gold": _gold(conn, given, place), "copy_of": _original(conn, found),
            "held_out": place.blind or given.held_out(found.key),
            "rules": {"file": given.rules.file, "hash": given.rules.hash},
            "controls": [_control(conn, given, found.key, control.name) for control in given.controls],
            "asked": [_asked(given, a) for a in place.assignments],
            "answered_by": sorted(_name(given, person) for person in place.authors),
            "skipped_by": sorted(_name(given, person) for person in place.skippers),
            "label_studio": _shown(place),
            "decisions": [_decision(given, key, made) for key, made in decisions.of_task(conn, found.key)]}


def _control(conn: sa.Connection, given: Context, key: int, name: str) -> dict[str, Any]:
    control = given.control(name)
    seen = signals.gather(conn, given.project.id, control, [key], given.champion, given.project.guideline_version)
    columns = signals.lookup(seen, found=given.found)
    used = frozenset(name for rule in given.rules.rules for name in rule.when.names)
    counting = {rule.name for rule in match(given.rules, columns, 1, name)[0].values()}
    return {
        "control": name, "signals": seen[0].inputs(used),
        "rules": [{"rule": rule.name, "line": rule.line, "when": rule.when.source.strip(),
                   "holds": rule.when.states(columns), "action": rule.kind or "forbid",
                   "counts": rule.name in counting} for rule in given.rules.rules]}


def _gold(conn: sa.Connection, given: Context, place: Place) -> dict[str, Any] | None:
    told = gold.told(conn, given, place)
    return told and {**told, "asked": [_name(given, person) for person in told["asked"]],
                     "left": [_name(given, person) for person in told["left"]]}


def _original(conn: sa.Connection, task: Task) -> int | None:
    """Label Studio's id of the task that a hidden copy asks again."""
    return None if task.copy_of is None else tasks.by_key(conn, task.copy_of).id


def _asked(given: Context, assignment: assignments.Assignment) -> dict[str, Any]:
    return {"annotator": _name(given, assignment.annotator_id), "state": assignment.state,
            "kind": assignment.kind, "since": assignment.created_at, "until": assignment.ended_at,
            "decision": assignment.decision}


def _waits_for(place: Place) -> str | None:
    """Why nobody is asked although people are wanted; None when nothing is missing."""
    if place.route is None or not place.route.need:
        return None
    people = f"{place.route.need} more {'person' if place.route.need == 1 else 'people'}"
    if place.route.priority == LAST:
        return f"{people}: nobody is left who may be asked and has not worked on it"
    return f"{people}: all queues are full of tasks that are more wanted"


def _shown(place: Place) -> dict[str, Any]:
    return {"cue": dict(place.cue), "overlap": place.overlap, "is_labeled": place.is_labeled,
            "wanted": place.route.wanted if place.route else None,
            "waits_to_be_written": bool(place.route and place.route.dirty)}


def _decision(given: Context, key: int, made: decisions.Decision) -> dict[str, Any]:
    chosen = made.chosen
    if isinstance(chosen, list):
        chosen = [_name(given, person) for person in chosen]
    return {"decision": key, "at": made.created_at, "kind": made.kind, "rule": made.rule, "rules_hash": made.rules_hash,
            "control": made.control, "why": made.inputs.get("why"), "inputs": made.inputs, "chosen": chosen,
            "probability": made.probability, "model_version": made.model_version,
            "candidates": [_candidate(given, candidate) for candidate in made.candidates]}


def _candidate(given: Context, candidate: Mapping[str, Any]) -> dict[str, Any]:
    return {"annotator": _name(given, int(candidate["annotator_id"])), **candidate}


def _name(given: Context, person: int) -> str:
    known = given.everybody.get(person)
    return known.email or known.name if known else f"deleted user {person}"
