"""Serve the ML backend that Label Studio talks to."""

from __future__ import annotations

import os

import click

from console.cli._options import open_store, pass_settings
from cueloop import logs
from cueloop.settings import Settings
from cueloop.store import Store


@click.command()
@click.option("--model", metavar="NAME[@VERSION]", help="Answer with this model; without it, with each project's own.")
@click.option("--model-class", metavar="FILE.py[:CLASS]", help="Serve a LabelStudioMLBase subclass of your own instead "
                                                               "of our models. [default: CUELOOP_ML_CLASS]")
@click.option("--host", help="Address to listen on. [default: CUELOOP_ML_HOST]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one. "
                                                            "[default: CUELOOP_ML_PORT]")
@click.option("--processes", type=click.IntRange(0, 64), help="Processes that answer; 0: as many as the machine "
                                                              "carries. [default: CUELOOP_ML_PROCESSES]")
@click.option("--threads", type=click.IntRange(0, 256), help="Requests that each of them takes at a time; 0: a number "
                                                             "that suits. [default: CUELOOP_ML_THREADS]")
@pass_settings
def command(settings: Settings, model: str | None, model_class: str | None, host: str | None, port: int | None,
            processes: int | None, threads: int | None) -> None:
    """Serve the ML backend that Label Studio talks to.

    Follows the champion: a promoted version is in service within a second, and no request fails meanwhile.
    On another address than this machine's own it needs CUELOOP_ML_PASSWORD.

    Example: `cueloop serve --model intents --port 8072`
    """
    import psutil

    from ml_backend.registry import resolve
    from ml_backend.serving import metrics, sizing, workers
    from ml_backend.serving.auth import check_binding
    from ml_backend.serving.tally import tally

    changed = {"ml_processes": processes, "ml_threads": threads, "ml_host": host, "ml_port": port,
               "ml_class": model_class}
    settings = settings.model_copy(update={name: value for name, value in changed.items() if value is not None})
    check_binding(settings, settings.ml_host)
    logs.setup(settings.log_level, "serve")
    store = open_store(settings)
    model = _own_class(settings, store, model)
    if model:
        with store.read() as conn:
            resolve(conn, model)  # a misspelt name is told now, not at the first request
    with workers.listen(settings.ml_host, settings.ml_port) as listener, tally(settings.home):
        from ml_backend.app import create_app
        from ml_backend.serving.forks import Forks

        threads = settings.ml_threads or sizing.THREADS
        app = create_app(settings.model_copy(update={"ml_threads": threads}), store, model)
        forks = Forks(app.extensions["ml_backend"])
        count = settings.ml_processes or (1 if settings.ml_class else  # nobody knows how large it is
                                          sizing.processes(psutil.Process().memory_info().rss))
        where = (f"{workers.url(listener, settings.ml_host)} ({count} {'process' if count == 1 else 'processes'} of "
                 f"{threads} threads; Ctrl-C stops it)")
        workers.Server(
            app, forks, listener, processes=count, threads=threads, home=settings.home, ended=metrics.ended,
            ready=lambda: click.echo(f"ML backend on {where}")).run()


def _own_class(settings: Settings, store: Store, model: str | None) -> str | None:
    """Put a class of the team's own in service; the name that answers for all projects, or None."""
    if not settings.ml_class:
        return model
    from ml_backend.compat import starting
    from ml_backend.compat.author import WrongFile

    os.environ["CUELOOP_ML_CLASS"] = settings.ml_class  # so that whatever loads its versions here knows it
    try:
        return starting.begin(store, settings, model, actor="command line")
    except WrongFile as error:
        raise click.UsageError(str(error)) from None
