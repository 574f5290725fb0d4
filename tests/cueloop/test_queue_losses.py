"""Redis goes away while a job runs, and a job is asked for at the very moment when it ends."""

import rq
import sqlalchemy as sa
from redis.exceptions import ConnectionError as Refused

from cueloop import queue as queues
from cueloop.queue import Jobs, connect
from cueloop.store import Store
from cueloop.store.schema import jobs as table


def test_a_redis_that_went_away_costs_the_bar_and_not_the_training(monkeypatch):
    class Job:
        def __init__(self):
            self.meta = told

        def save_meta(self):
            raise Refused("Redis was restarted")

    told = {}
    monkeypatch.setattr(rq, "get_current_job", Job)
    queues.progress(1, 2, "training")
    assert told["progress"]["done"] == 1


def test_what_is_asked_for_at_the_moment_when_a_job_ends_is_run(store, valkey):
    # Given a job that runs, and another process that asks for one more run just before its end is written
    with connect(valkey) as redis:
        redis.flushall()
    queue, other, asked = Jobs(valkey, store), Store(str(store.url)), []
    queue.enqueue_once("train", 1, "tests.cueloop.jobs_for_tests.append", "out", "ran")
    job = queues._begin(1, store)

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def ask(conn, cursor, statement, *_):
        if statement == "BEGIN IMMEDIATE" and not asked:
            asked.append(1)
            with other.write() as writing:
                writing.execute(table.update().values(again=True))

    # When it ends
    queues._finish(job, store, queue, state="done")
    # Then it is queued once more
    with other.read() as conn:
        assert list(conn.scalars(sa.select(table.c.state).order_by(table.c.key))) == ["done", "queued"]
    other.close()
