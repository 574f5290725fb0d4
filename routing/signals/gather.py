"""Reads the signals of tasks from the store: those that are always needed, and those that a rule names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.declared import Costs
from cueloop.store import consensus as consensus_rows
from cueloop.store import schema
from cueloop.store.consensus import Consensus
from cueloop.store.schema import annotators, answers, assignments, predictions, routes, tasks
from cueloop.types import Control
from routing.signals import learning
from routing.signals import said as sayings
from routing.signals.agreeing import models_agree
from routing.signals.rows import by_task
from routing.signals.spent import spent
from routing.signals.task import Champion, TaskSignals

Rows = Mapping[int, Sequence[Any]]

ABOUT_ANSWERS = frozenset({"agreement", "labels", "quiet", "answer_guideline"})
"""Signals for which answers are read with all that is known of them."""


def gather(conn: sa.Connection, project_id: int, control: Control, keys: Sequence[int], champion: Champion | None,
           guideline_version: int | None, *, names: Collection[str] = (), now: datetime | None = None,
           costs: Costs | None = None) -> list[TaskSignals]:
    """The signals of a control for these tasks (keys), in their order.

    `names` are the signals that the rules name: what costs more to read is read only then; `age` and `quiet` count
    from `now`, and `cost` is reckoned by `costs`. People are told by their submissions where a control is no single
    choice: it may be left empty, and a review of somebody's regions is no further look.
    """
    data = by_task(conn, sa.select(tasks.c.key.label("task"), tasks.c.data, tasks.c.created_at), tasks.c.key, keys)
    said = _answers(conn, control.name, keys, names)
    skips = _people(conn, schema.annotations.c.was_cancelled, keys)
    looked = {} if control.modelled else _people(conn, ~schema.annotations.c.was_cancelled, keys)
    agreed = consensus_rows.of_tasks(conn, keys, control.name)
    model = _predicted(conn, control.name, keys, champion, "regions" in names)
    alike = models_agree(conn, project_id, control.name, keys, champion, model) if (
        champion is not None and control.modelled and "models_agree" in names) else {}
    lessons = learning.taught(conn, control.name, keys)
    doubts = learning.doubted(conn, control.name, keys)
    more = _More(conn, control, keys, names, said, agreed, data, now, costs or Costs())
    found = []
    for key in keys:
        guess, people = (model.get(key) or [None])[0], agreed.get(key)
        found.append(TaskSignals(
            task=key, data=data[key][0].data if key in data else {},
            predicted=guess.label if guess else None, model_version=guess.version if guess else None,
            model=guess.probabilities if guess else {}, label=_label(people),
            posterior=people.probability if people else None, people=people.probabilities if people else {},
            labels=tuple(row.label for row in said.get(key, ())),
            submitted=None if control.modelled else len(looked.get(key, ())), skips=len(skips.get(key, ())),
            guideline_version=guideline_version, models_agree=alike.get(key),
            lesson=lessons.get(key), doubted=key in doubts, doubt=doubts.get(key, ""),
            regions=_regions(guess.value) if guess and "regions" in names else None, **more.of(key)))
    return found


class _More:
    """Signals that few rules name, read once for all tasks and only if they are named."""

    def __init__(self, conn: sa.Connection, control: Control, keys: Sequence[int], names: Collection[str],
                 said: Rows, agreed: Mapping[int, Consensus], data: Rows, now: datetime | None, costs: Costs) -> None:
        self._columns: dict[str, Mapping[int, Any]] = {}
        put = self._columns
        if "agreement" in names:
            put["agreement"] = sayings.agreement(control, said)
        if "interval_width" in names:
            put["interval_width"] = {key: sayings.interval_width(one.value) for key, one in agreed.items()}
        if "labels" in names:
            put["named"] = {key: sayings.named(control, said.get(key, ())) for key in keys}
        if "answer_guideline" in names:
            put["answer_guideline"] = {key: _oldest(rows) for key, rows in said.items()}
        if "age" in names and now is not None:
            put["age"] = {key: (now - rows[0].created_at).total_seconds() for key, rows in data.items()}
        if "quiet" in names and now is not None:
            put["quiet"] = {key: (now - max(row.answered_at for row in rows)).total_seconds()
                            for key, rows in said.items()}
        if "asked" in names:
            asked = by_task(conn, sa.select(assignments.c.task).where(assignments.c.state == "open"),
                            assignments.c.task, keys)
            put["asked"] = {key: len(asked.get(key, ())) for key in keys}
        if "state" in names:
            put["state"] = {key: rows[0].state for key, rows in
                            by_task(conn, sa.select(routes.c.task, routes.c.state), routes.c.task, keys).items()}
        if "seconds" in names or "cost" in names:
            both = spent(conn, keys, costs)
            put["seconds"] = {key: seconds for key, (seconds, _) in both.items()}
            put["cost"] = {key: money for key, (_, money) in both.items()}

    def of(self, key: int) -> dict[str, Any]:
        """Those of one task, as fields of `TaskSignals`."""
        return {name: column[key] for name, column in self._columns.items() if key in column}


def _label(people: Consensus | None) -> str | None:
    """The consensus label; none where people may differ and no label wins."""
    if people is None or (isinstance(people.value, Mapping) and "distribution" in people.value):
        return None
    return people.label


def _answers(conn: sa.Connection, control: str, keys: Sequence[int], names: Collection[str]) -> Rows:
    wanted = [answers.c.task, answers.c.label]
    if not ABOUT_ANSWERS.isdisjoint(names):
        wanted += [answers.c.annotator_id, answers.c.value, answers.c.review, answers.c.ground_truth,
                   answers.c.guideline_version, answers.c.answered_at]
    return by_task(conn, sa.select(*wanted).where(answers.c.control == control), answers.c.task, keys)


def _oldest(rows: Sequence[Any]) -> int | None:
    """The oldest guideline version; unknown if it is of any: that answer may be older still. Reviews have none."""
    versions = [row.guideline_version for row in rows if not row.review]
    return None if None in versions else min(versions, default=None)


def _predicted(conn: sa.Connection, control: str, keys: Sequence[int], champion: Champion | None,
               regions: bool) -> Rows:
    if champion is None:
        return {}
    wanted = [predictions.c.task, predictions.c.label, predictions.c.probabilities, predictions.c.version]
    return by_task(conn, sa.select(*wanted, *([predictions.c.value] if regions else [])).where(
        predictions.c.control == control, predictions.c.model == champion.model,
        predictions.c.version == champion.version), predictions.c.task, keys)


def _regions(value: Any) -> tuple[Mapping[str, Any], ...] | None:
    """What the champion marked; unknown where it predicts no regions."""
    if not isinstance(value, list):
        return None
    return tuple(region for region in value if isinstance(region, Mapping))


def _people(conn: sa.Connection, which: sa.ColumnElement[bool], keys: Sequence[int]) -> Rows:
    """The people who made such annotations of each task."""
    made = schema.annotations.c
    return by_task(conn, sa.select(made.task, made.annotator_id).distinct().join(
        annotators, sa.and_(annotators.c.id == made.annotator_id, annotators.c.kind == "person")).where(
        which, made.deleted_at.is_(None)), made.task, keys)
