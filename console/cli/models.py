"""Look at model versions, compare them, put one in service or take it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from console.cli._models_compare import compare
from console.cli._options import echo, json_option, open_store, pass_settings
from cueloop.settings import Settings
from cueloop.store import models as rows
from cueloop.store.models import ModelVersion

ACTOR = "command line"


@click.group()
def command() -> None:
    """Look at model versions, compare them, put one in service or take it back.

    A model is NAME (its champion), NAME@ALIAS or NAME@VERSION everywhere.

    Example: `cueloop models promote tickets@20261122-101500-a1b2c3`
    """


@command.command("list")
@click.argument("name", required=False)
@json_option
@pass_settings
def list_(settings: Settings, name: str | None, as_json: bool) -> None:
    """List versions, newest first.

    Example: `cueloop models list tickets`
    """
    from cueloop.errors import NotFound

    with open_store(settings).read() as conn:
        found = rows.versions(conn, name)
        aliases = {one: rows.aliases_of(conn, one) for one in {v.name for v in found}}
    if name and not found:
        raise NotFound(f"There is no model {name!r}. `cueloop models list` shows all.")
    echo([_facts(v, aliases[v.name]) for v in found], as_json, lambda facts: "\n".join(
        f"{f['model']}@{f['version']}  {','.join(f['aliases']) or '-':<20} {_scores(f['card'])}" for f in facts)
        or "No model yet: run `cueloop train`.")


@command.command()
@click.argument("reference", metavar="MODEL")
@json_option
@pass_settings
def show(settings: Settings, reference: str, as_json: bool) -> None:
    """Show the card of a version: data, scores, gate, libraries.

    Example: `cueloop models show tickets@champion --json`
    """
    import json

    from ml_backend.registry import resolve

    with open_store(settings).read() as conn:
        found = resolve(conn, reference)
        facts = _facts(found, rows.aliases_of(conn, found.name))
    echo(facts, as_json, lambda f: f"{f['model']}@{f['version']} ({f['kind']}, {f['created_at']})\n"
                                   f"aliases: {', '.join(f['aliases']) or 'none'}\n{json.dumps(f['card'], indent=2)}")


command.add_command(compare)


@command.command()
@click.argument("reference", metavar="NAME@VERSION")
@click.option("--reason", default="by hand", show_default=True, help="Why; kept in the audit log.")
@json_option
@pass_settings
def promote(settings: Settings, reference: str, reason: str, as_json: bool) -> None:
    """Put a version in service whatever the gate said.

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
    before = registry.promote(store, found, actor=ACTOR, reason=reason, for_project=True)
    other = f"{served.name}@{served.version}" if served is not None and served.name != found.name else None
    echo({"model": found.name, "champion": found.version, "before": before, "instead_of": other}, as_json,
         lambda f: f"{f['model']}@{f['champion']} is in service; before: {f['instead_of'] or f['before'] or 'none'}")


@command.command()
@click.argument("name")
@click.option("--reason", default="by hand", show_default=True, help="Why; kept in the audit log.")
@json_option
@pass_settings
def rollback(settings: Settings, name: str, reason: str, as_json: bool) -> None:
    """Put the previous version back in service.

    Example: `cueloop models rollback tickets --reason "worse on long texts"`
    """
    from ml_backend import registry

    found = registry.rollback(open_store(settings), name, actor=ACTOR, reason=reason)
    echo({"model": found.name, "champion": found.version}, as_json,
         lambda f: f"{f['model']}@{f['champion']} is in service again")


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
    from ml_backend.registry import resolve

    if follow and "@" in reference:
        raise click.UsageError("--follow follows a model's champion: name the model alone.")
    with open_store(settings).read() as conn:
        found = resolve(conn, reference)
    ours_folder.write(folder, found, LACKS.read_text(encoding="utf-8"), force=force,
                      artifacts=None if follow else Artifacts(settings.artifacts))
    echo({"model": found.name, "version": None if follow else found.version, "folder": str(folder)}, as_json,
         lambda f: f"{f['model']}@{f['version'] or 'champion'} in {f['folder']}; its README.md says how to start it")


def _facts(version: ModelVersion, aliases: dict[str, str]) -> dict[str, Any]:
    return {"model": version.name, "version": version.version, "kind": version.kind, "project": version.project_id,
            "created_at": version.created_at.isoformat(), "card": version.card,
            "aliases": sorted(alias for alias, pointed in aliases.items() if pointed == version.version)}


def _scores(card: dict[str, Any]) -> str:
    """`topic 0.912 (0.880-0.940, 250 held out)` for each control."""
    parts = []
    for control, report in card["controls"].items():
        held = report["held_out"]
        parts.append(f"{control} " + ("not judged yet" if held["accuracy"] is None else
                     f"{held['accuracy']:.3f} ({held['low']:.3f}-{held['high']:.3f}, {held['tasks']} held out)"))
    return "; ".join(parts)
