"""The ML backend on a real port, for tests that talk to it."""

import threading

import httpx
from waitress.server import create_server

from cueloop.settings import Settings
from cueloop.store import models
from ml_backend import registry
from ml_backend.app import create_app
from ml_backend.artifacts import Artifacts
from ml_backend.retrain import retrain
from tests.ml_backend.conftest import CONFIG

AUTH = ("cueloop", "a password")


class Server:
    """The app on a real port."""

    def __init__(self, settings, store, model=None):
        self._server = create_server(create_app(settings, store, model, poll_seconds=0.05), host="127.0.0.1", port=0,
                                     threads=8)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self._server.effective_port}", auth=AUTH, timeout=30)

    def stop(self):
        """Let running requests end, then close the sockets from the server's own loop."""
        self.client.close()
        self._server.task_dispatcher.shutdown()
        self._server.trigger.pull_trigger(lambda: self._server.asyncore.close_all(self._server._map))
        self._thread.join(30)
        assert not self._thread.is_alive()


def settings_in(home):
    """Settings with a password and no Redis."""
    return Settings(home=home, ml_user=AUTH[0], ml_password=AUTH[1])


def train_now(settings, store, data, project_id=None, name="topics"):
    """Train and put in service; the version."""
    outcome = retrain(store, Artifacts(settings.artifacts), name, data, actor="test", project_id=project_id)
    if not outcome.verdict.promoted:  # the gate is not what is tested here
        registry.promote(store, outcome.version, actor="test", reason="")
    return outcome.version.version


def files_of(settings, store, version, name="topics"):
    """{name: place} of a version's files; equal files of several versions are one."""
    with store.read() as conn:
        hashes = models.get(conn, name, version).sha256
    return {file: settings.home / "artifacts" / "blobs" / hash_[:2] / hash_ for file, hash_ in hashes.items()}


def task(text, **more):
    """A task as Label Studio sends it."""
    return {"data": {"text": text}, **more}


def predict(client, tasks, **more):
    """The results of /predict for a config with the topics' labels."""
    response = client.post("/predict", json={"tasks": tasks, "label_config": CONFIG, **more})
    assert response.status_code == 200, response.text
    return response.json()["results"]
