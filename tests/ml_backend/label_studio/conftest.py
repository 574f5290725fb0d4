"""A real Label Studio beside the ML backend as a user runs it: `cueloop serve` and a worker, on one store."""

import time

import httpx
import pytest

from cueloop.queue import connect
from cueloop.store import Store
from ml_backend import consensus_data
from tests.ml_backend.conftest import CONFIG, Project, examples
from tests.ml_backend.live import Live
from tests.ml_backend.server import AUTH, settings_in, train_now

TITLE = "Cueloop"
TAUGHT, BLIND, ALL = 60, 20, 500
"""Tasks that are labelled, tasks at the end that are blind, and all of them."""


class Scene:
    """One project of 500 tasks in Label Studio and in the store, with a trained model."""

    def __init__(self, label_studio, redis_url, home):
        self.settings = settings_in(home).model_copy(update={"redis_url": redis_url})
        self.store = Store.open(self.settings.store_url)
        self.http = httpx.Client(base_url=label_studio.url, timeout=120,
                                 headers={"Authorization": f"Token {label_studio.admin_token}"})
        some = examples(TAUGHT) + examples(ALL - TAUGHT, seed=5, clear=0.15)
        self.id = self.new(CONFIG, [{"text": e.text} for e in some])
        self.ids = self.task_ids(self.id)
        project = Project(self.store, self.id)
        project.add(some[:TAUGHT], ids=self.ids[:TAUGHT])
        project.add(some[TAUGHT:-BLIND], ids=self.ids[TAUGHT:-BLIND], labelled=False)
        project.add(some[-BLIND:], ids=self.ids[-BLIND:], labelled=False, blind=True)
        self.version = self.train()
        self.live = Live(self.settings)

    def new(self, config, tasks):
        """A project in Label Studio; its id."""
        made = self.call("POST", "/api/projects/", json={"title": "Conformance", "label_config": config})
        self.call("POST", f"/api/projects/{made['id']}/import", json=[{"data": data} for data in tasks])
        return made["id"]

    def call(self, method, path, **more):
        """One call of Label Studio's API; its JSON."""
        response = self.http.request(method, path, **more)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def task_ids(self, project):
        found = self.call("GET", "/api/tasks/", params={"project": project, "page_size": 1000, "fields": "task_only"})
        return sorted(row["id"] for row in found["tasks"])

    def train(self):
        """Train on what is labelled and put it in service; the version."""
        with self.store.read() as conn:
            data = consensus_data.datasets(conn, self.id)
        return train_now(self.settings, self.store, data, self.id, f"project-{self.id}")

    def connect(self, project=None, password=AUTH[1], **more):
        """What connecting our backend to a project is answered."""
        return self.http.post("/api/ml/", json={
            "project": project or self.id, "url": self.live.url, "title": TITLE, "auth_method": "BASIC_AUTH",
            "basic_auth_user": AUTH[0], "basic_auth_pass": password, **more})

    def retrieve(self, project=None, some=None):
        """The Data Manager's action `Retrieve predictions` for all tasks, or for some of these ids."""
        items = {"all": True, "excluded": []} if some is None else {"all": False, "included": some}
        self.call("POST", "/api/dm/actions", params={"id": "retrieve_tasks_predictions",
                                                     "project": project or self.id},
                  json={"selectedItems": items})

    def stored(self, project=None):
        """{version: predictions} that Label Studio has."""
        found = self.call("GET", f"/api/projects/{project or self.id}/model-versions/", params={"extended": True})
        return {row["model_version"]: row["count"] for row in found["static"]}

    def wait(self, question, seconds=60):
        """Wait until `question()` is true; it is returned."""
        end = time.monotonic() + seconds
        while not (found := question()):
            assert time.monotonic() < end
            time.sleep(0.1)
        return found

    def told(self):
        """The version that the backend tells Label Studio."""
        return self.live.client.post("/setup", json={"project": f"{self.id}.1"}).json()["model_version"]

    def stop(self):
        self.live.stop()
        self.http.close()
        self.store.close()


@pytest.fixture(scope="module")
def scene(label_studio, valkey, tmp_path_factory):
    """Shared by the tests of a file, which go on from one another as a team's day does."""
    with connect(valkey) as redis:
        redis.flushall()
    found = Scene(label_studio, valkey, tmp_path_factory.mktemp("label-studio-calls"))
    yield found
    found.call("DELETE", f"/api/projects/{found.id}/")
    found.stop()


@pytest.fixture(scope="module")
def backend(scene):
    """Our backend, connected: Label Studio's row of it."""
    response = scene.connect(is_interactive=True)
    assert response.status_code == 201, response.text
    return response.json()
