"""Our app, once a process, for callers in the same process."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from threading import Lock

from pydantic import SecretStr
from werkzeug.test import Client

from cueloop import settings as settings_module
from cueloop.errors import ModelError
from cueloop.store import Store
from ml_backend import registry
from ml_backend.app import create_app

_LOCK = Lock()


def behind(model: str | None, home: Path | None) -> Client:
    """A caller of the app that serves `model` (as `create_app`) from `home`; built and warmed by the first who asks.

    Raises ModelError when there is no such home, NotFound when it has no such model.
    """
    with _LOCK:
        return _built(model, home)


@lru_cache
def _built(model: str | None, home: Path | None) -> Client:
    settings = settings_module.load(home=home) if home else settings_module.load()
    if not settings.database_url and not (settings.home / "cueloop.sqlite3").is_file():
        raise ModelError(f"{settings.home} is no home of Cueloop. Set CUELOOP_HOME to one, or CUELOOP_DATABASE_URL "
                         "and CUELOOP_ARTIFACTS_URL.")
    store = Store.open(settings.store_url)
    if model:
        with store.read() as conn:
            registry.resolve(conn, model)
    inside = settings.model_copy(update={"ml_password": SecretStr("")})  # who may call is asked by the server in front
    return Client(create_app(inside, store, model, warm=True))


def _forked() -> None:
    """A connection to a database is not shared between processes, and the lock may be held by nobody who is left."""
    global _LOCK  # noqa: PLW0603
    _LOCK = Lock()
    _built.cache_clear()


os.register_at_fork(after_in_child=_forked)
