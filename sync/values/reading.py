"""Reads one-value answers from an annotation's result, as Label Studio stores them.

Label Studio checks neither numbers nor labels when an annotation is posted: what cannot be an answer of the control
(a word for a number, a label that is none of a fixed list, an answer to a region) is no answer, never an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cueloop.types import Control

LARGEST = 1e50
"""No answer is larger in size: beyond, squares and their sums are no numbers any more."""


def read(control: Control, result: Sequence[Mapping[str, Any]]) -> Any:
    """The canonical value (`sync.kinds`) of an annotation's answer to a control; None when it says nothing.

    Several choices without any chosen are an answer, []. Where one control occurs more than once, sets and texts are
    joined and the first number counts. Raises ValueError for a control of a kind that is not read here.
    """
    values = list(_values(control, result))
    if control.kind == "multi":
        return sorted({label for value in values for label in _labels(control, value)})
    if control.kind in ("rating", "number"):
        return next((found for value in values if (found := _number(control, value)) is not None), None)
    if control.kind == "taxonomy":
        return canonical_paths(path for value in values for path in _listed(value.get("taxonomy"))) or None
    if control.kind == "text":
        texts = [text for value in values for text in _texts(value.get("text"))]
        return texts or None
    raise ValueError(f"control {control.name!r} of kind {control.kind!r} has no value for a whole task")


def canonical_paths(paths: Any) -> list[list[str]]:
    """Sorted, distinct paths; a path that another one continues is implied by it and left out."""
    found = {tuple(map(str, path)) for path in paths
             if isinstance(path, (list, tuple)) and path and all(isinstance(step, (str, int, float)) for step in path)}
    implied = {path[:depth] for path in found for depth in range(1, len(path))}
    return [list(path) for path in sorted(found - implied)]


def _values(control: Control, result: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for item in result:
        value = item.get("value") if isinstance(item, Mapping) else None
        if isinstance(value, Mapping) and item.get("from_name") == control.name:
            yield value


def _labels(control: Control, value: Mapping[str, Any]) -> Iterator[str]:
    """Chosen labels; of nested choices the last step. Labels that come with the task are in no config: all count."""
    chosen = value.get("choices")
    for one in chosen if isinstance(chosen, (list, tuple)) else [chosen]:
        label = one[-1] if isinstance(one, (list, tuple)) and one else one
        if isinstance(label, str) and (not control.labels or label in control.labels):
            yield label


def _number(control: Control, value: Mapping[str, Any]) -> float | int | None:
    """A number of a size that can be; of a rated choice its place among the control's labels, from 1."""
    if control.type == "Choices":
        chosen = list(_labels(control, value))
        return control.labels.index(chosen[0]) + 1 if len(chosen) == 1 and control.labels else None
    given = value.get(control.type.lower())
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return None
    try:
        number = float(given)
    except (ValueError, OverflowError):
        return None
    if not abs(number) <= LARGEST or (control.kind == "rating" and number <= 0):
        return None  # Label Studio writes 0 for a rating that was taken back
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _listed(given: Any) -> Sequence[Any]:
    return given if isinstance(given, (list, tuple)) else ()


def _texts(given: Any) -> list[str]:
    """A text area holds one text or a list; empty ones say nothing."""
    texts = [given] if isinstance(given, str) else given if isinstance(given, (list, tuple)) else []
    return [text for text in texts if isinstance(text, str) and text.strip()]
