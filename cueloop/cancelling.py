"""Stopping a job before its end, from any process: a word in the store, heard by whoever runs the job.

A job that waits is never begun. One that runs hears it within half a second: a thread looks at the store, and a signal
raises `Cancelled` where the job stands. That is no harder for a job than being killed, which it must survive anyway.
What must not be torn apart (a version that comes into service) begins with `no_way_back`: from there on it is too late.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cueloop import audit, logs
from cueloop.errors import CueloopError
from cueloop.store import Store
from cueloop.store.columns import now
from cueloop.store.schema import jobs

LOOK_SECONDS = 0.5
"""How often the thread beside a job looks whether it is to stop."""
AGAIN_SECONDS = 5.0
"""After which a job that took no notice is told once more: a finalizer may have swallowed the first word."""
SIGNAL = signal.SIGUSR1
TOO_LATE = "-"
"""In place of who cancelled: nobody can any more."""

log = logs.get(__name__)


class Cancelled(BaseException):
    """Raised inside a job that is to stop. No Exception, so that whoever catches those does not swallow it."""


class NotCancelled(CueloopError):
    """Raised when there is nothing that could be cancelled, or no longer."""


@dataclass(slots=True)
class _Running:
    store: Store
    key: int
    final: bool = False
    looked: float | None = None
    """When `check` last looked, by the monotonic clock."""


_running: _Running | None = None
"""The job of this process: each has one at most."""


def cancel(store: Store, kind: str, project_id: int | None, *, actor: str) -> dict[str, Any]:
    """Have the newest job of this kind stopped, and its further runs forgotten; written into the audit log.

    Returns its `key`, and the `state` it was in: "queued" has ended with this call, "running" ends soon. Raises
    NotCancelled when none waits or runs, or when what it made is coming into service.
    """
    of_project = f"{kind} of project {project_id}" if project_id is not None else kind
    with store.write() as conn:
        store.lock(conn, f"enqueue {kind} {project_id}")
        same = jobs.c.project_id.is_(None) if project_id is None else jobs.c.project_id == project_id
        job = conn.execute(sa.select(jobs).where(
            jobs.c.kind == kind, same, jobs.c.state.in_(["queued", "running"]),
        ).order_by(jobs.c.key.desc()).limit(1).with_for_update()).first()
        if job is None:
            raise NotCancelled(f"No {of_project} waits or runs.")
        if job.cancel == TOO_LATE:
            raise NotCancelled(f"It is too late to cancel the {of_project}: what it made is coming into service. "
                               "`cueloop models rollback` takes it back.")
        waits = job.state == "queued"
        conn.execute(jobs.update().where(jobs.c.key == job.key).values(
            cancel=actor, again=False, **({"state": "cancelled", "ended_at": now()} if waits else {})))
        if job.cancel is None:
            audit.record(conn, actor, f"{kind} cancelled", f"project {project_id}" if project_id is not None else kind,
                         {"job": job.key, "was": job.state, "why": job.why})
    return {"key": int(job.key), "state": str(job.state)}


@contextmanager
def heard(store: Store, key: int) -> Iterator[None]:
    """While the block runs, it is the job `key`: it stops with Cancelled when somebody asks for that."""
    global _running  # noqa: PLW0603  a process runs one job at a time
    _running, ended = _Running(store, key), threading.Event()
    watched = threading.current_thread() is threading.main_thread()     # signals are heard there alone
    before = signal.signal(SIGNAL, _stop) if watched else None
    watch = threading.Thread(target=_watch, args=(_running, ended), name="cancelling", daemon=True)
    if watched:
        watch.start()
    try:
        yield
    finally:
        _running.final = True   # what is said from here on comes too late
        ended.set()
        if watched:
            watch.join()
            signal.signal(SIGNAL, before or signal.SIG_DFL)
        _running = None


def current() -> int | None:
    """Key of the job that this process runs; None outside of jobs. The same when a job that died is run again."""
    return _running.key if _running is not None else None


def check() -> None:
    """Raises Cancelled when this process's job is to stop; it looks no oftener than every `LOOK_SECONDS`.

    Whoever tells progress calls it, so also jobs beside which no thread may watch can be cancelled.
    """
    if _running is None or _running.final:
        return
    moment = time.monotonic()
    if _running.looked is not None and moment - _running.looked < LOOK_SECONDS:
        return
    _running.looked = moment
    if _asked(_running):
        raise Cancelled


def no_way_back() -> None:
    """From here on this process's job cannot be cancelled. Raises Cancelled if somebody asked just before."""
    if _running is None or _running.final:
        return
    with _running.store.write() as conn:
        got = conn.execute(jobs.update().where(jobs.c.key == _running.key, jobs.c.cancel.is_(None))
                           .values(cancel=TOO_LATE)).rowcount
    if not got:
        raise Cancelled
    _running.final = True


def _stop(_number: int, _frame: object) -> None:
    if _running is not None and not _running.final:
        raise Cancelled


def _watch(job: _Running, ended: threading.Event) -> None:
    main, pause = threading.main_thread().ident, LOOK_SECONDS
    while not ended.wait(pause):
        try:
            if _asked(job) and not job.final and main is not None:
                signal.pthread_kill(main, SIGNAL)
                pause = AGAIN_SECONDS
        except sa.exc.SQLAlchemyError as error:  # the store is away: the job itself will say so
            log.debug("cannot look whether the job is cancelled", job=job.key, error=str(error))


def _asked(job: _Running) -> bool:
    with job.store.read() as conn:
        who = conn.scalar(sa.select(jobs.c.cancel).where(jobs.c.key == job.key))
    return who not in (None, TOO_LATE)
