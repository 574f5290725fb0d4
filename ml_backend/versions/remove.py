"""Deletes versions: the row says so first, then contents go that no version needs any more.

A process that dies in between leaves contents that nobody needs; the next deletion takes them along. A version that is
being written at the same moment is safe: contents become needed, and are removed, under one lock (`registry.LOCK`), and
whoever needs a content looks under that lock whether it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cueloop import audit
from cueloop.errors import ModelError
from cueloop.store import Store, models
from cueloop.store.models import ELSEWHERE, ModelVersion
from cueloop.store.schema import model_versions
from ml_backend import registry
from ml_backend.artifacts import BLOBS, Artifacts
from ml_backend.versions.needed import needed


@dataclass(frozen=True, slots=True)
class Removed:
    """What a deletion took away, or would take."""

    versions: tuple[ModelVersion, ...]
    contents: int
    bytes: int
    """Of those contents; folders of old versions are not counted."""


def delete(store: Store, artifacts: Artifacts, version: ModelVersion, *, actor: str, reason: str = "") -> Removed:
    """Delete one version. Its row stays, with its card. Calling again finishes what was left.

    Raises ModelError that says why when something needs it.
    """
    with store.write() as conn:
        store.lock(conn, f"aliases {version.name}")
        why = needed(conn, version.name).get(version.version)
        if why is not None:
            raise ModelError(f"{version.name}@{version.version} is needed ({why}): it is not deleted. Put another "
                             "version in service first, or unpin it.")
        fresh = _mark(conn, version, actor, reason)
    contents, size = sweep(store, artifacts)
    return Removed((version,) if fresh else (), contents, size)


def prune(
    store: Store, artifacts: Artifacts, name: str | None, *, keep: int, actor: str, dry_run: bool = False,
) -> Removed:
    """Delete the versions of a model, or of all, that are not among its `keep` newest and that nothing needs.

    Pushed versions stay: they have no files. A dry run says what would go.
    """
    with store.read() as conn:
        names = sorted({v.name for v in models.versions(conn, name)})
        going = tuple(v for one in names for v in superfluous(conn, one, keep))
        if dry_run:
            left = _needed_without(conn, going)
            sizes = {h: size for h, size in artifacts.contents().items() if h in _unneeded(conn, going) - left}
            return Removed(going, len(sizes), sum(sizes.values()))
    gone = []
    for version in going:
        with store.write() as conn:
            store.lock(conn, f"aliases {version.name}")
            if version.version not in needed(conn, version.name) and _mark(conn, version, actor, f"keep {keep}"):
                gone.append(version)
    contents, size = sweep(store, artifacts)
    return Removed(tuple(gone), contents, size)


def superfluous(conn: sa.Connection, name: str, keep: int) -> list[ModelVersion]:
    """The versions of a model that `prune` takes, oldest first."""
    stay = needed(conn, name)
    living = [v for v in models.versions(conn, name) if v.deleted_at is None and v.kind != ELSEWHERE]
    return [v for v in living[keep:] if v.version not in stay][::-1]


def sweep(
    store: Store, artifacts: Artifacts, between: Callable[[], None] = lambda: None,
) -> tuple[int, int]:
    """Remove the contents of deleted versions that no version needs any more: how many, and their bytes.

    What no version of this store ever listed stays: another store may keep its versions in the same place. `between`
    is called after the choice and before the removal, for tests.
    """
    with store.read() as conn:
        candidates = _unneeded(conn) - models.needed_contents(conn)
        old = conn.execute(sa.select(model_versions.c.name, model_versions.c.version, model_versions.c.path).where(
            model_versions.c.deleted_at.is_not(None), model_versions.c.path.not_in([BLOBS, ""]))).all()
        # a row that was altered to name another folder, e.g. that of all models, takes nothing along
        folders = [row.path for row in old if row.path == f"models/{row.name}/{row.version}"]
    there = artifacts.contents()
    sizes = {hash_: there[hash_] for hash_ in sorted(candidates & there.keys())}
    between()
    count = size = 0
    for hash_, bytes_ in sizes.items():
        with store.write() as conn:
            store.lock(conn, registry.LOCK)
            if hash_ in models.needed_contents(conn):       # a version that was written meanwhile needs it
                continue
            artifacts.remove(hash_)
        count, size = count + 1, size + bytes_
    for folder in folders:
        artifacts.remove_folder(folder)
    return count, size


def _mark(conn: sa.Connection, version: ModelVersion, actor: str, reason: str) -> bool:
    found = models.get(conn, version.name, version.version)
    if found is None or found.deleted_at is not None:
        return False
    models.delete(conn, version.name, version.version)
    audit.record(conn, actor, "model deleted", f"{version.name}@{version.version}", {"reason": reason})
    return True


def _unneeded(conn: sa.Connection, going: Sequence[ModelVersion] = ()) -> set[str]:
    """SHA-256 of the files of versions that were deleted, or are about to be."""
    rows = conn.scalars(sa.select(model_versions.c.sha256).where(model_versions.c.deleted_at.is_not(None)))
    return {hash_ for hashes in (*rows, *(v.sha256 for v in going)) for hash_ in hashes.values()}


def _needed_without(conn: sa.Connection, going: Sequence[ModelVersion]) -> set[str]:
    gone = {(v.name, v.version) for v in going}
    return {hash_ for v in models.versions(conn) if v.deleted_at is None and (v.name, v.version) not in gone
            for hash_ in v.sha256.values()}
