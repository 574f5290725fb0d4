"""The router's part in the sync loop: route what changed, then show it in Label Studio."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cueloop import label_config, logs, settings
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, models, projects, schema
from cueloop.store.columns import now
from routing import found_thresholds
from routing.publish import publish
from routing.route import route
from routing.thresholds import keep as thresholds

BACK = timedelta(seconds=30)
"""How far back a run looks for consensus and predictions written by others: their transactions take time."""

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
        everything = {k: v for k, v in since.items() if k != "at"} != seen
        keys = None if everything else frozenset(changed) | _touched(conn, project_id, since["at"])
        began = now()
    made = route(store, project_id, keys)
    with store.write() as conn:
        seen = _seen(conn, project_id) if project.rules_hash is None else seen    # the default rules came into force
        conn.execute(schema.projects.update().where(schema.projects.c.id == project_id)
                     .values(routed=seen | {"at": began.isoformat()}))
    if made:
        log.info("routed", project=project_id, decisions=made, tasks="all" if keys is None else len(keys))
    publish(store, client, project_id, machine_token=settings.load().machine_token.get_secret_value())


def _seen(conn: sa.Connection, project_id: int) -> dict[str, Any]:
    """What every decision rests on: when any of it changes, all tasks are judged anew."""
    project = projects.get(conn, project_id)
    champion = models.champion(conn, project_id)
    people = schema.annotators
    return {"rules": project.rules_hash, "guideline": project.guideline_version, "pilot": project.pilot,
            "config": project.label_config, "mode": project.mode,
            "model": f"{champion.name}@{champion.version}" if champion else None,
            "found": dict(found_thresholds.safe(conn, project_id)),
            "people": list(conn.scalars(sa.select(people.c.id).where(
                people.c.kind == "person", people.c.deleted_at.is_(None)).order_by(people.c.id)))}


def _touched(conn: sa.Connection, project_id: int, since: str) -> frozenset[int]:
    """Tasks whose consensus or prediction was written since the last run, by whichever process."""
    moment = datetime.fromisoformat(since) - BACK
    routed = [c.name for c in label_config.parse(projects.get(conn, project_id).label_config).routed]
    found: set[int] = set()
    for table, column in ((schema.consensus, schema.consensus.c.updated_at),
                          (schema.predictions, schema.predictions.c.created_at)):
        found |= set(conn.scalars(sa.select(table.c.task).where(
            table.c.project_id == project_id, table.c.control.in_(routed), column >= moment)))
    return frozenset(found)

