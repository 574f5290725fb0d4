"""Reads the regions of one control from a Label Studio result, in the canonical form of `sync.kinds`.

What was decided where Label Studio leaves it open:

* A region with several labels is several regions of the same extent, one a label.
* A broken item (no label, no numbers, an end before its start) is left out. Where every item of the control is
  broken the answer is unknown (None) and not "nothing there".
* HyperText counts characters by `globalOffsets`. Without them a region inside one element is kept, with the
  element's path as its unit; one across elements cannot be placed and is left out.
* A span over several paragraphs of a dialogue becomes one region a paragraph (`sync.regions.paragraphs`).
* Frames of a video keep Label Studio's numbers: the last frame belongs to the segment. Times of a series that
  are dates become POSIX seconds (UTC where no zone is given).
* A rotated box keeps `aspect`, width over height of its image: percent of two unequal sides cannot be turned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from cueloop.types import Control
from sync.regions import paragraphs

_CORNERS = ("start", "end", "x", "y", "width", "height", "rotation")

FARTHEST = 1e15
"""No place lies farther out, be it in milliseconds since 1970."""

Region = dict[str, Any]
Item = Mapping[str, Any]
RegionT = TypeVar("RegionT", bound=Mapping[str, Any])
"""A region, whether it may be changed or not."""


def read(control: Control, result: Sequence[Item]) -> list[Region] | None:
    """Regions that an annotation marks for `control`, in order of place; [] when it marks none.

    None when there are items of this control and none of them can be understood.
    """
    reader = _reader(control)
    found: list[Region] = []
    mine = [item for item in result if isinstance(item, Mapping) and item.get("from_name") == control.name]
    for item in mine:
        value = item.get("value")
        if isinstance(value, Mapping):
            labels = _labels(control, value)
            found += [{**place, "label": label} for place in reader(item, value) for label in labels]
    unique = {tuple(sorted((k, str(v)) for k, v in region.items())): region for region in found}
    return in_order(list(unique.values())) if found or not mine else None


def in_order(regions: Sequence[RegionT]) -> list[RegionT]:
    """Regions sorted by where they lie."""
    return sorted(regions, key=_place)


def _reader(control: Control) -> Callable[[Item, Item], list[Region]]:
    if control.kind == "boxes":
        return _box
    if control.kind == "polygons":
        return _polygon
    if control.kind == "segments":
        return _frames if control.shows == "Video" else _segment
    return {"Paragraphs": _dialogue, "HyperText": _hypertext}.get(control.shows or "", _span)


def _labels(control: Control, value: Item) -> list[str]:
    """Labels of a region: under the tag's name in lower case, or plainly under `labels`."""
    given = value.get(control.type.lower()) or value.get("labels") or []
    return list(dict.fromkeys(str(one) for one in given)) if isinstance(given, list) else []


def _span(_item: Item, value: Item) -> list[Region]:
    return _interval(_whole(value.get("start")), _whole(value.get("end")), 0)


def _hypertext(item: Item, value: Item) -> list[Region]:
    offsets = value.get("globalOffsets")
    if isinstance(offsets, Mapping):
        return _span(item, offsets)
    if "startOffset" not in value:
        return _span(item, value)
    if value.get("start") != value.get("end"):
        return []
    return _interval(_whole(value.get("startOffset")), _whole(value.get("endOffset")), str(value.get("start")))


def _dialogue(_item: Item, value: Item) -> list[Region]:
    first, last = _whole(value.get("start")), _whole(value.get("end"))
    start, end = _whole(value.get("startOffset")), _whole(value.get("endOffset"))
    if first is None or last is None or start is None or end is None:
        return []
    pieces = paragraphs.pieces(first, last, start, end, value.get("text"))
    return [one for piece in pieces for one in _interval(piece.start, piece.end, piece.paragraph)]


def _segment(_item: Item, value: Item) -> list[Region]:
    return _interval(_moment(value.get("start")), _moment(value.get("end")), _whole(value.get("channel")) or 0)


def _frames(_item: Item, value: Item) -> list[Region]:
    ranges = value.get("ranges")
    parts = ranges if isinstance(ranges, list) else [value]
    return [one for part in parts if isinstance(part, Mapping)
            for one in _interval(_number(part.get("start")), _number(part.get("end")), 0)]


def _box(item: Item, value: Item) -> list[Region]:
    sides = [_number(value.get(name)) for name in ("x", "y", "width", "height")]
    if any(side is None for side in sides) or sides[2] < 0 or sides[3] < 0:  # type: ignore[operator]
        return []
    turned = _number(value.get("rotation")) or 0.0
    box: Region = dict(zip(("x", "y", "width", "height"), sides, strict=True))
    box |= {"rotation": turned % 360, "unit": _image(item, value)}
    wide, high = _number(item.get("original_width")), _number(item.get("original_height"))
    return [box | {"aspect": wide / high} if turned % 360 and wide and high else box]


def _polygon(item: Item, value: Item) -> list[Region]:
    points = value.get("points")
    if not isinstance(points, list) or len(points) < 3:
        return []
    read_points = [[_number(x) for x in point] for point in points if isinstance(point, (list, tuple))]
    if len(read_points) < len(points) or any(len(p) != 2 or None in p for p in read_points):
        return []
    return [{"points": read_points, "unit": _image(item, value)}]


def _image(item: Item, value: Item) -> int:
    """Which of several images a region is on."""
    return _whole(item.get("item_index", value.get("item_index"))) or 0


def _interval(start: float | None, end: float | None, unit: int | str) -> list[Region]:
    if start is None or end is None or end < start:
        return []
    return [{"start": start, "end": end, "unit": unit}]


def _number(given: Any) -> float | None:
    """A number that can be a place, from a number or its text; whole ones as int, as Label Studio has them."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return None
    try:
        number = float(given)
    except (ValueError, OverflowError):
        return None
    if not abs(number) <= FARTHEST:
        return None
    return int(number) if number.is_integer() else number


def _whole(given: Any) -> int | None:
    number = _number(given)
    return int(number) if number is not None and number == int(number) else None


def _moment(given: Any) -> float | None:
    """A time: a number, or a date as POSIX seconds."""
    number = _number(given)
    if number is not None or not isinstance(given, str):
        return number
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _place(region: Item) -> tuple[Any, ...]:
    unit = region.get("unit", 0)
    where = region["points"] if "points" in region else [region[key] for key in _CORNERS if key in region]
    return isinstance(unit, str), unit, where, region["label"]
