"""Keeps blind tasks blind: takes our own predictions from tasks that were drawn for the audit after the push."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cueloop import logs
from cueloop.errors import NotFound
from cueloop.label_studio import LabelStudio
from cueloop.store import Store
from cueloop.store.predictions import ALTERNATIVE, STANDING
from cueloop.store.schema import assignments, predictions, tasks
from cueloop.store.upsert import chunks

AT_ONCE = 20
"""Tasks cleared in one call: two requests each."""

log = logs.get(__name__)


def clear_blind(store: Store, client: LabelStudio, project_id: int) -> int:
    """Delete our predictions of blind, unfinished tasks in Label Studio; from how many tasks.

    Somebody else's predictions stay: they are not ours to delete. What an annotator saw on such a task is known
    from `annotations.seen_suggestion`.
    """
    with store.read() as conn:
        spoilt = _pushed(conn, project_id)[:AT_ONCE]
    for _key, task_id, versions in spoilt:
        for row in client.predictions(project_id, task_id):
            if str(row.get("model_version")).removesuffix(ALTERNATIVE) in versions:
                _delete(client, int(row["id"]))
    if spoilt:
        with store.write() as conn:
            for keys in chunks([key for key, _, _ in spoilt]):
                conn.execute(predictions.update().where(predictions.c.task.in_(keys))
                             .values(pushed_at=None, sent_at=None))
        log.info("took predictions from blind tasks", project=project_id, tasks=len(spoilt))
    return len(spoilt)


def shown(conn: sa.Connection, project_id: int) -> frozenset[int]:
    """Blind tasks (keys) that still carry a prediction of ours: they must not be opened yet."""
    return frozenset(key for key, _, _ in _pushed(conn, project_id))


def _pushed(conn: sa.Connection, project_id: int) -> Sequence[tuple[int, int, frozenset[str]]]:
    """(key, id, versions pushed) of blind tasks that carry a prediction of ours and are not finished, or about to be
    opened for somebody; those first.
    """
    open_now = sa.select(assignments.c.key).where(assignments.c.task == tasks.c.key,
                                                  assignments.c.state == "open").exists()
    rows = conn.execute(sa.select(tasks.c.key, tasks.c.id, predictions.c.version).join(
        predictions, predictions.c.task == tasks.c.key).where(
        tasks.c.project_id == project_id, tasks.c.blind, tasks.c.deleted_at.is_(None),
        sa.or_(tasks.c.is_labeled.is_not(sa.true()), open_now), STANDING
        ).order_by(sa.not_(open_now), tasks.c.key)).all()
    found: dict[tuple[int, int], set[str]] = {}
    for row in rows:
        found.setdefault((row.key, row.id), set()).add(row.version)
    return [(key, number, frozenset(versions)) for (key, number), versions in found.items()]


def _delete(client: LabelStudio, prediction_id: int) -> None:
    try:
        client.delete_prediction(prediction_id)
    except NotFound:
        log.info("prediction was gone already", prediction=prediction_id)
