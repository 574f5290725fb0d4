"""What the answers to one control of a task say together: agreement, the labels they name, how wide their interval is.

Pure. Values are as `sync.kinds` lists them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cueloop.types import Control

REGIONS = ("spans", "segments", "boxes", "polygons")
"""Kinds whose answers are regions."""

OWN_WORDS = ("rating", "number", "text")
"""Kinds whose answers name no label."""


def agreement(control: Control, rows: Mapping[int, Sequence[Any]]) -> dict[int, float | None]:
    """{task: agreement of its independent answers}; None below two. `rows` are rows of `answers`.

    Of regions the mean F1 of pairs (IoU 0.5, equal labels), of anything else the share of pairs that say the same.
    """
    if control.kind in REGIONS:
        return _of_regions(control, rows)
    return {task: same_pairs([_said(row) for row in said if not row.review]) for task, said in rows.items()}


def same_pairs(said: Sequence[object]) -> float | None:
    """Share of pairs that say the same; None below two."""
    size = len(said)
    if size < 2:
        return None
    return sum(n * (n - 1) for n in Counter(said).values()) / (size * (size - 1))


def named(control: Control, said: Sequence[Any]) -> frozenset[str]:
    """All labels that these rows of `answers` name."""
    if control.kind in OWN_WORDS:
        return frozenset()
    found: set[str] = set()
    for row in said:
        if row.value is None:
            found.add(row.label)
        elif isinstance(row.value, list):
            found |= set(_labels(row.value))
    return frozenset(found)


def interval_width(value: Any) -> float | None:
    """Of a structured consensus: width of the 95 % interval of the value, or of the largest share of a distribution."""
    if not isinstance(value, Mapping):
        return None
    shares = value.get("distribution")
    if isinstance(shares, Mapping):
        value = max(shares.values(), key=lambda one: float(one["share"]), default=None)
        if value is None:
            return None
    low, high = value.get("low"), value.get("high")
    if not _number(low) or not _number(high):
        return None
    return float(high) - float(low)


def _of_regions(control: Control, rows: Mapping[int, Sequence[Any]]) -> dict[int, float | None]:
    several = [row for said in rows.values() if len(said) > 1 for row in said]
    if not several:
        return dict.fromkeys(rows)
    from sync.observations import observe
    from sync.regions import task_agreement

    seen = observe([row.task for row in several], [row.annotator_id for row in several],
                   [row.label for row in several], truth=[row.ground_truth for row in several],
                   review=[row.review for row in several], value=[row.value for row in several])
    return dict.fromkeys(rows) | {int(str(task)): value for task, value in task_agreement(control, seen).items()}


def _said(row: Any) -> object:
    """Something that is equal for equal answers."""
    return row.label if row.value is None else repr(row.value)


def _labels(value: list[Any]) -> list[str]:
    """Labels of regions, of several choices, of paths."""
    found = []
    for one in value:
        if isinstance(one, Mapping):
            found.append(str(one.get("label", "")))
        else:
            found += [str(part) for part in one] if isinstance(one, list) else [str(one)]
    return found


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
