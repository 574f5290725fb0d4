"""Latency: from a submitted answer to the consensus, the expertise and the queues that follow from it.

Run `python -m benchmarks.latency [--seconds S] [--tasks N]`. Everything of one home runs as under `cueloop up`, Label
Studio included; ten people work through their queues, two answers a second in all. An answer has arrived when its
task's consensus counts it and no queue that was wanted by then waits to be shown. Goal: 95 of 100 within 2 s, on two
cores. The processor time of the ten people is part of it, for they run here too.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

import numpy as np
import sqlalchemy as sa

from benchmarks.measure import verdict
from console.connect import connect
from console.parts.supervisor import Supervisor
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, annotators
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import consensus, projects, routes, tasks
from routing import context
from routing.language import rules
from routing.showing.queues import next_task_body

CONFIG = """<View><Text name="text" value="$text"/><Choices name="tone" toName="text" choice="single">
<Choice value="kind"/><Choice value="rude"/></Choices></View>"""
RULES = """
version: 1
rules:
  - {name: sure, when: answers >= 2 and posterior >= 0.9, stop: {}}
  - {name: first-pass, when: answers < 2, ask: {n: 2}}
  - {name: torn, when: answers >= 2 and posterior < 0.9, ask: {n: 1, expertise: likeliest_two, max: 5}}
"""
PEOPLE, RATE, LOOK = 10, 2.0, 0.05
NEVER = "1970-01-01T00:00:00+00:00"


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: Label Studio's id of its task, whose it was the how many-th, when it was submitted."""

    task: int
    answers: int
    at: float


def main() -> None:
    """Print how long answers took to arrive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--tasks", type=int, default=600)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, \
            Supervisor(Path(folder), progress=print) as parts:
        settings = parts.settings
        store = Store.open(settings.store_url)
        with LabelStudio(settings.label_studio_url, settings.label_studio_api_key.get_secret_value()) as admin:
            project = int(admin.create_project(title="Latency", label_config=CONFIG)["id"])
            admin.import_tasks(project, [{"data": {"text": f"text {n}"}} for n in range(asked.tasks)])
            people = [_hire(admin, number) for number in range(PEOPLE)]
            connect(settings, store, admin, project)
            with store.write() as conn:
                context.put_in_force(conn, project, rules.parse(RULES), "benchmark")
            _settle(store)
            report(*_day(store, project, people, asked.seconds))
        store.close()


def report(waits: list[float], given: int) -> None:
    """Print the waiting times beside the goal."""
    print(f"{given} answers in all, {len(waits)} arrived; load of the machine {os.getloadavg()[0]:.1f}")
    if not waits:
        raise SystemExit("No answer arrived: give it more --seconds, or a machine with less to do.")
    for share in (50, 95, 100):
        print(f"  p{share:<3} {np.percentile(waits, share):6.2f} s")
    verdict("answer to consensus and queues, p95", float(np.percentile(waits, 95)), 2.0, "s")


def _day(store: Store, project: int, people: list[tuple[LabelStudio, str]], seconds: float) -> tuple[list[float], int]:
    given: list[Given] = []
    counts: dict[int, int] = {}
    lock, stop = threading.Lock(), threading.Event()

    def work(client: LabelStudio, queue: str, number: int) -> None:
        random = Random(number)
        while not stop.wait(random.expovariate(RATE / PEOPLE)):
            task = client.next_task(project, next_task_body(project, queue))
            if task is None:
                continue
            label = "kind" if random.random() < (0.85 if int(task["id"]) % 2 else 0.15) else "rude"
            client.annotate(int(task["id"]), [{"from_name": "tone", "to_name": "text", "type": "choices",
                                               "value": {"choices": [label]}}])
            with lock:
                counts[int(task["id"])] = counts.get(int(task["id"]), 0) + 1
                given.append(Given(int(task["id"]), counts[int(task["id"])], time.monotonic()))

    threads = [threading.Thread(target=work, args=(client, queue, number))
               for number, (client, queue) in enumerate(people)]
    for thread in threads:
        thread.start()
    waits = _watch(store, given, lock, seconds)
    stop.set()
    for thread in threads:
        thread.join()
    for client, _ in people:
        client.close()
    return waits, len(given)


def _watch(store: Store, given: list[Given], lock: threading.Lock, seconds: float) -> list[float]:
    """Looks at the store and notes when each answer has arrived."""
    waits: list[float] = []
    counted: dict[Given, float] = {}
    done: set[Given] = set()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(LOOK)
        with lock:
            waiting = [one for one in given if one not in done]
        with store.read() as conn:
            known = {row.id: row for row in conn.execute(
                sa.select(tasks.c.id, consensus.c.answers, consensus.c.updated_at)
                .join(consensus, consensus.c.task == tasks.c.key))}
            routed = datetime.fromisoformat((conn.scalar(sa.select(projects.c.routed)) or {}).get("at", NEVER))
            oldest = conn.scalar(sa.select(sa.func.min(routes.c.updated_at)).where(routes.c.dirty))
        now = time.monotonic()
        for one in waiting:
            row = known.get(one.task)
            if row is not None and row.answers >= one.answers and routed >= row.updated_at:
                counted.setdefault(one, time.time())        # routed since: what follows is wanted by now
            if one in counted and (oldest is None or oldest.timestamp() > counted[one]):
                done.add(one)
                waits.append(now - one.at)
    return waits


def _settle(store: Store) -> None:
    """Wait until the first queues are shown."""
    while True:
        time.sleep(1.0)
        with store.read() as conn:
            routed = conn.scalar(sa.select(sa.func.count()).select_from(routes).where(routes.c.state == "asked"))
            left = conn.scalar(sa.select(sa.func.count()).select_from(routes).where(routes.c.dirty))
            answered = conn.scalar(sa.select(sa.func.count()).select_from(notes))
        if routed and not left and not answered:
            return


def _hire(admin: LabelStudio, number: int) -> tuple[LabelStudio, str]:
    with admin.sign_up(f"p{number}.{time.time_ns()}@example.com", "a good password", "Pat", str(number)) as session:
        return LabelStudio(admin.url, session.token()), annotators.queue_name(int(session.whoami()["id"]))


if __name__ == "__main__":
    main()
