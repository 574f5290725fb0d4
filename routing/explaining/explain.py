"""Explains one task: where it stands, what every rule says about it now, and all decisions with their reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cueloop.errors import NotFound
from cueloop.store import Store, assignments, decisions, lessons, tasks
from cueloop.store import rules as stored_rules
from cueloop.store.columns import now
from cueloop.store.tasks import Task
from routing import context as contexts
from routing.checking import gold
from routing.context import Context
from routing.deciding import places, seen
from routing.deciding.matching import speaks
from routing.deciding.places import Place
from routing.deciding.seen import Seen
from routing.explaining.model_said import model_said
from routing.explaining.overrides import overrides
from routing.explaining.rule_text import rule_text
from routing.explaining.unasked import COULD, FULL, LIMITED, Unasked, unasked
from routing.language.rules import Rule

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
        said = seen.read(conn, given, [found.key])
        decided = decisions.of_task(conn, found.key)
        judged, taught = model_said(conn, given, found.key), lessons.of_tasks(conn, [found.key])
        about = said.rows.get(place.plan.control) or said.rows[said.controls[0]] if said.controls else None
        left = unasked(conn, given, place, about[0]) if about else []
        return {
            "project": project_id, "task": found.id, "state": place.route.state if place.route else "never routed",
            "plan": place.route.plan if place.route else None, "why": place.plan.why,
            "waits_for": _waits_for(place, left), "looked_at_again": place.route.wake_at if place.route else None,
            "gold": _gold(conn, given, place), "copy_of": _original(conn, found),
            "held_out": place.blind or given.held_out(found.key),
            "rules": {"file": given.rules.file, "hash": given.rules.hash},
            "controls": [_control(given, said, name) | {
                "model": judged.get(name), "lesson": _lesson(taught.get((found.key, name)))} for name in said.controls],
            "asked": [_asked(given, a) for a in place.assignments],
            "not_asked": [{"annotator": _name(given, one.annotator), "why": one.why} for one in left],
            "answered_by": sorted(_name(given, person) for person in place.authors),
            "skipped_by": sorted(_name(given, person) for person in place.skippers),
            "overridden": [{"what": one.what, "by": None if one.by is None else _name(given, one.by), "at": one.at,
                            "says": one.says} for one in overrides(conn, given, found.key, decided)],
            "label_studio": _shown(place),
            "decisions": [_decision(given, key, made) for key, made in decided],
            "rules_then": _rules_then(conn, given, [made for _, made in decided])}


def _control(given: Context, said: Seen, name: str) -> dict[str, Any]:
    columns = said.columns(name)
    used = frozenset().union(*(seen.names_of(rule) for rule in given.rules.rules))
    counting = seen.matches(given, said, name)[0]
    effects: dict[str, list[str]] = {}
    for what, rule in counting.items():
        effects.setdefault(rule.name, []).append(what)
    return {
        "control": name, "signals": said.inputs(name, 0, used),
        "rules": [{"rule": rule.name, "line": rule.line, "when": rule.when.source.strip(),
                   "holds": rule.when.states(columns), "action": _action(rule),
                   "counts": rule.name in effects, "counts_for": sorted(effects.get(rule.name, ()))}
                  for rule in given.rules.rules if speaks(rule, name, named=name in given.named)]}


def _lesson(found: lessons.Lesson | None) -> dict[str, Any] | None:
    """What an answer would teach the model, and why; None where training has not looked at the task."""
    return None if found is None else {
        "value": found.value, "kind": found.kind, "why": found.why, "version": found.version}


def _action(rule: Rule) -> str:
    """What a rule does, in one word or a few."""
    return rule.kind or ", ".join([*(["forbid"] if rule.forbid else []), *rule.modifies])


def _rules_then(conn: sa.Connection, given: Context, made: Sequence[decisions.Decision]) -> list[dict[str, Any]]:
    """The text of every rule that decided, as it was then: of the file in force, or of the one that was."""
    told = []
    for used, name in sorted({(one.rules_hash, one.rule) for one in made}):
        stored = stored_rules.of_hash(conn, given.project.id, used)
        text = rule_text(stored.text, name) if stored else None
        if stored is not None and text is not None:
            told.append({"rules_hash": used, "rule": name, "file": stored.file, "in_force": used == given.rules.hash,
                         "text": text})
    return told


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
            "due": assignment.due_at, "decision": assignment.decision}


def _waits_for(place: Place, left: Sequence[Unasked]) -> str | None:
    """Why nobody is asked although people are wanted; None when nothing is missing. `left`: who is not asked."""
    if place.route is None or not place.route.need:
        return None
    people = f"{place.route.need} more {'person' if place.route.need == 1 else 'people'}"
    kinds = {one.kind for one in left}
    if COULD in kinds:
        return f"{people}: other tasks are more wanted, or a limit or the budget allows no more now"
    if FULL in kinds:
        return f"{people}: the queues of all who may be asked are full; the most wanted task gets the next free place"
    if LIMITED in kinds:
        return f"{people}: a limit or the budget keeps all who may be asked"
    return f"{people}: nobody is left who may be asked and has not worked on it"


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
