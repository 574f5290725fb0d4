"""What the ML backend asks the store while it serves."""

from __future__ import annotations

import sqlalchemy as sa

from cueloop.errors import LabelConfigError, NotFound
from cueloop.label_config import parse
from cueloop.store import Store, models
from cueloop.store.schema import jobs, projects
from cueloop.types import LabelConfig

STATES = {"queued": "queued", "running": "started", "done": "finished", "failed": "failed",
          "cancelled": "canceled"}
"""Our word for a job's state -> the word that Label Studio knows from RQ."""


def config(store: Store, project_id: int | None) -> LabelConfig | None:
    """The label config of a project that is connected; None otherwise."""
    if project_id is None:
        return None
    with store.read() as conn:
        xml = conn.scalar(sa.select(projects.c.label_config).where(projects.c.id == project_id))
    try:
        return parse(xml) if xml else None
    except LabelConfigError:  # sync reports it
        return None


def model_name(store: Store, project_id: int | None) -> str | None:
    """The model of a project; without a project that of the only connected one, else none: never a guess."""
    with store.read() as conn:
        known = list(conn.scalars(sa.select(projects.c.id).where(projects.c.mode != "disconnected")))
        if project_id is None and len(known) == 1:
            project_id = known[0]
        return models.name_for(conn, project_id) if project_id in known and project_id is not None else None


def models_by_project(store: Store) -> dict[int | None, str]:
    """{project: name of its model} of all connected projects."""
    with store.read() as conn:
        known = conn.scalars(sa.select(projects.c.id).where(projects.c.mode != "disconnected").order_by(projects.c.id))
        return {number: models.name_for(conn, number) for number in known.all()}


def model_names(store: Store) -> list[str]:
    """The models of all connected projects."""
    return list(dict.fromkeys(models_by_project(store).values()))


def known_project(store: Store, project_id: int | None) -> int:
    """The project if it is connected, or the only one if none is named. Raises NotFound."""
    with store.read() as conn:
        known = list(conn.scalars(sa.select(projects.c.id).where(projects.c.mode != "disconnected")))
    if project_id in known and project_id is not None:
        return project_id
    if project_id is None and len(known) == 1:
        return int(known[0])
    raise NotFound("This project is not connected: run `cueloop connect --project ID`.")


def versions(store: Store, model: str | None, project_id: int | None) -> list[str]:
    """Version strings, newest first: of the model named, or of a project's; without both, of all connected projects'.

    Label Studio asks without naming a project.
    """
    if model:
        names = [model.partition("@")[0]]
    elif project_id is not None:
        names = [name] if (name := model_name(store, project_id)) else []
    else:
        names = model_names(store)
    with store.read() as conn:
        found = [version for name in names for version in models.versions(conn, name)]
    return list(dict.fromkeys(v.version for v in sorted(found, key=lambda v: v.created_at, reverse=True)))


def newest_job(store: Store, kind: str, project_id: int) -> int | None:
    """Key of the newest job of a kind."""
    with store.read() as conn:
        key: int | None = conn.scalar(sa.select(sa.func.max(jobs.c.key)).where(
            jobs.c.kind == kind, jobs.c.project_id == project_id))
    return key


def job_state(store: Store, key: object) -> str | None:
    """State of the job with that key (a string of digits), in RQ's words; None if there is none."""
    if not isinstance(key, str) or not (key.isascii() and key.isdecimal()) or len(key) > 18:
        return None
    with store.read() as conn:
        state = conn.scalar(sa.select(jobs.c.state).where(jobs.c.key == int(key)))
    return STATES.get(state) if state else None
