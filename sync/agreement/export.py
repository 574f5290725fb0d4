"""Agreement as flat rows, for CSV files: one table for pairs of annotators, one for everything else."""

from __future__ import annotations

from typing import Any

_FIGURES = ("value", "low", "high", "tasks", "reason")


def pair_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for each two annotators of an agreement report."""
    return [{"annotator": record["annotators"][0], "other": record["annotators"][1],
             "metric": record.get("metric", report["metric"]), "percent": record.get("percent"),
             **{name: record[name] for name in _FIGURES}} for record in report["by_pair"]]


def figure_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for each coefficient, label, guideline version and period of an agreement report."""
    metric = report["metric"]
    rows = [_row("all", "", record["metric"], record) for record in report["coefficients"]]
    rows += [_row("label", record["label"], metric, record) for record in report["by_label"]]
    rows += [_row("guideline", record["guideline"], metric, record) for record in report["by_guideline"]]
    rows += [_row("from", record["from"], metric, record) for record in report["over_time"]]
    if report.get("blind"):
        rows.append(_row("blind", "", metric, report["blind"]))
    return rows


def _row(cut: str, of: Any, metric: str, record: dict[str, Any]) -> dict[str, Any]:
    return {"cut": cut, "of": "unknown" if of is None else of, "metric": metric,
            **{name: record[name] for name in _FIGURES}}
