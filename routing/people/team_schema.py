"""The fields of team.yaml, told to editors (JSON Schema) and to readers of the documentation."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

NAMES: Schema = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": ["string", "boolean"]}}]}
SHARE: Schema = {"type": ["number", "string"], "pattern": r"^(\d+(\.\d+)?|\.\d+)\s*%?$"}

FIELDS: dict[str, tuple[str, Schema]] = {
    "teams": ("teams they belong to, one or a list", NAMES),
    "skills": ("what they can do, for `skill` in rules", NAMES),
    "languages": ("languages they speak, for `language` in rules, e.g. `[en, de]`", NAMES),
    "seniority": ("one of the words of the file's order", {"type": "string"}),
    "attributes": ("what only your team knows of people, e.g. `{supervisor: kim, culture: DE}`, for `not_same` and "
                   "`mix`",
                   {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}),
    "qualified": ("their accuracy on labels, e.g. `{hate: 92%}`, until enough answers were measured",
                  {"type": "object", "additionalProperties": SHARE}),
    "hours": ("how long they work, e.g. `20h/week` or `4h/day`; counted over the last seven days",
              {"type": "string", "pattern": r"^\d+(\.\d+)?\s*[mh]\s*/\s*(week|day)$"}),
    "capacity": ("most tasks a day, e.g. `60/day`; `0/day` for somebody who is away",
                 {"type": "string", "pattern": r"^\d{1,9}\s*/\s*day$"}),
    "cost": ("what an hour costs, e.g. `30 EUR/h` or `30`",
             {"type": ["number", "string"], "pattern": r"^\d{1,12}(\.\d+)?\s*([A-Za-z]{1,12}|[$€£¥])?\s*(/\s*h)?$"}),
    "share": ("most of a project's answers that they may give, e.g. `15%`", SHARE),
    "never": ("a condition on the task's fields: tasks that they must not get, e.g. `task.author == \"ada\"`",
              {"type": "string"}),
    "time_zone": ("where their day begins, e.g. `Europe/Berlin` (default `UTC`)", {"type": "string"}),
}
"""{field of a person: (what it says, how it is written)}."""

FILE: dict[str, tuple[str, Schema]] = {
    "version": ("1: the version of this format", {"const": 1}),
    "currency": ("what costs are told in, e.g. `EUR`", {"type": "string"}),
    "seniority": ("words from the least to the most senior (default `junior, senior, lead`)", NAMES),
    "teams": ("what holds for all people of a team unless it is said of a person: `NAME: {...}`", {}),
    "people": ("the people, by their e-mail addresses in Label Studio: `ADDRESS: {...}`", {}),
}
"""The same of the whole file."""


def schema() -> Schema:
    """What an editor needs to check a team file."""
    person = _record(FIELDS)
    team = _record({name: field for name, field in FIELDS.items() if name != "teams"})
    whole = _record(FILE)
    whole["properties"] |= {
        "teams": {"type": "object", "additionalProperties": team, "description": FILE["teams"][0]},
        "people": {"type": "object", "propertyNames": {"pattern": "@"}, "description": FILE["people"][0],
                   "additionalProperties": {"oneOf": [{"type": "null"}, person]}}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A team of Cueloop",
            "required": ["version", "people"], **whole}


def _record(fields: dict[str, tuple[str, Schema]]) -> Schema:
    return {"type": "object", "additionalProperties": False,
            "properties": {name: {**form, "description": says} for name, (says, form) in fields.items()}}
