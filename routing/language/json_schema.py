"""The JSON Schema of rules files, for editors: made from the tables that read them.

It knows shapes, not meanings: conditions are texts to it. What it refuses, the reader refuses too.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from routing.language.file_fields import DEMANDING, FILE, PEOPLE, RULE
from routing.language.shapes import schema_of
from routing.language.vocabulary import ACTIONS

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema of a whole rules file."""
    whole = schema_of(FILE)
    whole["properties"]["rules"] = {"type": "array", "items": {"$ref": "#/$defs/rule"},
                                    "description": FILE["rules"].says}
    return {"$schema": DRAFT, "title": "Cueloop rules", **whole, "$defs": {"rule": _rule()}}


def _rule() -> dict[str, Any]:
    does = sorted({*DEMANDING, *PEOPLE} - {"deadline", "keep_together"})
    return schema_of(RULE) | {
        "dependentRequired": {name: ["when"] for name in sorted(DEMANDING)},
        "anyOf": [{"required": [name]} for name in does],
        "not": {"anyOf": [{"required": list(pair)} for pair in combinations(ACTIONS, 2)]}}
