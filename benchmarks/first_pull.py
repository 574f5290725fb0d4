"""First pull: what it costs the people at work, on a real Label Studio with many tasks.

Run `python -m benchmarks.first_pull [--tasks N] [--seconds S]`. A person asks for a task, answers it, thinks for a
second, and goes on: alone, then while Cueloop pulls the whole project for the first time. The goal is that the ratio
of the waiting times stays near 1.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from console.connect import connect
from console.parts import secrets
from console.parts.label_studio import EmbeddedLabelStudio
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store
from sync.pace import Pause
from sync.pull import pull

CONFIG = """<View><Text name="text" value="$text"/><Choices name="tone" toName="text" choice="single">
<Choice value="kind"/><Choice value="rude"/></Choices></View>"""
ANSWER = [{"from_name": "tone", "to_name": "text", "type": "choices", "value": {"choices": ["kind"]}}]
CHUNK = 2_500
THINK = 1.0


def main() -> None:
    """Print the waiting times of a person alone and during the first pull."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=40_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = secrets.ensure(Path(folder))
        server = EmbeddedLabelStudio(Path(folder), progress=print)
        server.start()
        try:
            store = Store.open(home.store_url)
            with LabelStudio(server.url, server.admin_token) as client:
                measure(home, store, client, asked.tasks, asked.seconds)
            store.close()
        finally:
            server.stop()


def measure(home: Settings, store: Store, client: LabelStudio, tasks: int, seconds: float) -> None:
    """Fill a project, observe it, and time a person alone and during the pull."""
    project = int(client.create_project(title="First pull", label_config=CONFIG)["id"])
    began = time.perf_counter()
    for start in range(0, tasks, CHUNK):
        client.import_tasks(project, [{"data": {"text": f"text {n}"}} for n in range(start, min(start + CHUNK, tasks))])
    print(f"{tasks:,} tasks imported in {time.perf_counter() - began:.0f} s")
    connect(home, store, client, project)
    alone = work(client, project, seconds)
    stop = threading.Event()

    def rest(pause: float) -> None:
        if stop.wait(pause):
            raise InterruptedError

    pulled = threading.Thread(target=_pull, args=(store, client, project, rest))
    pulled.start()
    during = work(client, project, seconds)
    still = pulled.is_alive()
    stop.set()
    pulled.join()
    with store.read() as conn:
        count = conn.exec_driver_sql("SELECT count(*) FROM tasks").scalar()
    print(f"{'a person waits, ms':<24}{'p50':>8}{'p95':>8}{'answers':>9}")
    for name, waits in (("alone", alone), ("during the first pull", during)):
        print(f"{name:<24}{np.percentile(waits, 50):>8.0f}{np.percentile(waits, 95):>8.0f}{len(waits):>9}")
    print(f"ratio of p50 {np.median(during) / np.median(alone):.2f}, of p95 "
          f"{np.percentile(during, 95) / np.percentile(alone, 95):.2f}; {count:,} tasks pulled"
          f"{' so far' if still else ''} in {seconds:.0f} s")


def work(client: LabelStudio, project: int, seconds: float) -> list[float]:
    """Waiting times in ms of one person who asks, answers and thinks, for `seconds`."""
    waits = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        task = client.next_task(project, {"project": str(project)})
        if task is None:
            break
        client.annotate(task["id"], ANSWER)
        waits.append(1e3 * (time.perf_counter() - began))
        time.sleep(THINK)
    return waits


def _pull(store: Store, client: LabelStudio, project: int, rest: Pause) -> None:
    try:
        pull(store, client, project, pause=rest)
    except InterruptedError:
        return


if __name__ == "__main__":
    main()
