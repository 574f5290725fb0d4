"""Throughput from the ledger: answers, finished tasks and hours, a day and a person; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sync.flow.clock import DAY, HOUR, day_of, days, start_of
from sync.flow.day import Work, total
from sync.told import rounded

SERIES = 400
"""Days of history that a report carries."""
WEEK = 7
Ledger = Mapping[str, Mapping[str, Any]]


def works(ledger: Ledger, since: str = "") -> dict[int, Work]:
    """{annotator: what they did since that day (included)}."""
    rows: dict[str, list[Sequence[float]]] = {}
    for day, kept in ledger.items():
        if day >= since:
            for who, row in kept.get("people", {}).items():
                rows.setdefault(who, []).append(row)
    return {int(who): total(mine) for who, mine in sorted(rows.items(), key=lambda item: int(item[0]))}


def window(now: float, span: int) -> str:
    """The first of the last `span` UTC days, today included."""
    return day_of(now - (span - 1) * DAY)


def series(ledger: Ledger, now: float, size: int = SERIES) -> list[dict[str, Any]]:
    """One record for each day from the first one known on, quiet days too, oldest first; at most `size`.

    `finished` counts decisions that closed a task, less those that opened one again; None where none was made yet.
    """
    if not ledger:
        return []
    routed = any(kept.get("decisions") for kept in ledger.values())
    first = max(min(ledger), window(now, size))
    return [_record(day, ledger.get(day, {}), routed) for day in days(first, day_of(now))]


def people(ledger: Ledger, since: str, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """One record for each person who worked since that day, most answers first."""
    found = [{"annotator": who, "name": names.get(who), **totals(done)} for who, done in works(ledger, since).items()]
    return sorted(found, key=lambda record: (-record["answers"], record["annotator"]))


def totals(done: Work) -> dict[str, Any]:
    """Work as a report tells it. `active_hours` are counted lead times, `session_hours` go from the first to the
    last submission of each sitting; `per_hour` is answers an hour of sitting."""
    hours = done.session_seconds / HOUR
    return {"answers": done.answers, "skips": done.skips, "rechecks": done.copies, "sessions": done.sessions,
            "active_hours": rounded((done.seconds + done.copy_seconds) / HOUR) if done.coverage else None,
            "session_hours": rounded(hours), "coverage": rounded(done.coverage),
            "per_hour": rounded((done.answers + done.copies) / hours, 2) if hours > 0 else None}


def by_hour(ledger: Ledger, since: str) -> list[int]:
    """Answers in each of the day's 24 UTC hours, since that day."""
    rows = [kept["hours"] for day, kept in ledger.items() if day >= since and "hours" in kept]
    return np.sum(rows, axis=0).tolist() if rows else [0] * 24


def trend(counts: Sequence[float]) -> dict[str, Any]:
    """The last full week's answers over those of the week before, with a 95 % interval.

    `counts` are answers of complete days, oldest first. Days vary more than chance alone would have it: the variance
    is scaled by the dispersion within the two weeks (quasi-Poisson, McCullagh and Nelder 1989).
    """
    nothing = {"ratio": None, "low": None, "high": None}
    if len(counts) < 2 * WEEK:
        return nothing | {"reason": "two full weeks are needed"}
    before, after = np.array(counts[-2 * WEEK:-WEEK], float), np.array(counts[-WEEK:], float)
    if not before.sum() or not after.sum():
        return nothing | {"reason": "a week without answers has no ratio"}
    spread = sum(((week - week.mean()) ** 2).sum() / week.mean() for week in (before, after)) / (2 * WEEK - 2)
    ratio = after.sum() / before.sum()
    width = 1.96 * math.sqrt(max(spread, 1.0) * (1 / before.sum() + 1 / after.sum()))
    return {"ratio": rounded(ratio), "low": rounded(ratio * math.exp(-width)),
            "high": rounded(ratio * math.exp(min(width, 50))), "reason": None}


def daily(ledger: Ledger, now: float, span: int) -> list[int]:
    """Answers of each of the last `span` complete days, from the first work on, oldest first."""
    first = min((day for day, kept in ledger.items() if kept.get("people")), default=None)
    if first is None:
        return []
    last = day_of(start_of(day_of(now)) - DAY)
    return [sum(int(row[0]) for row in ledger.get(day, {}).get("people", {}).values())
            for day in days(max(first, day_of(start_of(last) - (span - 1) * DAY)), last)]


def _record(day: str, kept: Mapping[str, Any], routed: bool) -> dict[str, Any]:
    done = total(kept.get("people", {}).values())
    said = kept.get("decisions", {})
    people_, machine, again = said.get("stop", 0), said.get("accept", 0), said.get("reopen", 0)
    told = totals(done)
    return {"day": day, "answers": done.answers, "skips": done.skips, "people": len(kept.get("people", {})),
            "active_hours": told["active_hours"], "session_hours": told["session_hours"],
            "finished": people_ + machine - again if routed else None,
            "by_people": people_ if routed else None, "by_machine": machine if routed else None,
            "reopened": again if routed else None, "states": kept.get("states")}
