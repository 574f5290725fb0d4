"""Watch the whole loop close on recorded answers of real people.

Example: `cueloop demo --report report.json --stay`, then open the address that it prints.
"""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from console.cli._options import json_option, pass_settings
from cueloop import logs
from cueloop.settings import Settings

if TYPE_CHECKING:
    from console.demo.report import Report
    from console.demo.stage import Stage
    from console.parts.supervisor import Supervisor


@click.command(help=__doc__)
@click.option("--report", "file", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the report there as JSON.")
@click.option("--stay", is_flag=True, help="Keep everything running until Ctrl-C.")
@click.option("--force", is_flag=True, help="Overwrite the report file.")
@json_option
@pass_settings
def command(settings: Settings, file: Path | None, stay: bool, force: bool, as_json: bool) -> None:
    """See the module."""
    from rich.console import Console

    from console.demo.bars import Bars
    from console.demo.places import places
    from console.demo.run import run
    from console.demo.show import show, where_to_look

    if file is not None and file.exists() and not force:
        raise click.UsageError(f"{file} exists. Choose another --report, or add --force.")
    logs.setup(settings.log_level, "demo")
    signal.signal(signal.SIGTERM, _interrupt)  # both ways of asking us to end are one
    console = Console(stderr=as_json)

    def done(report: Report) -> None:
        text = json.dumps(report.as_json(), indent=2, ensure_ascii=False)
        if file is not None:
            file.write_text(text + "\n", encoding="utf-8")
        show(report, console)
        if as_json:
            click.echo(text)

    def look(supervisor: Supervisor, stage: Stage) -> None:
        where_to_look(places(supervisor, stage, stay=stay), console)
        if stay:
            console.print("Everything keeps running until Ctrl-C.")
            threading.Event().wait()

    try:
        run(settings, Bars(console), done=done, stay=look)
    except KeyboardInterrupt:
        console.print("Ended. Nothing is left running.")
        if not stay:
            raise click.Abort from None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
