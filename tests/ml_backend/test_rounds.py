"""Rounds of the loop: what looks at all tasks of a project is done when something happened, not every second."""

import pytest

from cueloop.store import figures
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import due
from ml_backend.active import refresh
from ml_backend.policy.policy import Policy
from ml_backend.quiet import Quiet
from ml_backend.triggers import facts
from ml_backend.triggers.examine import examine
from tests.ml_backend.active.test_refresh import SURE, serve
from tests.ml_backend.conftest import examples


@pytest.fixture
def counted(monkeypatch):
    """`counted(module, name)` gives a list that grows with each call of that function."""
    def watch(module, name):
        calls, function = [], getattr(module, name)

        def run(*args, **options):
            calls.append(name)
            return function(*args, **options)
        monkeypatch.setattr(module, name, run)
        return calls
    return watch


def _why(store, *, deep):
    with store.read() as conn:
        return examine(conn, 1, Policy(), deep=deep).why


def test_labelled_tasks_are_counted_anew_when_a_consensus_came_or_somebody_asks_for_all(store, project, counted):
    project.add(examples(12))
    calls = counted(facts, "labelled")
    # given two rounds in which nothing happens, they are counted once
    assert _why(store, deep=False) is _why(store, deep=False) is None
    assert len(calls) == 1
    # when more are labelled, then the next round knows
    project.add(examples(30, seed=1))
    assert "first model" in _why(store, deep=False)
    assert len(calls) == 2
    # and a deep look sees what no newer consensus tells of: labels that were taken back
    with store.write() as conn:
        conn.execute(s.consensus.delete().where(s.consensus.c.task > 4))
    assert _why(store, deep=True) is None


def test_whether_a_task_waits_is_asked_once_while_nothing_happens(store, project, counted, monkeypatch):
    # given a champion that has said something of all tasks, in a project that is only observed
    monkeypatch.setenv("CUELOOP_REDIS_URL", "")
    keys = project.add(examples(6), labelled=False)
    serve(project, dict.fromkeys(keys, SURE))
    with store.write() as conn:
        conn.execute(s.projects.update().values(mode="observe"))
    calls = counted(due, "prelabelling_due")
    for _ in range(3):
        due.step(store, None, 1, frozenset())
    assert len(calls) == 1
    # when a task changed, or another version serves, then it is asked at once
    due.step(store, None, 1, frozenset(keys[:1]))
    assert len(calls) == 2
    with store.write() as conn:
        conn.execute(s.projects.update().values(connected_at=now()))
    due.step(store, None, 1, frozenset())
    assert len(calls) == 3


def test_a_look_that_found_something_is_repeated():
    quiet, answers = Quiet(60.0), [True, False, True]
    assert quiet.look("p", 1, lambda: answers.pop(0))
    assert not quiet.look("p", 1, lambda: answers.pop(0))
    assert not quiet.look("p", 1, lambda: answers.pop(0))      # nothing happened since: nobody looks
    assert quiet.look("p", 2, lambda: answers.pop(0))
    assert not answers


def test_a_changed_task_is_placed_among_few_that_were_drawn_for_it(store, project, monkeypatch):
    # given 30 tasks that were judged against each other, of which 5 are kept to compare with
    monkeypatch.setattr(refresh, "YARDSTICK", 5)
    keys = project.add(examples(30), labelled=False)
    serve(project, {key: [0.5 + 0.01 * at, 0.49 - 0.01 * at, 0.01] for at, key in enumerate(keys)})
    refresh.refresh(store, 1, Policy())
    with store.read() as conn:
        drawn = figures.read(conn, 1, figures.PROJECT, refresh.FIGURE)["yardstick"]["topic"]
    assert len(drawn) == 5
    assert set(drawn) < set(keys)
    # when one changes, then no other task is read
    asked = []
    standing = refresh.standing
    monkeypatch.setattr(refresh, "standing", lambda *args: asked.append(args[-1]) or standing(*args))
    other = next(key for key in keys if key not in drawn)
    assert refresh.step(store, 1, frozenset({other}), Policy()) == 1
    assert asked == [sorted({other, *drawn})]
