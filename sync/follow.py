"""Follows Label Studio in what is not a task: the project's title and label config, and who its users are."""

from __future__ import annotations

from cueloop import logs
from cueloop.errors import LabelConfigError
from cueloop.label_config import parse
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, annotators, projects
from cueloop.store.columns import now
from sync import answers

log = logs.get(__name__)


def project(store: Store, client: LabelStudio, project_id: int) -> frozenset[int]:
    """Take over a new title or label config. With a new config what counts as an answer is derived again, and the
    keys of the tasks are returned. One that cannot be read is not taken over.
    """
    row = client.project(project_id)
    title, config = str(row.get("title") or ""), str(row.get("label_config") or "")
    with store.read() as conn:
        known = projects.get(conn, project_id)
    if (title, config) == (known.title, known.label_config):
        return frozenset()
    try:
        parse(config)
    except LabelConfigError as error:
        log.warning("label config not taken over", project=project_id, why=str(error))
        return frozenset()
    with store.write() as conn:
        projects.describe(conn, project_id, title=title, label_config=config)
        changed = answers.rebuild_project(conn, project_id) if config != known.label_config else frozenset()
        projects.note_changes(conn, project_id, changed)
    return changed


def people(store: Store, client: LabelStudio) -> None:
    """Learn of new users and of deleted ones."""
    users = client.users()
    with store.write() as conn:
        annotators.put(conn, users)
        annotators.mark_deleted(conn, {int(user["id"]) for user in users}, now())
