"""How values of a file are written: each shape reads one from YAML and tells an editor what it may be.

One table of fields serves the reader, the JSON Schema and the documentation, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ruamel.yaml.nodes import Node, SequenceNode

from cueloop.language.reader import Reader

T = TypeVar("T")
Schema = Mapping[str, Any]

NUMBER_PATTERN = r"(\d+(\.\d+)?|\.\d+)"


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """One way to write a value."""

    read: Callable[[Any, Node, str], T]
    """(reader, node, what it is called in mistakes); a wrong value is noted and a harmless one given. The reader is a
    `Reader`, or what a language made of it."""
    schema: Schema
    """The same for editors, in JSON Schema."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record."""

    shape: Shape[Any]
    says: str
    """What it means: for docs and editors. Begins in lower case, ends without a full stop."""
    into: str = ""
    """Where it is kept, when not under its own name. Fields kept in one place are joined."""
    needed: bool = False


Fields = Mapping[str, Field]
Nodes = Mapping[str, Node]
Values = dict[str, Any]
Check = Callable[[Any, Node, Nodes, Values], None]
"""Notes what does not go together in a record: (reader, the record, nodes of its fields, their values)."""


def record(fields: Fields, build: Callable[[Values], T], check: Check | None = None, *,
           one_of: Collection[str] = ()) -> Shape[T]:
    """A set of `field: value`; `build` gets the values that were given.

    `one_of`: fields of which `check` demands at least one, for editors.
    """
    def read(reader: Reader, node: Node, what: str) -> T:
        return build(read_fields(reader, node, what, fields, check))

    demanded = {"anyOf": [{"required": [name]} for name in one_of]} if one_of else {}
    return Shape(read, schema_of(fields) | demanded)


def read_fields(reader: Reader, node: Node, what: str, fields: Fields, check: Check | None = None) -> Values:
    """The values of a record that were given, under the names they are kept."""
    before = len(reader.mistakes)
    nodes = reader.mapping(node, fields, what)
    whole = len(reader.mistakes) == before     # else what seems to be missing may be what is misspelt
    values: Values = {}
    for name, child in nodes.items():
        into, value = fields[name].into or name, fields[name].shape.read(reader, child, f"`{name}`")
        values[into] = values[into] + value if into in values else value
    for name, field in fields.items():
        if field.needed and name not in nodes and whole:
            reader.refuse(node, f"{what} needs `{name}`, {field.says}")
    if check is not None and whole:
        check(reader, node, nodes, values)
    return values


def schema_of(fields: Fields) -> dict[str, Any]:
    """A record for editors."""
    needed = [name for name, field in fields.items() if field.needed]
    properties = {name: {**field.shape.schema, "description": field.says} for name, field in fields.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties,
            **({"required": needed} if needed else {})}


def one_or_more(item: Shape[T]) -> Shape[tuple[T, ...]]:
    """A list, or one value alone."""
    def read(reader: Reader, node: Node, what: str) -> tuple[T, ...]:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        if not nodes:
            reader.refuse(node, f"{what} is an empty list; leave {what} out, or name one")
        return tuple(item.read(reader, each, what) for each in nodes)

    return Shape(read, {"anyOf": [item.schema, {"type": "array", "items": item.schema, "minItems": 1}]})


def named(item: Shape[T], what: str = "") -> Shape[dict[str, T]]:
    """A set of `name: value` whose names are the user's own; `what` is put before a name in mistakes."""
    def read(reader: Reader, node: Node, called: str) -> dict[str, T]:
        return {name: item.read(reader, value, f"{what} `{name}`".strip())
                for name, value in reader.pairs(node, called)}

    return Shape(read, {"type": "object", "additionalProperties": item.schema})


def choice(words: Collection[str]) -> Shape[str]:
    """One of a few words."""
    return Shape(lambda reader, node, what: reader.choice(node, what, words), {"enum": list(words)})


def integer(least: int) -> Shape[int]:
    """A whole number of at least so many."""
    return Shape(lambda reader, node, what: reader.integer(node, what, least), {"type": "integer", "minimum": least})


def always(reason: str) -> Shape[bool]:
    """True: it cannot be switched off, and whoever tries is told the reason."""
    def read(reader: Reader, node: Node, what: str) -> bool:
        if not reader.flag(node, what):
            reader.refuse(node, f"{what} is always true: {reason}")
        return True

    return Shape(read, {"const": True})


def _task_field(reader: Reader, node: Node, what: str) -> str:
    text = reader.text(node, what)
    if text and not text.removeprefix("task.").strip():
        reader.refuse(node, f"{what} names a field of the task, e.g. task.document")
    elif text and not text.startswith("task."):
        reader.refuse(node, f"{what} names a field of the task, not `{text}`; did you mean task.{text}?")
    return text


TEXT: Shape[str] = Shape(lambda reader, node, what: reader.text(node, what), {"type": "string", "pattern": r"\S"})
TEXTS = one_or_more(TEXT)
FLAG: Shape[bool] = Shape(lambda reader, node, what: reader.flag(node, what), {"type": "boolean"})
AMOUNT: Shape[float] = Shape(lambda reader, node, what: reader.amount(node, what), {
    "type": ["number", "string"], "minimum": 0, "pattern": f"^{NUMBER_PATTERN}$"})
NUMBER: Shape[float] = Shape(lambda reader, node, what: reader.number(node, what), {"type": "number"})
SHARE: Shape[float] = Shape(lambda reader, node, what: reader.share(node, what), {
    "type": ["number", "string"], "minimum": 0, "maximum": 1, "pattern": rf"^{NUMBER_PATTERN}\s*%?$"})
DURATION: Shape[float] = Shape(lambda reader, node, what: reader.duration(node, what), {
    "type": "string", "pattern": r"^\d+(\.\d+)?[smhd]$"})
TASK_FIELD: Shape[str] = Shape(_task_field, {"type": "string", "pattern": r"^task\.."})
