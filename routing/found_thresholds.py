"""Thresholds that were found from blind answers and are safe now, for `found(...)` in conditions."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa


def column(label: str, error: float, confidence: float) -> str:
    """Name of the column of `found(label, error=..., confidence=...)`; an empty label means all labels together."""
    return f"found({label},{error:g},{confidence:g})"


def safe(conn: sa.Connection, project_id: int) -> Mapping[str, float]:
    """{column: the score above which the error is below the target}; a threshold that is not safe is absent."""
    return {}
