"""How values of a rules file are written: those of every file of ours, and what only rules have."""

from __future__ import annotations

from ruamel.yaml.nodes import Node

from cueloop.language.shapes import (
    AMOUNT,
    DURATION,
    FLAG,
    NUMBER,
    NUMBER_PATTERN,
    SHARE,
    TASK_FIELD,
    TEXT,
    TEXTS,
    Check,
    Field,
    Fields,
    Nodes,
    Schema,
    Shape,
    Values,
    always,
    choice,
    integer,
    named,
    one_or_more,
    read_fields,
    record,
    schema_of,
)
from routing.language.conditions import Condition
from routing.language.reader import Reader
from routing.language.scopes import ANNOTATOR, TASK

__all__ = [
    "ABOUT_PEOPLE", "ADDRESSES", "AMOUNT", "CONDITION", "DURATION", "EXPRESSION", "FLAG", "NUMBER",
    "NUMBER_PATTERN", "PEOPLE_PATTERN", "SHARE", "TASK_FIELD", "TEXT", "TEXTS", "Check", "Field", "Fields", "Nodes",
    "Schema", "Shape", "Values", "always", "choice", "integer", "named", "one_or_more", "read_fields", "record",
    "schema_of",
]

PEOPLE_PATTERN = r"@|^task\."


def _address(reader: Reader, node: Node, what: str) -> str:
    text = reader.text(node, what).strip()
    if text and "@" not in text and not text.startswith("task."):
        reader.refuse(node, f"{what} lists e-mail addresses, and `{text}` is none")
    return text if text.startswith("task.") else text.lower()


ADDRESSES = one_or_more(Shape(_address, {"type": "string", "pattern": PEOPLE_PATTERN}))
CONDITION: Shape[Condition | None] = Shape(lambda reader, node, what: reader.condition(node, what, TASK), {
    "type": ["string", "boolean"], "minLength": 1})
ABOUT_PEOPLE: Shape[Condition | None] = Shape(lambda reader, node, what: reader.condition(node, what, ANNOTATOR), {
    "type": ["string", "boolean"], "minLength": 1})
EXPRESSION: Shape[Condition | None] = Shape(lambda reader, node, what: reader.expression(node, what), {
    "type": ["string", "number"], "minLength": 1})
