"""label-studio-ml's own `init` on a two-line model.py, served by gunicorn: it follows the champion of a home."""

from __future__ import annotations

import subprocess
import time

import httpx
import pytest
import sqlalchemy as sa

from benchmarks import upstream
from cueloop.store import Store
from cueloop.store.schema import jobs
from tests.ml_backend.compat_server.conftest import LABEL_STUDIO, first, setup
from tests.ml_backend.conftest import Project, dataset, examples
from tests.ml_backend.server import predict, settings_in, task, train_now

MODEL = "from ml_backend.compat.ours import Cueloop\n\nCueloop.warm()\n"


@pytest.fixture
def followed(real_python, tmp_path, valkey):
    """A client of its server, the store, and the settings of the home that it follows."""
    settings = settings_in(tmp_path / "home")
    store = Store.open(settings.store_url)
    (tmp_path / "model.py").write_text(MODEL)
    subprocess.run([real_python, "-m", "label_studio_ml.server", "init", "backend", "--script", "model.py:Cueloop"],
                   cwd=tmp_path, check=True, capture_output=True)
    url, process = upstream.gunicorn(tmp_path / "backend", CUELOOP_HOME=str(settings.home), CUELOOP_REDIS_URL=valkey)
    with httpx.Client(base_url=url, timeout=60, headers={"User-Agent": LABEL_STUDIO}) as client:
        yield client, store, settings
    process.stop()
    store.close()


def test_it_follows_the_champion_keeps_blind_tasks_blind_and_hands_training_over(followed):
    client, store, settings = followed
    # Given a connected project with a blind task and no model yet
    project = Project(store, 7)
    project.add(examples(90), labelled=True)
    project.add(examples(1, seed=9), ids=[500], labelled=False, blind=True)
    assert setup(client, "7.1") == "untrained"
    tasks = [task("bread and soup", id=1), task("bread and soup", id=500)]
    assert predict(client, tasks, project="7.1") == [[], []]
    # When a model is trained and put in service
    version = train_now(settings, store, [dataset(examples(90))], 7, "project-7")
    until = time.monotonic() + 30
    while setup(client, "7.1") != version and time.monotonic() < until:
        time.sleep(0.1)
    # Then it answers, and still not the blind task
    open_, blind = predict(client, tasks, project="7.1")
    best = first(open_)
    assert (best["model_version"], best["result"][0]["value"]["choices"]) == (version, ["food"])
    assert blind == []
    # When somebody presses the button: our queue has the job
    event = {"action": "START_TRAINING", "project": {"id": 7, "title": "Topics"}}
    assert client.post("/webhook", json=event).status_code == 201
    with store.read() as conn:
        assert conn.execute(sa.select(jobs.c.kind, jobs.c.project_id)).all() == [("train", 7)]
