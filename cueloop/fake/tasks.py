"""Tasks of the fake: list with filters, PATCH, import, export, and predictions in bulk."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, g, request

from cueloop.errors import LabelConfigError
from cueloop.fake.filters import select
from cueloop.fake.hooks import emit
from cueloop.fake.people import shown as shown_user
from cueloop.fake.people import user_problem, world
from cueloop.fake.projects import project_row
from cueloop.fake.replies import Refusal, invalid, missing, nothing, reply
from cueloop.fake.world import Row
from cueloop.label_config import parse
from cueloop.types import LabelConfig

tasks = Blueprint("tasks", __name__)
WRITABLE = ("data", "meta", "overlap", "is_labeled", "inner_id", "updated_by")


def task_row(number: int) -> Row:
    """A task, or 404."""
    if number not in world().tasks:
        raise missing("Task")
    return world().tasks[number]


def counted(task: Row) -> Row:
    """A task with its counters."""
    notes, said = world().on(world().annotations, task["id"]), world().on(world().predictions, task["id"])
    return {**task, "total_annotations": sum(not a["was_cancelled"] for a in notes),
            "cancelled_annotations": sum(a["was_cancelled"] for a in notes),
            "total_predictions": len(said), "comment_count": 0,
            "predictions_model_versions": sorted({p["model_version"] for p in said}),
            "annotators": people(notes), "draft_exists": bool(world().on(world().drafts, task["id"])),
            "allow_skip": True, "comment_authors": [], "unresolved_comment_count": 0, "last_comment_updated_at": None}


@tasks.get("/api/tasks")
@tasks.get("/api/tasks/")
def listing() -> Response:
    """The Data Manager's list."""
    project = project_row(int(request.args["project"]))
    found = select([counted(t) for t in world().tasks_of(project["id"])], json.loads(request.args.get("query", "{}")))
    size, page = int(request.args.get("page_size", 100)), int(request.args.get("page", 1))
    rows = found[(page - 1) * size:page * size]
    if page > 1 and not rows:
        raise Refusal(404, "Invalid page.")
    include = [name for name in request.args.get("include", "").split(",") if name]
    everything = request.args.get("fields") == "all"
    return reply({"total": len(found), "total_annotations": sum(t["total_annotations"] for t in found),
                  "total_predictions": sum(t["total_predictions"] for t in found),
                  "tasks": [_listed(task, include, everything=everything) for task in rows]})


def _listed(task: Row, include: list[str], *, everything: bool) -> Row:
    notes = world().on(world().annotations, task["id"])
    row = {**task, "annotations_ids": ",".join(str(a["id"]) for a in notes) if everything else ""}
    if everything:
        row |= {"annotations": [without_unique_id(a) for a in notes],
                "predictions": world().on(world().predictions, task["id"]),
                "drafts": [d for d in world().on(world().drafts, task["id"]) if d["user"] == g.user["email"]]}
    return {key: value for key, value in row.items() if not include or key in include}


@tasks.get("/api/tasks/<int:number>/")
def read(number: int) -> Response:
    """One task, with its annotations' authors spelt out."""
    task = counted(task_row(number))
    notes = world().on(world().annotations, number)
    return reply({**task, "predictions": world().on(world().predictions, number),
                  "drafts": world().on(world().drafts, number), "annotations": [
                      {**without_unique_id(a), "completed_by": shown_user(world().users[a["completed_by"]])}
                      for a in notes]})


@tasks.patch("/api/tasks/<int:number>/")
def change(number: int) -> Response:
    """Change a task. `data` replaces the whole dict; `is_labeled` is taken as it is; no event."""
    task = task_row(number)
    task.update({key: value for key, value in (request.json or {}).items() if key in WRITABLE})
    world().touch(task)
    return reply({**counted(task), "annotations": [], "predictions": []})


@tasks.delete("/api/tasks/<int:number>/")
def delete(number: int) -> Response:
    """Delete a task."""
    task = task_row(number)
    world().delete_task(task)
    emit(task["project"], "TASKS_DELETED", tasks=[{"id": number}])
    return nothing()


@tasks.post("/api/projects/<int:number>/import")
def import_tasks(number: int) -> Response:
    """New tasks with what rides in them. All or none."""
    project, config = project_row(number), config_of(number)
    rows = [row if "data" in row else {"data": row} for row in request.json or []]
    for index, row in enumerate(rows):
        for name in sorted(config.variables - row["data"].keys()) if config else ():
            raise invalid("non_field_errors", f'Error at item {index}: "{name}" key is expected in task data')
        if any(note.get("completed_by", g.user["id"]) not in world().users for note in row.get("annotations", [])):
            raise user_problem("annotations")
    made = [world().add_task(project, row["data"], row.get("meta")) for row in rows]
    for task, row in zip(made, rows, strict=True):
        for note in row.get("annotations", []):
            world().add_annotation(task, g.user["id"], {"ground_truth": True, **note}, bulk=True)
        for guess in row.get("predictions", []):
            project["model_version"] = world().add_prediction(task, guess)["model_version"]
        world().settle(task)
    emit(number, "TASKS_CREATED", tasks=[{"id": task["id"]} for task in made])
    return reply({"task_count": len(made), "annotation_count": sum(len(r.get("annotations", [])) for r in rows),
                  "prediction_count": sum(len(r.get("predictions", [])) for r in rows),
                  "task_ids": [task["id"] for task in made]}, 201)


@tasks.get("/api/projects/<int:number>/export")
def export(number: int) -> Response:
    """Whole tasks, without overlap and is_labeled; predictions as ids; everybody's drafts."""
    wanted = {int(value) for value in request.args.getlist("ids[]")}
    rows = [counted(t) for t in world().tasks_of(project_row(number)["id"]) if not wanted or t["id"] in wanted]
    if request.args.get("download_all_tasks") != "true":
        rows = [row for row in rows if row["total_annotations"] + row["cancelled_annotations"]]
    return reply([{**{key: value for key, value in row.items() if key not in ("overlap", "is_labeled")},
                   "annotations": [{**a, "prediction": {}}
                                   for a in world().on(world().annotations, row["id"])],
                   "predictions": [p["id"] for p in world().on(world().predictions, row["id"])],
                   "drafts": world().on(world().drafts, row["id"])} for row in rows])


@tasks.post("/api/projects/<int:number>/import/predictions")
def import_predictions(number: int) -> Response:
    """Store predictions; those that do not fit the label config are dropped without a word."""
    project_row(number)
    rows, config = request.json or [], config_of(number)
    for row in rows:
        if world().tasks.get(row.get("task"), {}).get("project") != number:
            raise invalid("non_field_errors", f'{row} contains invalid "task" field: corresponding task ID '
                                              "couldn't be retrieved from project tasks")
    good = [row for row in rows if _fits(row.get("result"), config)]
    for row in good:
        world().add_prediction(world().tasks[row["task"]], row)
    return reply({"created": len(good)}, 201)


@tasks.get("/api/predictions/")
def predictions() -> Response:
    """Predictions of a project or of a task."""
    asked = {name: int(request.args[name]) for name in ("project", "task") if name in request.args}
    return reply([p for p in world().predictions.values() if all(p[name] == value for name, value in asked.items())])


@tasks.delete("/api/predictions/<int:number>/")
def delete_prediction(number: int) -> Response:
    """Delete a prediction."""
    if world().predictions.pop(number, None) is None:
        raise missing("Prediction")
    return nothing()


def config_of(project_id: int) -> LabelConfig | None:
    """The project's label config, None if it cannot be read."""
    try:
        return parse(project_row(project_id)["label_config"])
    except LabelConfigError:
        return None


def without_unique_id(note: Row) -> Row:
    """An annotation as the API tells it; only export and webhooks tell `unique_id` and `result_count`."""
    return {key: value for key, value in note.items() if key not in ("unique_id", "result_count")}


def people(notes: list[Row]) -> list[int]:
    """Who answered or skipped."""
    return sorted({a["completed_by"] for a in notes if a["completed_by"] is not None})


def _fits(result: Any, config: LabelConfig | None) -> bool:
    if not isinstance(result, list) or config is None:
        return False
    controls = {control.name: control for control in config.controls}
    for item in result:
        control = controls.get(str(item.get("from_name"))) if isinstance(item, dict) else None
        chosen = item.get("value", {}).get("choices", []) if control else None
        if control is None or chosen is None or not set(chosen) <= set(control.labels):
            return False
    return True
