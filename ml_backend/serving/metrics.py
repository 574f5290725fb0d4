"""Counts of the ML backend, in the text format that Prometheus reads."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict


class Metrics:
    """Requests and predicted tasks. Thread-safe."""

    def __init__(self) -> None:
        """All zero."""
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._tasks = 0

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        with self._lock:
            self._requests[route, status] += 1
            self._seconds[route] += seconds

    def predicted(self, tasks: int) -> None:
        """So many tasks were answered."""
        with self._lock:
            self._tasks += tasks

    def render(self, in_service: dict[str, str]) -> str:
        """Everything as text; `in_service` is {model: version}."""
        with self._lock:
            lines = ["# TYPE cueloop_ml_requests_total counter"]
            lines += [f'cueloop_ml_requests_total{{route="{route}",status="{status}"}} {count}'
                      for (route, status), count in sorted(self._requests.items())]
            lines += ["# TYPE cueloop_ml_request_seconds_total counter"]
            lines += [f'cueloop_ml_request_seconds_total{{route="{route}"}} {seconds:.6f}'
                      for route, seconds in sorted(self._seconds.items())]
            lines += ["# TYPE cueloop_ml_tasks_total counter", f"cueloop_ml_tasks_total {self._tasks}",
                      "# TYPE cueloop_ml_model gauge"]
        lines += [f'cueloop_ml_model{{name="{name}",version="{version}"}} 1'
                  for name, version in sorted(in_service.items())]
        return "\n".join(lines) + "\n"
