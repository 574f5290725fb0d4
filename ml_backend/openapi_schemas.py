"""Bodies and answers of the ML backend as JSON Schema, for `openapi`."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _object(properties: dict[str, Schema], required: list[str] | None = None, **more: Any) -> Schema:
    return {"type": "object", "properties": properties} | ({"required": required} if required else {}) | more


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description} | more


def ref(name: str) -> Schema:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
WORDS = "A project's id; Label Studio adds the time of its creation: 5.1795339044."
NUMBER: Schema = {"type": "number", "minimum": 0, "maximum": 10**18 - 1}
NEEDED_ID: list[Schema] = [{"type": "string", "pattern": r"^[0-9]{1,18}(\.[\s\S]*)?$"}, NUMBER]
ID: list[Schema] = [{"type": "string", "pattern": r"^([0-9]{1,18}(\.[\s\S]*)?)?$"}, NUMBER, {"type": "null"}]
PROJECT: Schema = {"anyOf": [*ID, _object({"id": {"anyOf": ID}})], "description": WORDS}
NEEDED_PROJECT: Schema = {"anyOf": [*NEEDED_ID, _object({"id": {"anyOf": NEEDED_ID}}, ["id"])], "description": WORDS}
ONE_ANSWER = {"result": _list({"type": "object"}), "score": NUMBER_OR_NULL, "model_version": {"type": "string"}}

SCHEMAS: dict[str, Schema] = {
    "Error": _object({"error": _text("What is wrong, where, and what to do.")}, ["error"], additionalProperties=False),
    "Health": _object({
        "status": _text("UP while the process answers."),
        "ready": {"type": "boolean", "description": "Whether there is a model to answer with."},
        "degraded": _list(_text("What is not as it should be.")),
        "waiting": _list(_text("What has no model yet.")),
        "models": {"type": "object", "description": "Version of each model in service."}}, ["status", "ready"]),
    "Setup": _object({
        "project": PROJECT, "schema": TEXT_OR_NULL | {"description": "The label config."},
        "hostname": {"description": "Where Label Studio is. Is not used."},
        "access_token": {"description": "Is not used and not kept."}, "extra_params": {}}),
    "Version": _object({"model_version": _text("What predictions carry; `untrained` without a model.")},
                       ["model_version"]),
    "Task": _object({
        "id": {"type": "integer"}, "data": {"type": "object", "description": "The customer's fields."}}),
    "Predict": _object({
        "tasks": {"anyOf": [_list({"anyOf": [ref("Task"), {}]}), ref("Task"), {"type": "object"}],
                  "description": "A task that cannot be read gets an empty answer."},
        "project": PROJECT, "label_config": TEXT_OR_NULL | {
            "description": "The project's label config.", "examples": [
                '<View><Text name="text" value="$text"/><Choices name="topic" toName="text"><Choice value="food"/>'
                '<Choice value="money"/></Choices></View>']},
        "params": {"anyOf": [_object({"context": {"description": "From an open editor: what the annotator did."}}),
                             {}]}}, ["tasks"]),
    "Stored": _object(ONE_ANSWER, list(ONE_ANSWER)),
    "Answer": _object(ONE_ANSWER | {
        "explanation": {"type": "object", "description": "Of each control: label, score, margin, alternatives, and the "
                                                         "words for and against it."},
        "alternatives": _list(ref("Stored"))}, list(ONE_ANSWER)),
    "Results": _object({"results": _list({"anyOf": [ref("Answer"), _list(ref("Stored"))]})}, ["results"]),
    "Versions": _object({"versions": _list({"type": "string"})}, ["versions"]),
    "OfProject": _object({"project": PROJECT}),
    "Event": _object({"action": {"type": "string", "examples": ["START_TRAINING"]},
                      "project": PROJECT}, ["action"]),
    "Noted": _object({"status": {"type": "string"}, "result": {"type": "object"},
                      "job": _text("Of a training that was asked for.")}, ["status"]),
    "Job": _object({"job": _text("As the Start Training button was answered.")}, ["job"]),
    "JobStatus": _object({"job_status": {"enum": ["queued", "started", "finished", "failed", "canceled"]}},
                         ["job_status"]),
    "Config": _object({"config": _text("The XML of a label config."), "project": PROJECT}, ["config"]),
    "Fit": _object({
        "valid": {"type": "boolean", "description": "Whether anything is answered, now or after a training."},
        "message": _text("In a sentence."), "model": {"type": ["string", "null"]},
        "model_version": {"type": ["string", "null"]},
        "controls": _list(_object({"name": {"type": "string"}, "type": {"type": "string"},
                                   "answered": {"type": "boolean"}, "message": {"type": "string"}},
                                  ["name", "type", "answered", "message"]))},
        ["valid", "message", "model", "model_version", "controls"]),
    "Forget": _object({"project": NEEDED_PROJECT}, ["project"]),
    "Done": _object({"status": {"type": "string"}}, ["status"]),
    "Copy": _object({"project_src": NEEDED_PROJECT, "project_dst": NEEDED_PROJECT}, ["project_src", "project_dst"]),
    "Copied": _object({"status": {"type": "string"}, "model": {"type": "string"},
                       "model_version": {"type": "string"}}, ["status", "model", "model_version"]),
}
