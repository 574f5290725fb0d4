"""`cueloop route apply | show | schema`: which rules are in force, and what they may say."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from console.cli import Answer
from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=FILE)
@project_option
@click.option("--author", default="cli", metavar="NAME", help="Who changed the rules, for the audit log.")
@click.option("--replaces", default="", metavar="HASH",
              help="Hash of the rules in force that FILE is to replace, where those came from elsewhere.")
@json_option
@pass_settings
def apply(settings: Settings, file: Path, project: int | None, author: str, replaces: str, as_json: bool) -> None:
    """Put the rules in FILE in force; a running sync follows at its next round.

    Wrong rules change nothing, nor do rules that would undo what somebody put in force from another file: exit
    code 3.

    Example: `cueloop route apply rules.yaml`
    """
    from cueloop.store.columns import now
    from routing import context, edits
    from routing.advice import advise
    from routing.language import rules
    from routing.language.mistakes import RulesRefused
    from routing.language.pitfalls import pitfalls

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    facts: dict[str, Any] = {"project": project_id, "file": str(file)}
    try:
        found = rules.load(file)
        with store.write() as conn:
            changed = edits.apply(conn, project_id, replace(found, file=str(file.resolve())), author, replaces=replaces)
            advice = advise(context.read(conn, project_id, now(), rules=found), conn)
    except (RulesRefused, edits.StaleRules) as refused:
        said = str(refused)
        with store.read() as conn:
            kept = context.in_force(conn, project_id)
        mistakes = [asdict(m) for m in refused.mistakes] if isinstance(refused, RulesRefused) else []
        echo(facts | {"ok": False, "in_force": kept.hash, "mistakes": mistakes, "refused": said}, as_json,
             lambda _: f"{said}\nNothing changed: {kept.file} (hash {kept.hash[:12]}) stays in force in project "
                       f"{project_id}.")
        raise Answer from None
    warnings = [f"{file}:{m.line}:{m.column}: {m.message}" for m in pitfalls(found)]
    state = "now in force" if changed else "already in force"
    echo(facts | {"ok": True, "hash": found.hash, "changed": changed, "warnings": warnings, "advice": advice}, as_json,
         lambda _: "\n".join([f"{file} is {state} in project {project_id} (hash {found.hash[:12]}).", *warnings,
                              *advice]))


@click.command()
@project_option
@click.option("--out", type=FILE, help="Write the rules to this file instead, exactly as they were applied.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@json_option
@pass_settings
def show(settings: Settings, project: int | None, out: Path | None, force: bool, as_json: bool) -> None:
    """Print the rules in force, with their hash, who applied them and when.

    Example: `cueloop route show --out rules.yaml`
    """
    from cueloop.store import rules as stored_rules
    from routing import context

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    with store.read() as conn:
        held, rules = stored_rules.in_force(conn, project_id), context.in_force(conn, project_id)
    facts: dict[str, Any] = {
        "project": project_id, "hash": rules.hash, "file": rules.file, "author": held.author if held else None,
        "since": held.created_at.isoformat() if held else None}
    since = f"applied by {held.author} on {held.created_at:%Y-%m-%d %H:%M} UTC" if held else "never applied"
    line = f"project {project_id}: {rules.file}, {since}, hash {rules.hash}"
    if out is None:
        echo(facts | {"text": rules.text}, as_json, lambda _: f"# {line}\n{rules.text.rstrip()}")
        return
    try:
        with out.open("w" if force else "x", encoding="utf-8", newline="") as file:
            file.write(rules.text)
    except FileExistsError:
        raise click.UsageError(f"{out} exists. Choose another --out, or add --force.") from None
    except OSError as error:
        raise click.ClickException(f"{out}: cannot be written: {error.strerror}.") from None
    echo(facts | {"out": str(out)}, as_json, lambda _: f"{out}: {line}\nAfter your edit: cueloop route apply {out} "
                                                       f"--replaces {rules.hash[:12]}")


@click.command()
def schema() -> None:
    """Print the JSON Schema of rules files, with which editors complete and check them.

    Example: `cueloop route schema > rules.schema.json`
    """
    import json

    from routing.language import json_schema

    click.echo(json.dumps(json_schema.schema(), indent=1))
