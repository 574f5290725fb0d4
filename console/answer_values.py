"""Checks that a value from a file has the shape of its kind (`sync.kinds`), and reads one from a CSV cell."""

from __future__ import annotations

import json
import math
from typing import Any

from cueloop.errors import DataError
from sync.kinds import REGIONS

SEPARATOR = "|"
"""Between several labels, paths or texts in one CSV cell; levels of a path are separated by `>`."""

EDGES = {"spans": ("start", "end"), "segments": ("start", "end"), "boxes": ("x", "y", "width", "height")}
"""Numbers that a region of a kind needs."""


def of_cell(where: str, kind: str, cell: str) -> Any:
    """The value in a CSV cell. Raises DataError naming the place."""
    if kind in REGIONS:
        try:
            return checked(where, kind, json.loads(cell))
        except json.JSONDecodeError as error:
            raise DataError(f"{where}: a cell of {kind} is a JSON list of regions: {error.msg}. JSON lines "
                            "(FILE.jsonl) are easier to write.") from None
    if kind in ("rating", "number"):
        try:
            return checked(where, kind, float(cell))
        except ValueError:
            raise DataError(f"{where}: '{cell}' is no number.") from None
    if kind == "multi":
        return sorted({part.strip() for part in cell.split(SEPARATOR)} - {""})
    if kind == "taxonomy":
        return sorted([level.strip() for level in path.split(">")] for path in cell.split(SEPARATOR) if path.strip())
    return [cell]


def checked(where: str, kind: str, value: Any) -> Any:
    """The value, in its canonical form. Raises DataError that says what a value of this kind looks like."""
    if kind in ("rating", "number"):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        raise DataError(f"{where}: the value of a {kind} is a number, not {json.dumps(value)[:60]}.")
    if kind == "text" and isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise DataError(f"{where}: the value of {kind} is a list, not {json.dumps(value)[:60]}.")
    if kind in ("multi", "text"):
        if not all(isinstance(one, str) for one in value):
            raise DataError(f"{where}: the value of {kind} is a list of texts.")
        return sorted(set(value)) if kind == "multi" else value
    if kind == "taxonomy":
        if not all(isinstance(path, list) and path and all(isinstance(x, str) for x in path) for path in value):
            raise DataError(f"{where}: the value of taxonomy is a list of paths, each a list of labels from the top.")
        return sorted(value)
    return [_region(where, kind, one) for one in value]


def _region(where: str, kind: str, region: Any) -> dict[str, Any]:
    if not isinstance(region, dict) or not isinstance(region.get("label"), str):
        raise DataError(f"{where}: a region is an object with a label, not {json.dumps(region)[:60]}.")
    if kind == "polygons":
        points = region.get("points")
        if not isinstance(points, list) or len(points) < 3 or not all(
                isinstance(p, list) and len(p) == 2 and all(_finite(x) for x in p) for p in points):
            raise DataError(f"{where}: a polygon needs `points`, a list of at least three [x, y].")
        return {"points": points, "label": region["label"], "unit": region.get("unit", 0)}
    for edge in EDGES[kind]:
        if not _finite(region.get(edge)):
            raise DataError(f"{where}: a region of {kind} needs the number `{edge}`.")
    if kind in ("spans", "segments") and region["end"] < region["start"]:
        raise DataError(f"{where}: a region ends ({region['end']}) before it starts ({region['start']}).")
    turned = {"rotation": float(region.get("rotation") or 0)} if kind == "boxes" else {}
    return {**{edge: region[edge] for edge in EDGES[kind]}, **turned, "label": region["label"],
            "unit": region.get("unit", 0)}


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
