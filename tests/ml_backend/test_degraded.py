"""A part is away: serving goes on with what it has, /health says so, nothing is a 500."""

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from console.parts.valkey import EmbeddedValkey
from cueloop.errors import ModelError
from cueloop.store import Store, models
from cueloop.store import schema as s
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.serving import asking, slot
from ml_backend.serving.asking import Asking, StoreAway
from ml_backend.serving.blind import Blind
from tests.ml_backend.conftest import CONFIG, Project, dataset, examples
from tests.ml_backend.live import Live
from tests.ml_backend.server import Server, files_of, predict, settings_in, task, train_now
from tests.ml_backend.test_health import health, until

STORED = {"User-Agent": "heartex/1.23.2"}


def ready(client):
    return until(lambda: health(client), lambda found: found["ready"])


def degraded(client):
    return until(lambda: health(client), lambda found: found["degraded"])["degraded"]


def stored(client, *ids):
    """What Label Studio's storing call gets for these tasks."""
    response = client.post("/predict", headers=STORED, json={
        "tasks": [task("bread", id=one) for one in ids], "project": "1.2", "label_config": CONFIG})
    assert response.status_code == 200, response.text
    return response.json()["results"]


def every_route_answers(client):
    """No route fails; what needs the store says that it is away."""
    for path, body in (("/setup", {"project": "1.2"}), ("/versions", {}), ("/job_status", {"job": "1"}),
                       ("/webhook", {"action": "START_TRAINING", "project": {"id": 1}}),
                       ("/webhook", {"action": "ANNOTATION_CREATED"}), ("/validate", {"config": "<View/>"}),
                       ("/duplicate_model", {"project_src": "1.1", "project_dst": "2.2"})):
        response = client.post(path, json=body)
        assert response.status_code in {200, 201, 404, 409, 429, 503}, (path, response.text)
        if response.status_code == 503:
            assert response.json()["error"]
    assert client.get("/metrics").status_code == 200


# --- files of a model ---------------------------------------------------------------------------------------------

def truncate(file):
    file.write_bytes(file.read_bytes()[:50])


def alter(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))


@pytest.mark.parametrize("harm", [truncate, alter, Path.unlink, lambda file: shutil.rmtree(file.parent)],
                         ids=["truncated", "altered", "missing", "folder gone"])
def test_a_spoilt_version_is_not_served_told_and_taken_up_when_it_is_whole_again(serve, train, settings, store, harm):
    first = train()
    client = serve("topics")
    assert predict(client, [task("bread")])[0]["model_version"] == first
    # Given a new version that is spoilt before anybody loads it
    artifacts, copy, second = settings.home / "artifacts", settings.home / "copy", []

    def spoil(store, version, **_):
        shutil.copytree(artifacts, copy)
        harm(files_of(settings, store, version.version)["bundle.json"])
        second.append(version.version)
        return promote(store, version, **_)

    promote = registry.promote
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(registry, "promote", spoil)
        train(seed=1)
    # Then the old one stays, and it is told which, since when and why
    told = until(lambda: health(client)["degraded"], lambda told: second[0] in str(told))
    assert f"Version {first} stays in service" in str(told)
    assert predict(client, [task("bread")])[0]["model_version"] == first
    assert ready(client)["models"] == {"topics": first}
    # And when the files are whole again, it comes into service without a restart
    shutil.copytree(copy, artifacts, dirs_exist_ok=True)
    found = until(lambda: health(client), lambda found: found["models"] == {"topics": second[0]}, seconds=60)
    assert not any(second[0] in reason for reason in found["degraded"])


def test_a_version_that_cannot_be_loaded_is_tried_ever_more_rarely(store, settings, train, monkeypatch):
    train()
    clock, tries = [0.0], []

    def fails(*_):
        tries.append(clock[0])
        raise RuntimeError("a customer's text")

    monkeypatch.setattr(registry, "load", fails)
    one = slot.Slot(Asking(store), Artifacts(settings.artifacts), "topics", poll_seconds=0.0, clock=lambda: clock[0])
    for _ in range(600):
        clock[0] += 1.0
        one._refresh()
    assert len(tries) < 30
    assert max(after - before for before, after in pairwise(tries)) <= slot.LONGEST_PAUSE + 1
    assert "RuntimeError" in one.trouble.reason
    assert "customer" not in one.trouble.reason


def test_files_that_vanish_under_a_loaded_model_are_told(serve, train, settings, monkeypatch):
    monkeypatch.setattr("ml_backend.serving.health.SLOW_SECONDS", 0.0)
    version = train()
    client = serve("topics")
    ready(client)
    shutil.rmtree(settings.home / "artifacts")
    assert version in degraded(client)[0]
    assert predict(client, [task("bread")])[0]["model_version"] == version


# --- the store ----------------------------------------------------------------------------------------------------

def take_away(path):
    path.rename(path.with_suffix(".away"))


def replace_by_folder(path):
    take_away(path)
    path.mkdir()


def replace_by_noise(path):
    take_away(path)
    path.write_bytes(b"no database at all" * 1_000)


@pytest.fixture
def scene(settings, tmp_path):
    """A project with a model, tasks of which 101 is blind, served; quick to look again."""
    store = Store.open(f"sqlite:///{tmp_path / 'served.sqlite3'}")
    project = Project(store)
    project.add(examples(60))
    project.add(examples(1), ids=[101], labelled=False, blind=True)
    version = train_now(settings, store, [dataset(examples(60))], project_id=1, name="project-1")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(asking, "LONGEST_PAUSE", 0.2)
        patched.setattr(asking, "FIRST_PAUSE", 0.1)
        server = Server(settings, store)
        ready(server.client)
        yield server.client, store, tmp_path / "served.sqlite3", version
        server.stop()
    store.close()


@pytest.mark.parametrize("harm", [take_away, replace_by_folder, replace_by_noise])
def test_a_store_that_is_taken_away_and_brought_back(scene, harm):
    client, store, path, version = scene
    assert [bool(one) for one in stored(client, 101, 1, 5_000)] == [False, True, True]
    with store.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    harm(path)
    # Then it is told
    assert "The store does not answer since" in degraded(client)[0]
    # And predictions go on: blind tasks stay blind, a task that came later gets nothing that would be stored
    assert [bool(one) for one in stored(client, 101, 1, 5_000)] == [False, True, False]
    assert predict(client, [task("bread", id=5_000)], project="1.2")[0]["model_version"] == version
    assert predict(client, [task("bread", id=101)], project="1.2")[0] == []
    assert client.post("/setup", json={"project": "1.2"}).json() == {"model_version": version}
    every_route_answers(client)
    # And when it is there again, all is well without a restart
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.with_suffix(".away").rename(path)
    until(lambda: health(client), lambda found: not found["degraded"])
    assert [bool(one) for one in stored(client, 101, 1, 5_000)] == [False, True, True]


def test_a_store_that_somebody_locks_for_long_holds_nobody(scene):
    client, store, path, _ = scene
    store.engine.dispose()
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert "The store does not answer" in degraded(client)[0]
        began = time.monotonic()
        for _ in range(20):
            assert [bool(one) for one in stored(client, 101, 1)] == [False, True]
        assert time.monotonic() - began < 15      # twenty seconds if each waited for its own
        every_route_answers(client)
        other.execute("ROLLBACK")
        other.execute("PRAGMA locking_mode=NORMAL")
        other.execute("SELECT 1 FROM projects").fetchall()
    other.close()
    until(lambda: health(client), lambda found: not found["degraded"], seconds=60)


def test_a_store_that_was_away_from_the_start(settings, store, train):
    train()
    away = Store("postgresql+psycopg://u:secret@127.0.0.1:1/none")
    server = Server(settings, away, "topics")
    try:
        found = until(lambda: health(server.client), lambda found: found["degraded"])
        assert found["ready"] is False
        assert "secret" not in str(found)
        assert server.client.get("/health?ready=1").status_code == 503
        assert server.client.post("/setup", json={}).json() == {"model_version": "untrained"}
        assert stored(server.client, 1) == [[]]
        every_route_answers(server.client)
    finally:
        server.stop()
        away.close()


def test_a_postgresql_that_hangs_and_comes_back(postgres, settings):
    url = postgres()
    store = Store.open(url)
    Project(store).add(examples(1), ids=[7], labelled=False, blind=True)
    version = train_now(settings, store, [dataset(examples(60))])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(asking, "LONGEST_PAUSE", 0.5)
        server = Server(settings, store, "topics")
        client = server.client
        ready(client)
        with store.read() as conn:
            data = conn.exec_driver_sql("SHOW data_directory").scalar_one()
        processes = [one for one in psutil.process_iter() if _belongs(one, data)]
        for one in processes:
            one.send_signal(signal.SIGSTOP)
        try:
            # Given a PostgreSQL of which every process has stopped, with all its connections open
            assert "The store does not answer" in degraded(client)[0]
            began = time.monotonic()
            for _ in range(10):
                assert [bool(one) for one in stored(client, 7, 8)] == [False, False]
                assert predict(client, [task("bread")])[0]["model_version"] == version
            assert time.monotonic() - began < 10
        finally:
            for one in reversed(processes):
                one.send_signal(signal.SIGCONT)
        until(lambda: health(client), lambda found: not found["degraded"], seconds=60)
        assert [bool(one) for one in stored(client, 7, 8)] == [False, True]
        server.stop()
    store.close()


def _belongs(process, data):
    """Whether a process is the server of that data folder, or was started by it."""
    try:
        chain = [process, *process.parents()]
        return any("postgres" in one.name() and str(data) in " ".join(one.cmdline()) for one in chain)
    except psutil.Error:
        return False


def test_what_is_not_known_is_not_stored_before_the_first_look(store):
    def broken(*_):
        raise OSError

    blind = Blind(Asking(store))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "read", broken)
        patched.setattr(Asking, "at_once", lambda *_: None)
        assert blind.hidden(1, [1, 2], stored=True) == {1, 2}
        assert blind.hidden(1, [1, 2], stored=False) == frozenset()
        with pytest.raises(StoreAway):
            blind.look()


def test_known_blind_tasks_follow_the_store(any_store):
    project = Project(any_store)
    project.add(examples(3), ids=[1, 2, 3], labelled=False, blind=True)
    blind = Blind(Asking(any_store))
    blind.look()
    assert blind.hidden(1, [1, 3, 4], stored=False) == {1, 3}
    assert blind.hidden(None, [1, 4], stored=False) == {1}
    assert blind.hidden(2, [1], stored=False) == frozenset()
    with any_store.write() as conn:
        conn.execute(s.tasks.update().where(s.tasks.c.id == 3).values(deleted_at=s.tasks.c.created_at))
    project.add(examples(1), ids=[9], labelled=False, blind=True)
    blind.look()
    assert blind.hidden(1, [1, 3, 9], stored=False) == blind.hidden(1, [1, 3, 9], stored=True) == {1, 9}


# --- Redis, the disk, a process -----------------------------------------------------------------------------------

def test_a_redis_that_stops_and_comes_back(serve, train, tmp_path, monkeypatch):
    monkeypatch.setattr("ml_backend.serving.health.SLOW_SECONDS", 0.0)
    train()
    redis = EmbeddedValkey(tmp_path / "redis")
    redis.start()
    try:
        client = serve("topics", redis_url=redis.url)
        ready(client)
        until(lambda: health(client), lambda found: not found["degraded"])
        redis.stop()
        assert "Redis does not answer" in degraded(client)[0]
        assert predict(client, [task("bread")])[0]["result"]
        redis.start()
        until(lambda: health(client), lambda found: not found["degraded"])
    finally:
        redis.stop()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk can be mounted by root only")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_keeps_no_half_version_and_serving_goes_on(small_disk, tmp_path):
    settings = settings_in(tmp_path).model_copy(update={"artifacts_url": f"file://{small_disk}"})
    store = Store.open(settings.store_url)
    version = train_now(settings, store, [dataset(examples(60))])
    server = Server(settings, store, "topics")
    try:
        ready(server.client)
        (small_disk / "filler").write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 8_192))
        # When a version does not fit, then the error says so, nothing of it is left and nothing refers to it
        with pytest.raises(ModelError, match="No space left on device"):
            Artifacts(settings.artifacts).write({"head": b"x" * 100_000})
        with store.read() as conn:
            assert set(Artifacts(settings.artifacts).contents()) == models.needed_contents(conn)
        assert not list(small_disk.rglob(".writing-*"))
        # And what is in service goes on, and it is told
        assert "is full" in degraded(server.client)[0]
        assert predict(server.client, [task("bread")])[0]["model_version"] == version
    finally:
        server.stop()
        store.close()


def test_a_storage_that_refuses_leaves_nothing_half(settings, monkeypatch):
    artifacts = Artifacts(settings.artifacts)

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifacts._fs, "pipe_file", full)
    with pytest.raises(ModelError, match="No space left on device"):
        artifacts.write({"one": b"1"})
    assert not [path for path in (settings.home / "artifacts").rglob("*") if path.is_file()]


def test_a_killed_process_is_replaced_and_each_tells_of_itself(tmp_path):
    settings = settings_in(tmp_path)
    store = Store.open(settings.store_url)
    version = train_now(settings, store, [dataset(examples(60))])
    live = Live(settings, "--model", "topics", CUELOOP_ML_PROCESSES="2")
    try:
        found = until(lambda: _processes(live), lambda found: len(found) == 2, seconds=60)
        killed = next(iter(found))
        psutil.Process(killed).kill()
        until(lambda: _processes(live), lambda found: len(found) == 2 and killed not in found, seconds=60)
        for _ in range(10):
            with live.another() as client:
                assert predict(client, [task("bread")])[0]["model_version"] == version
    finally:
        live.stop()
        store.close()


def _processes(live):
    """Ids of the processes that answer, each of which is ready."""
    found = set()
    for _ in range(20):
        try:
            with live.another() as client:
                told = ready(client)
        except OSError:
            continue
        found.add(told["process"])
    return found
