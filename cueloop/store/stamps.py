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

ROWS = 2_000
"""Rows fetched at a time: only what is kept of them takes memory."""


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
    found = conn.execute(sa.select(c.task, c.label, c.probability, c.answers, c.method, sa.cast(c.updated_at, sa.Text))
                         .where(c.project_id == project_id, c.control == control))
    same: dict[str, str] = {}     # a few labels and moments stand in very many rows: one object of each is enough
    parts = [_columns(rows, same) for rows in found.partitions(ROWS)] or [_columns([], same)]
    columns = [np.concatenate(part) for part in zip(*parts, strict=True)]
    order = np.argsort(columns[0])
    return Stamps(*(column[order] for column in columns))


def nothing() -> Stamps:
    """Where no consensus is stored yet."""
    return Stamps(*_columns([], {}))


def _columns(rows: Sequence[Sequence[Any]], same: dict[str, str]) -> list[NDArray[Any]]:
    """Rows as columns: numbers, and texts of which each is kept once, in `same`."""
    types = (np.int64, object, np.float64, np.int64, object, object)
    columns = zip(*rows, strict=True) if rows else ((),) * len(types)
    return [np.array([*map(same.setdefault, column, column)] if kind is object else column, kind)
            for kind, column in zip(types, columns, strict=True)]
