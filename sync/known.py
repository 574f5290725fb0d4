"""Annotators' quality between store and arrays: rows to write, and what an earlier full run knew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.store import performance as performance_store
from sync.outcome import AnnotatorQuality, Outcome


def rows(found: Outcome, skips: Mapping[int, int], cards: Mapping[Any, dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `performance`: everybody who answered, with their scorecard, and those who only skipped."""
    answered = [_row(one, skips.get(int(str(one.annotator)), 0), cards.get(one.annotator))
                for one in found.annotators]
    known = {one.annotator for one in found.annotators}
    return answered + [_skipper(found, annotator, count) for annotator, count in sorted(skips.items())
                       if annotator not in known]


def _row(one: AnnotatorQuality, skips: int, card: dict[str, Any] | None) -> dict[str, Any]:
    details = {**one.details, **({"card": card} if card is not None else {})}
    return {"annotator_id": one.annotator, "answers": one.answers, "skips": skips, "accuracy": one.accuracy,
            "low": one.low, "high": one.high, "labels": list(one.labels), "confusion": one.confusion,
            "counts": one.counts, "median_lead_time": one.median_lead_time, "details": details or None}


def _skipper(found: Outcome, annotator: int, skips: int) -> dict[str, Any]:
    """Somebody who gave no answer: nothing is known of them but what the crowd is like."""
    run = found.run
    total = float(run.counts.sum()) if run is not None else 0.0
    mean = float(np.trace(run.counts, axis1=1, axis2=2).sum()) / total if run is not None and total > 0 else 0.5
    confusion = [] if run is None else run.pooled.round(6).tolist()
    counts = [] if run is None else np.zeros_like(run.pooled).tolist()
    return {"annotator_id": annotator, "answers": 0, "skips": skips, "accuracy": mean, "low": 0.0, "high": 1.0,
            "labels": [] if run is None else list(run.labels), "confusion": confusion, "counts": counts,
            "median_lead_time": None, "details": None}


def of_control(conn: sa.Connection, project_id: int, control: str) -> dict[int, AnnotatorQuality]:
    """Everybody's quality as the last full run saw it: for judging a few tasks at once."""
    return {row.annotator_id: AnnotatorQuality(
        row.annotator_id, row.answers, row.accuracy, row.low, row.high, row.median_lead_time, tuple(row.labels),
        _matrix(row.confusion), _matrix(row.counts), row.details or {})
        for row in conn.execute(performance_store.of_project(project_id, control)) if row.answers}


def _matrix(rows: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, rows))
