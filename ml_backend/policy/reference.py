"""Tables of every field of training.yaml with its default, for the documentation: made from what reads the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cueloop.language.shapes import AMOUNT, DURATION, Field, Fields
from ml_backend.policy.fields import PARTS, SECTIONS
from ml_backend.policy.policy import Data, Gate, Learning, Rollback, Rollout, Triggers
from ml_backend.policy.shapes import NEVER
from ml_backend.triggers.schedule import span

DEFAULTS: Mapping[str, object] = {
    "data": Data(), "train": Triggers(), "gate": Gate(), "rollback": Rollback(), "rollout": Rollout(),
    "learning": Learning()}
NONE = "–"


def table(section: str) -> str:
    """The fields of a section, those of its parts below them, as a table in Markdown."""
    parts = {name: fields for name, fields in PARTS.items() if name.split(".")[0] == section}
    rows = [(f"{part}.{name}", field.says, _default(section, part, name, field))
            for part, fields in parts.items() for name, field in fields.items() if f"{part}.{name}" not in parts]
    return "\n".join(["| field | meaning | default |", "|---|---|---|",
                      *(f"| `{name}` | {says} | {default} |" for name, says, default in rows)])


def fill(page: str) -> str:
    """A page with the tables between `<!-- table: SECTION -->` and `<!-- end -->` written anew."""
    tables = {name: table(name) for name in DEFAULTS} | {"file": _sections(SECTIONS)}
    for name, rows in tables.items():
        begin, end = f"<!-- table: {name} -->\n", "<!-- end -->"
        before, found, rest = page.partition(begin)
        if found:
            page = before + begin + rows + "\n" + end + rest.partition(end)[2]
    return page


def _sections(sections: Fields) -> str:
    return "\n".join(["| section | meaning |", "|---|---|", "| `version` | 1: the version of this format |",
                      *(f"| `{name}` | {field.says} |" for name, field in sections.items())])


def _default(section: str, part: str, name: str, field: Field) -> str:
    """What holds where the field is left out, as it would be written."""
    if part == "gate.shadow":
        return NONE
    value: Any = getattr(DEFAULTS[section], field.into or name)
    if value is None:
        return f"`{NEVER}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value in ((), {}):
        return NONE
    if isinstance(value, float):
        return f"`{_written(value, field)}`"
    return f"`{value}`"


def _written(value: float, field: Field) -> str:
    forms = (field.shape.schema, *field.shape.schema.get("anyOf", ()))
    if DURATION.schema in forms:
        return span(value)
    return f"{value:g}" if AMOUNT.schema in forms else f"{100 * value:g}%"
