"""What /metrics tells: documented, without customers' texts, of several processes as one."""

import errno
import multiprocessing
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ml_backend.serving import metrics as module
from ml_backend.serving.metrics import FILES, FOLDER, Metrics, prepare
from ml_backend.serving.tally import LOCK, tally
from tests.ml_backend.conftest import CONFIG
from tests.ml_backend.server import predict, task

DOCS = Path(__file__).parents[2] / "docs" / "ml-backend.md"


def told(text):
    """Names of the metrics in a text for Prometheus."""
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}


def test_every_metric_is_documented_and_the_other_way_round():
    section = DOCS.read_text().split("## Metrics")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(cueloop_ml_\w+)", section, flags=re.MULTILINE)) == told(Metrics().render())


def test_labels_of_metrics_are_documented():
    documented = re.findall(r"^\| `(cueloop_ml_\w+)(?:\{(.*?)\})?`", DOCS.read_text(), flags=re.MULTILINE)
    labels = {name: set(filter(None, given.split(","))) for name, given in documented}
    own = {metric._name + ("_total" if metric._type == "counter" else ""): set(metric._labelnames)
           for metric in set(Metrics()._own._names_to_collectors.values())}
    assert labels == own


def test_neither_a_text_nor_a_strange_path_nor_a_task_becomes_a_label(serve, train):
    train()
    client = serve("topics")
    predict(client, [task("hidden-word is bread")], project="1.1")
    client.get("/hidden-word")
    client.post("/predict", content=b"hidden-word", headers={"Content-Type": "application/json"})
    client.post("/setup", json={"project": "1", "schema": CONFIG.replace("topic", "hidden-word")})
    text = client.get("/metrics").text
    assert "hidden-word" not in text
    assert 'cueloop_ml_requests_total{route="other",status="404"} 1.0' in text
    assert 'cueloop_ml_requests_total{route="/predict",status="400"} 1.0' in text
    assert "cueloop_ml_tasks_total 1.0" in text


def test_a_version_that_is_out_of_service_is_no_longer_told():
    metrics = Metrics()
    metrics.swapped("topics", None, "old")
    metrics.swapped("topics", "old", "new")
    assert re.findall(r'cueloop_ml_model\{name="topics",version="(\w+)"\} ([\d.]+)', metrics.render()) == [
        ("new", "1.0")]
    metrics.swapped("topics", "new", None)
    assert "cueloop_ml_model{" not in metrics.render()


def test_a_request_without_others_is_not_gathered():
    metrics = Metrics()
    metrics.batch(1, 500)
    metrics.batch(3, 30)
    text = metrics.render()
    assert "cueloop_ml_gathered_requests_total 3.0" in text
    assert "cueloop_ml_batch_tasks_count 2.0" in text


# --- several processes --------------------------------------------------------------------------------------------

SEVERAL = """
import os, sys
from pathlib import Path
from ml_backend.serving.tally import tally
from ml_backend.serving.metrics import Metrics, ended
with tally(Path(sys.argv[1])):
    metrics = Metrics()
    metrics.swapped("topics", None, "old")
    metrics.swapped("topics", "old", None)          # the one that makes the others serves nothing
    children = []
    for number in range(3):
        if (pid := os.fork()) == 0:
            metrics.forked()
            metrics.request("/predict", 200, 0.5)
            metrics.swapped("topics", None, "new")
            metrics.waits(1)
            os._exit(0)
        os.waitpid(pid, 0)
        children.append(pid)
    ended(children[0])
    print(metrics.render())
"""


def test_processes_count_as_one_and_one_that_ended_serves_nothing(tmp_path):
    ran = subprocess.run([sys.executable, "-c", SEVERAL, str(tmp_path)], capture_output=True, text=True, check=True)
    assert 'cueloop_ml_requests_total{route="/predict",status="200"} 3.0' in ran.stdout
    assert 'cueloop_ml_model{name="topics",version="new"} 2.0' in ran.stdout
    assert "cueloop_ml_waiting_requests 2.0" in ran.stdout
    assert '"old"' not in ran.stdout
    assert list((tmp_path / "metrics").iterdir()) == []         # nothing is left when it ends


def test_files_have_their_room_before_they_are_written(tmp_path):
    assert prepare(tmp_path)
    files = [tmp_path / f"{name}_{os.getpid()}.db" for name in FILES]
    assert all(file.stat().st_blocks * 512 >= module.ROOM for file in files)


def test_on_a_full_disk_nothing_is_counted_and_everything_answered(tmp_path, monkeypatch, logged):
    lines = logged(module)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    metrics = Metrics()
    metrics._folder = tmp_path
    monkeypatch.setattr(os, "posix_fallocate", full)
    metrics.forked()
    metrics.request("/predict", 200, 0.1)
    metrics.predicted(3)
    metrics.swapped("topics", None, "new")
    assert "cueloop_ml_tasks_total 0.0" in metrics.render() if metrics._folder is None else True
    assert [fields["reason"] for _, fields in lines] == ["No space left on device"]


def test_folders_of_servers_that_were_killed_are_removed_and_those_in_use_stay(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, "")
    left = tmp_path / "metrics" / "serve-killed"
    left.mkdir(parents=True)
    (left / LOCK).touch()
    ready, end = multiprocessing.Event(), multiprocessing.Event()
    other = multiprocessing.Process(target=_hold, args=(tmp_path, ready, end))
    other.start()
    try:
        assert ready.wait(30)
        used = set((tmp_path / "metrics").iterdir())
        with tally(tmp_path) as own:
            assert set((tmp_path / "metrics").iterdir()) == {own, *used} - {left}
            assert used - {left}
    finally:
        end.set()
        other.join()


def _hold(home, ready, end):
    with tally(home):
        ready.set()
        end.wait(30)


@pytest.mark.parametrize("command", [["status", "--help"], ["models", "list"]])
def test_commands_that_serve_nothing_do_not_load_it(tmp_path, command):
    code = ("import sys; from console.cli import main\n"
            f"try: main({command!r})\nexcept SystemExit: pass\n"
            "assert 'prometheus_client' not in sys.modules and 'gunicorn' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True,
                   env=os.environ | {"CUELOOP_HOME": str(tmp_path)})
