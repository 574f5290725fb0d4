"""Regions as a short text, for lists and CSV files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NOTHING = "nothing"
"""What an answer without regions says."""

LONGEST = 400
"""Characters after which no more regions are written."""


def text(kind: str, value: Sequence[Mapping[str, Any]]) -> str:
    """E.g. `PER 3-9; LOC 14-20`, or `nothing`. A unit other than 0 stands before the place: `PER 2:3-9`."""
    parts: list[str] = []
    length = 0
    for region in value:
        parts.append(f"{region['label']} {_unit(region)}{_where(kind, region)}")
        length += len(parts[-1])
        if length > LONGEST:
            break
    return "; ".join(parts) or NOTHING


def nothing_beside(labels: Sequence[str]) -> str:
    """The name of "no region here" beside these labels, one of which might be called so itself."""
    name = NOTHING
    while name in labels:
        name = f"({name})"
    return name


def _unit(region: Mapping[str, Any]) -> str:
    return f"{region['unit']}:" if region.get("unit") else ""


def _where(kind: str, region: Mapping[str, Any]) -> str:
    if kind == "polygons":
        x, y = region["points"][0]
        return f"{len(region['points'])} points at {x:.6g},{y:.6g}"
    if kind == "boxes":
        turned = f" turned {region['rotation']:.6g}" if region.get("rotation") else ""
        return f"{region['x']:.6g},{region['y']:.6g} {region['width']:.6g}x{region['height']:.6g}{turned}"
    return f"{_plain(region['start'])}-{_plain(region['end'])}"


def _plain(number: float) -> str:
    """Enough digits for a time stamp in milliseconds, and no needless ones."""
    return str(int(number)) if float(number).is_integer() else f"{number:.3f}".rstrip("0").rstrip(".")
