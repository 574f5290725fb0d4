"""Routing rules: check a file, see what it would do, put it in force, explain a task."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from console.cli import Answer
from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from console.cli._route_thresholds import thresholds
from cueloop.settings import Settings

FILE = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Check, try and apply routing rules; explain where a task goes and why.

    Example: `cueloop route check rules.yaml`
    """


@command.command()
@click.argument("file", type=FILE)
@json_option
def check(file: Path, as_json: bool) -> None:
    """List every mistake in FILE with line and column; exit code 3 if there are any.

    Example: `cueloop route check rules.yaml`
    """
    from routing import rules
    from routing.mistakes import RulesRefused

    try:
        found = rules.load(file)
    except RulesRefused as refused:
        lines = str(refused)
        echo({"file": refused.file, "ok": False, "mistakes": [asdict(m) for m in refused.mistakes]}, as_json,
             lambda _: lines)
        raise Answer from None
    echo({"file": found.file, "ok": True, "hash": found.hash, "mistakes": [], "audit_share": found.audit_share,
          "rules": [{"name": r.name, "action": r.kind or "forbid", "line": r.line} for r in found.rules]},
         as_json, lambda facts: f"{file}: {len(facts['rules'])} rules, no mistakes (hash {found.hash[:12]}).")


@command.command()
@click.argument("task")
@project_option
@json_option
@pass_settings
def explain(settings: Settings, task: str, project: int | None, as_json: bool) -> None:
    """Tell where TASK (an id, or a link to it) stands, what each rule says of it, and all decisions about it.

    Example: `cueloop route explain 42`
    """
    from console.explanation import human
    from routing.explain import explain as find

    store = open_store(settings)
    echo(find(store, which_project(settings, store, project), task), as_json, human)


@command.command()
@click.argument("file", type=FILE, required=False)
@project_option
@json_option
@pass_settings
def plan(settings: Settings, file: Path | None, project: int | None, as_json: bool) -> None:
    """Show what routing would do now, with the rules in force or with those in FILE. Nothing is written.

    Example: `cueloop route plan new-rules.yaml`
    """
    from console.explanation import plan_lines
    from routing import rules
    from routing.rehearse import rehearse

    tried = rules.load(file) if file else None
    store = open_store(settings)
    echo(asdict(rehearse(store, which_project(settings, store, project), tried)), as_json, plan_lines)


@command.command()
@click.argument("file", type=FILE)
@project_option
@click.option("--author", default="cli", metavar="NAME", help="Who changed the rules, for the audit log.")
@json_option
@pass_settings
def apply(settings: Settings, file: Path, project: int | None, author: str, as_json: bool) -> None:
    """Put the rules in FILE in force; a running sync follows at its next round. Wrong rules change nothing.

    Example: `cueloop route apply rules.yaml`
    """
    from cueloop.store.columns import now
    from routing import context, rules
    from routing.advice import advise

    found = rules.load(file)
    store = open_store(settings)
    project_id = which_project(settings, store, project)
    with store.write() as conn:
        changed = context.put_in_force(conn, project_id, found, author)
        advice = advise(context.read(conn, project_id, now()))
    facts: dict[str, Any] = {"project": project_id, "file": found.file, "hash": found.hash, "changed": changed,
                             "advice": advice}
    said = "now in force" if changed else "already in force"
    echo(facts, as_json, lambda _: "\n".join(
        [f"{file} is {said} in project {project_id} (hash {found.hash[:12]}).", *advice]))


command.add_command(thresholds)
