"""Look at model versions, compare them, put one in service or take it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from console.cli._models_compare import compare
from console.cli._models_keep import ACTOR, delete, pin, prune, reason_option, unpin
from console.cli._options import echo, json_option, open_store, pass_settings
from cueloop.settings import Settings
from cueloop.store import models as rows
from cueloop.store.models import ModelVersion


@click.group()
def command() -> None:
    """Look at model versions, compare them, put one in service or take it back.

    A model is NAME (its champion), NAME@ALIAS or NAME@VERSION everywhere.

    Example: `cueloop models promote tickets@20261122-101500-a1b2c3`
    """


@command.command("list")
@click.argument("name", required=False)
@click.option("--deleted", is_flag=True, help="Deleted versions, too: their cards are left.")
@json_option
@pass_settings
def list_(settings: Settings, name: str | None, deleted: bool, as_json: bool) -> None:
    """List versions, newest first: aliases, age, score with its interval, why they were trained.

    Example: `cueloop models list tickets`
    """
    from console import model_tables
    from cueloop.errors import NotFound
    from cueloop.store.columns import now

    with open_store(settings).read() as conn:
        found = rows.versions(conn, name)
        aliases = {one: rows.aliases_of(conn, one) for one in {v.name for v in found}}
    if name and not found:
        raise NotFound(f"There is no model {name!r}. `cueloop models list` shows all.")
    shown = [v for v in found if deleted or v.deleted_at is None]
    echo([_facts(v, aliases[v.name]) for v in shown], as_json,
         lambda facts: model_tables.versions(facts, now(), len(found) - len(shown)))


@command.command()
@click.argument("reference", metavar="MODEL")
@json_option
@pass_settings
def show(settings: Settings, reference: str, as_json: bool) -> None:
    """Show a version: parents, data, guideline, code, libraries, why it was trained, scores, gate, files.

    `--json` has its whole card.

    Example: `cueloop models show tickets@champion --json`
    """
    from console import model_tables
    from ml_backend.registry import resolve
    from ml_backend.versions import lineage

    with open_store(settings).read() as conn:
        found = resolve(conn, reference)
        parents = [{"model": v.name, "version": v.version, "created_at": v.created_at.isoformat(),
                    "deleted_at": v.deleted_at.isoformat() if v.deleted_at else None}
                   for v in lineage.parents(conn, found)]
        facts = _facts(found, rows.aliases_of(conn, found.name)) | {
            "files": found.sha256, "parents": parents, "lineage": lineage.made_of(found)}
    echo(facts, as_json, model_tables.version)


for _one in (pin, unpin, delete, prune):
    command.add_command(_one)
command.add_command(compare)


@command.command()
@click.argument("reference", metavar="NAME@VERSION")
@reason_option
@json_option
@pass_settings
def promote(settings: Settings, reference: str, reason: str, as_json: bool) -> None:
    """Put a version in service whatever the gate said. A pin on another version comes off.

    Of a version that was made for a project, the model becomes the one that serves the project.

    Example: `cueloop models promote tickets@challenger --reason "new label"`
    """
    from cueloop.store import models
    from ml_backend import registry
    from ml_backend.artifacts import Artifacts

    store = open_store(settings)
    with store.read() as conn:
        found = registry.resolve(conn, reference)
        served = models.champion(conn, found.project_id) if found.project_id is not None else None
    registry.load(Artifacts(settings.artifacts), found, store)  # one that cannot be loaded is not put in service
    with store.read() as conn:
        pinned = registry.pinned(conn, found.name)
    before = registry.promote(store, found, actor=ACTOR, reason=reason, for_project=True, unpin=True)
    other = f"{served.name}@{served.version}" if served is not None and served.name != found.name else None
    echo({"model": found.name, "champion": found.version, "before": before, "instead_of": other,
          "unpinned": pinned if pinned != found.version else None}, as_json,
         lambda f: f"{f['model']}@{f['champion']} is in service; before: {f['instead_of'] or f['before'] or 'none'}"
                   + (", which was pinned and is no longer" if f["unpinned"] else ""))


@command.command()
@click.argument("name")
@reason_option
@json_option
@pass_settings
def rollback(settings: Settings, name: str, reason: str, as_json: bool) -> None:
    """Put the version back in service that served before; again, and it is the one before that.

    What was rolled back from comes back by `promote` alone. A pin comes off.

    Example: `cueloop models rollback tickets --reason "worse on long texts"`
    """
    from ml_backend import registry
    from ml_backend.artifacts import Artifacts
    from ml_backend.versions import history

    store = open_store(settings)
    with store.read() as conn:
        served, target = rows.aliases_of(conn, name).get(registry.CHAMPION), next(history.before(conn, name), None)
    if target is not None:      # one that cannot be loaded is not put in service
        registry.load(Artifacts(settings.artifacts), target, store)
    found = registry.rollback(store, name, actor=ACTOR, reason=reason, unpin=True)
    echo({"model": found.name, "champion": found.version, "before": served}, as_json,
         lambda f: f"{f['model']}@{f['champion']} is in service again. "
                   f"To undo: cueloop models promote {f['model']}@{f['before']}")


@command.command()
@click.argument("reference", metavar="MODEL")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--as", "server", type=click.Choice(["label-studio-ml"]), required=True,
              help="Whose server it is for: label-studio-ml, 1.0.9 or 2.x.")
@click.option("--follow", is_flag=True, help="Follow the model's champion in CUELOOP_HOME instead of taking a version.")
@click.option("--force", is_flag=True, help="Replace a folder that was exported before.")
@json_option
@pass_settings
def export(
    settings: Settings, reference: str, folder: Path, server: str, follow: bool, force: bool, as_json: bool,
) -> None:
    """Write a folder with which label-studio-ml's own server serves a model.

    Its README.md says how it is started: `label-studio-ml start FOLDER`.

    Example: `cueloop models export tickets backend --as label-studio-ml`
    """
    from console.parts.label_studio_ml import LACKS
    from ml_backend.artifacts import Artifacts
    from ml_backend.compat import ours_folder
    from ml_backend.registry import alive, resolve

    if follow and "@" in reference:
        raise click.UsageError("--follow follows a model's champion: name the model alone.")
    with open_store(settings).read() as conn:
        found = resolve(conn, reference)
    alive(found)
    ours_folder.write(folder, found, LACKS.read_text(encoding="utf-8"), force=force,
                      artifacts=None if follow else Artifacts(settings.artifacts))
    echo({"model": found.name, "version": None if follow else found.version, "folder": str(folder)}, as_json,
         lambda f: f"{f['model']}@{f['version'] or 'champion'} in {f['folder']}; its README.md says how to start it")


def _facts(version: ModelVersion, aliases: dict[str, str]) -> dict[str, Any]:
    return {"model": version.name, "version": version.version, "kind": version.kind, "project": version.project_id,
            "created_at": version.created_at.isoformat(), "card": version.card,
            "aliases": [alias for alias in rows.ALIASES if aliases.get(alias) == version.version],
            "pinned": aliases.get(rows.PINNED) == version.version,
            "deleted_at": version.deleted_at.isoformat() if version.deleted_at else None}
