"""Which marks as ground truth count: Label Studio sets them on everything that is imported."""

from __future__ import annotations

from typing import Any

from cueloop import seen
from cueloop.declared import Gold
from cueloop.store import annotations, ground_truth
from sync.pull import pull
from tests.routing.team import Team, choice


def counting(team: Team, *, imported: bool = False) -> set[int]:
    """Tasks (Label Studio's ids) whose ground truth counts."""
    pull(team.store, team.admin, team.project)
    with team.store.read() as conn:
        keys = ground_truth.tasks_with(conn, team.project, imported=imported)
    return {number for number in team.ids if team.key(number) in keys}


def bring_in(team: Team, count: int, **fields: Any) -> list[int]:
    """Import tasks that somebody answered elsewhere."""
    note = {"result": choice("neutral"), "completed_by": team.people[0].id, **fields}
    return team.admin.import_tasks(team.project, [{"data": {"text": f"old {n}"}, "annotations": [dict(note)]}
                                                  for n in range(count)])


def note_of(team: Team, task: int) -> annotations.Annotation:
    """The one annotation on a task, as the store has it."""
    with team.store.read() as conn:
        return annotations.of_tasks(conn, [team.key(task)])[0]


def test_marks_that_came_with_an_import_count_only_where_the_rules_say_so(team: Team) -> None:
    # Given work imported with annotations, which Label Studio marks unless told otherwise, and one star by a person
    marked, plain = bring_in(team, 2), bring_in(team, 1, ground_truth=False)
    team.people[0].answer(team.ids[0], "positive")
    team.people[1].client.annotate(team.ids[1], choice("positive"), ground_truth=True)
    # Then only the star counts, and with `imported: true` the import's marks too
    assert counting(team) == {team.ids[1]}
    assert counting(team, imported=True) == {team.ids[1], *marked}
    assert note_of(team, plain[0]).imported
    assert note_of(team, team.ids[0]).imported is False


def test_an_edit_leaves_an_imported_mark_as_it_is_and_setting_it_anew_makes_it_count(team: Team) -> None:
    first, second = bring_in(team, 2)
    counting(team)
    # When somebody edits one, it stays an imported mark
    team.admin.patch_annotation(note_of(team, first).id, result=choice("positive"))
    assert counting(team) == set()
    # When somebody takes the other's mark away, and sets it again
    team.admin.patch_annotation(note_of(team, second).id, ground_truth=False)
    assert counting(team) == set()
    team.admin.patch_annotation(note_of(team, second).id, ground_truth=True)
    # Then that one is meant
    assert counting(team) == {second}


MADE = "2026-11-22T10:00:00.000000Z"


def shown(**fields: Any) -> bool | None:
    """What the pull makes of an annotation on a task that was made at ten."""
    note = {"id": 1, "task": 1, "completed_by": 1, "updated_by": 1, "result": choice("neutral"), "result_count": 1,
            "created_at": MADE, "updated_at": MADE, "ground_truth": True, **fields}
    return seen.task({"id": 1, "created_at": MADE, "updated_at": MADE, "data": {}, "annotations": [note]}
                     ).annotations[0].imported


def test_what_was_saved_since_it_came_soon_after_its_task_is_unknown_and_a_mark_on_it_counts() -> None:
    # Saved an hour after it was made, which was when its task was: an import, or a person who was quick
    assert shown(updated_at="2026-11-22T11:00:00.000000Z") is None
    assert Gold().counts(None)
    # Made an hour after its task: no import
    assert shown(created_at="2026-11-22T11:00:00.000000Z", updated_at="2026-11-22T12:00:00.000000Z") is False
    # Never saved by anybody, or with the id that it had elsewhere
    assert shown(updated_by=None, result_count=0) is True
    assert shown(updated_at="2026-11-22T11:00:00.000000Z", import_id=7) is True
    assert shown(result=[], result_count=0, updated_by=None) is True
    assert shown(result=[], result_count=0, updated_by=None, completed_by=None) is None
    # Made by a program in the name of somebody, whose account was deleted since
    assert shown(updated_by=None) is False
    # Another edition of Label Studio that does say so
    assert shown(last_action="imported") is True
    assert not Gold().counts(True)
    assert Gold(imported=True).counts(True)
