"""Rows that two processes write at once, and rows of projects that share a model."""

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from cueloop.store import Store, predictions, rollouts
from cueloop.store import schema as s
from cueloop.store.columns import now
from cueloop.store.predictions import Prediction
from tests.ml_backend.conftest import Project, examples


@pytest.fixture
def store(any_store):
    """On SQLite, then on PostgreSQL."""
    return any_store


def test_a_rollout_that_is_overtaken_at_that_moment_does_not_come_back_to_life(store):
    # Given a rollout, and a process that notes how far it is
    project = Project(store)
    with store.write() as conn:
        old = rollouts.begin(conn, project.id, "topics", "v1", None)
    other, overtaken = Store(store.url.render_as_string(hide_password=False)), threading.Event()

    def overtake():
        with other.write() as conn:
            rollouts.begin(conn, project.id, "topics", "v2", None)
        overtaken.set()

    thread = threading.Thread(target=overtake)

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def between(conn, cursor, statement, *_):
        if statement.startswith("UPDATE rollouts") and not thread.ident:
            thread.start()          # when another version begins between its look and its word
            overtaken.wait(None if not store.is_sqlite else 0.2)        # SQLite has one writer: the other waits

    with store.write() as conn:
        rollouts.move(conn, old, rollouts.VERIFYING)
    thread.join()
    # Then it stays overtaken: nothing holds its version any more
    with store.read() as conn:
        found = rollouts.get(conn, old.key)
        assert (found.state, found.ended_at is None) == (rollouts.OVERTAKEN, False)
    other.close()


def test_what_is_removed_from_one_project_stands_in_the_other_that_has_the_same_model(store):
    # Given two projects that one model serves
    one, other = Project(store, 1), Project(store, 2)
    said = Prediction(project_id=1, task=0, control="topic", model="topics", version="v1", label="food", score=0.7,
                      probabilities={"food": 0.7}, out_of_fold=True, created_at=now())
    for project in (one, other):
        keys = project.add(examples(3), labelled=False)
        with store.write() as conn:
            predictions.write(conn, [replace(said, project_id=project.id, task=key) for key in keys])
            predictions.mark_sent(conn, "topics", "v1", keys)
            predictions.mark_pushed(conn, "topics", "v1", keys)
    # When the version's predictions leave the first one
    with store.write() as conn:
        predictions.mark_removed(conn, 1, "topics", "v1")
    # Then they are known to stand in the other: they would be pushed a second time, or never taken out
    with store.read() as conn:
        assert [predictions.pushed(conn, number, "topics", "v1") for number in (1, 2)] == [0, 3]
        assert not predictions.versions_there(conn, 1)
        assert len(predictions.versions_there(conn, 2)) == 1
        assert conn.scalar(sa.select(sa.func.count()).select_from(s.predictions)) == 6
