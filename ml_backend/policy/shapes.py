"""How values of training.yaml are written, beside those that every file of ours has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from cueloop.language.reader import Reader
from cueloop.language.shapes import SHARE, TASK_FIELD, Fields, Shape, Values, read_fields, schema_of
from cueloop.language.words import suggest
from ml_backend.policy.policy import Clock

T = TypeVar("T")

NEVER = "never"
"""Word that switches off what would otherwise be done."""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = "every day"
CLOCK_PATTERN = rf"^({'|'.join(DAYS)}|{EVERY_DAY}) ((?:[01]?\d|2[0-3]):[0-5]\d)$"


class Several(dict[str, Any]):
    """One field of the file that says several values of its section."""


def or_never(shape: Shape[T], off: Any = None) -> Shape[Any]:
    """A value, or the word `never`, which gives `off`."""
    def read(reader: Reader, node: Node, what: str) -> Any:
        if isinstance(node, ScalarNode) and str(node.value) == NEVER:
            return off
        before = len(reader.mistakes)
        value = shape.read(reader, node, what)
        if len(reader.mistakes) > before and isinstance(node, ScalarNode) and suggest(str(node.value), (NEVER,)):
            last = reader.mistakes.pop()
            reader.refuse(node, f"{last.message}, did you mean {NEVER}?")
        return value

    return Shape(read, {"anyOf": [shape.schema, {"const": NEVER}]})


def several(fields: Fields) -> Shape[Several]:
    """A set of fields whose values all belong to the section around it."""
    def read(reader: Reader, node: Node, what: str) -> Several:
        return Several(read_fields(reader, node, what, fields))

    return Shape(read, schema_of(fields))


def section(fields: Fields, build: Callable[[Values], T]) -> Shape[T]:
    """A part of the file; one without anything under it says nothing."""
    def read(reader: Reader, node: Node, what: str) -> T:
        empty = isinstance(node, ScalarNode) and not node.value
        return build({} if empty else flat(read_fields(reader, node, what, fields)))

    return Shape(read, {"anyOf": [schema_of(fields), {"type": "null"}]})


def flat(values: Values) -> Values:
    """The values of a section, also those that one of its fields said together."""
    found: Values = {}
    for name, value in values.items():
        found |= value if isinstance(value, Several) else {name: value}
    return found


def between(low: float, high: float) -> Shape[float]:
    """A share from `low` to `high`."""
    def read(reader: Reader, node: Node, what: str) -> float:
        before, value = len(reader.mistakes), SHARE.read(reader, node, what)
        if len(reader.mistakes) == before and not low <= value <= high:
            reader.refuse(node, f"{what} is a share between {low:.4g} and {high:.4g}, not `{node.value}`")
        return value

    return Shape(read, SHARE.schema)


def positive(shape: Shape[float]) -> Shape[float]:
    """A number above 0, for what `or_never` switches off."""
    def read(reader: Reader, node: Node, what: str) -> float:
        before, value = len(reader.mistakes), shape.read(reader, node, what)
        if len(reader.mistakes) == before and value <= 0:
            reader.refuse(node, f"{what} is above 0; `{NEVER}` switches it off")
        return value

    return Shape(read, shape.schema)


def margins() -> Shape[Mapping[str, float]]:
    """{label: share}, `*` for all labels that are not named."""
    def read(reader: Reader, node: Node, what: str) -> dict[str, float]:
        if not isinstance(node, MappingNode):
            reader.refuse(node, f"{what} is a set of `label: share`, e.g. {{hate: 2%, \"*\": 5%}}")
            return {}
        return {name: SHARE.read(reader, value, f"{what}, `{name}`,") for name, value in reader.pairs(node, what)}

    return Shape(read, {"type": "object", "additionalProperties": SHARE.schema})


def _field(reader: Reader, node: Node, what: str) -> str:
    return TASK_FIELD.read(reader, node, what).removeprefix("task.")


def _clock(reader: Reader, node: Node, what: str) -> Clock:
    text = " ".join(str(node.value).lower().split()) if isinstance(node, ScalarNode) else ""
    match = re.fullmatch(CLOCK_PATTERN, text)
    if match is None:
        day = text.rpartition(" ")[0]
        near = suggest(day, (*DAYS, EVERY_DAY)) if day and day not in (*DAYS, EVERY_DAY) else ""
        reader.refuse(node, f"{what} is a day and a time, e.g. monday 03:00 or every day 18:30{near}")
        return Clock(None, 0)
    hours, minutes = match[2].split(":")
    return Clock(None if match[1] == EVERY_DAY else DAYS.index(match[1]), 60 * int(hours) + int(minutes))


def _zone(reader: Reader, node: Node, what: str) -> str:
    from zoneinfo import available_timezones

    word, known = reader.text(node, what), available_timezones()
    if word and word not in known:
        reader.refuse(node, f"there is no time zone `{word[:40]}`{suggest(word, known)}; "
                            "write it as in Europe/Berlin or UTC")
    return word if word in known else "UTC"


FIELD: Shape[str] = Shape(_field, TASK_FIELD.schema)
"""`task.NAME`, kept as NAME."""
CLOCK: Shape[Clock] = Shape(_clock, {"type": "string", "pattern": CLOCK_PATTERN})
ZONE: Shape[str] = Shape(_zone, {"type": "string"})
