"""Projects of the fake, and what hangs on them: webhooks, ML backends, tabs, model versions."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import httpx
from flask import Blueprint, Response, g, request

from cueloop.fake.people import world
from cueloop.fake.replies import Refusal, invalid, missing, nothing, reply
from cueloop.fake.world import Row, Table
from cueloop.http import certificates

projects = Blueprint("projects", __name__)

DEFAULTS: Row = {
    "description": "", "label_config": "<View></View>", "expert_instruction": "", "show_instruction": False,
    "show_skip_button": True, "enable_empty_annotation": True, "show_annotation_history": False, "organization": 1,
    "color": "#FFFFFF", "maximum_annotations": 1, "is_published": False, "model_version": "", "is_draft": False,
    "min_annotations_to_start_training": 0, "start_training_on_annotation_update": False,
    "show_collab_predictions": True, "sampling": "Sequential sampling", "show_ground_truth_first": False,
    "annotator_evaluation_enabled": False, "show_overlap_first": False, "overlap_cohort_percentage": 100,
    "task_data_login": None, "task_data_password": None, "evaluate_predictions_automatically": False,
    "skip_queue": "REQUEUE_FOR_OTHERS", "reveal_preannotations_interactively": False, "pinned_at": None}


def project_row(number: int) -> Row:
    """A project, or 404."""
    if number not in world().projects:
        raise missing("Project")
    return world().projects[number]


def shown(project: Row) -> Row:
    """A project with its counters."""
    tasks = world().tasks_of(project["id"])
    annotations = list(world().within(world().annotations, project["id"]))
    return {**project, "task_number": len(tasks), "finished_task_number": sum(t["is_labeled"] for t in tasks),
            "total_annotations_number": sum(not a["was_cancelled"] for a in annotations),
            "skipped_annotations_number": sum(a["was_cancelled"] for a in annotations),
            "total_predictions_number": len(list(world().within(world().predictions, project["id"])))}


def check_model_version(project: Row, version: str) -> None:
    """`model_version` may be empty, a version that predictions carry, or a backend's title."""
    known = {p["model_version"] for p in world().within(world().predictions, project["id"])}
    known |= {b["title"] for b in world().within(world().backends, project["id"])}
    if version and version not in known:
        raise invalid("model_version", "Model version doesn't exist either as live model or as static predictions.")


@projects.get("/api/projects/")
def listing() -> Response:
    """All projects, newest first, on one page."""
    rows = [shown(row) for row in sorted(world().projects.values(), key=lambda row: -row["id"])]
    if int(request.args.get("page", 1)) > 1:
        raise Refusal(404, "Invalid page.")
    return reply({"count": len(rows), "next": None, "previous": None, "results": rows})


@projects.post("/api/projects/")
def create() -> Response:
    """A new project."""
    fields = request.json or {}
    _check(fields)
    by = {"id": g.user["id"], "email": g.user["email"], "first_name": "", "last_name": "", "avatar": None}
    row = {"id": 0, "title": "New project", **DEFAULTS, "created_at": world().now(), "created_by": by,
           **{key: value for key, value in fields.items() if key in DEFAULTS or key == "title"}}
    return reply(shown(world().add(world().projects, row)), 201)


@projects.get("/api/projects/<int:number>/")
def read(number: int) -> Response:
    """One project."""
    return reply(shown(project_row(number)))


@projects.patch("/api/projects/<int:number>/")
def change(number: int) -> Response:
    """Change settings. `maximum_annotations` overwrites the tasks' overlaps, as in Label Studio."""
    project, fields = project_row(number), request.json or {}
    _check(fields)
    check_model_version(project, fields.get("model_version") or "")
    overlap = fields.get("maximum_annotations", project["maximum_annotations"])
    if overlap != project["maximum_annotations"]:
        for task in world().tasks_of(number):
            if overlap == 1 or task["overlap"] > 1:
                task["overlap"] = overlap
                world().settle(task)
    project.update({key: value for key, value in fields.items() if key in project and key != "id"})
    return reply(shown(project))


@projects.delete("/api/projects/<int:number>/")
def delete(number: int) -> Response:
    """Delete a project."""
    world().delete_project(project_row(number))
    return nothing()


@projects.get("/api/projects/<int:number>/annotators/")
def annotators(number: int) -> Response:
    """People with annotations in the project."""
    ids = {a["completed_by"] for a in world().within(world().annotations, project_row(number)["id"])}
    return reply([{key: user[key] for key in ("id", "first_name", "last_name", "email", "avatar")}
                  for user in world().users.values() if user["id"] in ids])


@projects.get("/api/projects/<int:number>/model-versions/")
def model_versions(number: int) -> Response:
    """How many predictions each version has."""
    return reply(Counter(p["model_version"] for p in world().within(world().predictions, project_row(number)["id"])))


@projects.delete("/api/projects/<int:number>/model-versions/")
def delete_model_version(number: int) -> Response:
    """Delete the predictions of a version."""
    version = (request.json or {}).get("model_version")
    rows = [p for p in world().within(world().predictions, project_row(number)["id"]) if p["model_version"] == version]
    world().remove(world().predictions, rows)
    return reply({"deleted_predictions": len(rows)})


@projects.get("/api/webhooks/")
def webhooks() -> Response:
    """The webhooks of a project, with their headers in clear."""
    return reply(list(world().within(world().webhooks, _asked_project())))


@projects.post("/api/webhooks/")
def create_webhook() -> Response:
    """A new webhook. Loopback is refused unless allowed."""
    fields = request.json or {}
    _check_address(fields["url"])
    project_row(fields.get("project") or 0)
    return reply(add_webhook(fields), 201)


def add_webhook(fields: Row) -> Row:
    """File a webhook with Label Studio's defaults."""
    moment = world().now()
    return world().add(world().webhooks, {
        "id": 0, "organization": 1, "project": fields["project"], "url": fields["url"],
        "send_payload": fields.get("send_payload", True), "is_active": fields.get("is_active", True),
        "send_for_all_actions": fields.get("send_for_all_actions", True), "headers": fields.get("headers") or {},
        "actions": fields.get("actions") or [], "created_at": moment, "updated_at": moment})


@projects.get("/api/ml/")
@projects.get("/api/ml")
def backends() -> Response:
    """The ML backends of a project, without their passwords."""
    return reply([_shown_backend(row) for row in world().within(world().backends, _asked_project())])


@projects.post("/api/ml/")
@projects.post("/api/ml")
def create_backend() -> Response:
    """A new ML backend: it is called, then given an all-events webhook."""
    fields = request.json or {}
    project, url = project_row(fields["project"]), fields["url"].rstrip("/")
    auth = ((fields.get("basic_auth_user") or "", fields.get("basic_auth_pass") or "")
            if fields.get("auth_method") == "BASIC_AUTH" else None)
    try:
        httpx.get(f"{url}/health", auth=auth, timeout=1.0, verify=certificates()).raise_for_status()
        httpx.post(f"{url}/setup", auth=auth, timeout=3.0, verify=certificates(), json={
            "project": f"{project['id']}.0", "schema": project["label_config"], "hostname": request.host_url,
            "access_token": "", "extra_params": {}}).raise_for_status()
    except httpx.HTTPError as error:
        raise invalid("non_field_errors", f"Can't connect to ML backend {url}, health check failed. Make sure it is up "
                                          f"and your firewall is properly configured. {type(error).__name__}") from None
    row = world().add(world().backends, {
        "id": 0, "project": project["id"], "url": url, "title": fields.get("title") or "default", "state": "CO",
        "is_interactive": fields.get("is_interactive", False), "auth_method": fields.get("auth_method", "NONE"),
        "basic_auth_user": fields.get("basic_auth_user"), "created_at": world().now()})
    project["model_version"] = project["model_version"] or row["title"]
    add_webhook({"project": project["id"], "url": f"{url}/webhook"})
    return reply(_shown_backend(row), 201)


@projects.get("/api/dm/views/")
def views() -> Response:
    """The stored tabs of a project."""
    return reply(list(world().within(world().views, _asked_project())))


@projects.post("/api/dm/views/")
def create_view() -> Response:
    """A new stored tab."""
    fields = request.json or {}
    row = {"id": 0, "order": 0, "user": g.user["id"], "project": project_row(fields["project"])["id"],
           "data": fields.get("data") or {}}
    return reply(world().add(world().views, row), 201)


@projects.delete("/api/webhooks/<int:number>/", defaults={"noun": "Webhook"})
@projects.delete("/api/ml/<int:number>/", defaults={"noun": "MLBackend"})
@projects.delete("/api/ml/<int:number>", defaults={"noun": "MLBackend"})
@projects.delete("/api/dm/views/<int:number>/", defaults={"noun": "View"})
def remove(noun: str, number: int) -> Response:
    """Delete a webhook, a backend (its webhook and predictions stay) or a tab."""
    table: Table = {"Webhook": world().webhooks, "MLBackend": world().backends, "View": world().views}[noun]
    if number not in table:
        raise missing(noun)
    del table[number]
    return nothing()


def _asked_project() -> int | None:
    asked = request.args.get("project")
    return int(asked) if asked else None


def _shown_backend(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "basic_auth_pass"}


def _check(fields: dict[str, Any]) -> None:
    if "title" in fields and len(fields["title"]) < 3:
        raise invalid("title", "Ensure this field has at least 3 characters.")


def _check_address(url: str) -> None:
    host = urlsplit(url).hostname
    if not host:
        raise invalid("url", "Enter a valid URL.")
    try:
        private = ipaddress.ip_address(host).is_private
    except ValueError:
        private = host == "localhost"
    if private and not world().allow_loopback:
        raise Refusal(403, "URL resolves to a reserved network address")
