"""What the machine decides and how often it is wrong: shares over time, blind audits, suggestions taken; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from sync.flow.clock import day_of
from sync.flow.day import Work
from sync.flow.throughput import works
from sync.performance import beta_interval

FEWEST_AUDITS = 20
"""Blind audits below which no error is told of the machine's labels."""
WEEKS = 60
"""Weeks of history that a report carries."""


@dataclass(frozen=True, slots=True)
class Audit:
    """One task that the machine would have accepted and people decided blind. `at` is when it was held out."""

    at: float
    right: bool


def automation(ledger: Mapping[str, Mapping[str, Any]], counts: Mapping[str, int], audits: Sequence[Audit],
               since: str, routed: bool) -> dict[str, Any]:
    """Share of finished tasks that the machine decided, now and week by week; its audited error; suggestions taken."""
    done, accepted = counts.get("done", 0), counts.get("accepted", 0)
    weeks = _weeks(ledger, audits)[-WEEKS:] if routed else []
    made = sum(works(ledger, since).values(), Work())
    return {"by_people": done if routed else None, "by_machine": accepted if routed else None,
            "share": round(accepted / (done + accepted), 4) if routed and done + accepted else None,
            "reason": None if routed and done + accepted else
            "no task is finished yet" if routed else "no rules are in force: the machine decides nothing",
            "audit": error(audits), "weeks": weeks, "suggestions": share(made.unchanged, made.shown,
                                                                       "no answer was given with a suggestion shown")}


def error(audits: Sequence[Audit]) -> dict[str, Any]:
    """Share of audited labels that were wrong, with a 95 % interval (Jeffreys); None below FEWEST_AUDITS."""
    wrong = sum(not one.right for one in audits)
    few = f"{len(audits)} of the {FEWEST_AUDITS} blind audits needed"
    return share(wrong, len(audits), few, FEWEST_AUDITS)


def share(hits: int, of: int, few: str, fewest: int = 1) -> dict[str, Any]:
    """`{"value", "low", "high", "of", "reason"}` of hits among so many."""
    if of < fewest:
        return {"value": None, "low": None, "high": None, "of": of, "reason": few}
    low, high = beta_interval(np.array([hits], float), np.array([of - hits], float))
    value = hits / of
    return {"value": round(value, 4), "low": round(min(float(low[0]), value), 4),
            "high": round(max(float(high[0]), value), 4), "of": of, "reason": None}


def _weeks(ledger: Mapping[str, Mapping[str, Any]], audits: Sequence[Audit]) -> list[dict[str, Any]]:
    """ISO weeks in which anything was decided, oldest first; `from` is the Monday."""
    decided: dict[str, list[int]] = {}
    for day, kept in ledger.items():
        said = kept.get("decisions", {})
        if said.get("stop") or said.get("accept"):
            week = decided.setdefault(_monday(day), [0, 0])
            week[0] += said.get("stop", 0)
            week[1] += said.get("accept", 0)
    judged: dict[str, list[Audit]] = {}
    for audit in audits:
        judged.setdefault(_monday(day_of(audit.at)), []).append(audit)
    return [{"from": monday, "by_people": people, "by_machine": machine,
             "share": round(machine / (people + machine), 4), "audit": error(judged.get(monday, []))}
            for monday, (people, machine) in sorted(decided.items())]


def _monday(day: str) -> str:
    return date.fromisocalendar(*date.fromisoformat(day).isocalendar()[:2], 1).isoformat()
