"""Writes one-value answers as Label Studio stores them: the inverse of `sync.values.reading`."""

from __future__ import annotations

from typing import Any

from cueloop.types import Control
from sync.values.showing import plain


def to_result(control: Control, value: Any) -> list[dict[str, Any]]:
    """Items of an annotation's result that say `value`, as `sync.kinds` lists it or as a consensus holds it.

    Of a rating or number the interval is left out. A place among the labels of ordered choices is written as the
    choice. No items for several choices of which none was made, and for what has no winner: a distribution.
    Raises ValueError for a place that is none of the labels.
    """
    told = plain(control.kind, value)
    kind = control.type.lower()
    if control.kind == "distribution" or told is None or told == []:
        return []
    if control.kind == "rating" and control.type == "Choices":
        return _item(control, "choices", [_level(control, told)])
    return _item(control, "text" if kind == "textarea" else kind, _whole(told))


def _item(control: Control, key: str, said: Any) -> list[dict[str, Any]]:
    return [{"id": control.name, "from_name": control.name, "to_name": control.to_name,
             "type": control.type.lower(), "value": {key: said}}]


def _level(control: Control, place: float) -> str:
    if not 1 <= place <= len(control.labels) or place != int(place):
        raise ValueError(f"control {control.name!r} has {len(control.labels)} labels, none at place {place!r}")
    return control.labels[int(place) - 1]


def _whole(value: Any) -> Any:
    """Whole numbers without a decimal point: Label Studio's stars are counted."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
