"""Team's own model files, served and trained as `cueloop serve --model-class` does."""

import os
import sys
from pathlib import Path

import pytest

from cueloop.store import models
from ml_backend.compat import author, starting
from tests.ml_backend import server as serving
from tests.ml_backend.compat.models_at import MODELS


@pytest.fixture(autouse=True)
def untouched():
    """What a process keeps for as long as it serves a class is taken away after the test."""
    path, finders, modules, environ = list(sys.path), list(sys.meta_path), set(sys.modules), dict(os.environ)
    yield
    sys.path[:], sys.meta_path[:] = path, finders
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if name.startswith(("label_studio_ml", "label_studio_tools", "label_studio_converter")) or (
                file and Path(file).parent == MODELS):
            del sys.modules[name]
    author._beside.clear()
    for name in set(os.environ) - set(environ):
        del os.environ[name]
    os.environ.update(environ)


@pytest.fixture
def class_settings(settings, store, monkeypatch):
    """`class_settings("file.py")`: settings that name a model file, in the environment, too."""
    def named(file, **changes):
        found = settings.model_copy(update={"ml_class": str(MODELS / file)} | changes)
        for name, value in {"CUELOOP_HOME": found.home, "CUELOOP_ML_CLASS": found.ml_class,
                            "CUELOOP_DATABASE_URL": store.url.render_as_string(hide_password=False)}.items():
            monkeypatch.setenv(name, str(value))
        return found
    return named


@pytest.fixture
def own(class_settings, store):
    """`own("file.py")` serves a model file as `cueloop serve --model-class` does; gives a client."""
    running = []

    def start(file, model=None):
        settings = class_settings(file)
        name = starting.begin(store, settings, model, actor="test")
        running.append(serving.Server(settings, store, name))
        return running[-1].client

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def champion(store):
    """`champion(name)`: the version in service."""
    def of(name):
        with store.read() as conn:
            return models.get(conn, name, models.aliases_of(conn, name)["champion"])
    return of
