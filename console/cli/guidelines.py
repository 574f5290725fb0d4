"""The project's guideline: add a version, show it, list them, see what people confuse."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.errors import DataError
from cueloop.settings import Settings

if TYPE_CHECKING:
    from cueloop.store.guidelines import Guideline


@click.group()
def command() -> None:
    """The project's guideline: versions, and what people confuse.

    Example: `cueloop guidelines add guideline.md --note "neutral explained"`
    """


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@project_option
@click.option("--note", default="", metavar="TEXT", help="What is new in it.")
@click.option("--author", default="cli", metavar="NAME", help="Who wrote it, for the record.")
@click.option("--draft", is_flag=True, help="Only keep it: Label Studio goes on showing the version in force.")
@json_option
@pass_settings
def add(settings: Settings, file: Path, project: int | None, note: str, author: str, draft: bool, as_json: bool
        ) -> None:
    """Add FILE (Markdown) as the next version and show it to the annotators as the project's instructions.

    Example: `cueloop guidelines add guideline.md --note "neutral explained"`
    """
    from guidelines import versions
    from guidelines.push import push

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    added = versions.add(store, project_id, _read(file), author=author, note=note)
    if not draft:
        from console.cli._client import open_client

        added = push(store, open_client(settings), project_id, added.version, author=author)
    echo(_facts(added), as_json, _line)


@command.command()
@click.argument("version", type=int, required=False)
@project_option
@json_option
@pass_settings
def show(settings: Settings, version: int | None, project: int | None, as_json: bool) -> None:
    """Print a VERSION's Markdown; without one, the version in force.

    Example: `cueloop guidelines show 2`
    """
    from cueloop.errors import NotFound
    from cueloop.store import guidelines as rows
    from guidelines import versions

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    if version is None:
        found = versions.in_force(store, project_id)
        if found is None:
            raise NotFound(f"Project {project_id} has no guideline in force: `cueloop guidelines add FILE`.")
    else:
        with store.read() as conn:
            found = rows.get(conn, project_id, version)
    echo({**_facts(found), "text": found.text}, as_json, lambda facts: str(facts["text"]).rstrip("\n"))


@command.command("list")
@project_option
@json_option
@pass_settings
def list_(settings: Settings, project: int | None, as_json: bool) -> None:
    """List the versions: when each came into force, by whom, what was new.

    Example: `cueloop guidelines list`
    """
    from guidelines import versions

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    facts = [_facts(version) for version in versions.history(store, project_id)]
    echo(facts, as_json, lambda found: "\n".join(map(_line, found)) or "No guideline yet.")


@command.command()
@click.option("--control", metavar="NAME", help="Only this control.")
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1), help="Pairs for each control.")
@project_option
@json_option
@pass_settings
def confusions(settings: Settings, control: str | None, limit: int, project: int | None, as_json: bool) -> None:
    """Show the pairs of labels that people confuse most, with tasks that show it.

    Example: `cueloop guidelines confusions --limit 3`
    """
    from cueloop.errors import NotFound
    from guidelines.confusions import most_confused
    from sync.evidence import modelled

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    with store.read() as conn:
        names = [c.name for c in modelled(conn, project_id)]
        if control is not None and control not in names:
            raise NotFound(f"Project {project_id} has no control {control!r}; it has: {', '.join(names)}.")
        found = {name: [asdict(pair) for pair in most_confused(conn, project_id, name, limit)]
                 for name in names if control in (None, name)}
    echo(found, as_json, _pairs)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}.") from None


def _facts(version: Guideline) -> dict[str, Any]:
    facts = asdict(version)
    del facts["text"]
    return facts


def _line(facts: dict[str, Any]) -> str:
    when = f"in force since {facts['in_force_at']:%Y-%m-%d %H:%M} UTC" if facts["in_force_at"] else "draft"
    return f"version {facts['version']}: {when}, by {facts['author']}" + (f": {facts['note']}" if facts["note"] else "")


def _pairs(found: dict[str, list[dict[str, Any]]]) -> str:
    lines = []
    for name, pairs in found.items():
        lines.append(f"{name}: {'nothing is confused yet' if not pairs else 'most confused'}")
        for pair in pairs:
            lines.append(f"  {pair['a']} / {pair['b']}: {pair['rate']:.1%} of answers ({pair['count']:.0f})")
            lines += [f"    task {e['id']}: {_short(e['data'])}  {e['votes']}" for e in pair["examples"]]
    return "\n".join(lines)


def _short(data: dict[str, Any], width: int = 70) -> str:
    text = " | ".join(str(value) for value in data.values())
    return text if len(text) <= width else text[:width - 1] + "…"
