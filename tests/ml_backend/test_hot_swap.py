"""Hot swap: a promotion is in service within moments, and nobody who is asking notices."""

import threading
import time
from pathlib import Path

import httpx

from cueloop.store import schema as s
from ml_backend import registry
from ml_backend.app import create_app
from ml_backend.artifacts import Artifacts
from ml_backend.serving.asking import Asking
from ml_backend.serving.slot import Serving
from tests.ml_backend.conftest import CONFIG, examples
from tests.ml_backend.server import AUTH, files_of, predict, task


def test_promotions_while_eight_threads_predict_fail_no_request_and_mix_no_versions(serve, train):
    versions = [train(seed=0)]
    client = serve("topics")
    stop, problems, seen = threading.Event(), [], set()
    tasks = [task(e.text) for e in examples(40, seed=9)]

    def ask():
        with httpx.Client(base_url=client.base_url, auth=AUTH, timeout=30) as own:
            while not stop.is_set():
                response = own.post("/predict", json={"tasks": tasks, "label_config": CONFIG})
                if response.status_code != 200:
                    problems.append(response.text)
                    continue
                answers = response.json()["results"]
                said = {a["model_version"] for a in answers}
                if len(said) != 1 or any(len(a["result"]) != 1 for a in answers):
                    problems.append(said)
                seen.update(said)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        # When three versions are promoted one after the other while all predict
        for seed in (1, 2, 3):
            versions.append(train(seed=seed))
            end = time.monotonic() + 20
            while versions[-1] not in seen and time.monotonic() < end:
                time.sleep(0.02)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    # Then every request was answered, each by one version, and each version came into service
    assert problems == []
    assert seen == set(versions)


def test_a_version_that_cannot_be_loaded_leaves_the_old_one_in_service(serve, train, settings, store):
    first = train()
    client = serve("topics")
    assert predict(client, [task("bread")])[0]["model_version"] == first
    second = train(seed=1)
    files_of(settings, store, second)["bundle.json"].write_bytes(b"{}")
    for _ in range(10):
        time.sleep(0.06)
        assert predict(client, [task("bread")])[0]["model_version"] in {first, second}
    with store.write() as conn:
        conn.execute(s.aliases.update().where(s.aliases.c.alias == "champion").values(version=first))
    assert predict(client, [task("bread")])[0]["result"]


def test_a_pinned_version_does_not_follow_the_champion(serve, train):
    first = train()
    client = serve(f"topics@{first}")
    train(seed=1)
    time.sleep(0.1)
    assert predict(client, [task("bread")])[0]["model_version"] == first


def test_a_first_model_comes_into_service_without_a_restart(serve, train, project):
    client = serve()
    body = {"project": "1.2"}
    assert client.post("/setup", json=body).json() == {"model_version": "untrained"}
    project.add(examples(90))
    version = train(project_id=1, name="project-1")
    end = time.monotonic() + 20
    while client.post("/setup", json=body).json()["model_version"] != version:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_warm_start_has_the_models_in_memory_before_the_first_question(settings, store, train, project):
    project.add(examples(90))
    version = train(project_id=1, name="project-1")
    app = create_app(settings, store, poll_seconds=3600, warm=True)
    Path(settings.home, "artifacts").rename(Path(settings.home, "gone"))     # nothing can be loaded from now on
    said = app.test_client().post("/setup", json={"project": "1.2"}, auth=AUTH)
    assert said.json == {"model_version": version}


def test_a_model_of_others_is_loaded_by_each_process_and_not_by_the_one_that_makes_them(settings, store, train,
                                                                                        monkeypatch):
    version = train()
    loads = []
    monkeypatch.setitem(registry.LOADERS, "text-linear", f"{__name__}:load_of_others")
    monkeypatch.setattr(f"{__name__}.load_of_others", lambda *_: loads.append(1) or "answers", raising=False)
    serving = Serving(Asking(store), Artifacts(settings.artifacts))
    serving.ours_only = True
    assert serving.get("topics") is None
    assert loads == []
    serving.forking()
    serving.forked()
    assert serving.get("topics").version.version == version
    assert loads == [1]
