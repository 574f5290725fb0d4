"""Checks that a region from a file has the shape of its kind (`sync.kinds`)."""

from __future__ import annotations

import json
from typing import Any

from cueloop.errors import DataError
from sync.regions.read import FARTHEST

EDGES = {"spans": ("start", "end"), "segments": ("start", "end"), "boxes": ("x", "y", "width", "height")}
"""Numbers that a region of a kind needs."""


def checked(where: str, kind: str, region: Any) -> dict[str, Any]:
    """The region in its canonical form. Raises DataError that says what a region of this kind looks like."""
    if not isinstance(region, dict) or not isinstance(region.get("label"), str) or not region["label"].strip():
        raise DataError(f"{where}: a region is an object with a label, not {json.dumps(region)[:60]}.")
    named = {"label": region["label"], "unit": _unit(where, region)}
    if kind == "polygons":
        return {"points": _points(where, region.get("points")), **named}
    for edge in EDGES[kind]:
        if not _placed(region.get(edge)):
            raise DataError(f"{where}: a region of {kind} needs the number `{edge}`, up to {FARTHEST:g}.")
    if kind != "boxes" and region["end"] < region["start"]:
        raise DataError(f"{where}: a region ends ({region['end']}) before it starts ({region['start']}).")
    found = {edge: region[edge] for edge in EDGES[kind]}
    return {**found, **(_turned(where, region) if kind == "boxes" else {}), **named}


def _points(where: str, points: Any) -> list[list[float]]:
    if isinstance(points, list) and len(points) >= 3 and all(
            isinstance(p, list) and len(p) == 2 and all(_placed(x) for x in p) for p in points):
        return points
    raise DataError(f"{where}: a polygon needs `points`, a list of at least three [x, y].")


def _turned(where: str, region: dict[str, Any]) -> dict[str, float]:
    """How far a box is turned, whose sides are checked."""
    if region["width"] < 0 or region["height"] < 0:
        raise DataError(f"{where}: a box cannot be {region['width']} wide and {region['height']} high.")
    rotation = 0 if region.get("rotation") is None else region["rotation"]
    if not _placed(rotation):
        raise DataError(f"{where}: the `rotation` of a box is a number of degrees, not {json.dumps(rotation)[:60]}.")
    return {"rotation": float(rotation) % 360}


def _unit(where: str, region: dict[str, Any]) -> int | str:
    unit = region.get("unit", 0)
    if isinstance(unit, str) or (isinstance(unit, int) and _placed(unit)):
        return unit
    raise DataError(f"{where}: the `unit` of a region is a whole number or a name, not {json.dumps(unit)[:60]}.")


def _placed(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= FARTHEST
