"""Routing rules: check a file, see what it would do, put it in force, explain a task."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli import Answer
from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from console.cli._route_backtest import backtest
from console.cli._route_diff import diff
from console.cli._route_force import apply, schema, show
from console.cli._route_thresholds import thresholds
from cueloop.settings import Settings

if TYPE_CHECKING:
    from routing.language.rules import Rules

FILE = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Check, try and apply routing rules; explain where a task goes and why.

    Example: `cueloop route check rules.yaml`
    """


@command.command()
@click.argument("file", type=FILE)
@click.option("--project", type=int, metavar="ID", help="Check against the people and labels of this project, too.")
@json_option
@pass_settings
def check(settings: Settings, file: Path, project: int | None, as_json: bool) -> None:
    """List every mistake in FILE with line and column; exit code 3 if there are any.

    Warnings tell what will not work as it reads, e.g. a rule that can never hold; they do not change the exit code.

    Example: `cueloop route check rules.yaml`
    """
    from routing.language import rules
    from routing.language.mistakes import RulesRefused
    from routing.language.pitfalls import pitfalls

    try:
        found = rules.load(file)
    except RulesRefused as refused:
        lines = str(refused)
        echo({"file": refused.file, "ok": False, "mistakes": [asdict(m) for m in refused.mistakes], "warnings": []},
             as_json, lambda _: lines)
        raise Answer from None
    warnings, advice = pitfalls(found), _advice(settings, found, project)
    echo({"file": found.file, "ok": True, "hash": found.hash, "mistakes": [], "warnings": [asdict(w) for w in warnings],
          "advice": advice, "audit_share": found.audit_share,
          "rules": [{"name": r.name, "action": r.does, "line": r.line} for r in found.rules]},
         as_json, lambda facts: "\n".join([
             *(f"{file}:{w.line}:{w.column}: warning: {w.message}" for w in warnings), *advice,
             f"{file}: {len(facts['rules'])} rules, no mistakes (hash {found.hash[:12]})."]))


def _advice(settings: Settings, found: Rules, project: int | None) -> list[str]:
    """What does not fit a project; nothing when none is named, for a file can be checked anywhere."""
    from cueloop.store.columns import now
    from routing import context
    from routing.advice import advise

    if project is None:
        return []
    store = open_store(settings)
    with store.read() as conn:
        return advise(context.read(conn, which_project(settings, store, project), now(), rules=found), conn)


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
    from routing.explaining.explain import explain as find

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
    from routing.language import rules
    from routing.rehearse import rehearse

    tried = rules.load(file) if file else None
    store = open_store(settings)
    echo(asdict(rehearse(store, which_project(settings, store, project), tried)), as_json, plan_lines)


for part in (apply, show, schema, backtest, diff):
    command.add_command(part)


command.add_command(thresholds)
