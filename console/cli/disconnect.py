"""Take Cueloop out of a project: afterwards only people's annotations are new."""

from __future__ import annotations

import click

from console.cli._client import open_client
from console.cli._options import echo, json_option, open_store, pass_settings, which_project
from cueloop.settings import Settings


@click.command()
@click.option("--project", type=int, envvar="CUELOOP_PROJECT", metavar="ID", help="The connected project.")
@json_option
@pass_settings
def command(settings: Settings, project: int | None, *, as_json: bool) -> None:
    """Take Cueloop out of a project: afterwards only people's annotations are new.

    Removes the machine's annotations, our predictions, keys, queues, webhook and backend, and brings overlaps and
    settings back. What is in Cueloop's own store stays. Can be run again until it is through.

    Example: `cueloop disconnect --project 3`
    """
    from console.connect import disconnect
    from console.connect.report import disconnected_as_text

    store = open_store(settings)
    number = project if project is not None else which_project(settings, store, None)
    report = disconnect(settings, store, open_client(settings), number,
                        progress=lambda line: click.echo(f"{line} ...", err=True))
    echo(report.as_dict(), as_json, disconnected_as_text)
