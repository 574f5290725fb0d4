"""A project to connect, a day of work on it, and what others see of it."""

from __future__ import annotations

import time
from typing import Any

import pytest
import sqlalchemy as sa

from cueloop import settings
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store
from cueloop.store import schema as s
from cueloop.store.columns import now

POSITIVE = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": ["positive"]}}]
NEGATIVE = [{**POSITIVE[0], "value": {"choices": ["negative"]}}]
TEXTS = [{"text": f"text {number}", "source": {"row": number}} for number in range(8)]
ON_THE_FAKE = pytest.mark.parametrize("either_label_studio", ["fake"], indirect=True)
"""For promises to which the real Label Studio adds nothing but time."""


def machine_of(home: Settings) -> str:
    return settings.load(home=home.home).machine_token.get_secret_value()


def person(admin: LabelStudio, name: str = "person") -> LabelStudio:
    with admin.sign_up(f"{name}{time.time_ns()}@example.com", "a good password", name) as session:
        return LabelStudio(admin.url, session.token())


def snapshot(client: LabelStudio, project: int, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Everything of a project that others can see, but the moments of change and annotations by `without`."""
    shown = client.project(project)
    counters = {name for name in shown if name.endswith("_number") or name in
                {"queue_total", "queue_done", "num_tasks_with_annotations"}}
    tasks = []
    for task in client.tasks(project, [row["id"] for row in client.all_ids(project)]):
        kept = [note for note in task["annotations"] if note["unique_id"] not in without]
        tasks.append({"id": task["id"], "data": task["data"], "meta": task["meta"], "overlap": task["overlap"],
                      "is_labeled": task["is_labeled"], "predictions": task["predictions"],
                      "annotations": [(n["unique_id"], n["completed_by"], n["result"]) for n in kept]})
    backends = [(row["id"], row["title"], row["url"]) for row in client.ml_backends(project)]
    return {"project": {name: value for name, value in shown.items() if name not in counters}, "tasks": tasks,
            "webhooks": client.webhooks(project), "backends": backends,
            "views": client.views(project), "versions": client.model_versions(project),
            "users": sorted(user["id"] for user in client.users())}


def a_days_work(home: Settings, store: Store, admin: LabelStudio, project: int, ids: list[int],
                people: list[LabelStudio]) -> set[str]:
    """What Cueloop does on an average day, and what people do meanwhile; their annotations' unique ids."""
    from guidelines import push, versions
    from sync.pull import pull

    pull(store, admin, project, pause=None)
    versions.add(store, project, "# Sentiment\n\nBe *fair* too.", author="test")
    push.push(store, admin, project)
    admin.import_predictions(project, [
        {"task": number, "result": POSITIVE, "score": 0.9, "model_version": "cue-1"} for number in ids])
    with store.write() as conn:
        keys = dict(conn.execute(sa.select(s.tasks.c.id, s.tasks.c.key).where(s.tasks.c.project_id == project)).all())
        conn.execute(s.predictions.insert(), [{
            "project_id": project, "task": keys[number], "control": "sentiment", "model": "default", "version": "cue-1",
            "label": "positive", "score": 0.9, "probabilities": {"positive": 0.9}, "out_of_fold": True,
            "created_at": now(), "sent_at": now(), "pushed_at": now()} for number in ids])
    admin.patch_project(project, model_version="cue-1")
    with LabelStudio(admin.url, machine_of(home)) as machine:
        machine.accept_predictions(project, ids[:3], "cue-1")
    for number in ids[2:6]:
        publish(store, admin, project, number, keys[number])
    made = {people[0].annotate(ids[4], NEGATIVE)["id"], people[1].annotate(ids[4], POSITIVE)["id"],
            people[0].annotate(ids[5], [], was_cancelled=True)["id"], people[1].annotate(ids[7], NEGATIVE)["id"]}
    notes = [note for task in admin.tasks(project, ids) for note in task["annotations"]]
    return {note["unique_id"] for note in notes if note["id"] in made}


def publish(store: Store, admin: LabelStudio, project: int, number: int, key: int) -> None:
    """A queue write as the router makes it: re-read, one PATCH, receipt."""
    from cueloop.store import tasks

    [base] = admin.task_data(project, [number])
    reply = admin.patch_task(number, data=base["data"] | {"cue_queue": ",w1,", "cue_priority": 0.5}, overlap=3,
                             is_labeled=False)
    with store.write() as conn:
        tasks.record_own_write(conn, key, reply, base)
