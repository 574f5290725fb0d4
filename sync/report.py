"""What `cueloop quality` tells: annotators, agreement and consensus of one control, as plain records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sync.agreement import Agreement
from sync.outcome import AnnotatorQuality, Outcome
from sync.scorecard.card import LEAST
from sync.told import rounded


def annotators(found: Outcome, cards: Mapping[Any, dict[str, Any]] | None = None, *,
               least: int = LEAST) -> list[dict[str, Any]]:
    """One record for each annotator, most answers first: answers, accuracy with interval, accuracy per label, card.

    Figures are None for an annotator with fewer than `least` answers.
    """
    cards = cards or {}
    records = [_annotator(one, cards.get(one.annotator), least) for one in found.annotators]
    return sorted(records, key=lambda record: (-record["answers"], str(record["annotator"])))


def _annotator(one: AnnotatorQuality, card: dict[str, Any] | None, least: int) -> dict[str, Any]:
    shown = one.answers >= least
    record: dict[str, Any] = {
        "annotator": one.annotator, "answers": one.answers,
        "accuracy": rounded(one.accuracy) if shown else None, "low": rounded(one.low) if shown else None,
        "high": rounded(one.high) if shown else None,
        "median_lead_time": rounded(one.median_lead_time, 1) if shown else None,
        "by_label": {label: rounded(one.confusion[at][at]) if shown else None
                     for at, label in enumerate(one.labels[:len(one.confusion)])}}
    if not shown:
        record["reason"] = f"fewer than {least} answers"
    else:
        details = {name: value for name, value in one.details.items() if name != "card"}
        record |= {"details": details} if details else {}
        record |= {"card": card} if card is not None else {}
    return record


def consensus(found: Outcome) -> list[dict[str, Any]]:
    """One record for each task, in the order in which they first appeared."""
    records = []
    for row in found.consensus:
        record = {"task": row.task, "label": row.label, "probability": row.probability, "answers": row.answers,
                  "effective": rounded(row.effective, 2), "wrong": rounded(row.wrong)}
        records.append(record if row.value is None else {**record, "value": row.value})
    return records


def agreement(found: Agreement) -> dict[str, Any]:
    """Krippendorff's alpha with its interval, the headline; None with a `reason` when the data cannot carry it."""
    return {"metric": "krippendorff_alpha", "level": "nominal",
            "value": rounded(found.value), "low": rounded(found.low), "high": rounded(found.high),
            "tasks": found.tasks, "answers": found.answers, "reason": found.reason}


def summary(found: Outcome, answers: int) -> dict[str, Any]:
    """How the consensus looks: size, shares of the labels, how sure it is, likely mistakes, and warnings."""
    rows = found.consensus
    won = Counter(row.label for row in rows)
    names = found.run.labels if found.run is not None else found.control.labels
    shares = {label: rounded(won[label] / len(rows)) if rows else None for label in names}
    sure = [row.probability for row in rows]
    wrong = [row.wrong for row in rows if row.wrong is not None]
    return {"tasks": len(rows), "answers": answers, "labels": shares if found.run is not None else {},
            "mean_probability": rounded(sum(sure) / len(sure)) if sure else None,
            "expected_wrong": rounded(sum(wrong), 1) if wrong else None, "warnings": list(found.warnings)}
