"""Model versions: kept for good, named by aliases, put in service and taken back in one transaction.

The files come first, the row last: a crash between them leaves files that nobody refers to, never a version
without files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import sqlalchemy as sa

from cueloop import audit
from cueloop.errors import ModelError, NotFound
from cueloop.store import Store, models
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from cueloop.store.schema import projects
from ml_backend.answering.heads import Heads
from ml_backend.answering.proposal import Answering
from ml_backend.artifacts import Artifacts, sha256
from ml_backend.bundle import Bundle

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
"""In service; trained last and not in service; in service before."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a model may be called: it becomes a folder's name."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version with its model in memory."""

    version: ModelVersion
    bundle: Bundle
    """Its heads; none where the model is not of ours."""
    other: Answering | None = None
    """What answers where the model is not of ours."""

    @property
    def answering(self) -> Answering:
        """What tasks are put to."""
        return self.other or Heads(self.bundle)


LOADERS: dict[str, str] = {
    "label-studio-ml": "ml_backend.compat.version:load",
    "elsewhere": "ml_backend.elsewhere.version:load",
}
"""Kind of a version that is no bundle of heads -> `module:function` that loads it (artifacts, version, store)."""


def save(
    store: Store, artifacts: Artifacts, bundle: Bundle, card: dict[str, Any], *, name: str, kind: str,
    project_id: int | None = None, extra: dict[str, bytes] | None = None,
) -> ModelVersion:
    """Keep a new version, as the challenger. `extra` files are kept with it and not needed for serving.

    Raises ModelError for a name that could not be a folder.
    """
    return keep(store, artifacts, bundle.to_files() | (extra or {}), card, name=name, kind=kind, project_id=project_id)


def keep(
    store: Store, artifacts: Artifacts, files: Mapping[str, bytes], card: dict[str, Any], *, name: str, kind: str,
    project_id: int | None = None,
) -> ModelVersion:
    """Keep the files of a new version of any kind, as the challenger. See `save`."""
    if not NAME.fullmatch(name):
        raise ModelError(f"{name!r} cannot be a model's name: use letters, digits, dots, dashes and underscores.")
    created = now()
    print_ = sha256(b"".join(files[key] for key in sorted(files)) + created.isoformat().encode())
    version = f"{created:%Y%m%d-%H%M%S}-{print_[:6]}"
    path = f"models/{name}/{version}"
    found = ModelVersion(name=name, version=version, project_id=project_id, kind=kind, path=path,
                         sha256=artifacts.write(path, files), card=card, created_at=created)
    with store.write() as conn:
        models.insert(conn, found)
        models.set_alias(conn, name, CHALLENGER, version)
    return found


def resolve(conn: sa.Connection, reference: str) -> ModelVersion:
    """The version meant by NAME (its champion), NAME@ALIAS or NAME@VERSION. Raises NotFound that lists what is."""
    name, _, which = reference.partition("@")
    which = which or CHAMPION
    aliases = models.aliases_of(conn, name)
    found = models.get(conn, name, aliases.get(which, which))
    if found is not None:
        return found
    known = [v.version for v in models.versions(conn, name)]
    if not known:
        names = sorted({v.name for v in models.versions(conn)})
        raise NotFound(f"There is no model {name!r}. Models: {', '.join(names) or 'none yet, train one'}.")
    listed = ", ".join([*sorted(aliases), *known[:5]])
    raise NotFound(f"Model {name!r} has no {which!r}. It has: {listed}.")


def load(artifacts: Artifacts, version: ModelVersion, store: Store | None = None) -> Loaded:
    """Read a version's model; every file is checked against its hash first. Raises ModelError.

    `store` is what models that are not ours may need to answer; a process that serves gives it.
    """
    from ml_backend.bundle import INDEX

    if version.kind in LOADERS:
        module, _, function = LOADERS[version.kind].partition(":")
        return Loaded(version, Bundle(()), getattr(import_module(module), function)(artifacts, version, store))
    needed = {name: hash_ for name, hash_ in version.sha256.items() if name == INDEX or name.startswith("head-")}
    return Loaded(version, Bundle.from_files(artifacts.read(version.path, needed)))


def promote(
    store: Store, version: ModelVersion, *, actor: str, reason: str, instead_of: str | None = None,
    for_project: bool = False,
) -> str | None:
    """Put a version in service. Returns the version of this model that was in service before.

    `for_project`: the model becomes the one that serves the version's project, whichever did.

    `instead_of`: the champion that the gate compared with ("" for none); raises ModelError when another one was
    put in service meanwhile. None does not ask.
    """
    with store.write() as conn:
        store.lock(conn, f"aliases {version.name}")
        before = models.aliases_of(conn, version.name).get(CHAMPION)
        if instead_of is not None and (before or "") != instead_of:
            raise ModelError(f"Model {version.name}: {before or 'no version'} is in service now, the comparison was "
                             f"with {instead_of or 'none'}. Train again.")
        _serve(conn, version, before, actor, "promoted", reason)
        if for_project and version.project_id is not None:
            _for_project(conn, version, actor, reason)
    return before


def rollback(store: Store, name: str, *, actor: str, reason: str = "") -> ModelVersion:
    """Put the previous version of a model back in service. Raises NotFound when there is none."""
    with store.write() as conn:
        store.lock(conn, f"aliases {name}")
        previous = resolve(conn, f"{name}@{PREVIOUS}")
        before = models.aliases_of(conn, name).get(CHAMPION)
        _serve(conn, previous, before, actor, "rolled back", reason)
    return previous


def refuse(store: Store, version: ModelVersion, *, actor: str, reason: str) -> None:
    """Write down that the gate refused a version. It stays the challenger."""
    with store.write() as conn:
        audit.record(conn, actor, "model refused", f"{version.name}@{version.version}", {"reason": reason})


def _serve(
    conn: sa.Connection, version: ModelVersion, before: str | None, actor: str, action: str, reason: str,
) -> None:
    if before == version.version:
        return
    models.set_alias(conn, version.name, CHAMPION, version.version)
    models.set_alias(conn, version.name, PREVIOUS, before)
    if models.aliases_of(conn, version.name).get(CHALLENGER) == version.version:
        models.set_alias(conn, version.name, CHALLENGER, None)
    if version.project_id is not None:
        conn.execute(projects.update().where(projects.c.id == version.project_id, projects.c.model.is_(None))
                     .values(model=version.name))
    audit.record(conn, actor, f"model {action}", f"{version.name}@{version.version}",
                 {"instead_of": before, "reason": reason})


def _for_project(conn: sa.Connection, version: ModelVersion, actor: str, reason: str) -> None:
    assert version.project_id is not None
    before = models.name_for(conn, version.project_id)
    if before == version.name:
        return
    conn.execute(projects.update().where(projects.c.id == version.project_id).values(model=version.name))
    audit.record(conn, actor, "project's model changed", f"project {version.project_id}",
                 {"model": version.name, "instead_of": before, "reason": reason})
