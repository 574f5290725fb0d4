"""Counts of the ML backend for Prometheus, of all its processes as one. docs/ml-backend.md says what each tells.

No name and no label holds a customer's text, and no label has values without end: whoever asks for a path that does
not exist counts as `other`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cueloop import logs

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client, when it is imported, finds the folder in which processes add up their counts."""
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100)
"""Bounds of the latencies; Label Studio waits 100 seconds for predictions."""
TASKS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000)
"""Bounds of the sizes of batches."""
ROOM = 1 << 20
"""Bytes of a file of counts: some thousand of them; we have about a hundred, and one for each version served."""
FILES = ("counter", "histogram", "gauge_livesum")
"""Files of one process."""
MODEL = "cueloop_ml_model"

log = logs.get(__name__)


class Metrics:
    """Thread-safe. Several processes count together when `FOLDER` is set before the first one is made."""

    def __init__(self) -> None:
        """All zero."""
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

        # Moments of making would be twice as many lines, and are lost in several processes.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        folder = os.environ.get(FOLDER)
        self._folder = Path(folder) if folder else None
        self._counts = prepare(self._folder) if self._folder else True
        self._own = own = CollectorRegistry()
        self._seen = self._all(own)
        self._requests = Counter("cueloop_ml_requests", "Requests answered.", ["route", "status"], registry=own)
        self._seconds = Histogram("cueloop_ml_request_seconds", "Time from a request's first look at its header to its "
                                  "answer.", ["route"], registry=own, buckets=SECONDS)
        self._tasks = Counter("cueloop_ml_tasks", "Tasks of /predict that were answered.", registry=own)
        self._sizes = Histogram("cueloop_ml_batch_tasks", "Tasks that went through a model at once.", registry=own,
                                buckets=TASKS)
        self._gathered = Counter("cueloop_ml_gathered_requests", "Requests whose tasks went through a model together "
                                 "with those of others.", registry=own)
        self._waiting = Gauge("cueloop_ml_waiting_requests", "Requests that wait for a prediction to end.",
                              registry=own, multiprocess_mode="livesum")
        self._model = Gauge(MODEL, "Processes that have this version in service.", ["name", "version"], registry=own,
                            multiprocess_mode="livesum")
        self._loads = Counter("cueloop_ml_loads", "Model versions that were loaded, or why they could not be.",
                              ["outcome"], registry=own)
        self._failed = Counter("cueloop_ml_failed_tasks", "Tasks that made a model raise, and were not answered.",
                               registry=own)
        self._refused = Counter("cueloop_ml_refused_proposals", "Proposals of a model that the label config does not "
                                "allow, and were not answered.", registry=own)

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request was answered. `route`: its rule, `other` for a path that does not exist."""
        if self._counts:
            self._requests.labels(route, str(status)).inc()
            self._seconds.labels(route).observe(seconds)

    def predicted(self, tasks: int) -> None:
        """So many tasks were answered."""
        if self._counts:
            self._tasks.inc(tasks)

    def batch(self, requests: int, tasks: int) -> None:
        """So many tasks, of so many requests, went through a model at once."""
        if self._counts:
            self._sizes.observe(tasks)
            if requests > 1:
                self._gathered.inc(requests)

    def waits(self, change: int) -> None:
        """One more request waits for a prediction to end (1), or one less (-1)."""
        if self._counts:
            self._waiting.inc(change)

    def swapped(self, name: str, old: str | None, new: str | None) -> None:
        """This process serves another version of a model; None: none."""
        if self._counts:
            for version, count in ((old, 0), (new, 1)):
                if version is not None:
                    self._model.labels(name, version).set(count)

    def loaded(self, outcome: str = "loaded") -> None:
        """A version was loaded, or could not be: then the kind of failure, the name of a class."""
        if self._counts:
            self._loads.labels(outcome).inc()

    def refused(self, proposals: int) -> None:
        """So many proposals were not answered because the label config does not allow them."""
        if self._counts and proposals:
            self._refused.inc(proposals)

    def failed(self, tasks: int) -> None:
        """So many tasks got no answer because they made the model raise."""
        if self._counts and tasks:
            self._failed.inc(tasks)

    def forked(self) -> None:
        """Count for this process from now on."""
        if self._folder is not None:
            self._counts = prepare(self._folder)

    def render(self) -> str:
        """Everything as text."""
        from prometheus_client import generate_latest

        return generate_latest(self._seen).decode()

    def _all(self, own: CollectorRegistry) -> Any:
        """What is rendered: this process's counts, or those of all."""
        if self._folder is None:
            return _InService(own)
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        source = MultiProcessCollector(CollectorRegistry(), path=str(self._folder))  # type: ignore[no-untyped-call]
        return _InService(source)


class _InService:
    """Leaves out versions that no process has in service any more: a label cannot be taken back across processes."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def collect(self) -> Iterator[Metric]:
        """Metrics of the source."""
        found: Iterable[Metric] = self._source.collect()
        for metric in found:
            if metric.name == MODEL:
                metric.samples = [sample for sample in metric.samples if sample.value]
            yield metric


def prepare(folder: Path) -> bool:
    """Make the files of this process with room on the disk; whether there was room.

    They are written as memory. Without their room, a disk that fills up later would end the process.
    """
    try:
        for name in FILES:
            with (folder / f"{name}_{os.getpid()}.db").open("ab") as file:
                if file.tell() < ROOM:
                    os.posix_fallocate(file.fileno(), 0, ROOM)
    except OSError as error:
        log.error("this process counts nothing for /metrics", folder=str(folder), reason=error.strerror)
        return False
    return True


def ended(pid: int) -> None:
    """A process of ours has ended: it has nothing in service and nothing waits in it. What it counted stays."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid)  # type: ignore[no-untyped-call]
