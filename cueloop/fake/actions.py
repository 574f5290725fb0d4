"""Data Manager actions of the fake: the next task, and predictions made annotations."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from cueloop.fake.filters import select
from cueloop.fake.hooks import emit
from cueloop.fake.people import world
from cueloop.fake.projects import project_row
from cueloop.fake.replies import Refusal, missing, reply, unknown_address
from cueloop.fake.tasks import counted
from cueloop.fake.world import Row

actions = Blueprint("actions", __name__)


@actions.post("/api/dm/actions")
@actions.post("/api/dm/actions/")
def act() -> Response:
    """Run the action that `id` names."""
    project, body = project_row(int(request.args["project"])), request.json or {}
    known = {"next_task": next_task, "predictions_to_annotations": accept, "delete_tasks_annotations": clear}
    if request.args.get("id") not in known:
        return unknown_address()
    return known[request.args["id"]](project, body)


def next_task(project: Row, body: Row) -> Response:
    """The first task of the queue that is open and that the caller has not answered or skipped.

    A queue with a filter, an order or a selection in the body knows neither locks nor overlap.
    """
    view = int(request.args.get("view") or body.get("view") or 0)
    query = body
    if view:
        if view not in world().views:
            raise missing("View")
        query = world().views[view]["data"]
    me = g.user["id"]
    mine = {a["task"] for a in world().annotations.values() if a["completed_by"] == me}
    open_tasks = [task for task in select([counted(t) for t in world().tasks_of(project["id"])], query)
                  if not task["is_labeled"] and task["id"] not in mine]
    queue = "Data manager queue"
    if not (body.get("filters") or body.get("ordering") or body.get("selectedItems")):
        open_tasks, queue = _unlocked(open_tasks, me), "Sequence queue"
    if not open_tasks:
        raise Refusal(404, f"There are no tasks for {g.user['email']}")
    task = open_tasks[0]
    version = project["model_version"]
    guesses = [p for p in world().on(world().predictions, task["id"]) if not version or p["model_version"] == version]
    return reply({**task, "queue": queue, "annotations": [], "predictions": guesses, "drafts": [
        d for d in world().on(world().drafts, task["id"]) if d["user"] == g.user["email"]]})


def _unlocked(open_tasks: list[Row], me: int) -> list[Row]:
    """In the plain stream: the caller's locked task first, else the first with room; that one is locked."""
    locks = world().locks
    held = [task for task in open_tasks if me in locks.get(task["id"], ())]
    free = [t for t in open_tasks if len(locks.get(t["id"], ())) + t["total_annotations"] < t["overlap"]]
    chosen = held or free[:1]
    for task in chosen:
        locks.setdefault(task["id"], set()).add(me)
    return chosen


def accept(project: Row, body: Row) -> Response:
    """Predictions of a version become annotations by the caller; those accepted before are passed over."""
    used = {a["parent_prediction"] for a in world().annotations.values()}
    made, touched = [], {}
    for task in select([counted(t) for t in world().tasks_of(project["id"])], {"selectedItems": body["selectedItems"]}):
        for guess in world().on(world().predictions, task["id"]):
            if guess["id"] in used or body.get("model_version") not in (None, guess["model_version"]):
                continue
            row = world().tasks[task["id"]]
            made.append(world().add_annotation(row, g.user["id"], {
                "result": guess["result"], "parent_prediction": guess["id"]}, bulk=True))
            touched[row["id"]] = row
    moment = world().now()
    for row in touched.values():
        world().settle(row)
        row["updated_at"], row["updated_by"] = moment, g.user["id"]     # one moment for all, as a bulk update has
    if made:
        emit(project["id"], "ANNOTATIONS_CREATED", annotation=made, task=list(touched.values()), project=project)
    return reply({"response_code": 200, "detail": f"Created {len(made)} annotations"})


def clear(project: Row, body: Row) -> Response:
    """Delete the annotations on the selected tasks, of one annotator if one is named."""
    author, gone = body.get("annotator"), []
    for task in select(world().tasks_of(project["id"]), {"selectedItems": body["selectedItems"]}):
        row = world().tasks[task["id"]]
        found = [a for a in world().on(world().annotations, row["id"])
                 if author is None or a["completed_by"] == int(author)]
        world().remove(world().annotations, found)
        if found:
            world().settle(row)
            world().touch(row, g.user["id"])
        gone += found
    emit(project["id"], "ANNOTATIONS_DELETED", annotations=[{"id": a["id"]} for a in gone])
    return reply({"processed_items": len(gone), "detail": f"Deleted {len(gone)} annotations"})
