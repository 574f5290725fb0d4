"""The team: what `team.yaml` says of people, who is at work, who is paused."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from console.cli import Answer, _team_pause
from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings

FILE = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Say who is in the team and what they know; see who is at work.

    Example: `cueloop team apply team.yaml`
    """


@command.command()
@click.argument("file", type=FILE)
@json_option
def check(file: Path, as_json: bool) -> None:
    """List every mistake in the team file FILE with line and column; exit code 3 if there are any.

    Example: `cueloop team check team.yaml`
    """
    from routing.language.mistakes import RulesRefused
    from routing.people import team_file

    try:
        found = team_file.load(file)
    except RulesRefused as refused:
        lines = str(refused)
        echo({"file": refused.file, "ok": False, "mistakes": [asdict(m) for m in refused.mistakes]}, as_json,
             lambda _: lines)
        raise Answer from None
    echo({"file": found.file, "ok": True, "hash": found.hash, "mistakes": [], "people": sorted(found.people),
          "teams": sorted(found.known("team"))},
         as_json, lambda facts: f"{file}: {len(facts['people'])} people, no mistakes (hash {found.hash[:12]}).")


@command.command()
@click.argument("file", type=FILE)
@click.option("--replaces", default="", metavar="HASH",
              help="Hash of the team that FILE is to replace; needed when it was applied from another file.")
@click.option("--author", default="cli", metavar="NAME", help="Who changed the team, for the audit log.")
@json_option
@pass_settings
def apply(settings: Settings, file: Path, replaces: str, author: str, as_json: bool) -> None:
    """Put the team in FILE in force, for all projects; a running sync follows at its next round.

    Refused, and nothing is changed, when somebody applied another file meanwhile.

    Example: `cueloop team apply team.yaml`
    """
    from routing.people import team_file, teams
    from routing.people.team_advice import of_team

    found = replace(team_file.load(file), file=str(file.resolve()))
    store = open_store(settings)
    with store.write() as conn:
        changed = teams.put_in_force(conn, found, author, replaces)
        advice = of_team(conn, found)
    facts: dict[str, Any] = {"file": found.file, "hash": found.hash, "changed": changed, "people": len(found.people),
                             "advice": advice}
    said = "now in force" if changed else "already in force"
    echo(facts, as_json, lambda _: "\n".join(
        [f"{file} is {said}: {len(found.people)} people (hash {found.hash[:12]}).", *advice]))


@command.command()
@project_option
@click.option("--text", is_flag=True, help="Print the team file in force instead, as it was applied.")
@json_option
@pass_settings
def show(settings: Settings, project: int | None, text: bool, as_json: bool) -> None:
    """Show the people of a project: what the team file says of them, what they have to do, their queue's link.

    Example: `cueloop team show`
    """
    from console.team_facts import facts, table
    from routing.people import teams

    store = open_store(settings)
    if text:
        with store.read() as conn:
            team = teams.in_force(conn)
        echo({"file": team.file, "hash": team.hash, "text": team.text}, as_json,
             lambda _: team.text.rstrip() or "No team file was applied yet: `cueloop team apply FILE`.")
        return
    echo(facts(store, which_project(settings, store, project), settings.label_studio_url), as_json, table)


for _more in (_team_pause.pause, _team_pause.resume, _team_pause.notices):
    command.add_command(_more)
