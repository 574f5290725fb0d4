"""Our app, once a process, for callers in the same process."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

from pydantic import SecretStr
from werkzeug.test import Client

from cueloop import settings as settings_module
from cueloop.errors import ModelError
from cueloop.settings import Settings
from cueloop.store import Store
from ml_backend import registry
from ml_backend.app import create_app
from ml_backend.serving.forks import Forks

_APPS: dict[tuple[str | None, Path | None], tuple[Client, Store, Forks]] = {}
_LOCK = Lock()


def behind(model: str | None, home: Path | None) -> Client:
    """A caller of the app that serves `model` (as `create_app`) from `home`; built and warmed by the first who asks.

    Raises ModelError when there is no such home, NotFound when it has no such model.
    """
    with _LOCK:
        if (model, home) not in _APPS:
            _APPS[model, home] = _built(model, settings_module.load(home=home) if home else settings_module.load())
        return _APPS[model, home][0]


def close() -> None:
    """Give back what is open. Who asks next builds anew."""
    with _LOCK:
        for _, store, _ in _APPS.values():
            store.close()
        _APPS.clear()


def _built(model: str | None, settings: Settings) -> tuple[Client, Store, Forks]:
    if not settings.database_url and not (settings.home / "cueloop.sqlite3").is_file():
        raise ModelError(f"{settings.home} is no home of Cueloop. Set CUELOOP_HOME to one, or CUELOOP_DATABASE_URL "
                         "and CUELOOP_ARTIFACTS_URL.")
    store = Store.open(settings.store_url)
    try:
        if model:
            with store.read() as conn:
                registry.resolve(conn, model)
        # who may call is asked by the server in front
        inside = settings.model_copy(update={"ml_password": SecretStr("")})
        app = create_app(inside, store, model)
        return Client(app, use_cookies=False), store, Forks(app.extensions["ml_backend"], serves=True)
    except BaseException:
        store.close()
        raise


def _forking() -> None:
    """gunicorn's --preload: models are shared with the new process, connections are not."""
    for _, _, forks in _APPS.values():
        forks.forking()


def _forked() -> None:
    """In the new process, where nobody is left to give the lock back."""
    global _LOCK  # noqa: PLW0603
    _LOCK = Lock()
    for _, _, forks in _APPS.values():
        forks.forked()


os.register_at_fork(before=_forking, after_in_child=_forked)
