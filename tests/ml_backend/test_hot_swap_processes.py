"""Promotions, rollbacks and a retraining while several processes answer: no request fails, and what is answered is
always the answer of the version that is told.

Each version has learned the labels under another permutation, so that its answers tell which one made them.
"""

import threading
from pathlib import Path

import httpx
import pytest

from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.training import DEFAULT_KIND, train
from tests.ml_backend.conftest import CONFIG, LABELS, dataset, examples
from tests.ml_backend.served import Served, until
from tests.ml_backend.server import AUTH, task

MEANT = {"the bread and the cheese and the soup": 0, "the bank and the loan and the credit": 1,
         "the match and the goal and the referee": 2}
"""Text -> place of its true label."""


def permuted(turn, seed):
    """Training data in which each label is called by the one that stands `turn` places after it."""
    return [dataset([_called(e, LABELS[(LABELS.index(e.label) + turn) % 3]) for e in examples(120, seed, clear=0.6)])]


def _called(example, label):
    return type(example)(**{name: getattr(example, name) for name in example.__slots__} | {"label": label})


class Clients:
    """Ask in a closed loop, each kept connection for a few requests, and hold every answer to its version."""

    def __init__(self, served, turns, number=4):
        self.served, self.turns = served, turns
        self.problems, self.seen, self.requests = [], set(), 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        body = {"tasks": [task(text) for text in MEANT], "label_config": CONFIG, "project": "1.1"}
        while not self._stop.is_set():
            with httpx.Client(base_url=self.served.url, auth=AUTH, timeout=60) as client:
                for _ in range(5):  # then another connection, perhaps of another process
                    try:
                        self._hold(client.post("/predict", json=body))
                    except Exception as error:  # told by the test
                        self.problems.append(repr(error))

    def _hold(self, response):
        self.requests += 1
        if response.status_code != 200:
            self.problems.append(response.text)
            return
        answers = response.json()["results"]
        [version] = {a["model_version"] for a in answers}
        self.seen.add(version)
        said = [a["result"][0]["value"]["choices"][0] for a in answers]
        wanted = [LABELS[(place + self.turns[version]) % 3] for place in MEANT.values()]
        if said != wanted:
            self.problems.append((version, said, wanted))

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def shared(settings, tmp_path):
    """Settings of machines that share a store and a folder of artifacts."""
    return settings.model_copy(update={"artifacts_url": f"file://{tmp_path / 'share'}"})


def kept(settings, store, turn, seed):
    """Train a version without putting it in service."""
    heads = tuple(train(data, kind=DEFAULT_KIND, seed=seed).head for data in permuted(turn, seed))
    return registry.save(store, Artifacts(settings.artifacts), Bundle(heads), {}, name="topics", kind=DEFAULT_KIND)


def environ_of(settings, store):
    """What a command needs to know of the shared store and artifacts."""
    return {"CUELOOP_DATABASE_URL": store.url.render_as_string(hide_password=False),
            "CUELOOP_ARTIFACTS_URL": settings.artifacts}


def test_ten_promotions_and_rollbacks_and_a_retraining_under_load(shared, store, tmp_path):
    # Given three versions that answer differently, two machines with two processes each
    versions = [kept(shared, store, turn, seed=turn) for turn in range(3)]
    turns = {version.version: turn for turn, version in enumerate(versions)}
    registry.promote(store, versions[0], actor="test", reason="")
    environ = environ_of(shared, store)
    (tmp_path / "second").mkdir()
    first = Served(Path(shared.home), "--model", "topics", "--processes", "2", environ=environ)
    second = Served(tmp_path / "second", "--model", "topics", "--processes", "2", environ=environ)
    clients = [Clients(machine, turns, number=2) for machine in (first, second)]
    try:
        # When versions are promoted and taken back again and again, and another one is trained meanwhile
        trained = []
        training = threading.Thread(target=lambda: trained.append(kept(shared, store, 1, seed=7)))
        training.start()
        for number in range(10):
            if number % 3 == 2:
                promoted = registry.rollback(store, "topics", actor="test")
            else:
                promoted = versions[(number + 1) % 3]
                registry.promote(store, promoted, actor="test", reason="")
            for machine in (first, second):
                until(lambda m=machine, v=promoted.version: served_by(m, v) == 2)
        training.join()
        turns[trained[0].version] = 1
        registry.promote(store, trained[0], actor="test", reason="")
        for machine in (first, second):
            until(lambda m=machine: served_by(m, trained[0].version) == 2)
        so_far = [one.requests for one in clients]
        until(lambda: all(one.requests > before + 20 for one, before in zip(clients, so_far, strict=True)))
        # Then every process tells the version that it serves
        for machine in (first, second):
            assert {setup(machine) for _ in range(20)} == {trained[0].version}
    finally:
        for one in clients:
            one.stop()
        codes = [machine.stop() for machine in (first, second)]
    assert [one.problems for one in clients] == [[], []]
    assert all(set(turns) == one.seen for one in clients)
    assert codes == [0, 0]


def served_by(machine, version):
    """How many of its processes have that version in service; the old ones are no longer told."""
    return machine.metric("cueloop_ml_model", name="topics", version=version)


def setup(machine):
    """The version that one of its processes tells, over a connection of its own."""
    return httpx.post(f"{machine.url}/setup", json={"project": "1.1", "schema": CONFIG}, auth=AUTH,
                      timeout=60).json()["model_version"]


def test_a_process_that_starts_later_has_the_version_of_now(shared, store):
    old, new = (kept(shared, store, turn, seed=turn) for turn in (0, 1))
    registry.promote(store, old, actor="test", reason="")
    machine = Served(Path(shared.home), "--model", "topics", "--processes", "1",
                     environ=environ_of(shared, store))
    try:
        registry.promote(store, new, actor="test", reason="")
        until(lambda: served_by(machine, new.version) == 1)
        assert served_by(machine, old.version) is None
        # When the only process is killed, and the one it was made from still has the old version
        [killed] = machine.family.children()
        killed.kill()
        until(lambda: machine.processes not in ([], [killed.pid]))
        # Then the next one never answers with it
        assert [setup(machine) for _ in range(5)] == [new.version] * 5
    finally:
        machine.stop()
