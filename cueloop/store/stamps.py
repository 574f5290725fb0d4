"""The state in which a project's consensus stands in the store, as columns: what changed, and whether by others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store.consensus import Consensus, columns
from cueloop.store.schema import consensus


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """The stored state of n tasks on one control, ascending by task (key); all (n,)."""

    task: NDArray[np.int64]
    label: NDArray[Any]
    probability: NDArray[np.float64]
    answers: NDArray[np.int64]
    method: NDArray[Any]
    updated_at: NDArray[Any]

    def written_since(self, later: Stamps) -> NDArray[np.int64]:
        """Tasks whose consensus somebody wrote, made or removed between this and `later`."""
        both, here, there = np.intersect1d(self.task, later.task, assume_unique=True, return_indices=True)
        same = np.ones(len(both), bool)
        for column in fields(self):
            same &= getattr(self, column.name)[here] == getattr(later, column.name)[there]
        return np.setdiff1d(np.union1d(self.task, later.task), both[same], assume_unique=True)

    def differing(self, rows: Sequence[Consensus], by: float = 1e-6) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The task of each of `rows`, and whether the row says something else than what stands, or nothing stands.

        Something else: another label or basis, or a probability that moved more than `by`.
        """
        new = columns(rows, ("task", "label", "probability", "answers", "method"))
        task = np.array(new["task"], np.int64)
        at = np.searchsorted(self.task, task)
        differs = np.ones(len(task), bool)
        old = np.flatnonzero(at < len(self.task))
        old = old[self.task[at[old]] == task[old]]
        at = at[old]
        differs[old] = np.abs(np.array(new["probability"], np.float64)[old] - self.probability[at]) > by
        for name in ("label", "answers", "method"):
            differs[old] |= np.array(new[name], object)[old] != getattr(self, name)[at]
        return task, differs


def stamps(conn: sa.Connection, project_id: int, control: str) -> Stamps:
    """The stored state of every task of a project that has a consensus on this control."""
    c = consensus.c
    rows = conn.execute(sa.select(c.task, c.label, c.probability, c.answers, c.method, sa.cast(c.updated_at, sa.Text))
                        .where(c.project_id == project_id, c.control == control).order_by(c.task))
    same: dict[Any, Any] = {}     # a few labels and moments stand in very many rows: one object of each is enough
    once = same.setdefault
    return _stamps([(task, once(label, label), probability, answers, once(method, method), once(at, at))
             for task, label, probability, answers, method, at in rows])


def nothing() -> Stamps:
    """Where no consensus is stored yet."""
    return _stamps([])


def _stamps(rows: Sequence[tuple[Any, ...]]) -> Stamps:
    task, label, probability, answers, method, at = zip(*rows, strict=True) if rows else ((),) * 6
    return Stamps(np.array(task, np.int64), np.array(label, object), np.array(probability, np.float64),
                  np.array(answers, np.int64), np.array(method, object), np.array(at, object))
