"""Thresholds that were found from blind answers and are safe now, for `found(...)` in conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from routing.language.rules import Rules

CONFIDENCE = 0.95
"""Of a threshold, where none is named."""


def column(label: str, error: float, confidence: float) -> str:
    """Name of the column of `found(label, error=..., confidence=...)`; an empty label means all labels together."""
    return f"found({label},{error:g},{confidence:g})"


def parts(name: str) -> tuple[str, float, float] | None:
    """(label, error, confidence) of such a column; None for the name of another."""
    if not name.startswith("found(") or not name.endswith(")"):
        return None
    label, error, confidence = name[len("found("):-1].rsplit(",", 2)
    return label, float(error), float(confidence)


def written(name: str) -> str:
    """Such a column as a rule spells it."""
    label, error, confidence = parts(name) or ("", 0.0, 0.0)
    words = [f'"{label}"'] if label else []
    words.append(f"error={100 * error:g}%")
    words += [f"confidence={100 * confidence:g}%"] if confidence != CONFIDENCE else []
    return f"found({', '.join(words)})"


def safe(conn: sa.Connection, project_id: int, tried: Rules | None = None) -> Mapping[str, float]:
    """{column: the score above which the error is below the target}; a threshold that is not safe is absent.

    Where a rule speaks of several controls, each must have one, and the strictest counts. With `tried`, rules that are
    not in force, what they name is searched now; nothing is written.
    """
    from cueloop.store.columns import now
    from routing.thresholds import keep

    found = keep.kept(conn, project_id) if tried is None else keep.assess(conn, project_id, tried, now=now())
    scores: dict[str, list[float | None]] = {}
    for control in (found or {"controls": {}})["controls"].values():
        for name, standing in control["found"].items():
            scores.setdefault(name, []).append(standing["score"])
    return {name: max(score for score in said if score is not None)
            for name, said in scores.items() if None not in said}
