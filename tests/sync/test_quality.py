"""Quality in the store: at once for what changed, a full run when it is due, each control on its own."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
import sqlalchemy as sa

from cueloop.store import Store, consensus, performance, projects, schema
from cueloop.store.columns import now
from sync import full_run, quality
from tests.sync import quality_store as given


def crowd(keys: list[int], wrong: int = 5) -> list[tuple[int, int, str]]:
    """Annotators 1 to 4 on every task: even tasks are good, odd ones bad; annotator 4 errs on every `wrong`th."""
    truth = {key: ("good", "bad")[at % 2] for at, key in enumerate(keys)}
    other = {"good": "bad", "bad": "good"}
    return [(key, who, other[truth[key]] if who == 4 and at % wrong == 0 else truth[key])
            for at, key in enumerate(keys) for who in (1, 2, 3, 4)]


def test_two_controls_of_one_config_have_a_consensus_each(any_store: Store) -> None:
    # given two questions, answered independently, and a text field that nobody filled in
    keys = given.project(any_store, tasks=6)
    given.answers(any_store, 1, [(k, w, "good") for k in keys for w in (1, 2)], "mood")
    given.answers(any_store, 1, [(k, w, "film") for k in keys[:3] for w in (1, 3)], "topic")
    # when quality is computed
    quality.recompute(any_store, 1)
    # then each control has its own tasks, annotators and agreement
    assert given.consensus(any_store, 1, "mood") == dict.fromkeys(keys, "good")
    assert given.consensus(any_store, 1, "topic") == dict.fromkeys(keys[:3], "film")
    with any_store.read() as conn:
        mood, topic = (performance.confusions(conn, 1, name) for name in ("mood", "topic"))
        controls = set(conn.scalars(sa.select(schema.agreement.c.control)))
    assert mood is not None
    assert topic is not None
    assert (mood.annotators, mood.labels, mood.answers) == ((1, 2), ("good", "bad"), 12)
    assert (topic.annotators, topic.confusion.shape) == ((1, 3), (2, 3, 3))
    assert controls == {"mood", "topic", "why"}


def test_a_project_without_answers_is_fine(any_store: Store) -> None:
    keys = given.project(any_store, tasks=2)
    quality.step(any_store, None, 1, frozenset(keys))
    quality.recompute(any_store, 1)
    assert given.consensus(any_store, 1) == {}
    with any_store.read() as conn:
        row = conn.execute(sa.select(schema.agreement).where(schema.agreement.c.control == "mood")).one()
    assert (row.value, row.answers) == (None, 0)
    assert "no task" in row.reason


def test_a_task_whose_answers_all_vanish_loses_its_consensus(any_store: Store) -> None:
    # given a consensus on two tasks
    keys = given.project(any_store, tasks=2)
    given.answers(any_store, 1, [(k, w, "good") for k in keys for w in (1, 2)])
    quality.recompute(any_store, 1)
    # when all answers to the first are deleted, and only that task is updated
    with any_store.write() as conn:
        conn.execute(schema.answers.delete().where(schema.answers.c.task == keys[0]))
    quality.update(any_store, 1, {keys[0]})
    # then it has none
    assert given.consensus(any_store, 1) == {keys[1]: "good"}
    # and when the last answers of the project go, nothing is left
    with any_store.write() as conn:
        conn.execute(schema.answers.delete())
        projects.note_changes(conn, 1, keys)
    quality.step(any_store, None, 1, frozenset(keys))
    assert given.consensus(any_store, 1) == {}


def test_ground_truth_pins_a_task_in_a_full_run_and_in_an_update(any_store: Store) -> None:
    # given three people who agree on two tasks, and a reviewer who knows better about both
    keys = given.project(any_store, tasks=2)
    given.answers(any_store, 1, [(k, w, "good") for k in keys for w in (1, 2, 3)])
    with any_store.write() as conn:
        given.answer(conn, 1, keys[0], 9, "mood", "bad", truth=True)
    quality.recompute(any_store, 1)
    assert given.consensus(any_store, 1) == {keys[0]: "bad", keys[1]: "good"}
    with any_store.write() as conn:
        given.answer(conn, 1, keys[1], 9, "mood", "bad", truth=True)
    # when only the second is updated
    quality.update(any_store, 1, {keys[1]})
    # then both are what the reviewer said, with certainty
    with any_store.read() as conn:
        rows = consensus.of_project(conn, 1, "mood")
    assert {(r.label, r.probability, r.method, r.answers) for r in rows.values()} == {("bad", 1.0, "ground-truth", 4)}


def test_an_update_of_one_task_agrees_with_the_full_run(any_store: Store) -> None:
    # given a full run, and then one more answer to one task
    keys = given.project(any_store, tasks=40)
    given.answers(any_store, 1, crowd(keys))
    quality.recompute(any_store, 1)
    given.answers(any_store, 1, [(keys[0], 5, "bad"), (keys[0], 6, "bad")])
    # when the task is updated at once, and then everything
    quality.update(any_store, 1, {keys[0]})
    with any_store.read() as conn:
        at_once = consensus.of_tasks(conn, [keys[0]], "mood")[keys[0]]
    quality.recompute(any_store, 1)
    with any_store.read() as conn:
        full = consensus.of_tasks(conn, [keys[0]], "mood")[keys[0]]
    # then label and basis are equal and the probability is within five points
    assert (at_once.label, at_once.answers) == (full.label, full.answers)
    assert at_once.probability == pytest.approx(full.probability, abs=0.05)


def test_a_full_run_tells_which_tasks_moved_so_that_they_are_routed(any_store: Store) -> None:
    keys = given.project(any_store, tasks=4)
    given.answers(any_store, 1, [(k, 1, "good") for k in keys])
    assert quality.recompute(any_store, 1) == frozenset(keys)
    assert quality.recompute(any_store, 1) == frozenset()
    with any_store.read() as conn:
        assert set(conn.scalars(sa.select(schema.changes.c.task))) == set(keys)


def test_an_answer_that_comes_during_a_full_run_is_not_overwritten(any_store: Store, monkeypatch: pytest.MonkeyPatch
                                                                  ) -> None:
    # given a full run that is slow: while it computes, two more people answer and the task is updated
    keys = given.project(any_store, tasks=3)
    given.answers(any_store, 1, [(k, 1, "good") for k in keys])
    find = full_run.find

    def slow(inputs: full_run.Inputs, *, reports: bool) -> full_run.Findings:
        if not meanwhile:
            meanwhile.append(True)
            given.answers(any_store, 1, [(keys[0], w, "bad") for w in (2, 3, 4)])
            quality.update(any_store, 1, {keys[0]})
        return find(inputs, reports=reports)

    meanwhile: list[bool] = []
    monkeypatch.setattr(full_run, "find", slow)
    # when it ends
    quality.recompute(any_store, 1)
    # then the task rests on all four answers
    with any_store.read() as conn:
        row = consensus.of_tasks(conn, [keys[0]], "mood")[keys[0]]
    assert (row.label, row.answers) == ("bad", 4)


def test_a_control_that_left_the_config_leaves_nothing_behind(any_store: Store) -> None:
    keys = given.project(any_store, tasks=2)
    given.answers(any_store, 1, [(k, 1, "film") for k in keys], "topic")
    quality.recompute(any_store, 1)
    with any_store.write() as conn:
        conn.execute(schema.projects.update().values(label_config=given.TWO_CONTROLS.replace("topic", "subject")))
    quality.recompute(any_store, 1)
    assert given.consensus(any_store, 1, "topic") == {}


def test_skips_and_lead_times_are_counted_for_each_annotator(any_store: Store) -> None:
    # given somebody who answers slowly, and somebody who only skips
    keys = given.project(any_store, tasks=3)
    with any_store.write() as conn:
        for key, seconds in zip(keys, (10.0, 30.0, None), strict=True):
            given.answer(conn, 1, key, 1, "mood", "good", seconds=seconds)
        conn.execute(schema.annotations.insert().values(
            unique_id="skip", project_id=1, task=keys[0], id=1, annotator_id=2, result=[], was_cancelled=True,
            ground_truth=False, created_at=given.START, updated_at=given.START))
    quality.recompute(any_store, 1)
    with any_store.read() as conn:
        rows = {r.annotator_id: r for r in conn.execute(performance.of_project(1, "mood"))}
    assert (rows[1].answers, rows[1].skips, rows[1].median_lead_time) == (3, 0, 20.0)
    assert (rows[2].answers, rows[2].skips, rows[2].low, rows[2].high) == (0, 1, 0.0, 1.0)


@pytest.mark.parametrize(("changed", "due"), [(7, False), (8, True)])
def test_a_full_run_is_due_when_changes_amount_to_a_quarter_of_the_answers(
        store: Store, monkeypatch: pytest.MonkeyPatch, changed: int, due: bool) -> None:
    # given a project too big for a full run at every change, and three tasks updated since the last one
    monkeypatch.setattr(quality, "EVERY_TIME", 10)
    keys = given.project(store, tasks=40)
    given.answers(store, 1, [(k, 1, "good") for k in keys])     # the other control has no answers at all
    quality.recompute(store, 1)
    quality.update(store, 1, set(keys[:3]))
    # when more come
    with store.read() as conn:
        assert quality.full_run_due(conn, 1, changed) is due


def test_what_a_full_run_moved_is_no_reason_for_the_next(any_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a project too big for a full run at every change, whose first run gave every task its consensus
    monkeypatch.setattr(quality, "EVERY_TIME", 10)
    keys = given.project(any_store, tasks=40)
    given.answers(any_store, 1, [(k, 1, "good") for k in keys])
    digested(any_store)
    moved = quality.recompute(any_store, 1)
    assert moved == set(keys)
    ran = _runs(any_store)
    # when the loop's next turn shows the step what moved
    quality.step(any_store, None, 1, moved)
    # then it does nothing: the full run's consensus stands
    assert _runs(any_store) == ran
    # but an answer to one of them is counted
    given.answers(any_store, 1, [(keys[0], 2, "bad")])
    quality.step(any_store, None, 1, moved)
    with any_store.read() as conn:
        assert consensus.of_project(conn, 1, "mood")[keys[0]].answers == 2
        assert performance.runs(conn, 1)["mood"].stale == 1


def digested(store: Store) -> None:
    """All steps of the loop have seen what changed."""
    with store.write() as conn:
        projects.forget_changes(conn, projects.pending_changes(conn, 1))


def _runs(store: Store) -> dict[str, tuple[object, int]]:
    with store.read() as conn:
        return {name: (run.updated_at, run.stale) for name, run in performance.runs(conn, 1).items()}


def test_free_text_is_updated_at_once_and_run_in_full_when_a_quarter_is_new(
        store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # given forty tasks with answers to a choice and in free text
    keys = given.project(store, tasks=40)
    given.answers(store, 1, [(k, 1, "good") for k in keys])
    given.answers(store, 1, [(k, 1, "so it was") for k in keys], "why", value=["so it was"])
    quality.recompute(store, 1)
    digested(store)
    # when one more text comes
    given.answers(store, 1, [(keys[0], 2, "so it was")], "why", value=["so it was"])
    quality.step(store, None, 1, {keys[0]})
    # then it counts, the choice had its full run (which is quick), the texts have not
    with store.read() as conn:
        assert consensus.of_project(conn, 1, "why")[keys[0]].answers == 2
        runs = performance.runs(conn, 1)
        assert (runs["mood"].stale, runs["why"].stale) == (0, 1)
    # until there are many
    given.answers(store, 1, [(k, 3, "so it was") for k in keys[:12]], "why", value=["so it was"])
    quality.step(store, None, 1, set(keys[:12]))
    with store.read() as conn:
        assert performance.runs(conn, 1)["why"].stale == 0


def test_new_labels_in_the_config_call_for_a_full_run_even_when_no_task_changed(store: Store) -> None:
    keys = given.project(store, tasks=3)
    given.answers(store, 1, [(k, 1, "good") for k in keys])
    quality.recompute(store, 1)
    config = given.TWO_CONTROLS.replace('<Choice value="bad"/>', '<Choice value="bad"/><Choice value="odd"/>')
    with store.write() as conn:
        conn.execute(schema.projects.update().values(label_config=config))
    quality.step(store, None, 1, frozenset())
    with store.read() as conn:
        found = performance.confusions(conn, 1, "mood")
    assert found is not None
    assert found.labels == ("good", "bad", "odd")


def test_a_big_project_asks_a_worker_and_without_redis_does_it_itself(
        store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a project above what is done in the loop, and a Redis that does not answer
    monkeypatch.setattr(quality, "INLINE", 1)
    monkeypatch.setattr(quality, "EVERY_TIME", 1)
    monkeypatch.setenv("CUELOOP_REDIS_URL", "redis://127.0.0.1:1/0")
    keys = given.project(store, tasks=3)
    given.answers(store, 1, [(k, 1, "good") for k in keys])
    # when the loop steps, then the consensus is there all the same
    quality.step(store, None, 1, frozenset(keys))
    assert given.consensus(store, 1) == dict.fromkeys(keys, "good")


def test_a_big_project_s_full_run_is_enqueued_once_and_done_by_a_worker(
        store: Store, valkey: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "INLINE", 1)
    monkeypatch.setattr(quality, "EVERY_TIME", 1)
    monkeypatch.setenv("CUELOOP_REDIS_URL", valkey)
    monkeypatch.setenv("CUELOOP_DATABASE_URL", str(store.url))
    keys = given.project(store, tasks=3)
    given.answers(store, 1, [(k, 1, "good") for k in keys])
    # when the loop steps twice before a worker comes
    for _ in range(2):
        quality.step(store, None, 1, frozenset(keys))
    # then one job waits, and the changed tasks have their consensus already
    jobs = sa.select(schema.jobs.c.kind, schema.jobs.c.state)
    with store.read() as conn:
        assert conn.execute(jobs).all() == [("recompute", "queued")]
        assert performance.confusions(conn, 1, "mood") is None
    assert given.consensus(store, 1) == dict.fromkeys(keys, "good")
    # and when a worker comes, it does the full run
    subprocess.run([sys.executable, "-m", "console", "worker", "--burst"], check=True, timeout=60)
    with store.read() as conn:
        assert conn.execute(jobs).all() == [("recompute", "done")]
        found = performance.confusions(conn, 1, "mood")
    assert found is not None
    assert (found.annotators, found.answers) == ((1,), 3)


def test_a_full_run_whose_worker_was_killed_is_asked_for_again(
        store: Store, valkey: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a full run that a worker began an hour ago, of which Redis knows nothing any more
    monkeypatch.setenv("CUELOOP_REDIS_URL", valkey)
    keys = given.project(store, tasks=3)
    given.answers(store, 1, [(k, 1, "good") for k in keys])
    begun = now() - timedelta(hours=1)
    with store.write() as conn:
        conn.execute(schema.jobs.insert().values(
            kind="recompute", project_id=1, function="sync.jobs.recompute", args=[1], timeout=3600, state="running",
            again=False, attempts=1, queued_at=begun, started_at=begun))
    # when the loop steps
    quality.step(store, None, 1, frozenset(keys))
    # then another one waits, and the consensus is there meanwhile
    with store.read() as conn:
        states = conn.scalars(sa.select(schema.jobs.c.state).order_by(schema.jobs.c.key)).all()
    assert states == ["failed", "queued"]
    assert given.consensus(store, 1) == dict.fromkeys(keys, "good")


def test_what_another_project_knows_of_somebody_is_taken_along(any_store: Store) -> None:
    # given a project in which annotator 4 always says the opposite of three others
    keys = given.project(any_store, tasks=40)
    given.answers(any_store, 1, crowd(keys, wrong=1))
    quality.recompute(any_store, 1)
    # when he and somebody unknown contradict each other in another project with the same labels
    other = given.project(any_store, project_id=2, tasks=6)
    given.answers(any_store, 2, [row for key in other for row in ((key, 4, "good"), (key, 9, "bad"))])
    quality.recompute(any_store, 2)
    # then the unknown is believed
    assert set(given.consensus(any_store, 2).values()) == {"bad"}
