"""Writes regions as Label Studio stores them: the inverse of `sync.regions.read`.

Canonical regions hold less than Label Studio keeps. So results of the task's annotations may be given as `known`:

* A region that one of them marks exactly alike is written as it stands there, with its id: what hangs on the
  region (relations, answers per region) still finds it, and an element of HyperText keeps its path.
* Images, recordings and videos keep the size that any of them names; without, it is left out, and with it the
  `aspect` of a turned box.
* Times of a series that are dates are dates again, written like one of them; without, they stay POSIX seconds.

The text of a span is cut from the task's `data` where that has it: not of HyperText, whose markup the offsets do not
count, and not behind characters that browsers count as two. Else it is left out, and Label Studio shows it by its
offsets. What the consensus adds (`probability`, `votes`, `of`) is no part of a result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cueloop.types import Control
from sync.regions.read import in_order, read

SIZES = ("original_width", "original_height", "original_length", "image_rotation")
"""What Label Studio notes beside a region about the image or recording as a whole."""

EDGES = ("x", "y", "width", "height", "rotation")

Region = dict[str, Any]
Item = Mapping[str, Any]


def to_result(control: Control, value: Sequence[Region], *, known: Sequence[Item] = (),
              data: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Items of an annotation's result, one for each region; reading them gives the regions again."""
    mine = [item for item in known if isinstance(item, Mapping) and item.get("from_name") == control.name]
    alike = [(item, found[0]) for item in reversed(mine) if len(found := read(control, [item]) or []) == 1]
    shown = (data or {}).get(control.value or "")
    taken = {str(item.get("id")) for item in known if isinstance(item, Mapping)}
    items: list[dict[str, Any]] = []
    used: set[str] = set()
    for region in in_order(value):
        as_it_stands = next((item for item, place in alike if _same(place, region)
                             and str(item.get("id")) not in used), None)
        items.append(dict(as_it_stands) if as_it_stands is not None
                     else _item(control, region, mine, shown) | {"id": _new(control.name, taken)})
        used.add(str(items[-1].get("id")))
        taken |= used
    return items


def _same(place: Region, region: Region) -> bool:
    return all(region.get(key) == found for key, found in place.items() if key != "aspect")


def _new(name: str, taken: set[str]) -> str:
    """An id that no region of the task has."""
    return next(found for number in range(1, len(taken) + 2) if (found := f"{name}-{number}") not in taken)


def _item(control: Control, region: Region, known: Sequence[Item], shown: Any) -> dict[str, Any]:
    item: dict[str, Any] = {"from_name": control.name, "to_name": control.to_name, "type": control.type.lower()}
    unit = region.get("unit", 0)
    on_image = control.kind in ("boxes", "polygons")
    if on_image and unit:
        item["item_index"] = unit
    for other in known:
        if not on_image or (other.get("item_index") or 0) == unit:
            item |= {key: other[key] for key in SIZES if other.get(key) is not None}
    value = _place(control, region, known, shown)
    return item | {"value": value | {control.type.lower(): [region["label"]]}}


def _place(control: Control, region: Region, known: Sequence[Item], shown: Any) -> dict[str, Any]:
    if control.kind == "boxes":
        return {key: region.get(key, 0) for key in EDGES}
    if control.kind == "polygons":
        return {"points": region["points"], "closed": True}
    start, end, unit = region["start"], region["end"], region.get("unit", 0)
    if control.kind == "segments":
        return _segment(control, start, end, unit, known)
    return _span(control, start, end, unit, shown)


def _span(control: Control, start: int, end: int, unit: Any, shown: Any) -> dict[str, Any]:
    if control.shows == "Paragraphs":
        return {"start": str(unit), "end": str(unit), "startOffset": start, "endOffset": end,
                **_text(_line(shown, unit), start, end)}
    if control.shows == "HyperText":
        if isinstance(unit, str):
            return {"start": unit, "end": unit, "startOffset": start, "endOffset": end}
        return {"globalOffsets": {"start": start, "end": end}}
    return {"start": start, "end": end, **_text(shown, start, end)}


def _segment(control: Control, start: float, end: float, unit: int, known: Sequence[Item]) -> dict[str, Any]:
    if control.shows == "Video":
        return {"ranges": [{"start": start, "end": end}]}
    if control.shows == "TimeSeries":
        date = next(_dates(known), None)
        if date is not None:
            return {"start": _written(start, date), "end": _written(end, date), "instant": start == end}
        return {"start": start, "end": end, "instant": start == end}
    return {"start": start, "end": end, "channel": unit}


def _dates(known: Sequence[Item]) -> Iterator[str]:
    """Times of these items that are dates and no numbers."""
    for item in known:
        value = item.get("value")
        given = value.get("start") if isinstance(value, Mapping) else None
        if isinstance(given, str) and read_date(given) is not None:
            yield given


def read_date(text: str) -> datetime | None:
    """A date as Label Studio writes it; None for a number or anything else."""
    try:
        float(text)
    except ValueError:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    return None


def _written(seconds: float, like: str) -> str | float:
    """POSIX seconds as a date of the form of `like`; its zone is kept, and its absence. A date before the year 1, or
    after 9999, stays a number."""
    example = read_date(like)
    zone = example.tzinfo if example is not None else None
    try:
        at = datetime.fromtimestamp(seconds, zone or UTC)
    except (ValueError, OverflowError, OSError):
        return seconds
    if len(like) <= len("2020-01-31") and at.time() == datetime.min.time():
        return at.date().isoformat()
    return (at if zone else at.replace(tzinfo=None)).isoformat(sep="T" if "T" in like else " ")


def _line(shown: Any, unit: Any) -> Any:
    """The text of one paragraph of a dialogue, where it stands under Label Studio's own name for it."""
    line = shown[unit] if isinstance(shown, list) and isinstance(unit, int) and 0 <= unit < len(shown) else None
    return line.get("text") if isinstance(line, Mapping) else None


def _text(shown: Any, start: Any, end: Any) -> dict[str, str]:
    """{"text": what the span says}; empty where that is not known for certain."""
    if not isinstance(shown, str) or not isinstance(start, int) or not isinstance(end, int):
        return {}
    if not 0 <= start <= end <= len(shown) or shown.startswith(("http://", "https://", "/data/")):
        return {}
    return {} if any(ord(letter) > 0xFFFF for letter in shown[:end]) else {"text": shown[start:end]}
