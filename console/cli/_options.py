"""Options and habits that commands share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from cueloop import settings as settings_module
from cueloop.errors import NotFound
from cueloop.settings import Settings
from cueloop.store import Store

json_option = click.option("--json", "as_json", is_flag=True, help="Print facts as JSON on standard output.")
project_option = click.option("--project", "project", type=int, envvar="CUELOOP_PROJECT", metavar="ID",
                              help="Label Studio project; the connected one when there is only one.")


def pass_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the command the Settings as its first argument."""
    from functools import wraps

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(settings_module.load(), *args, **kwargs)

    return wrapper


def open_store(settings: Settings) -> Store:
    """The store of these settings, brought up to date, closed when the command ends."""
    store = Store.open(settings.store_url)
    click.get_current_context().call_on_close(store.close)
    return store


def which_project(settings: Settings, store: Store, project: int | None) -> int:
    """The project meant: the option, the setting, or the only one that is connected.

    Raises NotFound that lists the connected projects.
    """
    import sqlalchemy as sa

    from cueloop.store.schema import projects

    with store.read() as conn:
        known = conn.execute(sa.select(projects.c.id, projects.c.title)
                             .where(projects.c.mode != "disconnected").order_by(projects.c.id)).all()
    wanted = project if project is not None else settings.project
    if wanted is None and len(known) == 1:
        return int(known[0].id)
    if wanted is not None and any(row.id == wanted for row in known):
        return wanted
    listed = ", ".join(f"{row.id} ({row.title})" for row in known) or "none yet: run `cueloop connect --project ID`"
    asked = "Say which project with --project ID" if wanted is None else f"Project {wanted} is not connected"
    raise NotFound(f"{asked}. Connected: {listed}.")


def echo(data: Any, as_json: bool, human: Callable[[Any], str]) -> None:
    """Print facts: as JSON for programs, or as `human` puts them."""
    click.echo(json.dumps(data, indent=2, default=str, ensure_ascii=False) if as_json else human(data))
