"""Serve the ML backend that Label Studio talks to."""

from __future__ import annotations

import signal
import sys

import click

from console.cli._options import open_store, pass_settings
from cueloop import logs
from cueloop.errors import PartFailed
from cueloop.settings import Settings

THREADS = 8
"""Requests answered at a time."""


@click.command()
@click.option("--model", metavar="NAME[@VERSION]", help="Answer with this model; without it, with each project's own.")
@click.option("--host", help="Address to listen on. [default: CUELOOP_ML_HOST]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on. [default: CUELOOP_ML_PORT]")
@pass_settings
def command(settings: Settings, model: str | None, host: str | None, port: int | None) -> None:
    """Serve the ML backend that Label Studio talks to.

    Follows the champion: a promoted version is in service within a second, and no request fails meanwhile.
    On another address than this machine's own it needs CUELOOP_ML_PASSWORD.

    Example: `cueloop serve --model intents --port 8072`
    """
    from waitress.server import create_server

    from ml_backend.app import LARGEST_BODY, create_app
    from ml_backend.registry import resolve
    from ml_backend.serving.auth import check_binding

    host, port = host or settings.ml_host, settings.ml_port if port is None else port
    check_binding(settings, host)
    logs.setup(settings.log_level, "serve")
    store = open_store(settings)
    if model:
        with store.read() as conn:
            resolve(conn, model)  # a misspelt name is told now, not at the first request
    try:
        server = create_server(create_app(settings, store, model, warm=True), host=host, port=port, threads=THREADS,
                               max_request_body_size=LARGEST_BODY + 2**20, ident="cueloop")
    except OSError as error:
        raise PartFailed(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port.") from None
    click.echo(f"ML backend on http://{host}:{server.effective_port} (Ctrl-C stops it)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # stop as on Ctrl-C, closing what is open
    try:
        server.run()
    finally:
        server.close()
