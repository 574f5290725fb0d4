"""A closed loop of clients on a server: each sends its next request when the last one is answered."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
import psutil

HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Measured:
    """One stretch of load."""

    requests: int
    failed: int
    seconds: float
    cpu_ms: float
    """Processor time of the server's processes for one request."""
    waits: Sequence[float]
    """Seconds from sending to the last byte of the answer."""

    def wait_ms(self, share: float) -> float:
        """That percentile of the waits, in ms."""
        return 1e3 * float(np.percentile(self.waits, share)) if self.waits else float("nan")


def load(url: str, bodies: Sequence[bytes], clients: int, seconds: float, pid: int, agent: str = "") -> Measured:
    """Post the bodies to /predict for so long; `pid` is the root of the server's processes, `agent` a User-Agent."""
    waits: list[float] = []
    failed: list[int] = []
    loop(url, bodies, 1, lambda: len(waits) >= min(len(bodies), 20), lambda *told: waits.append(told[-1]), agent)
    waits.clear()
    before, began = cpu_seconds(pid), time.perf_counter()

    def note(at: int, status: int, answer: bytes, wait: float) -> None:
        waits.append(wait)
        if status != 200:
            failed.append(status)

    loop(url, bodies, clients, lambda: time.perf_counter() - began > seconds, note, agent)
    spent, took = cpu_seconds(pid) - before, time.perf_counter() - began
    return Measured(len(waits), len(failed), took, 1e3 * spent / max(len(waits), 1), waits)


def loop(
    url: str, bodies: Sequence[bytes], clients: int, done: Callable[[], bool],
    note: Callable[[int, int, bytes, float], None], agent: str = "",
) -> None:
    """Send until `done()`; `note(number of the body, status, answer, seconds)`. Status 0: no answer came."""
    headers = HEADERS | ({"User-Agent": agent} if agent else {})

    def work(first: int) -> None:
        link = _connect(url)
        at = first
        while not done():
            began = time.perf_counter()
            try:
                link.request("POST", "/predict", bodies[at % len(bodies)], headers)
                response = link.getresponse()
                status, answer = response.status, response.read()
            except (OSError, http.client.HTTPException):
                link.close()
                link = _connect(url)
                status, answer = 0, b""
            note(at % len(bodies), status, answer, time.perf_counter() - began)
            at += clients
        link.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and all below it so far."""
    root = psutil.Process(pid)
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=120)
