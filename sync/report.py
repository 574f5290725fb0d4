"""What `cueloop quality` tells: annotators, agreement and consensus of one control, as plain records."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from sync.assess import Assessment
from sync.results import consensus_rows


def annotators(result: Assessment) -> list[dict[str, Any]]:
    """One record for each annotator, most answers first: answers, accuracy with interval, accuracy per label."""
    seen, judged = result.observations, result.performance
    counts = np.bincount(seen.annotator, minlength=len(seen.annotators))
    records = []
    for at, name in enumerate(seen.annotators):
        seconds = float(result.seconds[at])
        records.append({
            "annotator": name, "answers": int(counts[at]),
            "accuracy": round(float(judged.accuracy[at]), 4), "low": round(float(judged.low[at]), 4),
            "high": round(float(judged.high[at]), 4),
            "median_lead_time": None if math.isnan(seconds) else round(seconds, 1),
            "by_label": {label: round(float(result.fit.confusion[at, k, k]), 4)
                         for k, label in enumerate(seen.labels)}})
    return sorted(records, key=lambda record: (-record["answers"], str(record["annotator"])))


def consensus(result: Assessment) -> list[dict[str, Any]]:
    """One record for each task, in the order in which they first appeared."""
    return [{"task": row.task, "label": row.label, "probability": row.probability, "answers": row.answers}
            for row in consensus_rows(result, "")]


def agreement(result: Assessment) -> dict[str, Any]:
    """Krippendorff's alpha with its interval; None with a `reason` when the data cannot carry it."""
    found = result.agreement
    return {"metric": "krippendorff_alpha", "level": "nominal",
            "value": _rounded(found.value), "low": _rounded(found.low), "high": _rounded(found.high),
            "tasks": found.tasks, "answers": found.answers, "reason": found.reason}


def summary(result: Assessment) -> dict[str, Any]:
    """How the consensus looks: size, shares of the labels, how sure it is, and warnings."""
    rows = consensus_rows(result, "")
    won = Counter(row.label for row in rows)
    shares = {label: round(won[label] / len(rows), 4) if rows else None for label in result.observations.labels}
    sure = [row.probability for row in rows]
    return {"tasks": len(rows), "answers": len(result.observations.task),
            "labels": shares, "mean_probability": round(sum(sure) / len(sure), 4) if sure else None,
            "warnings": list(result.warnings)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
