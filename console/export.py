"""The labelled dataset: every task's fields, its label on each control, and who or what decided it.

A label comes from people as soon as one has answered, else from the machine where a rule accepted its label.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from cueloop.label_config import parse
from cueloop.seen import CUE
from cueloop.store import Store
from cueloop.store.projects import get
from cueloop.store.schema import annotations as made
from cueloop.store.schema import answers, consensus, decisions, predictions, routes, tasks

BATCH = 500
"""Tasks read at a time: memory stays small however big the project."""

DECLARED = ("ground-truth", "adjudication")
"""Methods of a consensus for which one person stands (`sync.results`)."""

Row = dict[str, Any]


def rows(store: Store, project_id: int, *, everything: bool = False, results: bool = False) -> Iterator[Row]:
    """One dict for each labelled task, by Label Studio's id; with `everything`, also for those without a label.

    `id`, `data` (the customer's fields), `status` (as in `routes.state`, None: never routed), and `labels`:
    {control: {label, value, probability, decided_by, annotators, answers, model_version, rules, guideline}}.
    `value` is a structured label (`sync.kinds`): regions, several labels, a number, or the shares of all labels where
    there is no single truth; `label` is then a short text of it. None for a single choice.
    `decided_by` is `people`, `ground-truth`, `adjudication` or `machine`. `model_version`, `rules` and `guideline` are
    those of the decision, None where there was none or it is not known. With `results` there is `results`, too: what
    each annotation says in Label Studio's own form, oldest first.
    """
    with store.read() as conn:
        controls = [c.name for c in parse(get(conn, project_id).label_config).judged]
        last = 0
        while batch := _tasks(conn, project_id, last):
            last = batch[-1].key
            keys = [task.key for task in batch]
            found = _labels(conn, keys, controls)
            said = _results(conn, keys) if results else {}
            for task in batch:
                labels = found.get(task.key, {})
                if labels or everything:
                    yield {"id": task.id, "data": customer_fields(task.data), "status": task.state,
                           "labels": {name: labels.get(name) for name in controls},
                           **({"results": said.get(task.key, [])} if results else {})}


def customer_fields(data: Row) -> Row:
    """A task's data without our queue keys."""
    return {key: value for key, value in data.items() if not key.startswith(CUE)}


def _results(conn: sa.Connection, keys: list[int]) -> dict[int, list[list[Row]]]:
    """What each annotation of these tasks says, as Label Studio stores it, oldest first; skips left out."""
    wanted = sa.select(made.c.task, made.c.result).where(
        made.c.task.in_(keys), made.c.deleted_at.is_(None), ~made.c.was_cancelled).order_by(made.c.updated_at)
    found: dict[int, list[list[Row]]] = {}
    for row in conn.execute(wanted):
        found.setdefault(row.task, []).append(row.result)
    return found


def _tasks(conn: sa.Connection, project_id: int, after: int) -> list[Any]:
    return list(conn.execute(
        sa.select(tasks.c.key, tasks.c.id, tasks.c.data, routes.c.state)
        .outerjoin(routes, routes.c.task == tasks.c.key)
        .where(tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None),
               tasks.c.key > after)
        .order_by(tasks.c.key).limit(BATCH)))


def _labels(conn: sa.Connection, keys: list[int], controls: list[str]) -> dict[int, dict[str, Row]]:
    """Label and provenance of each task and control that has one."""
    latest = _decisions(conn, keys)
    found: dict[int, dict[str, Row]] = {}
    for task, name, label in _accepted(conn, keys, latest):
        found.setdefault(task, {})[name] = label
    for task, name, label in _by_people(conn, keys, latest):
        found.setdefault(task, {})[name] = label
    return {task: {n: label for n, label in labels.items() if n in controls} for task, labels in found.items()}


def _decisions(conn: sa.Connection, keys: list[int]) -> dict[tuple[int, str], Any]:
    """The newest decision about each task and control."""
    return {(row.task, row.control): row for row in conn.execute(
        sa.select(decisions).where(decisions.c.task.in_(keys)).order_by(decisions.c.key))}


def _by_people(conn: sa.Connection, keys: list[int], latest: dict[tuple[int, str], Any]
               ) -> Iterator[tuple[int, str, Row]]:
    who: dict[tuple[int, str], list[tuple[int, int | None]]] = {}
    for row in conn.execute(
            sa.select(answers.c.task, answers.c.control, answers.c.annotator_id, made.c.guideline_version)
            .outerjoin(made, made.c.unique_id == answers.c.unique_id)
            .where(answers.c.task.in_(keys)).order_by(answers.c.annotator_id)):
        who.setdefault((row.task, row.control), []).append((row.annotator_id, row.guideline_version))
    for row in conn.execute(sa.select(consensus).where(consensus.c.task.in_(keys))):
        people = who.get((row.task, row.control), [])
        decision = latest.get((row.task, row.control))
        guidelines = [version for _, version in people if version is not None]
        yield row.task, row.control, {
            "label": row.label, "value": row.value, "probability": row.probability,
            "decided_by": row.method if row.method in DECLARED else "people",
            "annotators": [annotator for annotator, _ in people], "answers": row.answers,
            "model_version": decision.model_version if decision else None,
            "rules": decision.rules_hash if decision else None, "guideline": max(guidelines, default=None)}


def _accepted(conn: sa.Connection, keys: list[int], latest: dict[tuple[int, str], Any]
              ) -> Iterator[tuple[int, str, Row]]:
    accepted = {pair: row for pair, row in latest.items() if row.kind == "accept"}
    scores = {(row.task, row.control, row.version): row.probabilities for row in conn.execute(
        sa.select(predictions).where(predictions.c.task.in_([task for task, _ in accepted])))}
    for (task, name), row in accepted.items():
        probabilities = scores.get((task, name, row.model_version), {})
        yield task, name, {
            "label": row.chosen, "value": None, "probability": probabilities.get(row.chosen), "decided_by": "machine",
            "annotators": [], "answers": 0, "model_version": row.model_version, "rules": row.rules_hash,
            "guideline": row.guideline_version}
