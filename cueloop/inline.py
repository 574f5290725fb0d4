"""A job that a command runs itself, in the terminal: known to the store like those of the workers, so that there is
one at a time, everybody sees it, and anybody may cancel it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from cueloop import audit, cancelling
from cueloop.cancelling import Cancelled
from cueloop.errors import Conflict, CueloopError
from cueloop.store import Store
from cueloop.store.columns import now
from cueloop.store.schema import jobs

TELL_SECONDS = 1.0
"""Least time between two notes of progress in the store."""
LONGEST_SECONDS = 3600
"""After which a job on another machine is held for dead."""


class Here:
    """A job that this process runs."""

    def __init__(self, store: Store, key: int, detail: dict[str, Any]) -> None:
        """Of the row `key`."""
        self._store, self.key, self._detail, self._told = store, key, detail, 0.0

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Say how far it is. Raises Cancelled when it is to stop."""
        cancelling.check()
        if time.monotonic() - self._told < TELL_SECONDS:
            return
        self._told = time.monotonic()
        self._detail = self._detail | {"progress": {"done": done, "total": total, "what": what}}
        with self._store.write() as conn:
            conn.execute(jobs.update().where(jobs.c.key == self.key).values(detail=self._detail))

    def done(self, detail: dict[str, Any]) -> None:
        """What came of it; kept when the block ends."""
        self._detail = detail


@contextmanager
def here(store: Store, kind: str, project_id: int | None, *, why: str) -> Iterator[Here]:
    """Run the job of this kind in the block. One that waits for a worker is taken over, with its reasons.

    Raises Conflict when one runs already, Cancelled when somebody cancels it.
    """
    job = _begin(store, kind, project_id, why)
    end: dict[str, Any] = {"state": "failed"}
    try:
        with cancelling.heard(store, job.key):
            yield job
        end = {"state": "done", "detail": job._detail}
    except Cancelled:
        end = {"state": "cancelled", "detail": None}
        raise
    except KeyboardInterrupt:
        end = {"state": "cancelled", "detail": None, "cancel": "Ctrl-C"}
        raise
    except CueloopError as error:
        end = {"state": "failed", "detail": None, "error": str(error)}
        raise
    except BaseException as error:
        end = {"state": "failed", "detail": None, "error": f"{type(error).__name__}: {error}"}
        raise
    finally:
        with store.write() as conn:
            conn.execute(jobs.update().where(jobs.c.key == job.key).values(ended_at=now(), **end))


def _begin(store: Store, kind: str, project_id: int | None, why: str) -> Here:
    import psutil

    detail = {"here": {"machine": socket.gethostname(), "process": os.getpid(),
                       "since": psutil.Process().create_time()}}
    with store.write() as conn:
        store.lock(conn, f"enqueue {kind} {project_id}")
        same = jobs.c.project_id.is_(None) if project_id is None else jobs.c.project_id == project_id
        for other in conn.execute(sa.select(jobs).where(
                jobs.c.kind == kind, same, jobs.c.state.in_(["queued", "running"]))).all():
            if _runs(other):
                raise Conflict(f"A {kind} of project {project_id} runs already, since "
                               f"{other.started_at:%Y-%m-%d %H:%M} UTC. Wait for it, or cancel it: "
                               f"`cueloop training cancel --project {project_id}`.")
            why = f"{other.why}; {why}" if other.state == "queued" and other.why else why
            conn.execute(jobs.update().where(jobs.c.key == other.key).values(
                state="cancelled" if other.state == "queued" else "failed", ended_at=now(),
                error="Taken over by the command line." if other.state == "queued" else "Its process is gone."))
        key = conn.execute(jobs.insert().values(
            kind=kind, project_id=project_id, function="", args=[], timeout=LONGEST_SECONDS, state="running",
            again=False, attempts=1, queued_at=now(), started_at=now(), why=why, detail=detail,
        ).returning(jobs.c.key)).scalar_one()
        audit.record(conn, "command line", f"{kind} begun", f"project {project_id}", {"job": int(key), "why": why})
    return Here(store, int(key), detail)


def is_here(detail: Any) -> bool:
    """Whether a job's row, by its `detail`, is of one that a command runs."""
    return isinstance(detail, Mapping) and "here" in detail


def lives(job: sa.Row[Any]) -> bool:
    """Whether the process that runs it still does; on another machine that is taken for granted, for an hour."""
    import psutil

    said = job.detail["here"]
    if said["machine"] != socket.gethostname():
        return not _old(job)
    try:
        return bool(abs(psutil.Process(said["process"]).create_time() - said["since"]) < 1.0)
    except psutil.Error:
        return False


def _runs(job: sa.Row[Any]) -> bool:
    if job.state != "running":
        return False
    return lives(job) if is_here(job.detail) else not _old(job)


def _old(job: sa.Row[Any]) -> bool:
    return bool((now() - job.started_at).total_seconds() > job.timeout)
