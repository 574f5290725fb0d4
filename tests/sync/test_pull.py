"""Pull: what stands in Label Studio stands in the store, once, and whose it is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cueloop.store import annotations, schema
from cueloop.store.columns import now
from tests.sync.team import Team, choice

MakeTeam = Callable[..., Team]


def test_a_pull_brings_tasks_answers_and_who_gave_them(either_label_studio: Any, team: MakeTeam) -> None:
    # Given a project with three tasks, two of them answered
    us = team(either_label_studio)
    first, second, _third = us.tasks()
    us.person("ann").annotate(first, choice("positive"), lead_time=4.5)
    us.person("bob").annotate(first, choice("neutral"))
    us.person("ann").annotate(second, choice("negative"))
    # When we pull
    found = us.pull()
    # Then everything is there, and a second pull finds nothing new
    assert us.labels() == {(first, "ann", "positive"), (first, "bob", "neutral"), (second, "ann", "negative")}
    assert found.annotations == 3
    assert len(found.changed) == 3
    assert {row.lead_time for row in us.read(sa.select(schema.answers))} == {4.5, None}
    again = us.pull()
    assert (again.annotations, again.changed) == (0, frozenset())
    with us.store.read() as conn:
        assert annotators_of(conn) >= {us.ids["ann"], us.ids["bob"]}


def annotators_of(conn: sa.Connection) -> set[int]:
    """Ids of the annotators that the store knows."""
    return set(conn.scalars(sa.select(schema.annotators.c.id)))


def test_two_answers_by_one_person_the_newest_counts_and_both_are_kept(either_label_studio: Any,
                                                                       any_team: MakeTeam) -> None:
    us = any_team(either_label_studio, 1)
    (task,) = us.tasks()
    us.person("ann").annotate(task, choice("positive"))
    us.person("ann").annotate(task, choice("negative"))
    us.pull()
    assert us.labels() == {(task, "ann", "negative")}
    assert len(us.read(sa.select(schema.annotations))) == 2


def test_an_author_who_changes_their_mind_is_followed_and_history_keeps_both(either_label_studio: Any,
                                                                             any_team: MakeTeam) -> None:
    us = any_team(either_label_studio, 1)
    (task,) = us.tasks()
    said = us.person("ann").annotate(task, choice("positive"))
    us.pull()
    us.person("ann").patch_annotation(said["id"], result=choice("neutral"))
    us.pull()
    assert us.labels() == {(task, "ann", "neutral")}
    row = us.one(schema.annotations)
    with us.store.read() as conn:
        history = [version.result[0]["value"]["choices"] for version in annotations.versions(conn, row.unique_id)]
    assert history == [["positive"], ["neutral"]]


def test_an_edit_by_somebody_else_is_a_review_not_the_authors_answer(either_label_studio: Any,
                                                                     any_team: MakeTeam) -> None:
    us = any_team(either_label_studio, 1)
    (task,) = us.tasks()
    said = us.person("ann").annotate(task, choice("positive"))
    us.pull()
    us.person("bob").patch_annotation(said["id"], result=choice("negative"))
    us.pull()
    # Then ann's answer is what ann said, bob's is a review, and what stands in Label Studio is kept beside them
    assert us.labels() == {(task, "ann", "positive"), (task, "bob", "negative")}
    assert {(a.annotator_id, a.review) for a in us.read(sa.select(schema.answers))} == {
        (us.ids["ann"], False), (us.ids["bob"], True)}
    row = us.one(schema.annotations)
    assert row.annotator_id == us.ids["ann"]
    assert row.updated_by == us.ids["bob"]
    assert row.result[0]["value"]["choices"] == ["negative"]
    # When ann saves it again, that is hers once more
    us.person("ann").patch_annotation(said["id"], result=choice("neutral"))
    us.pull()
    assert us.labels() == {(task, "ann", "neutral")}


def test_what_was_edited_before_we_saw_it_is_a_review_not_the_authors_answer(fake_label_studio: Any,
                                                                             any_team: MakeTeam) -> None:
    us = any_team(fake_label_studio, 1)
    (task,) = us.tasks()
    said = us.person("ann").annotate(task, choice("positive"))
    us.person("bob").patch_annotation(said["id"], result=choice("negative"))
    with fake_label_studio.world.lock:      # the edit came an hour after the answer
        note = fake_label_studio.world.annotations[said["id"]]
        note["created_at"] -= timedelta(hours=1)
    us.pull()
    assert us.labels() == {(task, "bob", "negative")}
    row = us.one(schema.annotations)
    assert (row.annotator_id, row.answer) == (us.ids["ann"], None)


def test_a_skip_is_no_label_and_takes_none_back(either_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(either_label_studio, 2)
    first, second = us.tasks()
    us.person("ann").annotate(first, choice("positive"), was_cancelled=True)
    us.person("ann").annotate(second, choice("positive"))
    us.person("ann").annotate(second, [], was_cancelled=True)
    us.pull()
    assert us.labels() == {(second, "ann", "positive")}
    assert sorted(row.was_cancelled for row in us.read(sa.select(schema.annotations))) == [False, True, True]


def test_an_answer_that_its_author_turns_into_a_skip_counts_no_more(either_label_studio: Any, team: MakeTeam) -> None:
    us = team(either_label_studio, 1)
    (task,) = us.tasks()
    said = us.person("ann").annotate(task, choice("positive"))
    us.pull()
    us.person("ann").patch_annotation(said["id"], was_cancelled=True)
    us.pull()
    assert us.labels() == set()


def test_an_annotation_by_a_deleted_user_keeps_its_author(fake_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(fake_label_studio, 1)
    (task,) = us.tasks()
    us.person("ann").annotate(task, choice("positive"))
    us.pull()
    # When ann's account is deleted, Label Studio forgets who answered and bumps nothing
    with fake_label_studio.world.lock:
        world = fake_label_studio.world
        for note in world.annotations.values():
            note["completed_by"] = note["updated_by"] = None
        del world.users[us.ids["ann"]]
    us.pull(full=True)
    us.sweep()
    assert us.labels() == {(task, "ann", "positive")}
    with us.store.read() as conn:
        gone = conn.scalar(sa.select(schema.annotators.c.deleted_at).where(
            schema.annotators.c.id == us.ids["ann"]))
    assert gone is not None


def test_the_machines_annotations_are_no_answers(fake_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(fake_label_studio, 1)
    (task,) = us.tasks()
    us.person("robot").annotate(task, choice("positive"))
    us.person("ann").annotate(task, choice("neutral"))
    us.make_machine(us.ids["robot"])
    us.pull()
    assert us.labels() == {(task, "ann", "neutral")}


def test_reused_ids_are_new_tasks_and_new_annotations(fake_label_studio: Any, any_team: MakeTeam) -> None:
    # Given an answered task that is deleted, and a new one that gets its ids, as happens on SQLite
    us = any_team(fake_label_studio, 1)
    (task,) = us.tasks()
    said = us.person("ann").annotate(task, choice("positive"))
    us.pull()
    world = fake_label_studio.world
    with world.lock:
        world.delete_task(world.tasks[task])
    (again,) = us.admin.import_tasks(us.project, [{"data": {"text": "another text"}}])
    with world.lock:
        row = world.tasks.pop(again)
        world.tasks[task] = {**row, "id": task}
    fresh = us.person("bob").annotate(task, choice("negative"))
    with world.lock:
        note = world.annotations.pop(fresh["id"])
        world.annotations[said["id"]] = {**note, "id": said["id"]}
    # When we pull, before any sweep
    found = us.pull()
    # Then the new task has only its own answer, and the old one stays in history
    assert us.labels() == {(task, "bob", "negative")}
    assert (found.deleted_tasks, found.deleted_annotations) == (1, 1)
    rows = us.read(sa.select(schema.tasks).order_by(schema.tasks.c.key))
    assert [(row.data["text"], row.deleted_at is None) for row in rows] == [("text 0", False), ("another text", True)]


def test_the_cost_of_a_pull_is_that_of_what_changed(fake_label_studio: Any, team: MakeTeam) -> None:
    # Given a project of 300 tasks that is in the store
    us = team(fake_label_studio, 300)
    us.pull()
    # When nothing changed, then when two answers came
    fake_label_studio.faults.calls.clear()
    us.pull(overlap=0)
    idle = len(fake_label_studio.faults.calls)
    first, second, *_ = us.tasks()
    us.person("ann").annotate(first, choice("positive"))
    us.person("ann").annotate(second, choice("positive"))
    us.pull()
    fake_label_studio.faults.calls.clear()
    us.person("ann").annotate(first, choice("neutral"))
    fake_label_studio.faults.calls.clear()
    found = us.pull(overlap=0)
    # Then we ask once, or once and for these
    assert idle == 1
    assert found.tasks == 1
    assert len(fake_label_studio.faults.calls) == 3     # changed ids, state, export


def test_a_first_pull_pauses_and_a_small_one_does_not(fake_label_studio: Any, team: MakeTeam,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a Label Studio that takes a while, and a project of 450 tasks
    us = team(fake_label_studio, 450)
    monkeypatch.setattr("sync.pull.LISTED", 100)
    fake_label_studio.faults.latency_seconds = 0.02
    rests: list[float] = []
    us.pull(pause=rests.append)
    # Then it rests after each request as long as that took, until what is left is little
    assert len(rests) >= 5
    assert min(rests[:4]) >= 0.02
    assert rests[-1] == 0
    # And when people work, nothing waits
    rests.clear()
    us.person("ann").annotate(us.tasks()[0], choice("positive"))
    assert us.pull(pause=rests.append).annotations == 1
    assert rests == [0]


def test_a_first_pull_that_makes_way_goes_on_where_it_was(fake_label_studio: Any, team: MakeTeam,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.pull.LISTED", 50)
    us = team(fake_label_studio, 120)
    part = us.pull(seconds=0)
    assert not part.complete
    assert 0 < part.tasks < 120
    rest = us.pull()
    assert rest.complete
    assert part.tasks + rest.tasks <= 120 + 50
    assert len(us.read(sa.select(schema.tasks))) == 120


def test_thousands_of_tasks_of_one_moment_are_all_pulled(fake_label_studio: Any, team: MakeTeam,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a bulk action that gave 200 tasks one updated_at, more than a listing holds
    monkeypatch.setattr("sync.pull.LISTED", 30)
    us = team(fake_label_studio, 220)
    world = fake_label_studio.world
    with world.lock:
        moment = list(world.tasks.values())[100]["updated_at"]
        for task in list(world.tasks.values())[10:210]:
            task["updated_at"] = moment
    us.pull()
    assert len(us.read(sa.select(schema.tasks))) == 220


def test_a_task_that_changes_while_it_is_listed_hides_no_other(fake_label_studio: Any, team: MakeTeam,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a listing in which the oldest task shows a moment later than all, because it changed as it was read
    monkeypatch.setattr("sync.pull.LISTED", 20)
    us = team(fake_label_studio, 60)
    real, changed = us.admin.changed_task_ids, []

    def listing(project: int, since: Any, limit: int = 1000) -> list[tuple[int, str]]:
        rows = real(project, since, limit)
        if changed:
            return rows
        changed.append(rows[0][0])
        fake_label_studio.edit(rows[0][0], overlap=2)
        return [*rows[1:], (rows[0][0], us.admin.task_data(project, changed)[0]["updated_at"])]

    monkeypatch.setattr(us.admin, "changed_task_ids", listing)
    # When we pull, then the cursor did not jump over the tasks between
    us.pull()
    assert len(us.read(sa.select(schema.tasks))) == 60


def test_a_new_version_of_the_customers_data_is_kept(either_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(either_label_studio, 1)
    (task,) = us.tasks()
    us.pull()
    us.admin.patch_task(task, data={"text": "mended", "cue_queue": ",w1,"})
    found = us.pull()
    row = us.one(schema.tasks)
    assert (row.data, row.cue) == ({"text": "mended"}, {"cue_queue": ",w1,"})
    assert found.changed == {row.key}
    versions = us.read(sa.select(schema.task_versions).order_by(schema.task_versions.c.key))
    assert [version.data["text"] for version in versions] == ["text 0", "mended"]


def test_the_guideline_in_force_and_the_suggestion_on_screen(fake_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(fake_label_studio, 4)
    blind, shown, plain, old = us.tasks()
    us.pull()
    with us.store.write() as conn:
        conn.execute(schema.guidelines.insert(), [
            {"project_id": us.project, "version": number, "text": "t", "author": "a", "note": "", "created_at": now(),
             "in_force_at": now() + timedelta(days=days)} for number, days in ((1, -2), (2, -1), (3, 1))])
        conn.execute(schema.tasks.update().where(schema.tasks.c.id == blind).values(blind=True))
    us.admin.import_predictions(us.project, [{"task": shown, "result": choice("positive"), "score": 0.9,
                                              "model_version": "m1"}])
    number = us.admin.predictions(us.project, shown)[0]["id"]
    ann = us.person("ann")
    ann.annotate(blind, choice("positive"))
    ann.annotate(shown, choice("positive"), parent_prediction=number)
    us.person("bob").annotate(shown, choice("neutral"))
    us.person("eve").annotate(shown, choice("neutral", origin="prediction"))
    ann.annotate(plain, choice("positive"))
    early = ann.annotate(old, choice("positive"))
    with fake_label_studio.world.lock:
        note = fake_label_studio.world.annotations[early["id"]]
        note["created_at"] -= timedelta(days=3)
    us.pull()
    rows = {(row.task_id, row.annotator_id): (row.seen_suggestion, row.guideline_version) for row in us.read(
        sa.select(schema.annotations, schema.tasks.c.id.label("task_id")).join(
            schema.tasks, schema.tasks.c.key == schema.annotations.c.task))}
    ids = us.ids
    assert rows == {
        (blind, ids["ann"]): (False, 2), (shown, ids["ann"]): (True, 2), (shown, ids["bob"]): (None, 2),
        (shown, ids["eve"]): (True, 2), (plain, ids["ann"]): (False, 2), (old, ids["ann"]): (None, None)}


def test_work_outside_ones_queue_counts_and_is_marked(fake_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(fake_label_studio, 3)
    queued, asked, neither = us.tasks()
    ann = us.person("ann")
    us.admin.patch_task(queued, data={"text": "text 0", "cue_queue": f",w{us.ids['ann']},"})
    us.pull()
    with us.store.write() as conn:
        conn.execute(schema.projects.update().values(rules_hash="r"))
        key = conn.scalar(sa.select(schema.tasks.c.key).where(schema.tasks.c.id == asked))
        decision = conn.execute(schema.decisions.insert().values(
            project_id=us.project, task=key, control="sentiment", kind="ask", rule="r", rules_hash="r", inputs={},
            candidates=[], chosen=[], probability=1.0, created_at=now())).inserted_primary_key[0]
        conn.execute(schema.assignments.insert().values(
            project_id=us.project, task=key, annotator_id=us.ids["ann"], decision=decision, state="withdrawn",
            created_at=now()))
    for task in (queued, asked, neither):
        ann.annotate(task, choice("positive"))
    us.pull()
    rows = us.read(sa.select(schema.tasks.c.id, schema.annotations.c.outside_queue).join(
        schema.annotations, schema.annotations.c.task == schema.tasks.c.key))
    assert dict(rows) == {queued: False, asked: False, neither: True}
    assert len(us.labels()) == 3


def test_two_processes_that_pull_at_once_do_each_other_no_harm(fake_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(fake_label_studio, 120)
    for number in us.tasks()[:40]:
        us.person("ann").annotate(number, choice("positive"))
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(us.pull, full=True) for _ in range(4)]:
            future.result()
    assert len(us.read(sa.select(schema.tasks))) == 120
    assert len(us.read(sa.select(schema.task_versions))) == 120
    assert len(us.read(sa.select(schema.annotation_versions))) == 40
    assert len(us.labels()) == 40


def test_a_task_in_a_shape_that_we_do_not_know_is_named_and_holds_up_no_other(
        fake_label_studio: Any, team: MakeTeam, capsys: pytest.CaptureFixture[str]) -> None:
    us = team(fake_label_studio, 3)
    broken = us.tasks()[1]
    real = us.admin.tasks
    us.admin.tasks = lambda project, ids: [  # type: ignore[method-assign]
        {**row, "data": None} if row["id"] == broken else row for row in real(project, ids)]
    us.pull()
    assert len(us.read(sa.select(schema.tasks))) == 2
    assert f"task {broken} " in capsys.readouterr().out
    # And as soon as it can be read, the sweep fetches it
    us.admin.tasks = real  # type: ignore[method-assign]
    us.sweep()
    assert len(us.read(sa.select(schema.tasks))) == 3


def test_a_text_that_the_database_refuses_holds_up_no_other(fake_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(fake_label_studio, 2)
    us.admin.import_tasks(us.project, [{"data": {"text": "nul \x00 inside"}}, {"data": {"text": "fine"}}])
    us.pull()
    texts = {row.data["text"] for row in us.read(sa.select(schema.tasks))}
    assert texts - {"nul \x00 inside"} == {"text 0", "text 1", "fine"}
    assert us.pull(overlap=0).tasks <= 1
