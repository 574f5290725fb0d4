"""Keep the store up to date with Label Studio, and do what follows from each change."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from console.cli import FAILED
from console.cli._options import echo, json_option, open_store, pass_settings
from cueloop import logs
from cueloop.errors import PartFailed, SettingsError
from cueloop.settings import Settings

if TYPE_CHECKING:
    from cueloop.label_studio import LabelStudio
    from cueloop.store import Store
    from sync.hints import Hints
    from sync.steps import Step

STEPS = ("sync.quality", "routing.step", "routing.people.notices", "ml_backend.due")
"""Modules whose `step` the loop runs on every change, in this order: quality first, because routing reads it, and
notices after routing, which raises them."""


@click.command()
@click.option("--full", is_flag=True, help="First fetch every task again, not only what changed.")
@click.option("--once", is_flag=True, help="Do one full round, say what happened and end.")
@json_option
@pass_settings
def command(settings: Settings, full: bool, once: bool, as_json: bool) -> None:
    """Keep the store up to date with Label Studio, and do what follows from each change.

    Runs until it is stopped. It listens for Label Studio's webhooks, which only make it look sooner.

    Example: `cueloop sync --once` after a time without it; `cueloop sync` for good.
    """
    logs.setup(settings.log_level, "sync")
    if not settings.label_studio_url or not settings.label_studio_api_key.get_secret_value():
        raise SettingsError("Set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY to the Label Studio to sync with, "
                            "or run `cueloop up`, which brings one.")
    from cueloop.http import Retries
    from cueloop.label_studio import LabelStudio

    store, token = open_store(settings), settings.label_studio_api_key.get_secret_value()
    # The loop tries again by itself, and must be able to stop in between.
    with LabelStudio(settings.label_studio_url, token, retries=Retries(attempts=2, longest_seconds=1.0)) as client:
        if full:
            _pull_all(store, client)
        if once:
            rounds = _once(settings, store, client)
            echo(rounds, as_json, _tell)
            if any("error" in said or set(said["steps"].values()) - {"done"} for said in rounds):
                raise click.exceptions.Exit(FAILED)
        else:
            _forever(settings, store, client)


def _steps() -> list[Step]:
    return [import_module(module).step for module in STEPS]


def _pull_all(store: Store, client: LabelStudio) -> None:
    """Fetch every task of every connected project again."""
    from cueloop.store import projects
    from sync.pull import pull

    with store.read() as conn:
        live = projects.live(conn)
    for project in live:
        pull(store, client, project.id, full=True)


def _once(settings: Settings, store: Store, client: LabelStudio) -> list[dict[str, Any]]:
    """One round to the end: everything pulled and swept, every step run."""
    from sync.loop import once

    return once(settings, store, client, steps=_steps())


def _tell(rounds: Sequence[dict[str, Any]]) -> str:
    lines = []
    for said in rounds:
        if "error" in said:
            lines.append(f"project {said['project']}: {said['error']}")
            continue
        lines.append(f"project {said['project']}: {said['changed']} tasks changed, {said['tasks']} fetched, "
                     f"{said['annotations']} annotations new or changed, {said['deleted_tasks']} tasks and "
                     f"{said['deleted_annotations']} annotations deleted, {said['seconds']} s")
        lines += [f"  {step}: {outcome}" for step, outcome in said["steps"].items()]
    return "\n".join(lines) or "No project is connected yet: `cueloop connect --project ID`."


def _forever(settings: Settings, store: Store, client: LabelStudio) -> None:
    from sync import loop
    from sync.hints import Hints

    stop, hints = threading.Event(), Hints()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with _listening(settings, hints):
        loop.run(settings, store, client, steps=_steps(), stop=stop, hints=hints)


@contextmanager
def _listening(settings: Settings, hints: Hints) -> Iterator[None]:
    """The webhook receiver, in a thread of its own, while the block runs."""
    from waitress import create_server

    from sync.webhooks import BODY_BYTES, create_app

    try:
        server = create_server(create_app(settings, hints.hint), host=settings.hook_host, port=settings.hook_port,
                               threads=2, max_request_body_size=BODY_BYTES, ident=None)
    except OSError as error:
        raise PartFailed(f"The webhook cannot listen on {settings.hook_host}:{settings.hook_port}: "
                         f"{error.strerror}. Set CUELOOP_HOOK_PORT to a free port.") from None
    thread = threading.Thread(target=server.run, name="webhook", daemon=True)
    thread.start()
    logs.get(__name__).info("listening for webhooks", host=settings.hook_host, port=server.effective_port)
    try:
        yield
    finally:
        server.close()
        thread.join(timeout=2.0)
