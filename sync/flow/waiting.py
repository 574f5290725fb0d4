"""Where tasks wait and for how long, what waits in each queue, and what nobody can take; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray
from sync.flow.clock import HOUR
from sync.flow.standing import Standing

STATES = ("waiting", "queued", "partly", "escalated", "unruled")
"""Of unfinished tasks: nobody answered and nobody is asked; in somebody's queue, no answer yet; answered, and the
rule wants more; escalated; no rule matches. Then there are `done` and `accepted` (by the machine)."""


def waiting(seen: Standing, now: float, connected: float, medians: Mapping[int, float],
            names: Mapping[int, str]) -> dict[str, Any]:
    """Unfinished tasks by state with their ages in seconds, queues, and tasks that nobody can take.

    A task's age is how long nothing happened to it: since it was made (or the project was connected, if later), it
    was first put into a queue that still holds it, or somebody last submitted an answer.
    """
    since = np.maximum(seen.created, connected)
    queued = np.where(np.isnan(seen.asked_at), since, np.maximum(seen.asked_at, since))
    age = np.maximum(now - np.fmax(np.where(seen.answers > 0, since, queued), seen.last), 0.0)
    where = masks(seen)
    states = [{"state": name, **_ages(seen, age, where[name])} for name in STATES]
    states += [{"state": name, "tasks": seen.counts.get(name, 0), "median": None, "p90": None, "oldest": None,
                "reason": "finished"} for name in ("done", "accepted")]
    stuck = seen.stranded | (seen.routed & (seen.need > 0) & (seen.workers + seen.need > seen.people))
    return {"states": states, "queues": queues(seen, now, medians, names),
            "unrouted": seen.unrouted,
            "nobody_can_take": {"tasks": int(stuck.sum()), "examples": np.sort(seen.task[stuck])[:10].tolist()},
            "reason": None if seen.routed else "no rules are in force: nobody is asked, so only answers are known"}


def masks(seen: Standing) -> dict[str, NDArray[np.bool_]]:
    """Which unfinished tasks are in each of STATES: every task is in one."""
    rest = ~seen.escalated
    partly = rest & (seen.answers > 0)
    queued = rest & ~partly & (seen.asked > 0)
    unruled = rest & ~partly & ~queued & (seen.need == 0) & seen.routed
    return {"waiting": rest & ~partly & ~queued & ~unruled, "queued": queued, "partly": partly,
            "escalated": seen.escalated, "unruled": unruled}


def queues(seen: Standing, now: float, medians: Mapping[int, float], names: Mapping[int, str]) -> list[dict[str, Any]]:
    """One record for each annotator who is asked anything, the longest queue first. `hours` is the work in it at
    their own median time a task, or at everybody's where theirs is not known yet."""
    usual = median(medians.values()) if medians else None
    found = []
    for who, (tasks, oldest) in seen.queues.items():
        pace = medians.get(who, usual)
        found.append({"annotator": who, "name": names.get(who), "tasks": tasks,
                      "hours": None if pace is None else round(tasks * pace / HOUR, 4), "own_pace": who in medians,
                      "oldest": round(max(now - oldest, 0.0)),
                      "reason": "nobody's time a task is known yet" if pace is None else None})
    return sorted(found, key=lambda record: (-record["tasks"], record["annotator"]))


def open_tasks(seen: Standing) -> dict[tuple[int, int], int]:
    """{(answers so far, answers wanted more): tasks}, of the tasks that are to be answered by people."""
    wanted = seen.need + seen.asked
    if not seen.routed:     # Label Studio closes a task with its last answer: one more at least
        wanted = np.ones_like(seen.answers)
    asks = wanted > 0
    return dict(Counter(zip(seen.answers[asks].tolist(), wanted[asks].tolist(), strict=True)))


def snapshot(seen: Standing) -> dict[str, int]:
    """{state: tasks}, for the history of states that leave no trace."""
    return {name: int(mask.sum()) for name, mask in masks(seen).items()} | {
        name: seen.counts.get(name, 0) for name in ("done", "accepted")}


def _ages(seen: Standing, age: FloatArray, mask: NDArray[np.bool_]) -> dict[str, Any]:
    if not mask.any():
        return {"tasks": 0, "median": None, "p90": None, "oldest": None, "reason": "none"}
    mine, ids = age[mask], seen.task[mask]
    oldest = int(np.lexsort((ids, -mine))[0])
    half, most = np.quantile(mine, (0.5, 0.9))
    return {"tasks": int(mask.sum()), "median": round(float(half)), "p90": round(float(most)),
            "oldest": {"task": int(ids[oldest]), "seconds": round(float(mine[oldest]))}, "reason": None}
