"""Faults 1, 4, 10, 20, 21, 22 and 25: models loaded too often, not at all, half, or in one process only."""

import threading
import time
from pathlib import Path

import defusedxml.ElementTree
import numpy as np
import sqlalchemy as sa

from cueloop.settings import Settings
from cueloop.store import Store
from cueloop.store import schema as s
from ml_backend import registry
from ml_backend.app import create_app
from ml_backend.bundle import Bundle
from tests.ml_backend.conftest import CONFIG, dataset, examples
from tests.ml_backend.server import AUTH, Server, files_of, predict, task, train_now

BREAD = "bread cheese soup salad dinner"


def put_in_service(store, version):
    with store.write() as conn:
        conn.execute(s.aliases.update().where(s.aliases.c.alias == "champion").values(version=version))


def test_fault_01_a_model_is_loaded_and_a_config_parsed_once_not_at_every_request(serve, train, monkeypatch):
    train()
    loaded, parsed = [], []
    load, parse = Bundle.from_files.__func__, defusedxml.ElementTree.fromstring
    monkeypatch.setattr(Bundle, "from_files", classmethod(lambda cls, files: loaded.append(1) or load(cls, files)))
    monkeypatch.setattr(defusedxml.ElementTree, "fromstring", lambda text: parsed.append(text) or parse(text))
    client = serve("topics")
    config = CONFIG.replace("<View>", "<View><!-- of this test alone -->")
    for _ in range(20):
        client.post("/setup", json={"project": "1.1", "schema": config}).raise_for_status()
        client.post("/predict", json={"tasks": [task("bread")], "label_config": config}).raise_for_status()
    assert len(loaded) == 1
    assert len(parsed) == len(set(parsed))


def test_fault_04_the_version_that_one_process_tells_is_what_another_one_answers(settings, store, train):
    """Else Label Studio, told of a new version, asks for all tasks and stores the old one's predictions twice."""
    # Given two processes that look at the alias once an hour, both with the first version in service
    processes = [create_app(settings, store, "topics", poll_seconds=3600).test_client() for _ in range(2)]
    body = {"tasks": [task("bread")], "label_config": CONFIG}
    for seed in range(2):
        version = train(seed=seed)
        told = processes[0].post("/setup", json={}, auth=AUTH).json["model_version"]
        said = processes[1].post("/predict", json=body, auth=AUTH, headers={"User-Agent": "heartex/1.23.2"}).json
        assert told == said["results"][0][0]["model_version"] == version


def test_fault_10_a_file_cut_short_is_never_served(serve, train, settings, store):
    first = train()
    client = serve("topics")
    assert predict(client, [task(BREAD)])[0]["model_version"] == first
    second = train(seed=1)
    put_in_service(store, first)
    # Given a second version of which one file after the other is cut in half
    for name, file in sorted(files_of(settings, store, second).items()):
        whole = file.read_bytes()
        file.write_bytes(whole[:len(whole) // 2])
        put_in_service(store, second)
        time.sleep(0.12)  # the server looks every 0.05 s
        answers = [predict(client, [task(BREAD)])[0] for _ in range(3)]
        needed = name == "bundle.json" or name.startswith("head-")
        assert not needed or {answer["model_version"] for answer in answers} == {first}, name
        put_in_service(store, first)
        time.sleep(0.12)
        file.write_bytes(whole)
    assert predict(client, [task(BREAD)])[0]["model_version"] == first


def test_fault_10_no_file_of_a_model_can_run_code(train, settings, store):
    for name, file in files_of(settings, store, train()).items():
        assert not file.read_bytes().startswith(b"\x80")  # a pickle
        if name.endswith((".npy", ".npz")):
            np.load(file, allow_pickle=False)
        assert not name.endswith((".pkl", ".joblib", ".pt", ".bin"))


def test_fault_20_a_model_that_cannot_be_loaded_is_never_replaced_by_a_guess(serve, train, settings, store):
    """Upstream falls back to a random head without a word. Here nothing is answered, and it is told."""
    version = train()
    files_of(settings, store, version)["bundle.json"].write_bytes(b"{}")
    client = serve("topics")
    assert predict(client, [task(BREAD)]) == [{"result": [], "score": 0.0, "model_version": "untrained"}]
    assert client.post("/setup", json={}).json() == {"model_version": "untrained"}
    for _ in range(200):
        health = client.get("/health").json()
        if version in str(health["degraded"]):
            break
        time.sleep(0.05)
    assert version in str(health["degraded"])
    assert (health["ready"], health["models"]) == (False, {})


def test_fault_21_the_old_model_answers_while_the_new_one_loads(serve, train, store, monkeypatch):
    second, first = train(seed=1), train()
    client = serve("topics")
    assert predict(client, [task(BREAD)])[0]["model_version"] == first
    # Given a loading that takes until the test lets it
    loading, may = threading.Event(), threading.Event()
    load = registry.load

    def slow(*arguments, **named):
        loading.set()
        assert may.wait(30)
        return load(*arguments, **named)

    monkeypatch.setattr(registry, "load", slow)
    put_in_service(store, second)
    try:
        while not loading.is_set():
            assert predict(client, [task(BREAD)])[0]["model_version"] == first
        for _ in range(10):
            assert predict(client, [task(BREAD)])[0]["model_version"] == first
        # Label Studio, which is told the newest, waits for no long loading either
        assert client.post("/setup", json={}, timeout=3).json()["model_version"] == first
    finally:
        may.set()
    for _ in range(400):
        if predict(client, [task(BREAD)])[0]["model_version"] == second:
            break
        time.sleep(0.02)
    assert predict(client, [task(BREAD)])[0]["model_version"] == second


def test_fault_22_a_home_that_is_a_relative_path_serves_and_no_file_is_ever_deleted(tmp_path, monkeypatch):
    """Upstream's guard refuses every model under its own default folder, and deletes what it cannot load."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    settings = Settings(home=Path(), ml_user=AUTH[0], ml_password=AUTH[1])
    store = Store.open(settings.store_url)
    version = train_now(settings, store, [dataset(examples(60))])
    for broken in (False, True):
        if broken:
            files_of(settings, store, version)["bundle.json"].write_bytes(b"{}")
        files = sorted(Path("artifacts").rglob("*"))
        server = Server(settings, store, "topics")
        [answer] = predict(server.client, [task(BREAD)])
        server.stop()
        assert (answer["model_version"] == version) is not broken
        assert sorted(Path("artifacts").rglob("*")) == files
    store.close()


def test_fault_25_serving_writes_nothing_and_waits_for_no_writer(serve, train, store):
    """Upstream commits to a database at every request."""
    train()
    client = serve("topics")
    predict(client, [task(BREAD)])
    # Given somebody who holds the store's only write lock
    with store.engine.connect() as conn:
        conn.exec_driver_sql("BEGIN IMMEDIATE")
        before = conn.scalar(sa.text("PRAGMA data_version"))
        client.post("/setup", json={"project": "1.1", "schema": CONFIG}).raise_for_status()
        assert predict(client, [task(BREAD)])[0]["result"]
        assert client.get("/health").status_code == 200
        assert conn.scalar(sa.text("PRAGMA data_version")) == before
        conn.rollback()
