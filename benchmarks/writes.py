"""Writes: how many requests that change Label Studio one answer costs, as the project grows.

Run `python -m benchmarks.writes [--answers N]`. Eight people answer what their queues serve them, on Cueloop's own
fake of Label Studio, which counts; consensus, rules and queues are the real ones. First queues are counted apart. The
goal is that the cost of an answer does not grow with the project.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.latency import CONFIG, RULES
from benchmarks.measure import verdict
from cueloop import logs
from cueloop.fake import FakeLabelStudio
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, annotators, projects
from cueloop.store.columns import now
from routing import context
from routing.language import rules
from routing.route import route
from routing.showing.publish import publish
from routing.showing.queues import initial_cue, next_task_body
from sync import quality
from sync.pull import pull

SIZES, PEOPLE, EACH = (300, 1_000, 4_000), 8, 10
WRITING = ("POST", "PATCH", "PUT", "DELETE")


def main() -> None:
    """Print writes an answer for projects of several sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=240)
    answers = parser.parse_args().answers
    logs.setup("warning", "benchmark")
    print(f"{'tasks':>8}{'answers':>9}{'writes an answer':>18}{'first queues':>14}")
    costs = []
    for size in SIZES:
        first, writes, given = project(size, answers)
        costs.append(writes / given)
        print(f"{size:>8,}{given:>9}{costs[-1]:>18.2f}{first:>14}")
    verdict("writes an answer, largest to smallest project", costs[-1] / costs[0], 1.2)


def project(size: int, answers: int) -> tuple[int, int, int]:
    """(writes for the first queues, writes for the answers, answers) of a project of so many tasks."""
    with tempfile.TemporaryDirectory() as folder:
        fake, store = FakeLabelStudio().start(), Store.open(f"sqlite:///{Path(folder) / 'store.sqlite3'}")
        try:
            with LabelStudio(fake.url, fake.admin_token) as admin:
                return _day(fake, store, admin, size, answers)
        finally:
            store.close()
            fake.stop()


def _day(fake: FakeLabelStudio, store: Store, admin: LabelStudio, size: int, answers: int) -> tuple[int, int, int]:
    number = int(admin.create_project(title="Writes", label_config=CONFIG)["id"])
    people = [_hire(admin, at) for at in range(PEOPLE)]
    keys = initial_cue(size, [queue for _, queue, _ in people], hold=20)
    admin.import_tasks(number, [{"data": {"text": f"text {at}", **cue}} for at, cue in enumerate(keys)])
    with store.write() as conn:
        annotators.put(conn, [{"id": who, "email": f"p{who}@example.com"} for _, _, who in people])
        projects.put(conn, number, title="Writes", label_config=CONFIG, mode="connected", connected_at=now())
        context.put_in_force(conn, number, rules.parse(RULES), "benchmark")
    before = _written(fake)
    _round(store, admin, number)
    first = _written(fake) - before
    random, given, before = Random(0), 0, _written(fake)
    while given < answers:
        for client, queue, _ in people:
            given += _answer(client, number, queue, random)
        if given % EACH == 0 or given >= answers:
            _round(store, admin, number)
    for client, _, _ in people:
        client.close()
    return first, _written(fake) - before - given, given


def _answer(client: LabelStudio, project_id: int, queue: str, random: Random) -> int:
    task = client.next_task(project_id, next_task_body(project_id, queue))
    if task is None:
        return 0
    label = "kind" if random.random() < (0.85 if int(task["id"]) % 2 else 0.15) else "rude"
    client.annotate(int(task["id"]), [{"from_name": "tone", "to_name": "text", "type": "choices",
                                       "value": {"choices": [label]}}])
    return 1


def _round(store: Store, admin: LabelStudio, project_id: int) -> None:
    """One round of the sync loop."""
    found: Any = pull(store, admin, project_id)
    quality.step(store, admin, project_id, found.changed)
    route(store, project_id, found.changed)
    publish(store, admin, project_id, seconds=300.0)


def _written(fake: FakeLabelStudio) -> int:
    """Requests so far that change something; asking for the next task is a POST that reads."""
    return sum(method in WRITING and "next_task" not in path for method, path in fake.faults.calls)


def _hire(admin: LabelStudio, number: int) -> tuple[LabelStudio, str, int]:
    with admin.sign_up(f"p{number}.{time.time_ns()}@example.com", "a good password", "Pat", str(number)) as session:
        me = int(session.whoami()["id"])
        return LabelStudio(admin.url, session.token()), annotators.queue_name(me), me


if __name__ == "__main__":
    main()
