"""How work flows and what it costs: throughput, waiting, forecast, the machine's share, cost per accurate label.

Example: `cueloop flow`, or `cueloop flow --project 3 --days 7 --json` for programs.
"""

from __future__ import annotations

from typing import Any

import click

from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings


@click.command(help=__doc__)
@project_option
@click.option("--days", type=click.IntRange(min=1), default=28, show_default=True, metavar="N",
              help="How many days recent figures and the forecast look back.")
@json_option
@pass_settings
def command(settings: Settings, project: int | None, days: int, as_json: bool) -> None:
    """See the module."""
    from sync.flow import report

    store = open_store(settings)
    echo(report.current(store, which_project(settings, store, project), days=days), as_json, _tables)


def _tables(facts: dict[str, Any]) -> str:
    from console.flow_tables import tables

    return tables(facts)
