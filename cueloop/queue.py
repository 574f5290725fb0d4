"""Jobs on RQ: one at a time per kind and project, an event during a run causes one more run, nothing is lost.

The row in our `jobs` table is the truth, the RQ job only carries it to a worker: RQ forgets outcomes, and a
Redis that comes back empty must not lose a job (facts: RQ's `unique=True` refuses an event during a run).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cueloop import logs
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
PAUSES = (5, 30)
"""Seconds between attempts."""

log = logs.get(__name__)


class Jobs:
    """The queue as producers see it. Connects on use; raises QueueUnavailable when Redis does not answer."""

    def __init__(self, redis_url: str, store: Store) -> None:
        """Name the Redis; an empty URL is one that never answers."""
        self.redis_url, self.store = redis_url, store

    def enqueue_once(
        self, kind: str, project_id: int | None, function: str, *args: Any, timeout: int = 3600,
    ) -> bool:
        """Have `function` (dotted path) run with `args` (JSON) by a worker, unless it is waiting already.

        While one of this kind and project runs, it is noted that one more run is needed. `timeout` in seconds.
        Returns whether a new job was queued.
        """
        with _translated(), self._queue() as queue:
            queue.connection.ping()  # before the transaction: a Redis that hangs must not hold up writers
            return self._enqueue(queue, kind, project_id, function, args, timeout)

    def _enqueue(
        self, queue: Queue, kind: str, project_id: int | None, function: str, args: tuple[Any, ...], timeout: int,
    ) -> bool:
        with self.store.write() as conn:
            self.store.lock(conn, f"enqueue {kind} {project_id}")
            pending = conn.execute(_of(kind, project_id).where(table.c.state.in_(["queued", "running"]))).first()
            if pending is not None and _alive(queue, pending.key):
                if pending.state == "running":
                    conn.execute(table.update().where(table.c.key == pending.key).values(again=True))
                return False
            if pending is not None:  # its worker was killed, or Redis came back empty
                conn.execute(table.update().where(table.c.key == pending.key).values(
                    state="failed", error="The worker died or Redis lost the job.", ended_at=now()))
            key = int(conn.execute(table.insert().values(
                kind=kind, project_id=project_id, function=function, args=list(args), timeout=timeout,
                state="queued", again=False, attempts=0, queued_at=now()).returning(table.c.key)).scalar_one())
            _send(queue, key, timeout)  # inside the transaction: a Redis that refuses leaves no row
            return True

    def state(self, kind: str, project_id: int | None) -> dict[str, Any] | None:
        """The newest job of this kind: its row, and `progress` while it runs. None if there never was one."""
        with self.store.read() as conn:
            row = conn.execute(_of(kind, project_id)).first()
        if row is None:
            return None
        found = dict(row._mapping)
        if row.state == "running":
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
    with store.write() as conn:
        job = conn.execute(sa.select(table).where(table.c.key == key)).one()
        conn.execute(table.update().where(table.c.key == key).values(
            state="running", attempts=job.attempts + 1, started_at=now(), error=None))
    try:
        detail = _resolve(job.function)(*job.args)
    except CueloopError as error:  # it will not get better by trying again
        _end(store, key, state="failed", error=str(error))
        log.warning("job failed", kind=job.kind, project=job.project_id, error=str(error))
    except BaseException as error:
        last = job.attempts + 1 >= ATTEMPTS
        _end(store, key, state="failed" if last else "queued", error=f"{type(error).__name__}: {error}")
        raise
    else:
        _end(store, key, state="done", detail=detail if isinstance(detail, dict) else None)
    with store.read() as conn:
        again = conn.scalar(sa.select(table.c.again).where(table.c.key == key))
    if again:
        queue.enqueue_once(job.kind, job.project_id, job.function, *job.args, timeout=job.timeout)


def progress(done: int, total: int, what: str = "") -> None:
    """Say how far the running job is; shown by `cueloop status`. Does nothing outside a worker."""
    from rq import get_current_job

    job = get_current_job()
    if job is not None:
        job.meta["progress"] = {"done": done, "total": total, "what": what}
        job.save_meta()  # type: ignore[no-untyped-call]


def work(redis_url: str, *, burst: bool = False) -> None:
    """Take jobs until told to stop (SIGINT, SIGTERM), or with `burst` until there are none."""
    from rq import Queue, Worker

    with _translated():
        connection = connect(redis_url)
        connection.ping()
        queue = Queue(QUEUE, connection=connection, serializer="json")
        Worker([queue], connection=connection, serializer="json").work(
            burst=burst, with_scheduler=True, logging_level="WARNING")


def _end(store: Store, key: int, **values: Any) -> None:
    with store.write() as conn:
        conn.execute(table.update().where(table.c.key == key).values(ended_at=now(), **values))


def _of(kind: str, project_id: int | None) -> sa.Select[Any]:
    same = table.c.project_id.is_(None) if project_id is None else table.c.project_id == project_id
    return sa.select(table).where(table.c.kind == kind, same).order_by(table.c.key.desc()).limit(1)


def _rq_id(key: int) -> str:
    return f"cueloop-{key}"


def _send(queue: Queue, key: int, timeout: int) -> None:
    from rq import Retry

    queue.enqueue_call("cueloop.queue.run", args=(key,), job_id=_rq_id(key), timeout=timeout, result_ttl=60,
                       failure_ttl=3600, retry=Retry(max=ATTEMPTS - 1, interval=list(PAUSES)))


def _alive(queue: Queue, key: int) -> bool:
    """Whether Redis still has the job, and has it waiting or running."""
    job = queue.fetch_job(_rq_id(key))
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
