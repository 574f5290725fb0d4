"""What a reviewer changed in somebody's answer, in words that hold no content of the task: ids and labels. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PLACES = ("start", "end", "channel", "x", "y", "width", "height", "rotation", "points", "radiusX", "radiusY",
          "startOffset", "endOffset", "globalOffsets", "ranges", "rle", "brushlabels_rle", "sequence", "item_index")
"""Parts of a value that say where a region lies."""

CONTENT = ("text", "textarea", "html")
"""Parts of a value that may quote the task, or are somebody's own words: never shown."""

Item = Mapping[str, Any]


def changes(before: Sequence[Item], after: Sequence[Item]) -> list[str]:
    """One phrase for each region or choice that differs between two results of Label Studio; [] where nothing does."""
    known = {str(item.get("id")) for item in before} & {str(item.get("id")) for item in after}
    old, new = _keyed(before, known), _keyed(after, known)
    said = []
    for key in [*old, *(key for key in new if key not in old)]:
        phrase = _change(old.get(key), new.get(key))
        if phrase:
            said.append(phrase)
    return said


def _keyed(result: Sequence[Item], known: set[str]) -> dict[tuple[str, ...], Item]:
    """Items by what makes them the same in both results: an id that both have, else the place, else the control."""
    found: dict[tuple[str, ...], Item] = {}
    for item in result:
        if "value" not in item:
            continue
        control, number = str(item.get("from_name", "")), str(item.get("id"))
        place = _place(item)
        key = (control, "id", number) if number in known else (control, "at", str(place)) if place else (control,)
        found[key] = item
    return found


def _change(old: Item | None, new: Item | None) -> str:
    if old is not None and new is not None:
        moved, names = _place(old) != _place(new), (_labels(old), _labels(new))
        if names[0] != names[1]:
            became = f"{names[0] or 'nothing'} became {names[1] or 'nothing'}"
            return f"{_what(old)}: {became}{', and it was moved' if moved else ''}"
        if moved:
            return f"{_what(old)} ({names[0] or 'no label'}) was moved"
        return f"{_what(old)} was changed" if old["value"] != new["value"] else ""
    if new is None:
        return f"{_what(old or {})} ({_labels(old or {}) or 'no label'}) was removed"
    return f"{_what(new)} ({_labels(new) or 'no label'}) was added"


def _what(item: Item) -> str:
    control = f"`{item.get('from_name', '')}`"
    return f"region {item.get('id')} of {control}" if _place(item) else control


def _place(item: Item) -> dict[str, Any]:
    return {name: value for name, value in item.get("value", {}).items() if name in PLACES}


def _labels(item: Item) -> str:
    """Labels, choices, ratings and numbers; never a text."""
    said = []
    for name, value in item.get("value", {}).items():
        if name in PLACES or name in CONTENT or item.get("type") == "textarea":
            continue
        if isinstance(value, list):
            said += [" > ".join(map(str, one)) if isinstance(one, list) else str(one) for one in value]
        elif isinstance(value, int | float) and not isinstance(value, bool) and name in ("rating", "number"):
            said.append(f"{value:g}")
    return ", ".join(said)
