"""`cueloop models pin`, `unpin`, `delete` and `prune`: what stays in service, and what goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from console.cli._options import echo, json_option, open_store, pass_settings
from cueloop.settings import Settings

if TYPE_CHECKING:
    from ml_backend.versions.remove import Removed

ACTOR = "command line"
reason_option = click.option("--reason", default="by hand", show_default=True, help="Why; kept in the audit log.")


@click.command()
@click.argument("reference", metavar="NAME@VERSION")
@reason_option
@json_option
@pass_settings
def pin(settings: Settings, reference: str, reason: str, as_json: bool) -> None:
    """Put a version in service and keep it there: no gate, trigger or automatic rollback replaces it.

    Trainings go on making challengers. `unpin`, or a person's `promote` or `rollback`, ends it.

    Example: `cueloop models pin tickets@champion --reason "audit until Friday"`
    """
    from ml_backend import registry
    from ml_backend.artifacts import Artifacts

    store = open_store(settings)
    with store.read() as conn:
        found = registry.resolve(conn, reference)
    registry.load(Artifacts(settings.artifacts), found, store)  # one that cannot be loaded is not put in service
    before = registry.pin(store, found, actor=ACTOR, reason=reason)
    echo({"model": found.name, "pinned": found.version, "before": before}, as_json,
         lambda f: f"{f['model']}@{f['pinned']} is in service and pinned"
                   + ("" if f["before"] == f["pinned"] else f"; before: {f['before'] or 'none'}"))


@click.command()
@click.argument("name")
@reason_option
@json_option
@pass_settings
def unpin(settings: Settings, name: str, reason: str, as_json: bool) -> None:
    """Let gates, triggers and automatic rollbacks replace the champion again.

    Example: `cueloop models unpin tickets`
    """
    from ml_backend import registry

    store = open_store(settings)
    name = name.partition("@")[0]
    with store.read() as conn:
        registry.resolve(conn, f"{name}@{registry.CHAMPION}")
    before = registry.unpin(store, name, actor=ACTOR, reason=reason)
    echo({"model": name, "unpinned": before}, as_json,
         lambda f: f"{f['model']}@{f['unpinned']} is in service until a better one comes" if f["unpinned"]
         else f"No version of {f['model']} was pinned.")


@click.command()
@click.argument("reference", metavar="NAME@VERSION")
@reason_option
@json_option
@pass_settings
def delete(settings: Settings, reference: str, reason: str, as_json: bool) -> None:
    """Delete the files of a version that nothing needs; its card stays, so that lineage leads through it.

    What an alias names, what the next two rollbacks lead to and what is being pushed is needed, and refused.

    Example: `cueloop models delete tickets@20261122-101500-a1b2c3`
    """
    from ml_backend.artifacts import Artifacts
    from ml_backend.registry import resolve
    from ml_backend.versions import remove

    if "@" not in reference:
        raise click.UsageError("Say which version: NAME@VERSION. `cueloop models prune` deletes what is not needed.")
    store = open_store(settings)
    with store.read() as conn:
        found = resolve(conn, reference)
    gone = remove.delete(store, Artifacts(settings.artifacts), found, actor=ACTOR, reason=reason)
    echo(_facts(gone), as_json, lambda f: _text(f, "deleted") if f["deleted"] else
         f"{found.name}@{found.version} was deleted before. {_room(f)}")


@click.command()
@click.argument("name", required=False)
@click.option("--keep", type=click.IntRange(min=0), required=True, metavar="N",
              help="Versions of each model that stay, the newest first, besides those that are needed.")
@click.option("--dry-run", is_flag=True, help="Say what would go and delete nothing.")
@json_option
@pass_settings
def prune(settings: Settings, name: str | None, keep: int, dry_run: bool, as_json: bool) -> None:
    """Delete old versions of a model, or of all models, that nothing needs.

    Pushed versions stay: they have no files.

    Example: `cueloop models prune tickets --keep 5 --dry-run`
    """
    from cueloop.errors import NotFound
    from cueloop.store import models
    from ml_backend.artifacts import Artifacts
    from ml_backend.versions import remove

    store = open_store(settings)
    with store.read() as conn:
        if name and not models.versions(conn, name):
            raise NotFound(f"There is no model {name!r}. `cueloop models list` shows all.")
    gone = remove.prune(store, Artifacts(settings.artifacts), name, keep=keep, actor=ACTOR, dry_run=dry_run)
    echo(_facts(gone) | {"dry_run": dry_run}, as_json,
         lambda f: _text(f, "would be deleted" if dry_run else "deleted"))


def _facts(gone: Removed) -> dict[str, Any]:
    return {"deleted": [f"{v.name}@{v.version}" for v in gone.versions], "files": gone.contents, "bytes": gone.bytes}


def _text(facts: dict[str, Any], verb: str) -> str:
    return "\n".join([*(f"{one} {verb}" for one in facts["deleted"]), _room(facts)])


def _room(facts: dict[str, Any]) -> str:
    from console.model_tables import size

    return (f"{facts['files']} files that no other version needs, {size(facts['bytes'])}" if facts["files"]
            else "No file goes with it: other versions need the same ones, or it has none.")
