"""Changes that the loop's steps have to see: each one once, whatever the database calls them."""

from __future__ import annotations

from typing import Any

import pytest

from cueloop.store import Store, projects
from cueloop.store import schema as s
from cueloop.store.columns import now
from sync.steps import Steps


def test_a_change_is_seen_though_an_earlier_one_had_its_number(any_store: Store) -> None:
    # Given a step, and a change that it saw and that was then forgotten (SQLite gives its number to the next one)
    calls: list[frozenset[int]] = []

    def watch(_store: Store, _client: Any, _project: int, changed: frozenset[int]) -> None:
        calls.append(changed)

    keys = two_tasks(any_store)
    steps = Steps(any_store, None, 1, [watch])  # type: ignore[arg-type]
    for key in keys:
        # When a task changes
        with any_store.write() as conn:
            projects.note_changes(conn, 1, [key])
        steps.run()
    # Then the step sees each one, once
    assert calls == [frozenset({key}) for key in keys]
    steps.run()
    assert calls[-1] == frozenset()


@pytest.mark.parametrize("fails", [1, 2])
def test_a_change_waits_for_the_step_that_failed(any_store: Store, fails: int) -> None:
    # Given two steps of which one fails
    seen: dict[str, list[frozenset[int]]] = {"good": [], "bad": []}
    left = [fails]

    def good(_store: Store, _client: Any, _project: int, changed: frozenset[int]) -> None:
        seen["good"].append(changed)

    def bad(_store: Store, _client: Any, _project: int, changed: frozenset[int]) -> None:
        if left[0]:
            left[0] -= 1
            raise RuntimeError("not today")
        seen["bad"].append(changed)

    key = two_tasks(any_store)[0]
    with any_store.write() as conn:
        projects.note_changes(conn, 1, [key])
    steps = Steps(any_store, None, 1, [good, bad])  # type: ignore[arg-type]
    # When the loop goes round until its time has come again
    for _ in range(fails + 1):
        steps.run()
        for _step, state in steps._steps:
            state.backoff.until = 0.0
    # Then the good one saw it once, and the other one when it worked again
    assert [c for c in seen["good"] if c] == [frozenset({key})]
    assert seen["bad"] == [frozenset({key})]


def two_tasks(store: Store) -> list[int]:
    """A project with two tasks; their keys."""
    at = now()
    with store.write() as conn:
        projects.put(conn, 1, title="P", label_config="<View/>", mode="connected", connected_at=at)
        return [int(conn.execute(s.tasks.insert().values(
            project_id=1, id=number, created_at=at, updated_at=at, data={}, cue={}, blind=False,
        ).returning(s.tasks.c.key)).scalar_one()) for number in (1, 2)]
