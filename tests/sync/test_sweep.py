"""Sweep: what raises no event and bumps no moment is found all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from cueloop.store import schema
from tests.sync.team import CONFIG, Team, choice

MakeTeam = Callable[..., Team]


def test_a_deletion_is_found(either_label_studio: Any, any_team: MakeTeam) -> None:
    # Given four answered tasks that are in the store
    us = any_team(either_label_studio, 4)
    first, second, third, last = us.tasks()
    notes = {number: us.person("ann").annotate(number, choice("positive")) for number in (first, second, third, last)}
    us.pull()
    # When tasks are deleted in the middle and at the end, and one annotation
    us.admin.delete_task(second)
    us.admin.delete_task(last)
    us.admin.delete_annotation(notes[third]["id"])
    found = us.pull()
    found += us.sweep()
    # Then they count no more, and history keeps them
    assert us.labels() == {(first, "ann", "positive")}
    assert (found.deleted_tasks, found.deleted_annotations) == (2, 3)
    assert len(us.read(sa.select(schema.annotation_versions))) == 4
    assert us.sweep().changed == frozenset()


def test_a_project_that_was_emptied_is_empty(fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 2)
    us.pull()
    for number in us.tasks():
        us.admin.delete_task(number)
    assert us.sweep().deleted_tasks == 2


def test_a_task_that_only_seemed_gone_stays(fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 3)
    us.pull()
    real = us.admin.all_ids
    us.admin.all_ids = lambda project, **options: iter(  # type: ignore[method-assign]
        list(real(project, **options))[:1])
    assert us.sweep().deleted_tasks == 0


def test_overlaps_that_a_project_setting_rewrote_are_found(either_label_studio: Any, team: MakeTeam) -> None:
    us = team(either_label_studio, 2, maximum_annotations=3)
    us.person("ann").annotate(us.tasks()[0], choice("positive"))
    us.pull()
    us.admin.patch_project(us.project, maximum_annotations=1)
    found = us.sweep()
    assert [row.overlap for row in us.read(sa.select(schema.tasks))] == [1, 1]
    assert sorted(row.is_labeled for row in us.read(sa.select(schema.tasks))) == [False, True]
    assert len(found.changed) == 2


def test_a_draft_is_found_and_so_is_its_end(either_label_studio: Any, team: MakeTeam) -> None:
    us = team(either_label_studio, 1)
    (number,) = us.tasks()
    ann = us.person("ann")
    us.pull()
    begun = ann._http.call("POST", f"/api/tasks/{number}/drafts", json={"result": choice("positive"), "lead_time": 1})
    us.sweep()
    assert [row.annotator_id for row in us.read(sa.select(schema.drafts))] == [us.ids["ann"]]
    # When it is submitted, the draft is gone
    ann.annotate(number, choice("positive"), draft_id=begun["id"])
    us.pull()
    assert us.read(sa.select(schema.drafts)) == []


def test_a_label_config_that_changed_changes_what_counts(either_label_studio: Any, team: MakeTeam) -> None:
    # Given an answer that the label config does not know any more
    us = team(either_label_studio, 2)
    first, second = us.tasks()
    us.person("ann").annotate(first, choice("positive"))
    us.person("ann").annotate(second, choice("neutral"))
    us.pull()
    config = CONFIG.replace('<Choice value="neutral"/>', '<Choice value="mixed"/>')
    us.admin.patch_project(us.project, label_config=config, title="Another title")
    us.sweep()
    assert us.labels() == {(first, "ann", "positive")}
    project = us.one(schema.projects)
    assert (project.title, "mixed" in project.label_config) == ("Another title", True)


def test_a_label_config_that_cannot_be_read_is_not_taken_over(fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 1)
    us.person("ann").annotate(us.tasks()[0], choice("positive"))
    us.pull()
    with fake_label_studio.world.lock:
        fake_label_studio.world.projects[us.project]["label_config"] = "<View><Choices"
    us.sweep()
    assert us.one(schema.projects).label_config == CONFIG
    assert len(us.labels()) == 1


def test_what_the_pull_missed_is_found(fake_label_studio: Any, team: MakeTeam) -> None:
    # Given a transaction that took so long that its tasks appear with a moment far behind the cursor
    us = team(fake_label_studio, 2)
    us.pull()
    us.admin.import_tasks(us.project, [{"data": {"text": "late"}}])
    with fake_label_studio.world.lock:
        late = max(fake_label_studio.world.tasks.values(), key=lambda task: task["id"])
        late["updated_at"] = late["updated_at"].replace(year=2020)
    assert us.pull().tasks == 0
    assert us.sweep().tasks == 1
    assert len(us.read(sa.select(schema.tasks))) == 3


def test_a_new_user_is_known_before_they_answer(fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 1)
    us.person("newcomer")
    us.sweep()
    rows = us.read(sa.select(schema.annotators).where(schema.annotators.c.id == us.ids["newcomer"]))
    assert [(row.queue, row.kind, row.deleted_at) for row in rows] == [(f"w{us.ids['newcomer']}", "person", None)]
