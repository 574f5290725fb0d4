"""Disconnecting under a running sync process: nothing of Cueloop's comes back behind its back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from console.connect import connect, disconnect
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store

POSITIVE = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": ["positive"]}}]


def test_disconnect_while_the_loop_runs_and_people_work_leaves_only_their_annotations(
        home: Settings, store: Store, fake_label_studio: Any, project_factory: Callable[..., int]) -> None:
    """Given a loop that routes all the time and a person who answers from their queue all the time."""
    from routing import step as routing
    from routing.showing.queues import next_task_body
    from sync import loop, quality

    project = project_factory(fake_label_studio, tasks=[{"text": f"text {number}"} for number in range(40)])
    stop, answered = threading.Event(), []
    url, token = fake_label_studio.url, fake_label_studio.admin_token
    with LabelStudio(url, token) as admin, LabelStudio(url, token) as loops:
        with admin.sign_up("ann@example.com", "a good password") as session:
            ann, me = LabelStudio(url, session.token()), session.whoami()["id"]
        before = {row["id"]: (row["data"], row["overlap"]) for row in admin.every_task(project)}
        quick = home.model_copy(update={"sync_seconds": 0.05})
        connect(quick, store, admin, project)

        def work() -> None:
            while not stop.is_set():
                task = ann.next_task(project, next_task_body(project, f"w{me}"))
                if task is not None:
                    answered.append(ann.annotate(task["id"], POSITIVE)["id"])
                time.sleep(0.02)

        looping = threading.Thread(target=loop.run, args=(quick, store, loops), kwargs={
            "steps": [quality.step, routing.step], "stop": stop})
        working = threading.Thread(target=work)
        looping.start()
        working.start()
        try:
            wait_until(lambda: len(answered) >= 5)
            report = disconnect(quick, store, admin, project, settle=2)
            time.sleep(1)
        finally:
            stop.set()
            looping.join()
            working.join()
            ann.close()

        tasks = admin.tasks(project, sorted(before))
        assert {task["id"]: (task["data"], task["overlap"]) for task in tasks} == before
        assert sorted(note["id"] for task in tasks for note in task["annotations"]) == sorted(answered)
        assert [task["is_labeled"] for task in tasks] == [bool(task["annotations"]) for task in tasks]
        assert admin.webhooks(project) == []
        assert report.tasks > 0


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
