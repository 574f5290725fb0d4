"""Reviews: the reviewer is told that work waits and what to look at; the author what was corrected, with the link.

A review returns to its author where its rule says `returns_to: author`. Each author is told once of each review.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from cueloop import settings
from cueloop.store import annotations as notes
from cueloop.store import assignments
from cueloop.store.annotations import Annotation
from cueloop.store.assignments import Assignment
from cueloop.store.schema import assignments as table
from cueloop.store.schema import decisions as made
from cueloop.store.schema import tasks
from cueloop.store.upsert import chunks
from routing.checking.corrections import changes
from routing.context import Context
from routing.language.actions import Review
from routing.people.notices import raise_once
from routing.showing.channel import CHANNEL

AUTHOR = "author"

LOOK = {"whole": "the whole answer", "disagreed_regions": "only the regions on which the answers disagree"}
"""What a rule's `scope` asks to look at."""

LISTED = 20
"""Changes, and tasks, that one notice lists."""


LATELY = timedelta(minutes=10)
"""Reviews that ended within this are looked at: each is given back in the transaction that ends it."""


def give_back(conn: sa.Connection, given: Context, keys: Collection[int]) -> int:
    """Tell the authors of answers that were corrected on these tasks; how many notices are new."""
    rules = {rule.name: rule.action for rule in given.rules.rules
             if isinstance(rule.action, Review) and rule.action.returns_to == AUTHOR}
    if not rules:
        return 0
    done = _reviewed(conn, keys, given.now - LATELY)
    asked = _rules_of(conn, [one.decision for one in done])
    told = 0
    for one in done:
        action = rules.get(asked.get(one.decision, ""))
        if action is not None:
            told += sum(_tell(conn, given, one, annotation, changed)
                        for annotation, changed in corrected(conn, given, one))
    return told


def corrected(conn: sa.Connection, given: Context, one: Assignment) -> list[tuple[Annotation, list[str]]]:
    """The answers of others that a reviewer corrected since they were asked, each with what was changed.

    Corrected is what they edited. Where they edited nothing and answered themselves, it is every answer that says
    something else.
    """
    every = [a for a in notes.of_tasks(conn, [one.task]) if a.deleted_at is None and not a.was_cancelled]
    others = [a for a in every if a.answer is not None and a.annotator_id not in (None, one.annotator_id)
              and a.annotator_id not in given.machines]
    edited = [(a, changes(a.answer or [], a.result)) for a in others
              if a.updated_by == one.annotator_id and a.updated_at >= one.created_at]
    own = next((a for a in every if a.annotator_id == one.annotator_id and a.answer), None)
    if not edited and own is not None:
        edited = [(a, changes(a.answer or [], own.answer or [])) for a in others]
    return [(a, changed) for a, changed in edited if changed]


def announce(conn: sa.Connection, given: Context) -> int:
    """Tell reviewers once a day that work waits for them, where, and what to look at; how many notices are new."""
    actions = {rule.name: rule.action for rule in given.rules.rules if isinstance(rule.action, Review)}
    if not actions:
        return 0
    mine: dict[int, list[Assignment]] = {}
    for one in assignments.open_of(conn, given.project.id):
        if one.kind == assignments.REVIEW and one.annotator_id in given.everybody:
            mine.setdefault(one.annotator_id, []).append(one)
    asked = _rules_of(conn, [one.decision for all_of in mine.values() for one in all_of])
    return sum(_invite(conn, given, person, waiting, asked, actions) for person, waiting in mine.items())


def _invite(conn: sa.Connection, given: Context, person: int, waiting: Sequence[Assignment],
            asked: Mapping[int, str], actions: Mapping[str, Review]) -> bool:
    annotator, project = given.everybody[person], given.project
    ids = _ids(conn, [one.task for one in waiting])
    lines = []
    for name in sorted({asked.get(one.decision, "") for one in waiting}):
        some = [ids[one.task] for one in waiting if asked.get(one.decision, "") == name and one.task in ids]
        look = LOOK.get(actions[name].scope if name in actions else "whole", LOOK["whole"])
        lines.append(f"Rule {name}: look at {look}. Tasks {', '.join(map(str, some[:LISTED]))}"
                     + (f" and {len(some) - LISTED} more." if len(some) > LISTED else "."))
    return raise_once(
        conn, project_id=project.id, kind="review", recipient=annotator.email,
        once=f"review-work:{project.id}:{person}:{given.now:%Y-%m-%d}",
        subject=f"Answers wait for your review in project {project.id} ({project.title})", text="\n\n".join([
            "Answers of others wait in your queue to be looked at and, where they are wrong, corrected.",
            *lines, f"Your queue: {CHANNEL.link(_address(), project.id, annotator.queue)}"]))


def _tell(conn: sa.Connection, given: Context, one: Assignment, annotation: Annotation, changed: Sequence[str]) -> bool:
    author = given.everybody.get(annotation.annotator_id or 0)
    if author is None or author.deleted_at is not None:
        return False
    task = _ids(conn, [one.task])[one.task]
    more = [f"and {len(changed) - LISTED} more"] if len(changed) > LISTED else []
    return raise_once(
        conn, project_id=given.project.id, kind="review", recipient=author.email,
        once=f"review:{one.key}:{annotation.unique_id}",
        subject=f"An answer of yours was corrected in project {given.project.id} ({given.project.title})",
        text="\n\n".join([
            f"Your annotation {annotation.id} of task {task} was looked at, and this is different now:",
            "\n".join(f"- {phrase}" for phrase in [*changed[:LISTED], *more]),
            f"See it here: {_address()}/projects/{given.project.id}/data?task={task}"]))


def _reviewed(conn: sa.Connection, keys: Collection[int], since: datetime) -> list[Assignment]:
    found: list[Assignment] = []
    for some in chunks(sorted(keys)):
        rows = conn.scalars(sa.select(table.c.task).distinct().where(
            table.c.task.in_(some), table.c.kind == assignments.REVIEW, table.c.state == assignments.ANSWERED,
            table.c.ended_at >= since)).all()
        found += [one for all_of in assignments.of_tasks(conn, rows).values() for one in all_of
                  if one.kind == assignments.REVIEW and one.state == assignments.ANSWERED
                  and one.ended_at is not None and one.ended_at >= since]
    return found


def _rules_of(conn: sa.Connection, keys: Sequence[int]) -> dict[int, str]:
    """{decision: its rule}."""
    return {row.key: row.rule for some in chunks(sorted(set(keys))) for row in conn.execute(
        sa.select(made.c.key, made.c.rule).where(made.c.key.in_(some)))}


def _ids(conn: sa.Connection, keys: Sequence[int]) -> dict[int, int]:
    """{task: Label Studio's id}."""
    return {row.key: row.id for some in chunks(sorted(set(keys))) for row in conn.execute(
        sa.select(tasks.c.key, tasks.c.id).where(tasks.c.key.in_(some)))}


def _address() -> str:
    return settings.load().label_studio_url.rstrip("/")
