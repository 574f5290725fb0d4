"""Rollout of a new champion over 100,000 tasks: our own processor time, beside that of Label Studio's import.

Run `python -m benchmarks.rollout [--tasks N] [--quick]`. A project in a store on SQLite, all tasks open, `text-linear`
with 12 labels; all of it is measured: reading the tasks, predicting, words, writing predictions, what waits, bodies as
JSON through the real HTTP client, notes of what was sent and what stands there, counting, switching. In place of Label
Studio stands a transport that counts. Label Studio 1.23.2 itself takes about 390 tasks with two predictions each a
second, alone on two processors. Goal: ours is a tenth of that.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import httpx

from benchmarks.measure import forget_peak, peak, verdict
from benchmarks.texts import Texts, invented
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, models
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.dataset import Dataset, Example
from ml_backend.policy.policy import Rollout
from ml_backend.rollout.machine import Way, run
from ml_backend.training import train

IMPORT_RATE = 390.0
"""Tasks a second that Label Studio imports predictions for."""
GOAL = 0.1


class Counting:
    """Answers like Label Studio, and keeps counts only."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = defaultdict(int)
        self.shown = ""
        self.bytes = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        if request.url.path.endswith("import/predictions"):
            self.bytes += len(request.content)
            alternatives, count = request.content.count(b'-alt2"'), request.content.count(b'"model_version"')
            version = request.content.partition(b'"model_version":')[2].lstrip(b' "').partition(b'"')[0].decode()
            self.versions[version] += count - alternatives
            self.versions[f"{version}-alt2"] += alternatives
            return httpx.Response(201, json={"created": count})
        if request.url.path.endswith("model-versions/"):
            return httpx.Response(200, json=self.versions)
        if request.method == "PATCH":
            self.shown = json.loads(request.content)["model_version"]
        return httpx.Response(200, json={"id": 1, "title": "Bench", "model_version": self.shown})


def main() -> None:
    """Print processor seconds for each phase."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="10,000 tasks")
    asked = parser.parse_args()
    count = 10_000 if asked.quick else asked.tasks
    with tempfile.TemporaryDirectory() as folder:
        store, artifacts = Store.open(f"sqlite:///{Path(folder) / 'store.sqlite3'}"), Artifacts(f"file://{folder}/a")
        texts = invented()
        prepare(store, artifacts, texts, count)
        seconds, server, memory = rolled_out(store, artifacts)
        store.close()
    print(f"{count:,} tasks, {server.bytes / 1e6:.0f} MB of bodies, {memory:.0f} MB of memory at most")
    for phase, spent in seconds.items():
        print(f"  {phase:<26} {spent:7.2f} s   {1e5 * spent / count:7.2f} s for 100,000")
    ours, theirs = sum(seconds.values()), count / IMPORT_RATE
    print(f"  {'all of it':<26} {ours:7.2f} s   {1e5 * ours / count:7.2f} s for 100,000")
    verdict(f"of Label Studio's import ({theirs:.0f} s)", 100 * ours / theirs, 100 * GOAL, "%")


def prepare(store: Store, artifacts: Artifacts, texts: Texts, count: int) -> None:
    """The project, its tasks, and a champion."""
    choices = "".join(f'<Choice value="{label}"/>' for label in texts.labels)
    config = (f'<View><Text name="text" value="$text"/><Choices name="topic" toName="text" choice="single">{choices}'
              "</Choices></View>")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with store.write() as conn:
        conn.execute(s.projects.insert().values(id=1, title="Bench", label_config=config, mode="connected",
                                                connected_at=now()))
        for start in range(0, count, 10_000):
            conn.execute(s.tasks.insert(), [{
                "project_id": 1, "id": number + 1, "created_at": moment, "updated_at": moment, "cue": {}, "overlap": 1,
                "data": {"text": f"{texts.asked[number % len(texts.asked)]} {number}"}, "is_labeled": False,
                "blind": False} for number in range(start, min(start + 10_000, count))])
    examples = tuple(Example(key=-n, identity=str(n), text=text, label=label, weight=1.0)
                     for n, (text, label) in enumerate(texts.taught, start=1))
    trained = train(Dataset(control="topic", to_name="text", field="text", labels=texts.labels, examples=examples,
                            source="benchmark"))
    card = {"controls": {"topic": {}}, "labelled": {}, "skipped": {}, "parent": None}
    version = registry.save(store, artifacts, Bundle((trained.head,)), card, name="project-1", kind="text-linear",
                            project_id=1)
    registry.promote(store, version, actor="benchmark", reason="")


def rolled_out(store: Store, artifacts: Artifacts) -> tuple[dict[str, float], Counting, float]:
    """({phase: processor seconds}, what was counted, largest memory in MB)."""
    with store.read() as conn:
        version = models.champion(conn, 1)
    assert version is not None
    server, seconds, last = Counting(), defaultdict[str, float](float), [process_time()]

    def told(done: int, total: int, what: str) -> None:
        spent, last[0] = process_time() - last[0], process_time()
        seconds[what] += spent

    forget_peak()
    last[0] = process_time()
    with LabelStudio("http://label-studio.test", "token", transport=httpx.MockTransport(server)) as client:
        done = run(Way(store, client, 1, registry.load(artifacts, version), Rollout(), {}, told))
    told(0, 0, "verifying and switching")
    assert done.state == "done", done
    assert server.shown == version.version
    return dict(seconds), server, peak()


if __name__ == "__main__":
    main()
