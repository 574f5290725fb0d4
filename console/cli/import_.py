"""Put tasks from a CSV, JSON or JSON Lines file into a connected project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from console.cli._client import open_client
from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--skip", type=click.IntRange(min=0), default=0, metavar="N", help="Leave out the first N tasks of FILE.")
@project_option
@json_option
@pass_settings
def command(settings: Settings, file: Path, project: int | None, *, skip: int, as_json: bool) -> None:
    """Put tasks from a CSV, JSON or JSON Lines file into a connected project.

    Every column or field becomes a field of the task's data; those that the label config shows must be there.
    People who are free find the first tasks in their queues at once.

    Example: `cueloop import reviews.csv --project 3`
    """
    from console import importing, task_files
    from cueloop.label_config import parse
    from cueloop.store import projects

    store = open_store(settings)
    number = which_project(settings, store, project)
    with store.read() as conn:
        config = parse(projects.get(conn, number).label_config)
    tasks = task_files.read(file, config.variables)[skip:]
    made = importing.put(store, open_client(settings), number, tasks,
                         progress=lambda done: click.echo(f"{done} of {len(tasks)} ...", err=True))
    echo({"project": number, "imported": len(made), "ids": made}, as_json, _human)


def _human(facts: dict[str, Any]) -> str:
    return f"{facts['imported']} tasks are in project {facts['project']}."
