"""Reads what people spent on finished tasks: all of them, or a part where there are many. Costs are in the unit
of the rates, one row a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from cueloop.store.schema import annotations as notes
from cueloop.store.schema import consensus, decisions, tasks
from cueloop.store.schema import routes as table
from cueloop.store.upsert import chunks
from sync.arrays import FloatArray, IntArray
from sync.flow import submissions
from sync.flow.active import counted
from sync.flow.clock import HOUR
from sync.flow.day import Submissions
from sync.flow.decided import is_finished

SIZE = 1_000
"""Finished tasks that are looked at one by one; of more, about so many are drawn."""
PRIME, SPREAD = 1_000_003, 612_347
"""A task is drawn by its key times SPREAD modulo PRIME: always the same ones, whatever pattern there is in the keys."""
KINDS = ("first", "more", "gold", "skips")
"""What a submission was: within the answers that the rule first asked for, beyond them, on a task whose truth is
known, or a skip."""


@dataclass(frozen=True, slots=True)
class Sample:
    """T finished tasks. `cost` (T, 4) by KINDS; `labels`, `right` (sum of their probabilities) and `doubt` (the sum of
    p (1 - p)), all (T,); `plain` and `plain_cost` (T,) are answers that show what one costs by hand: blind ones if
    `blind`, else all. `sizes` {answers: tasks}; `planned` is the share of tasks whose first plan is known."""

    cost: FloatArray
    labels: FloatArray
    right: FloatArray
    doubt: FloatArray
    plain: FloatArray
    plain_cost: FloatArray
    blind: bool
    sizes: dict[int, int]
    planned: float


FEWEST_BLIND = 20
"""Blind answers below which all answers tell what one costs by hand."""


def sample(conn: sa.Connection, project_id: int, routed: bool, finished: int, medians: Mapping[int, float],
           each: Mapping[int, float], hourly: Mapping[int, float]) -> Sample:
    """Of about `finished` tasks. `each` has seconds for submissions that are not timed, `hourly` people's rates."""
    keys = _keys(conn, project_id, routed, finished)
    seen = submissions.on_tasks(conn, keys)
    place = {key: at for at, key in enumerate(keys)}
    at = np.fromiter((place[key] for key in seen.task.tolist()), np.int64, len(seen.task))
    seconds = counted(seen.lead, seen.annotator, medians)
    who = seen.annotator.tolist()
    seconds = np.where(np.isnan(seconds), [each.get(one, 0.0) for one in who], seconds)
    cost = seconds / HOUR * np.array([hourly.get(one, 0.0) for one in who])
    plans = _plans(conn, keys)
    kind = kinds(seen, at, np.array([plans.get(key, -1) for key in keys], np.int64), _truths(conn, keys))
    by_kind = _sums(at * 4 + kind, cost, 4 * len(keys)).reshape(len(keys), 4)
    blind = bool((seen.blind & ~seen.skip).sum() >= FEWEST_BLIND)
    plain = ~seen.skip & (seen.blind if blind else True)
    size = len(keys)
    labels, right, doubt = _labels(conn, keys, place)
    answers = np.bincount(at[~seen.skip], minlength=size)
    return Sample(
        by_kind, labels, right, doubt, _sums(at[plain], np.ones(int(plain.sum())), size),
        _sums(at[plain], cost[plain], size), blind,
        {int(n): int(tasks_) for n, tasks_ in zip(*np.unique(answers, return_counts=True), strict=True)},
        len(plans) / size if size else 0.0)


def kinds(seen: Submissions, at: IntArray, planned: IntArray, truths: set[tuple[int, int]]) -> IntArray:
    """Index into KINDS of each submission; `at` is its task's row, `planned` (T,) how many answers were first asked
    for (-1 unknown: all count as first), `truths` the (task, annotator) whose answer is the ground truth."""
    known = {task for task, _ in truths}
    had = [0] * len(planned)
    found = np.zeros(len(at), np.int64)
    for row in np.argsort(seen.at, kind="stable").tolist():
        task, where = int(seen.task[row]), int(at[row])
        if seen.skip[row]:
            found[row] = 3
        elif task in known and (task, int(seen.annotator[row])) not in truths:
            found[row] = 2
        else:
            had[where] += 1
            found[row] = int(planned[where] >= 0 and had[where] > planned[where])
    return found


def _sums(group: IntArray, values: FloatArray, size: int) -> FloatArray:
    return np.asarray(np.bincount(group, values, minlength=size), np.float64)


def _keys(conn: sa.Connection, project_id: int, routed: bool, finished: int) -> list[int]:
    wanted = sa.select(tasks.c.key).where(tasks.c.project_id == project_id, is_finished(routed))
    if routed:
        wanted = wanted.join(table, table.c.task == tasks.c.key)
    if finished > SIZE:
        wanted = wanted.where(tasks.c.key % PRIME * SPREAD % PRIME < PRIME * SIZE // finished)
    return list(conn.scalars(wanted.order_by(tasks.c.key)))


def _plans(conn: sa.Connection, keys: list[int]) -> dict[int, int]:
    """{task: answers that the rule first asked for}, where a rule asked."""
    d = decisions.c
    first: dict[int, int] = {}
    for part in chunks(keys):
        for row in conn.execute(sa.select(d.task, d.inputs).where(d.task.in_(part), d.kind == "ask").order_by(d.key)):
            target = row.inputs.get("target") or row.inputs.get("n")
            if isinstance(target, int):
                first.setdefault(row.task, target)
    return first


def _truths(conn: sa.Connection, keys: list[int]) -> set[tuple[int, int]]:
    n = notes.c
    found: set[tuple[int, int]] = set()
    for part in chunks(keys):
        found |= {(row.task, row.annotator_id) for row in conn.execute(sa.select(n.task, n.annotator_id).where(
            n.task.in_(part), n.ground_truth, n.deleted_at.is_(None), n.annotator_id.is_not(None),
            sa.func.coalesce(n.imported, sa.false()).is_(sa.false())))}
    return found


def _labels(conn: sa.Connection, keys: list[int], place: Mapping[int, int]) -> tuple[FloatArray, ...]:
    """(labels, sum of p, sum of p (1 - p)) of each task, all (T,)."""
    c, found = consensus.c, np.zeros((3, len(keys)))
    for part in chunks(keys):
        for row in conn.execute(sa.select(c.task, c.probability).where(c.task.in_(part))):
            found[:, place[row.task]] += (1.0, row.probability, row.probability * (1 - row.probability))
    return found[0], found[1], found[2]
