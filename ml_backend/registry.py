"""Model versions: kept for good, named by aliases, put in service and taken back in one transaction.

The files come first, the row last: a crash between them leaves files that nobody refers to, never a version
without files. What a person pinned no machine replaces.
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
from ml_backend.artifacts import BLOBS, Artifacts
from ml_backend.bundle import Bundle
from ml_backend.versions import history
from ml_backend.versions.content import Content, sha256
from ml_backend.versions.made_by import made_by

CHAMPION, CHALLENGER, PREVIOUS = models.CHAMPION, models.CHALLENGER, models.PREVIOUS
SHADOW, PINNED = models.SHADOW, models.PINNED
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a model may be called."""
LOCK = "artifacts"
"""Name of the lock under which contents become needed, and are removed because nobody needs them."""
ATTEMPTS = 3
"""Times that files are written once more because somebody removed them before the version was there to need them."""


class Pinned(ModelError):
    """Raised when a machine would replace a version that a person pinned."""


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
    models.OWN_CLASS: "ml_backend.compat.version:load",
    models.ELSEWHERE: "ml_backend.elsewhere.version:load",
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
    store: Store, artifacts: Artifacts, files: Mapping[str, Content], card: dict[str, Any], *, name: str, kind: str,
    project_id: int | None = None,
) -> ModelVersion:
    """Keep the files of a new version of any kind, as the challenger. See `save`; big files are given as paths."""
    if not NAME.fullmatch(name):
        raise ModelError(f"{name!r} cannot be a model's name: use letters, digits, dots, dashes and underscores.")
    created, card = now(), card | {"made_by": made_by()}
    for _ in range(ATTEMPTS):
        hashes = artifacts.write(files)
        print_ = sha256(repr((sorted(hashes.items()), created.isoformat())).encode())
        found = ModelVersion(name=name, version=f"{created:%Y%m%d-%H%M%S}-{print_[:6]}", project_id=project_id,
                             kind=kind, path=BLOBS, sha256=hashes, card=card, created_at=created)
        with store.write() as conn:
            store.lock(conn, f"aliases {name}")
            store.lock(conn, LOCK)      # whoever removes contents holds it: they are there, and now they are needed
            if not artifacts.missing(hashes.values()):
                models.insert(conn, found)
                models.set_alias(conn, name, CHALLENGER, found.version)
                return found
    raise ModelError(f"The files of model {name} vanish while they are kept: does another program remove them from "
                     "the place that CUELOOP_ARTIFACTS_URL names?")


def resolve(conn: sa.Connection, reference: str) -> ModelVersion:
    """The version meant by NAME (its champion), NAME@ALIAS or NAME@VERSION. Raises NotFound that lists what is."""
    name, _, which = reference.partition("@")
    which = which or CHAMPION
    aliases = models.aliases_of(conn, name)
    found = models.get(conn, name, aliases.get(which, which))
    if found is not None:
        return found
    known = [v.version for v in models.versions(conn, name) if v.deleted_at is None]
    if not known:
        names = sorted({v.name for v in models.versions(conn) if v.deleted_at is None})
        raise NotFound(f"There is no model {name!r}. Models: {', '.join(names) or 'none yet, train one'}.")
    listed = ", ".join([*sorted(aliases), *known[:5]])
    raise NotFound(f"Model {name!r} has no {which!r}. It has: {listed}.")


def load(artifacts: Artifacts, version: ModelVersion, store: Store | None = None) -> Loaded:
    """Read a version's model; every file is checked against its hash first, and none holds code. Raises ModelError,
    also for a version that was deleted, and for one that what is installed cannot answer with.

    `store` is what models that are not ours may need to answer; a process that serves gives it.
    """
    from ml_backend.bundle import INDEX

    alive(version)
    if version.kind in LOADERS:
        module, _, function = LOADERS[version.kind].partition(":")
        return Loaded(version, Bundle(()), getattr(import_module(module), function)(artifacts, version, store))
    needed = {name: hash_ for name, hash_ in version.sha256.items() if name == INDEX or name.startswith("head-")}
    files = artifacts.read(version.path, needed)
    try:
        return Loaded(version, Bundle.from_files(files))
    except ModelError as error:     # often what was asked for is another version, and this one serves
        raise ModelError(f"{version.name}@{version.version}: {error}") from error


def promote(
    store: Store, version: ModelVersion, *, actor: str, reason: str, instead_of: str | None = None,
    for_project: bool = False, unpin: bool = False,
) -> str | None:
    """Put a version in service. Returns the version of this model that was in service before.

    `for_project`: the model becomes the one that serves the version's project, whichever did.

    `instead_of`: the champion that the gate compared with ("" for none); raises ModelError when another one was
    put in service meanwhile. None does not ask.

    `unpin`: a person wants it, so a pinned version goes, and its pin. Without it raises Pinned.
    """
    with store.write() as conn:
        store.lock(conn, f"aliases {version.name}")
        alive(models.get(conn, version.name, version.version) or version)
        before = models.aliases_of(conn, version.name).get(CHAMPION)
        if instead_of is not None and (before or "") != instead_of:
            raise ModelError(f"Model {version.name}: {before or 'no version'} is in service now, the comparison was "
                             f"with {instead_of or 'none'}. Train again.")
        _serve(conn, version, before, actor, history.PROMOTED, reason, unpin=unpin)
        if for_project and version.project_id is not None:
            _for_project(conn, version, actor, reason, unpin=unpin)
    return before


def rollback(
    store: Store, name: str, *, actor: str, reason: str = "", unpin: bool = False, instead_of: str | None = None,
) -> ModelVersion:
    """Put the version back in service that served before; again, and it is the one before that.

    What was rolled back from does not come back by a rollback. Raises NotFound when there is none left, Pinned as
    `promote`, and ModelError when another version than `instead_of` is in service by now.
    """
    with store.write() as conn:
        store.lock(conn, f"aliases {name}")
        current = models.aliases_of(conn, name).get(CHAMPION)
        if instead_of is not None and current != instead_of:
            raise ModelError(f"Model {name}: {current or 'no version'} is in service now, not {instead_of}.")
        target = next(history.before(conn, name), None)
        if target is None:
            if current is None:
                resolve(conn, name)     # says what there is
            raise NotFound(f"Model {name!r} has no previous version to go back to: of those that served before "
                           f"{current} none is left. `cueloop models promote {name}@VERSION` puts another in service.")
        _serve(conn, target, current, actor, history.ROLLED_BACK, reason, unpin=unpin)
    return target


def pin(store: Store, version: ModelVersion, *, actor: str, reason: str = "") -> str | None:
    """Put a version in service, for its project too, and let no gate, trigger or automatic rollback replace it.

    Returns the version of this model that was in service before.
    """
    with store.write() as conn:
        store.lock(conn, f"aliases {version.name}")
        alive(models.get(conn, version.name, version.version) or version)
        before = models.aliases_of(conn, version.name).get(CHAMPION)
        _serve(conn, version, before, actor, history.PROMOTED, reason, unpin=True)
        if version.project_id is not None:
            _for_project(conn, version, actor, reason, unpin=True)
        if pinned(conn, version.name) != version.version:
            models.set_alias(conn, version.name, PINNED, version.version)
            audit.record(conn, actor, "model pinned", f"{version.name}@{version.version}", {"reason": reason})
    return before


def unpin(store: Store, name: str, *, actor: str, reason: str = "") -> str | None:
    """Let gates replace the champion again. Returns the version that was pinned; None: none was."""
    with store.write() as conn:
        store.lock(conn, f"aliases {name}")
        found = pinned(conn, name)
        if found is not None:
            _unpin(conn, name, actor, reason)
    return found


def pinned(conn: sa.Connection, name: str) -> str | None:
    """The version of a model that a person pinned; None: machines may replace the champion."""
    return models.aliases_of(conn, name).get(PINNED)


def refuse(store: Store, version: ModelVersion, *, actor: str, reason: str) -> None:
    """Write down that the gate refused a version. It stays the challenger."""
    with store.write() as conn:
        audit.record(conn, actor, "model refused", f"{version.name}@{version.version}", {"reason": reason})


def alive(version: ModelVersion) -> None:
    """Raises ModelError for a version that was deleted."""
    if version.deleted_at is not None:
        raise ModelError(f"{version.name}@{version.version} was deleted on {version.deleted_at:%Y-%m-%d}: its card is "
                         "left, its files are not. Choose another version (`cueloop models list`), or train again.")


def _serve(
    conn: sa.Connection, version: ModelVersion, before: str | None, actor: str, action: str, reason: str, *,
    unpin: bool,
) -> None:
    if before == version.version:
        return
    _release(conn, version.name, actor, reason, unpin=unpin)
    models.set_alias(conn, version.name, CHAMPION, version.version)
    aliases = models.aliases_of(conn, version.name)
    for alias in (CHALLENGER, SHADOW):
        if aliases.get(alias) == version.version:
            models.set_alias(conn, version.name, alias, None)
    if version.project_id is not None:
        conn.execute(projects.update().where(projects.c.id == version.project_id, projects.c.model.is_(None))
                     .values(model=version.name))
    audit.record(conn, actor, action, f"{version.name}@{version.version}", {"instead_of": before, "reason": reason})
    next_back = next(history.before(conn, version.name), None)
    models.set_alias(conn, version.name, PREVIOUS, next_back.version if next_back else None)


def _for_project(conn: sa.Connection, version: ModelVersion, actor: str, reason: str, *, unpin: bool) -> None:
    assert version.project_id is not None
    before = models.name_for(conn, version.project_id)
    if before == version.name:
        return
    _release(conn, before, actor, reason, unpin=unpin)
    conn.execute(projects.update().where(projects.c.id == version.project_id).values(model=version.name))
    audit.record(conn, actor, "project's model changed", f"project {version.project_id}",
                 {"model": version.name, "instead_of": before, "reason": reason})


def _release(conn: sa.Connection, name: str, actor: str, reason: str, *, unpin: bool) -> None:
    """The champion of a model is about to be replaced. Raises Pinned where only a person may."""
    found = pinned(conn, name)
    if found is None:
        return
    if not unpin:
        raise Pinned(f"{name}@{found} is pinned: it stays in service until a person takes the pin off with "
                     f"`cueloop models unpin {name}`, or puts another version in service.")
    _unpin(conn, name, actor, reason)


def _unpin(conn: sa.Connection, name: str, actor: str, reason: str) -> None:
    audit.record(conn, actor, "model unpinned", f"{name}@{pinned(conn, name)}", {"reason": reason})
    models.set_alias(conn, name, PINNED, None)
