"""Jobs on RQ: one at a time per kind and project, an event during a run causes one more run, nothing is lost.

The row in our `jobs` table is the truth, the RQ job only carries it to a worker: RQ forgets outcomes, and a
Redis that comes back empty must not lose a job (facts: RQ's `unique=True` refuses an event during a run).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cueloop import audit, cancelling, inline, logs
from cueloop.cancelling import TOO_LATE, Cancelled
from cueloop.errors import CueloopError, QueueUnavailable
from cueloop.store import Store
from cueloop.store.columns import now
from cueloop.store.schema import jobs as table

if TYPE_CHECKING:
    from redis import Redis
    from rq import Queue

QUEUE = "cueloop"
"""Name of the one RQ queue."""
ATTEMPTS = 3
"""How often a job is tried before it counts as failed."""
ACTOR = "job queue"
"""Who queues jobs, for the audit log: nobody in person."""
PAUSES = (5, 30)
"""Seconds between attempts."""

log = logs.get(__name__)


class Jobs:
    """The queue as producers see it. Connects on use; raises QueueUnavailable when Redis does not answer."""

    def __init__(self, redis_url: str, store: Store) -> None:
        """Name the Redis; an empty URL is one that never answers."""
        self.redis_url, self.store = redis_url, store

    def enqueue_once(
        self, kind: str, project_id: int | None, function: str, *args: Any, timeout: int = 3600, why: str = "",
    ) -> bool:
        """Have `function` (dotted path) run with `args` (JSON) by a worker, unless it is waiting already.

        While one of this kind and project runs, it is noted that one more run is needed. `timeout` in seconds; `why`
        in a sentence, joined with the reasons of the job that waits. Returns whether a new job was queued.
        """
        with _translated(), self._queue() as queue:
            queue.connection.ping()  # before the transaction: a Redis that hangs must not hold up writers
            with self.store.write() as conn:
                self.store.lock(conn, f"enqueue {kind} {project_id}")
                pending = conn.execute(_of(kind, project_id).where(table.c.state.in_(["queued", "running"]))).first()
                if pending is not None and _alive(queue, pending):
                    conn.execute(table.update().where(table.c.key == pending.key).values(_joined(pending, why)))
                    return False
                if pending is not None:
                    conn.execute(table.update().where(table.c.key == pending.key).values(_lost(pending)))
                _queue_row(conn, queue, kind, project_id, function, args, timeout, why)
                return True

    def bury(self, kind: str, project_id: int | None) -> bool:
        """Write down the end of the newest job of this kind, if by the store it is under way and nothing carries it."""
        with _translated(), self._queue() as queue:
            queue.connection.ping()
            with self.store.write() as conn:
                pending = conn.execute(_of(kind, project_id).where(table.c.state.in_(["queued", "running"]))).first()
                if pending is None or _alive(queue, pending):
                    return False
                conn.execute(table.update().where(table.c.key == pending.key).values(_lost(pending)))
                return True

    def state(self, kind: str, project_id: int | None) -> dict[str, Any] | None:
        """The newest job of this kind: its row, and `progress` while it runs. None if there never was one."""
        with self.store.read() as conn:
            row = conn.execute(_of(kind, project_id)).first()
        if row is None:
            return None
        found = dict(row._mapping)
        if inline.is_here(row.detail):
            found["progress"] = row.detail.get("progress")
        elif row.state == "running":
            with _translated(), self._queue() as queue:
                job = queue.fetch_job(_rq_id(row.key))
                found["progress"] = job.get_meta().get("progress") if job else None
        return found

    def ping(self) -> None:
        """Raises QueueUnavailable when Redis does not answer."""
        with _translated(), self._queue() as queue:
            queue.connection.ping()

    @contextmanager
    def _queue(self) -> Iterator[Queue]:
        from rq import Queue

        if not self.redis_url:
            raise QueueUnavailable("No Redis: set CUELOOP_REDIS_URL, or run `cueloop up`, which brings its own.")
        connection = connect(self.redis_url)
        try:
            yield Queue(QUEUE, connection=connection, serializer="json")
        finally:
            connection.close()


def connect(redis_url: str) -> Redis:
    """A Redis client. Does not connect yet."""
    from redis import Redis

    return Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=10)


def run(key: int) -> None:
    """What RQ calls in a worker: runs the job of that row and writes down how it ended."""
    from cueloop import settings

    config = settings.load()
    store = Store.open(config.store_url)
    try:
        _run(key, store, Jobs(config.redis_url, store))
    finally:
        store.close()


def _run(key: int, store: Store, queue: Jobs) -> None:
    job = _begin(key, store)
    if job is None:
        return
    try:
        with cancelling.heard(store, key):
            detail = _resolve(job.function)(*job.args)
    except Cancelled:
        _end(store, key, state="cancelled")
        log.warning("job cancelled", kind=job.kind, project=job.project_id)
    except CueloopError as error:  # it will not get better by trying again
        _finish(job, store, queue, state="failed", error=str(error))
        log.warning("job failed", kind=job.kind, project=job.project_id, error=str(error))
    except BaseException as error:
        last = job.attempts + 1 >= ATTEMPTS
        _end(store, key, state="failed" if last else "queued", error=f"{type(error).__name__}: {error}")
        raise
    else:
        _finish(job, store, queue, state="done", detail=detail if isinstance(detail, dict) else None)


def _begin(key: int, store: Store) -> sa.Row[Any] | None:
    """The job, running from now on; None when it was cancelled, or held for dead and replaced."""
    with store.write() as conn:
        job = conn.execute(sa.select(table).where(table.c.key == key).with_for_update()).one()
        if job.state not in {"queued", "running"}:
            return None
        if job.cancel not in (None, TOO_LATE):      # its worker died before it could hear that
            conn.execute(table.update().where(table.c.key == key).values(state="cancelled", ended_at=now()))
            return None
        conn.execute(table.update().where(table.c.key == key).values(
            state="running", attempts=job.attempts + 1, started_at=now(), error=None, cancel=None))
    return job


def _finish(job: sa.Row[Any], store: Store, queue: Jobs, **values: Any) -> None:
    """Write down how a job ended and, in the same transaction, queue it again if that was asked for meanwhile."""
    if not _end(store, job.key, unless_again=True, **values):
        try:
            with _translated(), queue._queue() as carrier, store.write() as conn:
                row = conn.execute(sa.select(table).where(table.c.key == job.key).with_for_update()).one()
                conn.execute(table.update().where(table.c.key == job.key).values(ended_at=now(), **values))
                if row.again:
                    _queue_row(conn, carrier, job.kind, job.project_id, job.function, job.args, job.timeout,
                               (row.detail or {}).get("again", ""))
            return
        except QueueUnavailable as error:
            log.warning("asked for while it ran, and cannot be queued", kind=job.kind, project=job.project_id,
                        error=str(error))
    _end(store, job.key, **values)


def why(store: Store) -> str:
    """Why the job of this process runs, in a sentence; empty outside of jobs."""
    with store.read() as conn:
        return conn.scalar(sa.select(table.c.why).where(table.c.key == cancelling.current())) or ""


def progress(done: int, total: int, what: str = "") -> None:
    """Say how far the running job is; shown by `cueloop status` and `cueloop training show`. Nothing outside a worker.

    Raises Cancelled when the job is to stop. A Redis that is away for a while costs the bar, not the training.
    """
    from redis.exceptions import RedisError
    from rq import get_current_job

    cancelling.check()
    job = get_current_job()
    if job is not None:
        job.meta["progress"] = {"done": done, "total": total, "what": what}
        try:
            job.save_meta()  # type: ignore[no-untyped-call]
        except RedisError as error:
            log.debug("progress cannot be told", error=type(error).__name__)


def work(redis_url: str, *, burst: bool = False) -> None:
    """Take jobs until told to stop (SIGINT, SIGTERM), or with `burst` until there are none."""
    from rq import Queue, Worker

    with _translated():
        connection = connect(redis_url)
        connection.ping()
        queue = Queue(QUEUE, connection=connection, serializer="json")
        Worker([queue], connection=connection, serializer="json").work(
            burst=burst, with_scheduler=True, logging_level="WARNING")


def _end(store: Store, key: int, *, unless_again: bool = False, **values: Any) -> bool:
    """Write down how a job ended; with `unless_again` not if it is to run once more. Whether it was written."""
    where = [table.c.key == key, *([table.c.again.is_(sa.false())] if unless_again else [])]
    with store.write() as conn:
        return bool(conn.execute(table.update().where(*where).values(ended_at=now(), **values)).rowcount)


def _of(kind: str, project_id: int | None) -> sa.Select[Any]:
    same = table.c.project_id.is_(None) if project_id is None else table.c.project_id == project_id
    return sa.select(table).where(table.c.kind == kind, same).order_by(table.c.key.desc()).limit(1)


def _rq_id(key: int) -> str:
    return f"cueloop-{key}"


def _send(queue: Queue, key: int, timeout: int) -> None:
    from rq import Retry

    queue.enqueue_call("cueloop.queue.run", args=(key,), job_id=_rq_id(key), timeout=timeout, result_ttl=60,
                       failure_ttl=3600, retry=Retry(max=ATTEMPTS - 1, interval=list(PAUSES)))


def _queue_row(conn: sa.Connection, queue: Queue, kind: str, project_id: int | None, function: str, args: Sequence[Any],
               timeout: int, why: str) -> None:
    """A new job, sent from inside the transaction: a Redis that refuses leaves no row."""
    key = int(conn.execute(table.insert().values(
        kind=kind, project_id=project_id, function=function, args=list(args), timeout=timeout, state="queued",
        again=False, attempts=0, queued_at=now(), why=why or None).returning(table.c.key)).scalar_one())
    if why:
        audit.record(conn, ACTOR, f"{kind} queued", f"project {project_id}", {"job": key, "why": why})
    _send(queue, key, timeout)


def _joined(job: sa.Row[Any], why: str) -> dict[str, Any]:
    """One more reason for a job: for the one that waits, or for one more run of the one that runs."""
    if job.state == "queued":
        return {"why": also(job.why, why)}
    said = job.detail or {}
    return {"again": True, "detail": said | {"again": also(said.get("again"), why) or ""}}


def also(whys: str | None, why: str) -> str | None:
    """Reasons with one more; none stands twice."""
    if not why or (whys and why in whys):
        return whys
    return f"{whys}; {why}" if whys else why


def _lost(job: sa.Row[Any]) -> dict[str, Any]:
    """How a job ends that nothing carries any more."""
    cancelled = job.cancel not in (None, TOO_LATE)
    return {"state": "cancelled" if cancelled else "failed", "ended_at": now(),
            "error": "The worker died or Redis lost the job."}


def _alive(queue: Queue, row: sa.Row[Any]) -> bool:
    """Whether Redis still has the job, and has it waiting or running; or the command line that runs it still lives."""
    if inline.is_here(row.detail):
        return inline.lives(row)
    job = queue.fetch_job(_rq_id(row.key))
    return job is not None and str(job.get_status().value) in {"queued", "started", "scheduled", "deferred"}


def _resolve(function: str) -> Any:
    module, _, name = function.rpartition(".")
    return getattr(import_module(module), name)


@contextmanager
def _translated() -> Iterator[None]:
    from redis.exceptions import ConnectionError as Refused
    from redis.exceptions import RedisError

    try:
        yield
    except Refused:
        raise QueueUnavailable("Redis does not answer at CUELOOP_REDIS_URL. Start it; jobs wait, "
                               "everything else goes on.") from None
    except RedisError as error:
        raise QueueUnavailable(
            f"Redis at CUELOOP_REDIS_URL: {type(error).__name__}. Check that it is a Redis.") from None
