"""Faults that a test can ask of the fake: what networks, servers and other people do to us."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

LOST = "lost"
"""Instead of a status: the work is done, but the answer never arrives."""
FAILED_LATE = "failed late"
"""Instead of a status: the work is done, and the answer is 500 all the same."""
DROPPED = "dropped"
"""Instead of a status: the connection is closed before anything is done."""


@dataclass
class Plan:
    """After `skip` requests that match, the next `times` fail so."""

    method: str
    path: re.Pattern[str]
    failure: int | str
    times: int
    skip: int


@dataclass
class Faults:
    """Set attributes or call methods while the fake runs.

    `calls` lists what it was asked, `undelivered` the webhooks that nobody took: (address, reason).
    """

    drop_webhooks: bool = False
    duplicate_webhooks: bool = False
    latency_seconds: float = 0.0
    calls: list[tuple[str, str]] = field(default_factory=list)
    undelivered: list[tuple[str, str]] = field(default_factory=list)
    _plans: list[Plan] = field(default_factory=list)
    _before: list[tuple[str, re.Pattern[str], Callable[[], None]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, failure: int | str, times: int = 1, *, method: str = "", path: str = "", skip: int = 0) -> None:
        """The next `times` requests fail: with a status such as 503, LOST or DROPPED.

        `method` and `path` (a regular expression) narrow it down, empty matches all; `skip` lets so many pass first.
        """
        with self._lock:
            self._plans.append(Plan(method, re.compile(path), failure, times, skip))

    def just_before(self, act: Callable[[], None], *, method: str = "", path: str = "") -> None:
        """Call `act` once, just before the next such request is handled: somebody else comes first."""
        with self._lock:
            self._before.append((method, re.compile(path), act))

    def clear(self) -> None:
        """Back to health."""
        with self._lock:
            self._plans.clear()
            self._before.clear()
            self.calls.clear()
        self.drop_webhooks = self.duplicate_webhooks = False
        self.latency_seconds = 0.0

    def meet(self, method: str, path: str) -> int | str | None:
        """Used by the fake: note the call, run what comes first, and tell how it shall fail."""
        with self._lock:
            self.calls.append((method, path))
            first = [entry for entry in self._before if entry[0] in ("", method) and entry[1].search(path)]
            self._before = [entry for entry in self._before if entry not in first]
        for _method, _path, act in first:
            act()
        with self._lock:
            for plan in self._plans:
                if plan.times == 0 or plan.method not in ("", method) or not plan.path.search(path):
                    continue
                if plan.skip > 0:
                    plan.skip -= 1
                    continue
                plan.times -= 1
                return plan.failure
        return None
