"""Versions of a team's class that no training makes: the first one, without files, so that what needs no training
serves at once; and one for each edit of the file, because another file answers otherwise.
"""

from __future__ import annotations

import json
import sys

import sqlalchemy as sa

from cueloop import __version__
from cueloop.settings import Settings
from cueloop.store import Store, models
from cueloop.store.models import ModelVersion
from cueloop.store.schema import projects
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.compat.author import Author
from ml_backend.compat.generation import generation, trains
from ml_backend.compat.version import KIND

MARK = "cueloop-class.json"
"""The only file of a first version."""


def begin(store: Store, settings: Settings, model: str | None, *, actor: str) -> str | None:
    """See that the class serves: under `model`, else as each connected project's own model.

    Without a project and a name it is called like the class. What an admin put in service since stays. Returns the
    name that answers for every project, None when each project has its own. Raises ModelError.
    """
    author = Author.of(settings.ml_class)
    found = author.load()
    artifacts = Artifacts(settings.artifacts)
    own = {} if model else _projects(store)
    if own:
        for project_id, name in own.items():
            first(store, artifacts, author, found, name, project_id, actor=actor)
        return None
    name = (model or found.__name__).partition("@")[0]
    first(store, artifacts, author, found, name, None, actor=actor)
    with store.write() as conn:  # the button and the sync loop train what serves
        conn.execute(projects.update().where(projects.c.mode != "disconnected", projects.c.model.is_(None))
                     .values(model=name))
    return model or name


def first(
    store: Store, artifacts: Artifacts, author: Author, found: type, name: str, project_id: int | None, *, actor: str,
) -> ModelVersion | None:
    """Register and promote the first version of a model, or one for a file that was edited since the version in
    service. Returns it; None where neither is needed.
    """
    if known(store, name):
        return _edited(store, artifacts, author, name, actor=actor)
    card = {"class": str(author), "code": author.print_(), "generation": generation(found), "trains": trains(found),
            "controls": {}, "skipped": {}, "labelled": {}, "parent": None,
            "gate": {"promoted": True, "reason": "first version"},
            "libraries": {"cueloop": __version__, "python": sys.version.split()[0]}}
    mark = json.dumps({"class": str(author), "model": name}).encode()
    version = registry.keep(store, artifacts, {MARK: mark}, card, name=name, kind=KIND, project_id=project_id)
    registry.promote(store, version, actor=actor, reason="cannot be judged: nothing is trained yet")
    return version


def _edited(store: Store, artifacts: Artifacts, author: Author, name: str, *, actor: str) -> ModelVersion | None:
    """The trained files that are in service, as a version of the class's file as it is now."""
    with store.read() as conn:
        before = models.get(conn, name, models.aliases_of(conn, name).get(registry.CHAMPION, ""))
    if before is None or before.kind != KIND or before.card.get("code") == author.print_():
        return None
    reason = f"{author} was edited: the same files, other code"
    card = before.card | {"class": str(author), "code": author.print_(), "parent": before.version,
                          "gate": {"promoted": True, "reason": reason}}
    version = registry.keep(store, artifacts, artifacts.read(before.path, before.sha256), card, name=name, kind=KIND,
                            project_id=before.project_id)
    with store.read() as conn:
        pinned = registry.pinned(conn, name) == before.version
    if pinned:      # who edits the file that is in service is a person: the pin goes along
        registry.pin(store, version, actor=actor, reason=reason)
    else:
        registry.promote(store, version, actor=actor, reason=reason, instead_of=before.version)
    return version


def known(store: Store, name: str) -> bool:
    """Whether a model has a version of this kind."""
    with store.read() as conn:
        return any(version.kind == KIND for version in models.versions(conn, name))


def _projects(store: Store) -> dict[int, str]:
    """{project: its model's name} of those connected."""
    with store.read() as conn:
        numbers = conn.scalars(sa.select(projects.c.id).where(projects.c.mode != "disconnected")).all()
        return {number: models.name_for(conn, number) for number in numbers}
