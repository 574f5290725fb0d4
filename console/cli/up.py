"""Run everything until Ctrl-C: Label Studio, Valkey, sync, ML backend and worker.

Example: `cueloop up`, then open the address that it prints. With LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY
set, your own Label Studio is used; with CUELOOP_REDIS_URL, your own Redis.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click

from console.cli._options import pass_settings
from cueloop import logs
from cueloop.settings import Settings


@click.command(help=__doc__)
@pass_settings
def command(settings: Settings) -> None:
    """See the module."""
    from console.parts.supervisor import Supervisor

    logs.setup(settings.log_level, "up")
    signal.signal(signal.SIGTERM, _interrupt)  # both ways of asking us to end are one
    supervisor = Supervisor(settings.home, progress=_say)
    try:
        with supervisor:
            click.echo(_where(supervisor.settings, own=supervisor.label_studio is not None))
            if supervisor.label_studio is not None:
                click.echo(f"Sign in as {supervisor.label_studio.admin_email} with the password that stands as "
                           f"CUELOOP_EMBEDDED_PASSWORD in {supervisor.settings.home / 'settings.env'}.")
            threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("Ended. Nothing is left running.")


def _where(settings: Settings, *, own: bool) -> str:
    kind = "embedded" if own else "yours"
    return (f"Label Studio ({kind}): {logs.mask(settings.label_studio_url)}\n"
            f"ML backend: http://{settings.ml_host}:{settings.ml_port}\n"
            f"Logs: {settings.home / 'logs'}\n"
            "Next: `cueloop connect --project ID` in another terminal. Ctrl-C ends everything.")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    click.echo(line)
