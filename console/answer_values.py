"""Checks that a value from a file has the shape of its kind (`sync.kinds`), and reads one from a CSV cell."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from console import answer_regions
from cueloop.errors import DataError
from cueloop.types import Control
from sync.kinds import REGIONS, text
from sync.values.reading import LARGEST, canonical_paths

SEPARATOR = "|"
"""Between several labels, paths or texts in one CSV cell; levels of a path are separated by `>`."""


def of_cell(where: str, control: Control, cell: str) -> Any:
    """The value in a CSV cell. Raises DataError naming the place."""
    kind = control.kind
    if kind in REGIONS:
        try:
            return checked(where, control, json.loads(cell))
        except json.JSONDecodeError as error:
            raise DataError(f"{where}: a cell of {kind} is a JSON list of regions: {error.msg}. JSON lines "
                            "(FILE.jsonl) are easier to write.") from None
        except (ValueError, RecursionError):
            raise DataError(f"{where}: holds a number too long, or lists too deep, to be read.") from None
    if kind in ("rating", "number") and not _ordered(control):
        try:
            number = float(cell)
        except ValueError:
            more = " Name the labels in their order: --labels A,B,..." if kind == "rating" else ""
            raise DataError(f"{where}: '{cell[:60]}' is no number.{more}") from None
        return checked(where, control, number)
    if kind == "multi":
        return checked(where, control, [part for part in map(str.strip, cell.split(SEPARATOR)) if part])
    if kind == "taxonomy":
        paths = [[level.strip() for level in path.split(">")] for path in cell.split(SEPARATOR) if path.strip()]
        return checked(where, control, paths)
    return checked(where, control, cell)


def known(where: str, control: Control, labels: Iterable[str]) -> None:
    """Raises DataError for a label that is none of the control's, where those are listed."""
    for label in labels:
        if control.labels and label not in control.labels:
            raise DataError(f"{where}: '{label[:60]}' is none of --labels: {', '.join(control.labels)[:200]}.")


def shown(control: Control, value: Any) -> str:
    """A short text of a value; of ordered choices the label."""
    return control.labels[int(value) - 1] if _ordered(control) else text(control.kind, value)


def checked(where: str, control: Control, value: Any) -> Any:
    """The value, in its canonical form. Raises DataError that says what a value of this kind looks like."""
    kind = control.kind
    if kind in ("rating", "number"):
        return _level(where, control, value) if _ordered(control) else _number(where, kind, value)
    if kind == "text" and isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise DataError(f"{where}: the value of {kind} is a list, not {json.dumps(value)[:60]}.")
    if kind in REGIONS:
        regions = [answer_regions.checked(where, kind, one) for one in value]
        known(where, control, [region["label"] for region in regions])
        return regions
    if kind == "taxonomy":
        if not all(isinstance(path, list) and path and all(isinstance(x, str) and x for x in path) for path in value):
            raise DataError(f"{where}: the value of taxonomy is a list of paths, each a list of labels from the top.")
        return canonical_paths(value)
    if not all(isinstance(one, str) for one in value):
        raise DataError(f"{where}: the value of {kind} is a list of texts.")
    if kind == "text":
        return value
    if not all(one.strip() for one in value):
        raise DataError(f"{where}: one of the labels is empty.")
    known(where, control, value)
    return sorted(set(value))


def _number(where: str, kind: str, value: Any) -> float:
    if not finite(value):
        raise DataError(f"{where}: the value of a {kind} is a number up to {LARGEST:g}, not {json.dumps(value)[:60]}.")
    return float(value)


def _level(where: str, control: Control, value: Any) -> int:
    """The place of a label among those in order, from 1."""
    if not isinstance(value, str):
        raise DataError(f"{where}: the value is one of --labels, as a text, not {json.dumps(value)[:60]}.")
    known(where, control, [value])
    return control.labels.index(value) + 1


def _ordered(control: Control) -> bool:
    """Whether it is a rating whose levels are labels in order."""
    return control.kind == "rating" and bool(control.labels)


def finite(value: Any) -> bool:
    """Whether it is a number of a size that can be."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST
