"""Rotated boxes and polygons as shapely geometries. Shapely is imported late: most projects need none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray


def shapes(regions: Sequence[Mapping[str, Any]]) -> NDArray[np.object_]:
    """One geometry a region; polygons that cross themselves are repaired (their area is what they enclose)."""
    import shapely

    rings = [_corners(region) if "width" in region else region["points"] for region in regions]
    found = np.empty(len(rings), object)
    found[:] = [shapely.Polygon(ring) for ring in rings]
    broken = ~shapely.is_valid(found)
    found[broken] = shapely.make_valid(found[broken])
    return found


def bounds(geometries: NDArray[np.object_]) -> FloatArray:
    """Left, top, right, bottom of each: (n, 4)."""
    import shapely

    return np.asarray(shapely.bounds(geometries), np.float64).reshape(-1, 4)


def areas(geometries: NDArray[np.object_]) -> FloatArray:
    """Area of each, in square percent."""
    import shapely

    return np.asarray(shapely.area(geometries), np.float64)


def shared(left: NDArray[np.object_], right: NDArray[np.object_]) -> FloatArray:
    """Area that each pair has in common."""
    import shapely

    return np.asarray(shapely.area(shapely.intersection(left, right)), np.float64)


def same(left: NDArray[np.object_], right: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Whether each pair is the same set of points."""
    import shapely

    return np.asarray(shapely.equals(left, right), bool)


def boxed(extent: FloatArray) -> NDArray[np.object_]:
    """Upright boxes (n, 4) as geometries."""
    import shapely

    return np.asarray(shapely.box(*extent.T), object)


def _corners(box: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Corners of a box that Label Studio turned clockwise round its top left corner, in percent.

    The turn is one of pixels: `aspect` (width over height of the image, 1 if unknown) brings percent to scale.
    """
    aspect = box.get("aspect") or 1.0
    angle = np.deg2rad(box.get("rotation", 0.0))
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    corners = []
    for across, down in ((0, 0), (1, 0), (1, 1), (0, 1)):
        x, y = across * box["width"] * aspect, down * box["height"]
        corners.append((box["x"] + (x * cos - y * sin) / aspect, box["y"] + x * sin + y * cos))
    return corners
