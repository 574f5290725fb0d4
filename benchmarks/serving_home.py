"""A home with a model in service and a connected project, and servers on it, for benchmarks of serving."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from benchmarks.texts import Texts
from cueloop.settings import Settings
from cueloop.store import Store
from cueloop.store.columns import now
from cueloop.store.schema import projects, tasks
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle, Head
from ml_backend.dataset import Dataset, Example
from ml_backend.models.text_linear import TextLinear
from ml_backend.registry import Loaded

NAME = "bench"
"""Of the model."""
KIND = "text-linear"
PROJECT = 1
PATIENCE = 60.0
"""Seconds that a server has to start."""


@dataclass(frozen=True, slots=True)
class Home:
    """What a server is started on."""

    settings: Settings
    store: Store
    texts: Texts

    @property
    def config(self) -> str:
        """The project's label config."""
        choices = "".join(f"<Choice value={quoteattr(label)}/>" for label in self.texts.labels)
        return ('<View><Text name="text" value="$text"/><Choices name="intent" toName="text" choice="single">'
                f"{choices}</Choices></View>")

    @property
    def artifacts(self) -> Artifacts:
        """Where its models are."""
        return Artifacts(self.settings.artifacts)

    def champion(self) -> Loaded:
        """The version in service, in memory."""
        with self.store.read() as conn:
            return registry.load(self.artifacts, registry.resolve(conn, NAME))

    def dataset(self, labels: int | None = None) -> Dataset:
        """What the model learns from; of the first few labels only."""
        some = self.texts.labels[:labels]
        return Dataset("intent", "text", "text", self.texts.labels, tuple(
            Example(key, str(key), text, label, 1.0) for key, (text, label) in enumerate(self.texts.taught)
            if label in some), "benchmark")


def prepare(folder: Path, texts: Texts) -> Home:
    """A project whose tasks are the texts to ask about, and a model in service."""
    settings = Settings(home=folder)
    home = Home(settings, Store.open(settings.store_url), texts)
    with home.store.write() as conn:
        conn.execute(projects.insert().values(id=PROJECT, title="Bench", label_config=home.config, mode="connected",
                                              connected_at=now()))
        conn.execute(tasks.insert(), [
            {"project_id": PROJECT, "id": number, "created_at": now(), "updated_at": now(), "data": {"text": text},
             "cue": {}, "overlap": 1, "is_labeled": False, "blind": False}
            for number, text in enumerate(texts.asked, start=1)])
    version = registry.save(home.store, home.artifacts, Bundle((_head(texts),)), {}, name=NAME, kind=KIND)
    registry.promote(home.store, version, actor="benchmark", reason="")
    return home


def _head(texts: Texts) -> Head:
    """Trained once, without the cross-validation that `cueloop train` adds."""
    labels = texts.labels
    truth = np.array([labels.index(label) for _, label in texts.taught])
    model = TextLinear.fit([text for text, _ in texts.taught], truth, np.ones(len(truth)), classes=len(labels), seed=0)
    return Head("intent", "text", "text", KIND, labels, 0.5, model)


def body(home: Home, first: int, batch: int) -> bytes:
    """A request for so many tasks, as Label Studio 1.23.2 sends it."""
    asked = home.texts.asked
    places = [(first + number) % len(asked) for number in range(batch)]
    created = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    return json.dumps({
        "tasks": [_task(place + 1, asked[place]) for place in places], "project": f"{PROJECT}.{created}",
        "label_config": home.config, "params": {"login": None, "password": None, "context": None}}).encode()


def places(home: Home, first: int, batch: int) -> list[str]:
    """The texts of that body."""
    asked = home.texts.asked
    return [asked[(first + number) % len(asked)] for number in range(batch)]


@contextmanager
def serving(home: Home) -> Iterator[tuple[str, int]]:
    """`cueloop serve` on this home: (URL, process id)."""
    environ = {**os.environ, "CUELOOP_HOME": str(home.settings.home), "CUELOOP_LOG_LEVEL": "warning"}
    process = subprocess.Popen([sys.executable, "-m", "console", "serve", "--model", NAME, "--port", "0"],
                               stdout=subprocess.PIPE, text=True, env=environ, cwd=Path(__file__).parents[1])
    try:
        yield _url(process), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    found: list[str] = []

    def read() -> None:
        for line in process.stdout or ():
            found.extend(re.findall(r"http://[^\s/)]+", line))

    threading.Thread(target=read, daemon=True).start()
    until = time.monotonic() + PATIENCE
    while not found and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    if not found:
        raise SystemExit("`cueloop serve` did not start; its message is above.")
    return found[0]


def _task(number: int, text: str) -> dict[str, Any]:
    moment = "2026-01-01T12:00:00.000000Z"
    return {"id": number, "annotations": [], "file_upload": None, "predictions": [],
            "data": {"text": text}, "meta": {}, "created_at": moment, "updated_at": moment,
            "inner_id": number, "total_annotations": 0, "cancelled_annotations": 0, "total_predictions": 0,
            "comment_count": 0, "unresolved_comment_count": 0, "last_comment_updated_at": None, "is_labeled": False,
            "overlap": 1, "project": PROJECT, "updated_by": None,
            "comment_authors": []}


def bodies(home: Home, batch: int, count: int) -> tuple[Sequence[bytes], Sequence[Sequence[str]]]:
    """So many different requests, and the texts in them."""
    starts = [number * batch for number in range(count)]
    return [body(home, start, batch) for start in starts], [places(home, start, batch) for start in starts]
