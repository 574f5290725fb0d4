"""Write the labelled dataset: labels with probability, and who or what decided each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TextIO

import click

from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings

FORMATS = ("jsonl", "csv", "label-studio")


@click.command()
@project_option
@click.option("--as", "format_", type=click.Choice(FORMATS), default="jsonl", show_default=True,
              help="How to write it.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="File to write; standard output if absent.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@click.option("--all", "everything", is_flag=True, help="Also tasks that have no label yet.")
@json_option
@pass_settings
def command(settings: Settings, project: int | None, format_: str, out: Path | None, force: bool, everything: bool,
            as_json: bool) -> None:
    """Write the labelled dataset of a project.

    Each task has the customer's fields (none of ours), and for each control the label with its probability, who
    or what decided it, and the versions of model, rules and guideline.

    Example: `cueloop export --as csv --out labelled.csv`
    """
    from console.files import new_file

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    if out is None:
        if as_json:
            raise click.UsageError("--json tells about a file that was written: give --out FILE.")
        _write(store, project_id, format_, everything, sys.stdout)
        return
    with new_file(out, force=force) as file:
        count = _write(store, project_id, format_, everything, file)
    echo({"out": str(out), "format": format_, "tasks": count}, as_json,
         lambda facts: f"{facts['tasks']} tasks written to {facts['out']} ({facts['format']}).")


def _write(store: Any, project_id: int, format_: str, everything: bool, file: TextIO) -> int:
    from console import export, export_formats
    from sync import evidence

    found = export.rows(store, project_id, everything=everything, results=format_ == "label-studio")
    if format_ == "jsonl":
        return export_formats.write_jsonl(found, file)
    with store.read() as conn:
        controls = {control.name: control for control in evidence.controls(conn, project_id)}
    if format_ == "csv":
        return export_formats.write_csv(found, file, list(controls))
    return export_formats.write_label_studio(found, file, controls)
