"""What tells an annotation that came with an import from one that a person made; on the real one and on the fake."""

from __future__ import annotations

from typing import Any

from cueloop import seen
from cueloop.label_studio import LabelStudio
from tests.cueloop.label_studio.project import POSITIVE


def notes(admin: LabelStudio, project: int, task: int) -> list[seen.SeenAnnotation]:
    """The annotations on a task, as they are pulled."""
    return list(seen.task(admin.tasks(project, [task])[0]).annotations)


def imported(admin: LabelStudio, project: int, **fields: Any) -> int:
    """A task imported with an annotation."""
    note = {"result": POSITIVE, "completed_by": admin.whoami()["id"], **fields}
    return admin.import_tasks(project, [{"data": {"text": "x"}, "annotations": [note]}])[0]


def test_an_imported_annotation_is_ground_truth_unless_told_otherwise_and_can_be_told_apart(
        admin: LabelStudio, person: LabelStudio, project: int, ids: list[int]) -> None:
    plain, numbered = imported(admin, project), imported(admin, project, id=77, ground_truth=False)
    person.annotate(ids[0], POSITIVE, lead_time=3.0)
    person.annotate(ids[1], POSITIVE, ground_truth=True)
    person.annotate(ids[2], [], was_cancelled=True)

    assert [(n.ground_truth, n.imported) for n in notes(admin, project, plain)] == [(True, True)]
    assert [(n.ground_truth, n.imported) for n in notes(admin, project, numbered)] == [(False, True)]
    assert [(n.ground_truth, n.imported) for n in notes(admin, project, ids[0])] == [(False, False)]
    assert [(n.ground_truth, n.imported) for n in notes(admin, project, ids[1])] == [(True, False)]
    assert [(n.was_cancelled, n.imported) for n in notes(admin, project, ids[2])] == [(True, False)]


def test_what_the_machine_accepted_was_not_imported(admin: LabelStudio, project: int, ids: list[int]) -> None:
    admin.import_predictions(project, [{"task": ids[0], "result": POSITIVE, "score": 0.9, "model_version": "m1"}])

    admin.accept_predictions(project, [ids[0]], "m1")

    assert [(n.ground_truth, n.imported) for n in notes(admin, project, ids[0])] == [(False, False)]


def test_naming_another_ground_truth_takes_the_mark_from_the_imported_one(
        admin: LabelStudio, person: LabelStudio, project: int) -> None:
    task = imported(admin, project)
    mine = person.annotate(task, POSITIVE)

    person.patch_annotation(mine["id"], ground_truth=True)

    found = {n.id: n for n in notes(admin, project, task)}
    assert {n.ground_truth for n in found.values()} == {True, False}
    assert found[mine["id"]].ground_truth
    other = next(n for n in found.values() if n.id != mine["id"])
    assert other.imported, "it stays an imported one, and its mark was taken without a new updated_at"
