"""Starts a project with the model of another one: the same version under a name of its own, so that each goes on alone.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from cueloop import audit
from cueloop.errors import Conflict, LabelConfigError, NotFound
from cueloop.label_config import parse
from cueloop.store import Store, models, projects
from cueloop.store.models import ModelVersion
from cueloop.store.projects import Project
from ml_backend.bundle import paired
from ml_backend.registry import CHAMPION, Loaded

ACTOR = "Label Studio"
BY_TASK = "elsewhere"
"""Kind of versions that are answers to the tasks of one project."""
FROM = "copied_from"
"""Entry of the card of a copy: NAME@VERSION that it was copied from."""


def copy(store: Store, loaded: Loaded | None, source: int, target: int) -> ModelVersion:
    """Put the version that answers for `source` in service for `target`. Called twice it does nothing more.

    Files are shared, rows are not: what either project learns later is its own. Raises NotFound when one of them is
    not connected or there is no model to copy; Conflict when `target` has a model or asks for other labels.
    """
    with store.write() as conn:
        store.lock(conn, f"model of project {target}")
        origin_project = _connected(conn, source)
        project = _connected(conn, target)
        if loaded is None:
            raise NotFound(f"Project {source} has no model to copy: train it first.")
        name, origin = models.name_for(conn, target), loaded.version
        own = models.aliases_of(conn, name).get(CHAMPION)
        if name == origin.name and own == origin.version:
            return origin
        if own is not None or project.model or models.versions(conn, name):
            known = models.get(conn, name, own) if own else None
            if known and known.card.get(FROM) == f"{origin.name}@{origin.version}":
                return known
            raise Conflict(f"Project {target} has a model of its own, {name}: it keeps it.")
        _check_labels(loaded, origin_project, project)
        version = replace(origin, name=name, project_id=None,
                          card=origin.card | {FROM: f"{origin.name}@{origin.version}"})
        models.insert(conn, version)
        models.set_alias(conn, name, CHAMPION, version.version)
        audit.record(conn, ACTOR, "model copied", f"{name}@{version.version}",
                     {"from": f"{origin.name}@{origin.version}", "project_src": source, "project_dst": target})
    return version


def _connected(conn: sa.Connection, number: int) -> Project:
    project = projects.get(conn, number)
    if project.mode == "disconnected":
        raise NotFound(f"Project {number} is not connected: run `cueloop connect --project {number}`.")
    return project


def _check_labels(loaded: Loaded, origin: Project, project: Project) -> None:
    """Raises Conflict where the model could answer nothing.

    Models of ours tell which labels they know; of others we know those of the project that they answer for.
    """
    if loaded.version.kind == BY_TASK:
        raise Conflict(f"{loaded.version.name} says only what was pushed about the tasks of project {origin.id}: push "
                       f"predictions for project {project.id}.")
    try:
        wanted, known = parse(project.label_config), parse(origin.label_config)
    except LabelConfigError as error:
        raise Conflict(str(error)) from None
    common = paired(loaded.bundle, wanted.modelled) if loaded.other is None else [
        one for one in wanted.controls for other in known.controls
        if (one.name, one.type) == (other.name, other.type) and set(one.labels) & set(other.labels)]
    if not common:
        raise Conflict(f"Project {project.id} asks for other labels than {loaded.version.name} knows: it could answer "
                       "nothing.")
