"""The pairs of labels that people confuse most, with tasks that show it: where the guideline needs a word."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import sqlalchemy as sa

from cueloop.store.performance import confusions
from cueloop.store.schema import answers, tasks


@dataclass(frozen=True, slots=True)
class Example:
    """A task on which people chose both labels. `task` is the store's key, `id` Label Studio's."""

    task: int
    id: int
    data: dict[str, object]
    votes: dict[str, int]


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Two labels that are taken for each other. `rate` is the share of answers to tasks of either label that
    gave the other one; `count` is how many answers that is (expected, as the truth is inferred)."""

    a: str
    b: str
    rate: float
    count: float
    examples: tuple[Example, ...]


def most_confused(conn: sa.Connection, project_id: int, control: str, limit: int = 5,
                  examples: int = 3) -> list[ConfusedPair]:
    """Pairs by how many answers they cost, most first; [] before the first full run of the consensus.

    Examples are the tasks on which the votes for the two labels are most evenly split.
    """
    known = confusions(conn, project_id, control)
    if known is None:
        return []
    counts = known.counts.sum(0)
    pairs = sorted(combinations(range(len(known.labels)), 2), key=lambda p: -(counts[p] + counts[p[::-1]]))
    votes = _votes(conn, project_id, control)
    found = []
    for a, b in pairs[:limit]:
        confused = float(counts[a, b] + counts[b, a])
        if confused < 0.5:
            break
        names = known.labels[a], known.labels[b]
        shown = tuple(_example(conn, task, votes[task]) for task in _torn(votes, names)[:examples])
        found.append(ConfusedPair(*names, confused / float(np.sum(counts[[a, b]])), confused, shown))
    return found


def _votes(conn: sa.Connection, project_id: int, control: str) -> dict[int, dict[str, int]]:
    """Votes of every task that has two labels or more."""
    rows = conn.execute(
        sa.select(answers.c.task, answers.c.label, sa.func.count())
        .join(tasks, tasks.c.key == answers.c.task)
        .where(answers.c.project_id == project_id, answers.c.control == control, tasks.c.deleted_at.is_(None),
               tasks.c.copy_of.is_(None))
        .group_by(answers.c.task, answers.c.label))
    found: dict[int, dict[str, int]] = {}
    for task, label, count in rows:
        found.setdefault(task, {})[label] = count
    return {task: votes for task, votes in found.items() if len(votes) > 1}


def _torn(votes: dict[int, dict[str, int]], names: tuple[str, str]) -> list[int]:
    """Tasks with votes for both labels, most votes for the weaker of the two first."""
    both = [(min(v[names[0]], v[names[1]]), task) for task, v in votes.items() if v.keys() >= set(names)]
    return [task for _, task in sorted(both, key=lambda pair: (-pair[0], pair[1]))]


def _example(conn: sa.Connection, task: int, votes: dict[str, int]) -> Example:
    row = conn.execute(sa.select(tasks.c.id, tasks.c.data).where(tasks.c.key == task)).one()
    return Example(task, row.id, row.data, votes)
