"""The ML backend on several processes: gunicorn, told everything here and nothing by its own files and options.

One process loads the models in service and makes the others of itself, so that they share that memory; it answers
nobody, starts again what ends, and has no connection and no thread while it does so.
"""

from __future__ import annotations

import os
import resource
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from cueloop import logs
from cueloop.errors import PartFailed
from ml_backend.serving.forks import Forks
from ml_backend.serving.patience import PatientWorker

KEEP_ALIVE = 75
"""Seconds that a connection is kept for its next request. Label Studio and its proxies ask again within a minute."""
GRACE = 8
"""Seconds for requests that are running when we are told to end: fewer than `cueloop up` and `docker stop` wait
(15 and 10)."""
SILENT = 120
"""Seconds after which a process that gives no sign of life is ended. Label Studio waits 100 for a prediction."""
BACKLOG = 1024
"""Connections that wait to be taken."""
MOST_CONNECTIONS = 2000
"""Connections that a process holds at a time, most of them waiting for their next request."""
MEMORY = Path("/dev/shm")  # noqa: S108  files without a name that show signs of life: a slow disk must not end us

log = logs.get(__name__)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves an app until SIGTERM or Ctrl-C: then running requests are answered first."""

    def __init__(self, app: Flask, forks: Forks, listener: socket.socket, *, processes: int, threads: int, home: Path,
                 ready: Callable[[], None], ended: Callable[[int], None]) -> None:
        """`ready` is called when connections are taken, `ended` with the id of each process that has ended."""
        self._app = app
        self._options: dict[str, Any] = {
            "bind": f"fd://{listener.detach()}", "workers": processes, "threads": threads, "backlog": BACKLOG,
            "worker_class": PatientWorker, "preload_app": True, "keepalive": KEEP_ALIVE, "timeout": SILENT,
            "graceful_timeout": GRACE, "control_socket_disable": True, "logger_class": Log, "accesslog": None,
            "worker_connections": connections(), "forwarded_allow_ips": "", "forwarder_headers": "",
            "proc_name": "cueloop serve", "worker_tmp_dir": str(MEMORY if os.access(MEMORY, os.W_OK) else home),
            "when_ready": lambda _arbiter: ready(),
            "pre_fork": lambda _arbiter, _worker: forks.forking(),
            "post_fork": lambda _arbiter, _worker: _forked(forks),
            "child_exit": lambda _arbiter, worker: ended(worker.pid)}
        super().__init__()

    def load_config(self) -> None:
        """Everything is said above: no file and no variable of gunicorn's is read."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The app, models loaded."""
        return self._app


class Log:
    """gunicorn's log as ours. It tells who connects and how it is set up: that is for debugging gunicorn."""

    def __init__(self, cfg: Any) -> None:
        """`cfg`: gunicorn's settings."""
        self.cfg = cfg

    def setup(self, cfg: Any) -> None:
        """Nothing to set up: `cueloop.logs` did."""
        self.cfg = cfg

    def critical(self, event: str, *args: Any, **_more: Any) -> None:
        """Tell."""
        log.error(_put(event, args))

    error = critical

    def warning(self, event: str, *args: Any, **_more: Any) -> None:
        """Tell."""
        log.warning(_put(event, args))

    def info(self, event: str, *args: Any, **_more: Any) -> None:
        """Tell who wants details."""
        log.debug(_put(event, args))

    def debug(self, *_args: Any, **_more: Any) -> None:
        """Not told: it may quote a request."""

    access = log = debug

    def exception(self, event: str, *_args: Any, **_more: Any) -> None:
        """Tell where, and not what: what is handled may be somebody's text."""
        log.error(event.split("%", 1)[0].strip(), **_where())

    def reopen_files(self) -> None:
        """There are none."""

    close_on_exec = reopen_files


def connections() -> int:
    """How many a process holds at a time: each is an open file, and half of those allowed are for everything else."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if most == resource.RLIM_INFINITY else max(64, min(MOST_CONNECTIONS, most // 2))


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises PartFailed when it cannot."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM,
                                                                flags=socket.AI_PASSIVE)[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot(host, port, error) from None
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        raise _cannot(host, port, error) from None
    return found


def url(listener: socket.socket, host: str) -> str:
    """How a socket that listens is called."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def _cannot(host: str, port: int, error: OSError) -> PartFailed:
    return PartFailed(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --host or --port.")


def _forked(forks: Forks) -> None:
    try:
        forks.forked()
    except Exception:  # noqa: BLE001  gunicorn would end all of us; with the models we have we can answer
        log.error("a new process could not look for the models in service; it has those of the start", **_where())


def _put(event: str, args: tuple[Any, ...]) -> str:
    return event % args if args else event


def _where() -> dict[str, Any]:
    kind, _, trace = sys.exc_info()
    return {"kind": kind.__name__ if kind else "",
            "where": [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-3:]]}
