"""Make a Label Studio project ready: queues, webhook, ML backend, settings."""

from __future__ import annotations

import click

from console.cli._client import open_client
from console.cli._options import echo, json_option, open_store, pass_settings
from cueloop.errors import NotFound
from cueloop.settings import Settings


@click.command()
@click.option("--project", type=int, envvar="CUELOOP_PROJECT", metavar="ID", help="Label Studio project to connect.")
@click.option("--dry-run", is_flag=True, help="List every write and every conflict; write nothing, here or there.")
@click.option("--observe", is_flag=True, help="Write nothing to Label Studio: pull, and show what people's work says.")
@click.option("--pilot", metavar="NAMES", default="", help="Ask only these annotators (addresses or ids, by commas).")
@click.option("--filter", "only", metavar="FIELD=VALUE", default="", help="Route only tasks with this value.")
@click.option("--everybody", is_flag=True, help="End a pilot: ask everybody, about all tasks.")
@click.option("--tabs/--links", default=None, help="Store a tab per annotator, or rely on links; default: what works.")
@json_option
@pass_settings
def command(settings: Settings, project: int | None, *, dry_run: bool, observe: bool, pilot: str, only: str,
            everybody: bool, tabs: bool | None, as_json: bool) -> None:
    """Make a Label Studio project ready: queues, webhook, ML backend, settings.

    Can be run again at any time: it makes only what is missing. `cueloop disconnect` takes everything out again.

    Example: `cueloop connect --project 3 --observe`, then `--dry-run`, then without.
    """
    from console.connect import connect
    from console.connect.report import as_text
    from console.parts import secrets

    if project is None:
        raise click.UsageError("Say which Label Studio project: --project ID.")
    if everybody and (pilot or only):
        raise click.UsageError("--everybody ends a pilot; --pilot and --filter begin one.")
    if observe and (dry_run or pilot or only or everybody):
        raise click.UsageError("--observe goes alone: it writes nothing anyhow.")
    settings = settings if dry_run else secrets.ensure(settings.home)
    client = open_client(settings)
    try:
        report = connect(settings, open_store(settings), client, project, dry_run=dry_run, observe=observe,
                         pilot=[name for name in pilot.split(",") if name.strip()], filter=only,
                         everybody=everybody, tabs=tabs,
                         progress=lambda line: click.echo(f"{line} ...", err=True))
    except NotFound as error:
        if f"/api/projects/{project}/" not in str(error):
            raise
        raise NotFound(f"Label Studio at {client.url} has no project {project} that this token may see. "
                       f"It has: {_projects(client.projects())}.") from None
    echo(report.as_dict(), as_json, as_text)


def _projects(rows: list[dict[str, object]]) -> str:
    return ", ".join(f"{row['id']} ({row['title']})" for row in rows[:20]) or "none"
