"""Writes the parts of the documentation that the code already knows: settings, commands, the rules language.

Run `python docs/generate.py`; `tests/docs` is red while `python docs/generate.py --check` finds a page stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from console.cli import main
from cueloop.settings import Settings
from ml_backend.policy import file as training_file
from ml_backend.policy import reference as training_reference
from routing.language import json_schema, reference
from routing.people import team_schema as team_fields

HERE = Path(__file__).parent


def settings_page() -> str:
    """docs/settings.md: every setting with its sentence and default."""
    lines = ["# Settings", "",
             "Environment variables, or lines `NAME=value` in `settings.env` in the home folder (mode 0600). The",
             "environment wins. Written by `python docs/generate.py`.", ""]
    for field in Settings.model_fields.values():
        default = field.get_default()
        shown = str(getattr(default, "get_secret_value", lambda d=default: d)() if default is not None else "")
        shown = f"`{shown}`" if shown else "empty"
        lines += [f"## {field.alias}", "", str(field.description), "", f"Default: {shown}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def commands_page() -> str:
    """docs/commands.md: `--help` of every command."""
    lines = ["# Commands", "",
             "Exit codes: 0 done, 1 failed, 2 wrong call, 3 it ran and the answer is no.",
             "Written by `python docs/generate.py`.", ""]
    for path, command in _walk("cueloop", main):
        with click.Context(command, info_name=path, help_option_names=["-h", "--help"], max_content_width=100,
                           terminal_width=100) as context:
            lines += [f"## {path}", "", "```", command.get_help(context), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def rules_page() -> str:
    """docs/rules.md: its tables; the rest is written by hand."""
    return reference.fill((HERE / "rules.md").read_text(encoding="utf-8"))


def rules_schema() -> str:
    """docs/rules.schema.json: what an editor needs to check a rules file."""
    return json.dumps(json_schema.schema(), indent=1) + "\n"


def _walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _walk(f"{path} {name}", child)


def team_schema() -> str:
    """docs/team.schema.json: the same for a team file."""
    return json.dumps(team_fields.schema(), indent=1) + "\n"


def training_page() -> str:
    """docs/training.md: its tables of fields; the rest is written by hand."""
    return training_reference.fill((HERE / "training.md").read_text(encoding="utf-8"))


def training_schema() -> str:
    """docs/training.schema.json: what an editor needs to check a training file."""
    return json.dumps(training_file.schema(), indent=1) + "\n"


PAGES = {"settings.md": settings_page, "commands.md": commands_page, "rules.md": rules_page,
         "rules.schema.json": rules_schema, "team.schema.json": team_schema,
         "training.md": training_page, "training.schema.json": training_schema}


def stale() -> list[str]:
    """Names of pages that are not what the code says."""
    return [name for name, page in PAGES.items()
            if not (HERE / name).exists() or (HERE / name).read_text(encoding="utf-8") != page()]


if __name__ == "__main__":
    old = stale()
    if "--check" in sys.argv:
        sys.exit(f"Stale: {', '.join(old)}. Run `python docs/generate.py`." if old else 0)
    for changed in old:
        (HERE / changed).write_text(PAGES[changed](), encoding="utf-8")
        sys.stdout.write(f"docs/{changed}\n")
