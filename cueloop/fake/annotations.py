"""Annotations and drafts of the fake."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from cueloop.fake.hooks import emit
from cueloop.fake.people import user_problem, world
from cueloop.fake.replies import missing, nothing, reply
from cueloop.fake.tasks import task_row, without_unique_id
from cueloop.fake.world import Row, regions

answering = Blueprint("answering", __name__)
CHANGEABLE = ("result", "was_cancelled", "ground_truth", "lead_time")


def _note(number: int) -> Row:
    if number not in world().annotations:
        raise missing("Annotation")
    return world().annotations[number]


def _only_truth(note: Row, body: Row) -> None:
    """A task has one ground truth: naming another takes the mark from the rest, without a new `updated_at`."""
    if body.get("ground_truth"):
        for other in world().on(world().annotations, note["task"]):
            other["ground_truth"] = other["id"] == note["id"]


def _event(action: str, note: Row) -> None:
    task = world().tasks[note["task"]]
    emit(note["project"], action, annotation=note, task=task, project=world().projects[note["project"]])


@answering.post("/api/tasks/<int:number>/annotations/")
def create(number: int) -> Response:
    """Answer or skip a task, also beyond its overlap, also in somebody else's name."""
    task, body = task_row(number), dict(request.json or {})
    if request.args.get("was_cancelled") in ("1", "true"):
        body["was_cancelled"] = True
    if body.get("completed_by") is not None and body["completed_by"] not in world().users:
        raise user_problem("completed_by")
    note = world().add_annotation(task, g.user["id"], body)
    world().remove(world().drafts, [d for d in world().on(world().drafts, number) if d["user"] == g.user["email"]])
    world().locks.get(number, set()).discard(g.user["id"])
    _only_truth(note, body)
    world().settle(task)
    world().touch(task, g.user["id"])
    _event("ANNOTATION_CREATED", note)
    return reply(without_unique_id(note), 201)


@answering.patch("/api/annotations/<int:number>/")
def change(number: int) -> Response:
    """Change an annotation; its author stays, `updated_by` is the caller."""
    note = _note(number)
    note.update({key: value for key, value in (request.json or {}).items() if key in CHANGEABLE})
    note["updated_by"], note["updated_at"] = g.user["id"], world().now()
    note["result_count"] = regions(note["result"])
    _only_truth(note, request.json or {})
    task = world().tasks[note["task"]]
    world().settle(task)
    world().touch(task, g.user["id"])
    _event("ANNOTATION_UPDATED", note)
    return reply(without_unique_id(note))


@answering.delete("/api/annotations/<int:number>/")
def delete(number: int) -> Response:
    """Delete an annotation; the task may become open again."""
    note = _note(number)
    task = world().tasks[note["task"]]
    world().remove(world().annotations, [note])
    world().settle(task)
    world().touch(task, g.user["id"])
    emit(note["project"], "ANNOTATIONS_DELETED", annotations=[{"id": number}])
    return nothing()


@answering.post("/api/tasks/<int:number>/drafts")
def draft(number: int) -> Response:
    """Save a draft: no event, no `updated_at`."""
    task, moment = task_row(number), world().now()
    row = world().add(world().drafts, {
        "id": 0, "user": g.user["email"], "created_username": f"{g.user['email']}, {g.user['id']}",
        "result": (request.json or {}).get("result", []), "task": number,
        "project": task["project"], "annotation": None, "was_postponed": False, "created_at": moment,
        "updated_at": moment, "lead_time": (request.json or {}).get("lead_time")})
    return reply(row, 201)
