"""Promises to a team, kept on real parts: what is dead stops nobody, and takes up its work when it returns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from console.connect import connect
from console.parts import ports
from console.parts.label_studio import EmbeddedLabelStudio
from console.parts.supervisor import Supervisor
from console.parts.valkey import EmbeddedValkey
from cueloop import queue
from cueloop.label_config import parse, to_result
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, models, projects
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import due
from ml_backend.policy.in_force import policy
from ml_backend.triggers.examine import examine
from tests.conftest import SENTIMENT

CONTROL = parse(SENTIMENT).modelled[0]
PATIENCE = 5.0
"""Longest that a person waits for Label Studio in these tests, in seconds."""


@pytest.fixture
def admin(label_studio: EmbeddedLabelStudio, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabelStudio]:
    """The Label Studio of the tests, which the home in the test uses as its own."""
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.admin_token)
    with LabelStudio(label_studio.url, label_studio.admin_token) as client:
        yield client


@pytest.mark.label_studio
def test_a_dead_ml_backend_leaves_label_studio_usable(
    home: Settings, label_studio: EmbeddedLabelStudio, admin: LabelStudio, project_factory: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a connected project whose ML backend answered once, and is dead now
    project = project_factory(label_studio, tasks=[{"text": f"Sentence {n}."} for n in range(4)])
    with Supervisor(home.home, roles=("serve",)) as supervisor:
        store = Store.open(supervisor.settings.store_url)
        connect(supervisor.settings, store, admin, project)
        assert [b["state"] for b in admin.ml_backends(project)] == ["CO"]
    store.close()
    monkeypatch.setenv("CUELOOP_REDIS_URL", "")
    slow: dict[str, float] = {}

    def timed(what: str, call: Callable[[], Any]) -> Any:
        began = time.monotonic()
        result = call()
        slow[what] = time.monotonic() - began
        return result

    # When people label and look around
    task = timed("next task", lambda: admin.next_task(project, {"project": str(project)}))
    timed("submit", lambda: admin.annotate(task["id"], to_result(CONTROL, "neutral")))
    timed("a task of its own", lambda: admin.get(f"/api/tasks/{task['id'] + 1}/"))
    rows = timed("Data Manager", lambda: admin.get("/api/tasks", project=project, page=1, page_size=30, fields="all"))
    backends = timed("its settings", lambda: admin.ml_backends(project))
    # Then all of it works, and nobody waits for what is dead
    assert rows["total"] == 4
    assert rows["tasks"][0]["total_annotations"] + rows["tasks"][1]["total_annotations"] == 1
    assert [b["state"] for b in backends] != ["CO"]
    assert max(slow.values()) < PATIENCE, slow
    # And when it returns, Label Studio has it again
    with Supervisor(home.home, roles=("serve",)):
        assert [b["state"] for b in admin.ml_backends(project)] == ["CO"]


def test_a_redis_that_returns_finds_the_work_that_waited(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a project with enough labels for a first model, and a Redis that is dead
    store = Store.open(home.store_url)
    labelled_project(store)
    monkeypatch.setenv("CUELOOP_REDIS_URL", f"redis://127.0.0.1:{ports.free()}/0")
    # When the loop comes to training
    due.step(store, None, 1, frozenset())  # type: ignore[arg-type]
    # Then nothing breaks and nothing is lost
    with store.read() as conn:
        assert examine(conn, 1, policy(conn, 1)).why
    # And when Redis returns, the next turn of the loop has a worker train
    valkey = EmbeddedValkey(home.home)
    valkey.start()
    try:
        monkeypatch.setenv("CUELOOP_REDIS_URL", valkey.url)
        due.step(store, None, 1, frozenset())  # type: ignore[arg-type]
        queue.work(valkey.url, burst=True)
    finally:
        valkey.stop()
    with store.read() as conn:
        assert models.newest(conn, 1)
        assert not examine(conn, 1, policy(conn, 1)).why
    store.close()


def labelled_project(store: Store) -> None:
    """Project 1, observed, with 75 texts whose labels people agree on."""
    at = now()
    words = {"negative": "dull and tiresome", "neutral": "two hours long", "positive": "a warm delight"}
    with store.write() as conn:
        projects.put(conn, 1, title="P", label_config=SENTIMENT, mode="observe", connected_at=at)
        for number in range(75):
            label = CONTROL.labels[number % 3]
            key = conn.execute(s.tasks.insert().values(
                project_id=1, id=number + 1, created_at=at, updated_at=at, cue={}, blind=False,
                data={"text": f"Film {number} is {words[label]}."}).returning(s.tasks.c.key)).scalar_one()
            conn.execute(s.answers.insert().values(
                task=key, control=CONTROL.name, annotator_id=7, project_id=1, label=label, unique_id=f"a{number}",
                ground_truth=False, seen_suggestion=False, answered_at=at))
            conn.execute(s.consensus.insert().values(
                task=key, control=CONTROL.name, project_id=1, label=label, probability=0.98,
                probabilities={label: 0.98}, answers=2, method="test", updated_at=at))
