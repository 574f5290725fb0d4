"""What history can answer by itself: whom of those that rules would ask it knows, could have known, or cannot know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.backtest.history import History
from routing.simulate.run import Run
from sync.arrays import FloatArray

RECORDED, WEIGHED, UNSUPPORTED = "recorded", "weighed", "unsupported"
REASONS = {
    "deeper": "more answers are wanted than were ever given",
    "others": "somebody is wanted who was not considered when others were asked",
    "unlogged": "who could have been asked was not written down (before Cueloop was connected, or asked by an import)",
}


@dataclass(frozen=True, slots=True)
class Support:
    """Shares of tasks, summing to 1, by what answers for them under some rules.

    `recorded`: everybody who would be asked answered, so nothing is guessed. `weighed`: not all of them did, but each
    could have been asked with a known chance, so that history speaks for them on the mean. `unsupported`: somebody
    would be asked of whom history cannot tell; what it rests on there is the model of people alone. `why` has the
    shares of tasks by reason (one of REASONS). `imputed` is the share of answers that were not recorded, and
    `unlogged_who` the share of tasks with a recorded answer that nobody knows the chances of.
    """

    recorded: float
    weighed: float
    unsupported: float
    why: dict[str, float]
    imputed: float
    unlogged_who: float


def support(history: History, runs: Sequence[Run]) -> Support:
    """The mean over several runs of the same rules on the very tasks of history."""
    table, chances = history.table, _chances(history)
    answers = np.bincount(history.task, minlength=len(history.work.keys))
    counts: Counter[str] = Counter()
    why: Counter[str] = Counter()
    asked = imputed = unlogged = 0
    for run in runs:
        missing: dict[int, set[int]] = {}
        blank: set[int] = set()
        for t, w in zip(run.task.tolist(), run.person.tolist(), strict=True):
            asked += 1
            if table[t, w] < 0:
                imputed += 1
                missing.setdefault(t, set()).add(w)
            elif t not in chances:
                blank.add(t)
        unlogged += len(blank | {t for t in missing if t not in chances})
        wanted = run.answers
        for t in range(len(history.work.keys)):
            if t not in missing:
                counts[RECORDED] += 1
            elif t in chances and missing[t] <= chances[t].keys() and wanted[t] <= max(answers[t], 1):
                counts[WEIGHED] += 1
            else:
                counts[UNSUPPORTED] += 1
                why["unlogged" if t not in chances else "deeper" if wanted[t] > answers[t] else "others"] += 1
    size = max(len(runs) * len(history.work.keys), 1)
    return Support(counts[RECORDED] / size, counts[WEIGHED] / size, counts[UNSUPPORTED] / size,
                   {name: why[name] / size for name in REASONS if why[name]}, imputed / max(asked, 1), unlogged / size)


def _chances(history: History) -> dict[int, dict[int, float]]:
    """{task: {person: largest chance with which they could have been asked}} where that is known."""
    people = len(history.work.people)
    found: dict[int, dict[int, float]] = {}
    for logged in history.logged:
        mine = found.setdefault(logged.task, {})
        for person in range(people) if logged.others else logged.chances:
            if (chance := logged.chance(person, people)) > 0:
                mine[person] = max(chance, mine.get(person, 0.0))
    return found


def workload(history: History, runs: Sequence[Run]) -> FloatArray:
    """(W,) answers of each person, on the mean over runs."""
    people = len(history.work.people)
    return np.asarray(np.mean([np.bincount(run.person, minlength=people) for run in runs], axis=0))
