"""The router's part in the sync loop: route what changed, then show it in Label Studio."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from cueloop import label_config, logs, settings
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, assignments, models, projects, schema
from cueloop.store.columns import now
from routing import context as contexts
from routing import found_thresholds
from routing.checking import pauses
from routing.deciding.seen import names as names_in
from routing.route import route
from routing.showing.publish import publish
from routing.thresholds import keep as thresholds

BACK = timedelta(seconds=30)
"""How far back a run looks for consensus and predictions written by others: their transactions take time."""

PASSING = ("at", "paused")
"""What is noted of a run that makes not every task worth a new look."""

Touches = dict[tuple[str, str, int], datetime]
"""{(table, control, task): when it was written}"""

_judged: WeakKeyDictionary[Store, dict[int, Touches]] = WeakKeyDictionary()
"""What this process has judged already of what `BACK` shows again and again; after a restart it judges it once more."""

log = logs.get(__name__)


def step(store: Store, client: LabelStudio, project_id: int, changed: Collection[int]) -> None:
    """Route the tasks (keys) that changed, everything when rules, model, guideline, found thresholds or
    people did; then publish.

    A project that is only observed is left alone.
    """
    thresholds.refresh(store, project_id)
    with store.read() as conn:
        project = projects.get(conn, project_id)
        if project.mode not in projects.LIVE:
            return
        seen = _seen(conn, project_id)
        since = project.routed or {}
        everything = {k: v for k, v in since.items() if k not in PASSING} != seen
        began, paused = now(), sorted(pauses.paused(conn, project_id))
        touched = _touched(conn, project_id, since["at"]) if "at" in since else {}
        judged = _judged.setdefault(store, {}).get(project_id, {})
        fresh = frozenset(task for (table, control, task), at in touched.items()
                          if judged.get((table, control, task)) != at)
        keys = None if everything else frozenset(changed) | fresh | _awake(conn, project_id, began) \
            | _held(conn, project_id, set(paused) - set(since.get("paused") or ()))
    made = route(store, project_id, keys)
    _judged[store][project_id] = touched
    with store.write() as conn:
        seen = _seen(conn, project_id) if project.rules_hash is None else seen    # the default rules came into force
        conn.execute(schema.projects.update().where(schema.projects.c.id == project_id)
                     .values(routed=seen | {"at": began.isoformat(), "paused": paused}))
    if made:
        log.info("routed", project=project_id, decisions=made, tasks="all" if keys is None else len(keys))
    publish(store, client, project_id, machine_token=settings.load().machine_token.get_secret_value())


def _seen(conn: sa.Connection, project_id: int) -> dict[str, Any]:
    """What every decision rests on: when any of it changes, all tasks are judged anew."""
    project = projects.get(conn, project_id)
    champion = models.champion(conn, project_id)
    people = schema.annotators
    named = frozenset().union(*names_in(contexts.in_force(conn, project_id)).values())
    found = found_thresholds.safe(conn, project_id) if any(name.startswith("found(") for name in named) else {}
    return {"rules": project.rules_hash, "guideline": project.guideline_version, "pilot": project.pilot,
            "config": project.label_config, "mode": project.mode,
            "team": conn.scalar(sa.select(schema.teams.c.hash).order_by(schema.teams.c.key.desc()).limit(1)),
            "found": {name: score for name, score in sorted(found.items()) if name in named},
            "model": f"{champion.name}@{champion.version}" if champion else None,
            "people": list(conn.scalars(sa.select(people.c.id).where(
                people.c.kind == "person", people.c.deleted_at.is_(None)).order_by(people.c.id)))}


def _touched(conn: sa.Connection, project_id: int, since: str) -> Touches:
    """Whose consensus, prediction or lesson was written since the last run, by whichever process."""
    moment = datetime.fromisoformat(since) - BACK
    config = label_config.parse(projects.get(conn, project_id).label_config)
    others = {name for name in names_in(contexts.in_force(conn, project_id)) if name}
    routed = [c.name for c in (config.judged if others else config.routed)]
    found: Touches = {}
    lessons = schema.lessons.c
    waiting = sa.exists().where(schema.routes.c.task == lessons.task, schema.routes.c.need > 0)   # their order changes
    named = any("lesson" in signals for signals in names_in(contexts.in_force(conn, project_id)).values())
    for table, column, which in (
            (schema.consensus, schema.consensus.c.updated_at, sa.true()),
            (schema.predictions, schema.predictions.c.created_at, sa.true()),
            (schema.lessons, lessons.updated_at, sa.true() if named else waiting)):
        for row in conn.execute(sa.select(table.c.task, table.c.control, column).where(
                table.c.project_id == project_id, table.c.control.in_(routed), column >= moment, which)):
            found[table.name, row[1], row[0]] = row[2]
    return found


def _awake(conn: sa.Connection, project_id: int, at: datetime) -> frozenset[int]:
    """Tasks at which the clock alone gives a reason to look."""
    table = schema.routes
    return frozenset(conn.scalars(sa.select(table.c.task).where(
        table.c.project_id == project_id, table.c.wake_at <= at)))


def _held(conn: sa.Connection, project_id: int, people: Collection[int]) -> frozenset[int]:
    """Tasks that these people, paused since, are being asked about."""
    if not people:
        return frozenset()
    return frozenset(a.task for a in assignments.open_of(conn, project_id) if a.annotator_id in people)
