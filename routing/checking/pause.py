"""Pauses people by rule: who fails checks is asked nothing more, is told why, and their open work moves on.

At every turn of the router, in its first transaction: passed training lifts, the rules look at those who answered,
and what paused people are asked is taken back. All of it is one transaction: a crash leaves all or nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from cueloop import logs
from cueloop.store import assignments, ground_truth
from cueloop.store import pauses as rows
from cueloop.store.pauses import Paused
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import performance
from cueloop.store.upsert import chunks
from cueloop.types import Control
from routing.checking import pauses, records, training
from routing.checking.reasons import reason
from routing.checking.records import Record
from routing.context import Context
from routing.deciding.closing import close_answered
from routing.language.actions import Pause
from routing.language.rules import Rule
from routing.people import alone

ACTOR = "cueloop"

COUNTS = frozenset({"answers", "gold_answers"})
"""A rule that asks for nothing else is a gate, such as training before the first task: once passed, it stays open."""

SLACK = timedelta(seconds=5)
"""Reports that were written so long before the last turn began may not have been seen by it."""

log = logs.get(__name__)


def apply(conn: sa.Connection, given: Context, changed: Collection[int] | None = None) -> tuple[Context, list[int]]:
    """Bring pauses up to date; the context with those who are paused now, and tasks (keys) to judge again.

    `changed`: tasks whose answers are new; the rules look at those who gave them. None: at everybody.
    """
    ruled = [rule for rule in given.rules.rules if rule.pause is not None]
    paused, back = list(rows.open_of(conn, given.project.id).values()), []
    if not ruled and not paused:
        return given, []
    # what was answered before a pause is no training: checks are closed first
    close_answered(conn, given, sorted({one.task for one in assignments.open_of(conn, given.project.id)
                                        if one.kind == assignments.GOLD}))
    for one in training.passed(conn, given, paused):
        person = given.everybody[one.annotator_id]
        back += pauses.lift(conn, one, person, pauses.TRAINING, given.now)
        log.info("training passed", project=given.project.id, annotator=person.id, pause=one.key)
    if ruled and given.controls:
        _look(conn, given, ruled, changed)
    open_now = rows.open_of(conn, given.project.id)
    if open_now:
        back += _take_back(conn, given, open_now)
    return replace(given, paused=frozenset(open_now)), sorted(set(back))


def would(conn: sa.Connection, given: Context) -> dict[str, list[int]]:
    """{rule: people whom it would pause now}, of those who are not paused; nothing is written."""
    ruled = [rule for rule in given.rules.rules if rule.pause is not None]
    found: dict[str, list[int]] = {rule.name: [] for rule in ruled}
    if ruled and given.controls:
        for rule, _, _, record in _failing(conn, given, ruled, None, rows.of_people(
                conn, given.project.id, [person.id for person in given.people])):
            found[rule.name].append(record.annotator)
    return found


def explain(conn: sa.Connection, project_id: int, annotator: int) -> list[Paused]:
    """All pauses of a person in a project, oldest first: the rule, its hash, what it saw, who lifted it."""
    return rows.of_people(conn, project_id, [annotator]).get(annotator, [])


def _look(conn: sa.Connection, given: Context, ruled: Sequence[Rule], changed: Collection[int] | None) -> None:
    had = rows.of_people(conn, given.project.id, [person.id for person in given.people])
    for rule, action, control, record in list(_failing(conn, given, ruled, changed, had)):
        _pause(conn, given, rule, action, control, record)


def _failing(conn: sa.Connection, given: Context, ruled: Sequence[Rule], changed: Collection[int] | None,
             had: Mapping[int, Sequence[Paused]]) -> Iterator[tuple[Rule, Pause, Control, Record]]:
    """Everybody whom a rule pauses, once, by the first rule and control that do."""
    free = [person.id for person in given.people
            if not any(one.lifted_at is None for one in had.get(person.id, ()))]
    wanted = records.signals_in({name for rule in ruled if rule.pause for name in rule.pause.when.names})
    if changed is not None and not _fresh_reports(conn, given, wanted):
        free = sorted(_who_answered(conn, changed) & set(free))
    if not free:
        return
    excused = _excused(conn, given, ruled, had)
    since = {person: max(one.lifted_at for one in mine if one.lifted_at) for person, mine in had.items()
             if any(one.lifted_at for one in mine)}
    for control in _controls(given, ruled):
        seen = records.gather(conn, given.project.id, control, free, wanted, since,
                              imported=given.rules.declared.gold.imported)
        for rule in ruled:
            if rule.control in ("", control.name):
                looked = [record for record in seen if (rule.name, record.annotator) not in excused]
                done = {record.annotator: record for record in _of(rule, looked, had)}
                assert rule.pause is not None
                yield from ((rule, rule.pause, control, record) for record in done.values())
                seen = [record for record in seen if record.annotator not in done]
                free = [person for person in free if person not in done]


def _controls(given: Context, ruled: Sequence[Rule]) -> list[Control]:
    named = {rule.control for rule in ruled}
    return [control for control in given.controls if "" in named or control.name in named]


def _of(rule: Rule, seen: Sequence[Record], had: Mapping[int, Sequence[Paused]]) -> list[Record]:
    """Those of whom one rule's condition is known to be true."""
    action = rule.pause
    assert action is not None
    true = action.when.true(records.lookup(seen), len(seen))
    return [record for record, holds in zip(seen, true, strict=True)
            if holds and _may(action, record, had.get(record.annotator, ()))]


def _may(action: Pause, record: Record, had: Sequence[Paused]) -> bool:
    """Whether there were checks enough, and not the very ones for which the person was paused before."""
    wanted = records.signals_in(action.when.names)
    checks = record.fresh.get("gold_answers" if any("gold" in name for name in wanted) else "answers", 0)
    return checks >= max(action.after, 1 if had else 0)


def _excused(conn: sa.Connection, given: Context, ruled: Sequence[Rule],
             had: Mapping[int, Sequence[Paused]]) -> set[tuple[str, int]]:
    """(rule, annotator): gates that are open for somebody, who passed them once or made ground truth themself."""
    gates = {rule.name for rule in ruled if rule.pause and records.signals_in(rule.pause.when.names) <= COUNTS}
    if not gates:
        return set()
    experts = ground_truth.authors(conn, given.project.id, imported=given.rules.declared.gold.imported)
    return {(name, person) for name in gates for person in experts} | {
        (one.rule, person) for person, mine in had.items() for one in mine if one.rule in gates}


def _pause(conn: sa.Connection, given: Context, rule: Rule, action: Pause, control: Control, record: Record) -> None:
    person = given.everybody[record.annotator]
    names = action.when.names
    made = Paused(
        project_id=given.project.id, annotator_id=person.id, rule=rule.name, rules_hash=given.rules.hash,
        reason=reason(record, records.signals_in(names), several=len(given.controls) > 1, control=control.name),
        created_at=given.now, training=pauses.training_of(action.training), details={
            "control": control.name, "when": action.when.source.strip(), "after": action.after, "line": rule.line,
            "signals": {name: _told(record.value(name)) for name in sorted(names)}, "fresh": dict(record.fresh)})
    pauses.pause(conn, made, person, ACTOR, tell=action.tell, more=[
        f"The rule ({given.rules.file}, line {rule.line}): {made.details['when']}",
        *alone.warnings(given, rows.open_of(conn, given.project.id).keys() | {person.id}, person)])
    log.info("paused", project=given.project.id, annotator=person.id, rule=rule.name)


def _take_back(conn: sa.Connection, given: Context, paused: Mapping[int, Paused]) -> list[int]:
    """What paused people hold goes to others; what they have begun for as long as anybody's would, and in training
    the checks stay."""
    patience = given.rules.queues.return_after
    trained = {person: one for person, one in paused.items() if one.training}
    rest = {person: one for person, one in paused.items() if not one.training}
    back = pauses.withdraw(conn, given.project.id, rest, given.now, begun_for=patience) if rest else []
    if trained:
        kinds = (assignments.ASK, assignments.RECHECK, assignments.REVIEW)
        back += pauses.withdraw(conn, given.project.id, trained, given.now, kinds=kinds, begun_for=patience)
    return back


def _who_answered(conn: sa.Connection, changed: Collection[int]) -> set[int]:
    return {person for some in chunks(sorted(changed)) for person in conn.scalars(
        sa.select(notes.c.annotator_id).distinct().where(notes.c.task.in_(some), notes.c.annotator_id.is_not(None)))}


def _fresh_reports(conn: sa.Connection, given: Context, wanted: Collection[str]) -> bool:
    """Whether a signal that only reports know may have changed for anybody since the last turn of the loop."""
    last = (given.project.routed or {}).get("at")
    if last is None or not set(records.WHOLE) & set(wanted):
        return False
    made: datetime | None = conn.scalar(sa.select(sa.func.max(performance.c.updated_at)).where(
        performance.c.project_id == given.project.id))
    return made is not None and made > datetime.fromisoformat(last) - SLACK


def _told(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value
