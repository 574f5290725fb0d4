"""`cueloop serve --model-class` with the real label-studio-ml 1.0.9 importable: a class of 1.0.9, as it is."""

from __future__ import annotations

import json
import os
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from console.parts import ports
from console.parts.process import Process
from cueloop.store import Store
from cueloop.store.schema import annotations
from tests.ml_backend.conftest import Project, examples
from tests.ml_backend.server import AUTH, predict, settings_in, task

ROOT = Path(__file__).parents[3]
WORDS = Path(__file__).parent / "older_class.py"


@pytest.fixture
def annotated(tmp_path):
    """Settings of a home with project 7 and the annotations of 90 tasks."""
    settings = settings_in(tmp_path / "home")
    store = Store.open(settings.store_url)
    project, some = Project(store, 7), examples(90)
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    rows = [{"unique_id": f"7-{key}", "project_id": 7, "task": key, "id": key, "annotator_id": 1, "ground_truth": False,
             "result": [{"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": [e.label]}}],
             "was_cancelled": False, "created_at": moment, "updated_at": moment}
            for key, e in zip(project.add(some), some, strict=True)]
    with store.write() as conn:
        conn.execute(annotations.insert(), rows)
    store.close()
    return settings


@pytest.fixture
def cueloop(real_python, annotated):
    """Runs commands of Cueloop with the Python that has label-studio-ml: a list for a process, and the environment."""
    environ = {**os.environ, "CUELOOP_HOME": str(annotated.home), "CUELOOP_ML_USER": AUTH[0],
               "CUELOOP_ML_PASSWORD": AUTH[1], "OMP_NUM_THREADS": "1"}
    return [str(real_python), "-m", "console"], environ


def test_a_class_of_1_0_9_is_served_and_trained_as_it_is(cueloop, annotated):
    command, environ = cueloop
    port = ports.free()

    def ready():
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health", auth=AUTH, timeout=5).status_code < 500
        except httpx.TransportError:
            return False

    server = Process("cueloop serve", [*command, "serve", "--model-class", str(WORDS), "--port", str(port),
                                       "--processes", "1"],
                     log=annotated.home / "serve.log", environ=environ, ready=ready)
    # Given the class, which has not been trained
    server.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=AUTH, timeout=60) as client:
            asked = [task("bread and soup and cheese", id=901)]
            [before] = predict(client, asked, project="7.1")
            assert before["result"] == []
            # When its own fit has run
            done = subprocess.run(
                [*command, "train", "--project", "7", "--json"], cwd=ROOT, capture_output=True, text=True,
                env=environ | {"CUELOOP_ML_CLASS": str(WORDS)}, check=False)
            assert done.returncode in {0, 3}, done.stderr
            trained = json.loads(done.stdout)
            assert trained["promoted"], trained["reason"]
            # Then what it learned is in service within seconds, under a version of ours
            until = time.monotonic() + 30
            [after] = predict(client, asked, project="7.1")
            while after["model_version"] != trained["version"] and time.monotonic() < until:
                time.sleep(0.2)
                [after] = predict(client, asked, project="7.1")
            assert after["model_version"] == trained["version"] != before["model_version"]
            assert after["result"][0]["value"]["choices"] == ["food"]
    finally:
        server.stop()
