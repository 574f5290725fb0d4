"""Projects and annotators in the store."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cueloop.errors import NotFound
from cueloop.store import Store, annotators, projects
from cueloop.store.columns import now

CONFIG = "<View/>"


def connect(store: Store, mode: str = "connected", title: str = "Reviews") -> projects.Project:
    """Write project 7 as `cueloop connect` does, now; how it stands then."""
    with store.write() as conn:
        projects.put(conn, 7, title=title, label_config=CONFIG, mode=mode, connected_at=now())
    with store.read() as conn:
        return projects.get(conn, 7)


def test_connecting_again_keeps_what_is_known(any_store: Store) -> None:
    first = connect(any_store)
    with any_store.write() as conn:
        projects.advance(conn, 7, first.connected_at)
    again = connect(any_store, title="Film reviews")
    assert (again.title, again.cursor, again.connected_at) == ("Film reviews", first.connected_at, first.connected_at)


@pytest.mark.parametrize("before", ["observe", "disconnected"])
def test_what_happened_before_it_was_connected_again_is_unknown(any_store: Store, before: str) -> None:
    first = connect(any_store, mode=before)
    assert connect(any_store).connected_at > first.connected_at


def test_the_cursor_never_goes_back(any_store: Store) -> None:
    at = connect(any_store).connected_at
    with any_store.write() as conn:
        projects.advance(conn, 7, at)
        projects.advance(conn, 7, at - timedelta(hours=1))
        assert projects.get(conn, 7).cursor == at


def test_only_projects_that_are_worked_on_are_live(any_store: Store) -> None:
    for mode, live in (("observe", 0), ("pilot", 1), ("connected", 1), ("disconnected", 0)):
        connect(any_store, mode=mode)
        with any_store.read() as conn:
            assert len(projects.live(conn)) == live


def test_an_unknown_project_is_named(any_store: Store) -> None:
    with any_store.read() as conn, pytest.raises(NotFound, match="connect --project 99"):
        projects.get(conn, 99)


def test_annotators_keep_their_kind_and_come_back(any_store: Store) -> None:
    ann = {"id": 3, "email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}
    robot = {"id": 4, "email": "robot@example.com", "username": "robot"}
    with any_store.write() as conn:
        annotators.put(conn, [ann, robot])
        annotators.put(conn, [robot], kind=annotators.MACHINE)
        # When the users are read again, and one is gone, then the machine is still one
        annotators.put(conn, [robot])
        assert annotators.mark_deleted(conn, {4}, now()) == 1
        assert annotators.machines(conn) == {4}
        assert annotators.people(conn) == []
        # When ann is there again, she can be asked
        annotators.put(conn, [ann])
        (found,) = annotators.people(conn)
    assert (found.name, found.queue, found.deleted_at) == ("Ann Lee", "w3", None)
