"""Regions of a prediction: checked against their control, kept as rules read them and as Label Studio stores them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cueloop.types import Control
from ml_backend.elsewhere.wrong import Wrong
from sync.regions import read as read_regions
from sync.regions import text

SHORT = 200
"""Characters of the short text that stands for all regions."""


def read(control: Control, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Regions of the items of one control: canonical (`sync.regions.read`), each with the `item` it comes from.

    An item over several paragraphs, or with several labels, is several regions with the same item. Raises Wrong for
    an item whose label the control does not have, or that has no place.
    """
    found: list[dict[str, Any]] = []
    for number, item in enumerate(items, 1):
        where = f"`result`, item {number} of {control.name}"
        value = item.get("value")
        key = control.type.lower()
        given = (value.get(key) or value.get("labels")) if isinstance(value, dict) else None
        if not isinstance(given, list) or not given:
            raise Wrong(f"{where}: `value` has no list `{key}` that names its label")
        strange = [label for label in given if label not in control.labels]
        if strange:
            raise Wrong(f"{where}: {strange[0]!r} is no label of {control.name}; it has: {', '.join(control.labels)}")
        for name, expected in (("type", control.type.lower()), ("to_name", control.to_name)):
            if item.get(name, expected) != expected:
                raise Wrong(f"{where}: `{name}` is {str(item[name])[:60]!r}, the control's is {expected!r}")
        regions = read_regions(control, [item])
        if not regions:
            raise Wrong(f"{where}: its place cannot be read; {control.kind} need {_needs(control)}")
        kept = {"type": control.type.lower(), "to_name": control.to_name, **item}
        found += [{**region, "item": kept} for region in regions]
    return found


def items(regions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The items that Label Studio is given: each once, with the score of its least sure region."""
    given: dict[str, dict[str, Any]] = {}
    for region in regions:
        name = repr(region["item"])
        item = given.setdefault(name, {**region["item"], "score": region["score"]})
        item["score"] = min(item["score"], region["score"])
    return list(given.values())


def short(control: Control, regions: Sequence[Mapping[str, Any]]) -> str:
    """Where they are and what they are called, in one line."""
    return text(control.kind, list(regions))[:SHORT]


def _needs(control: Control) -> str:
    if control.kind == "boxes":
        return "numbers x, y, width and height in percent"
    if control.kind == "polygons":
        return "three points or more, [x, y] in percent"
    return "a start that is not after its end"
