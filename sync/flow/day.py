"""What one day of work amounts to, per annotator: the unit that the ledger keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.flow.active import counted, sessions
from sync.flow.clock import HOUR, start_of


@dataclass(frozen=True, slots=True)
class Submissions:
    """N submissions by people. `at` POSIX seconds, `lead` seconds or NaN; `skip` and `copy` (a hidden copy of a
    task, asked again) and `blind` (surely no suggestion on screen) are flags; `shown` and `unchanged` count controls on
    which a suggestion was on screen, and on which the answer was that suggestion."""

    annotator: IntArray
    task: IntArray
    at: FloatArray
    lead: FloatArray
    skip: NDArray[np.bool_]
    copy: NDArray[np.bool_]
    blind: NDArray[np.bool_]
    shown: IntArray
    unchanged: IntArray


@dataclass(frozen=True, slots=True)
class Work:
    """One person's day. Answers and skips are those on tasks, not on hidden copies; times are seconds."""

    answers: int = 0
    skips: int = 0
    timed: int = 0
    """Answers and skips whose lead time is known."""
    seconds: float = 0.0
    """Counted lead times of those."""
    copies: int = 0
    copies_timed: int = 0
    copy_seconds: float = 0.0
    session_seconds: float = 0.0
    sessions: int = 0
    shown: int = 0
    unchanged: int = 0

    def __add__(self, other: Work) -> Work:
        """Both days together."""
        return total((as_row(self), as_row(other)))

    @property
    def coverage(self) -> float | None:
        """Share of submissions whose time is known; None without any."""
        made = self.answers + self.skips + self.copies
        return (self.timed + self.copies_timed) / made if made else None


FIELDS = tuple(f.name for f in fields(Work))
as_row = attrgetter(*FIELDS)
"""A Work as the ledger keeps it: its numbers in order."""


def summarise(day: str, seen: Submissions, medians: Mapping[int, float]) -> dict[str, Any]:
    """`{"people": {annotator: Work as a list}, "hours": [answers in each UTC hour]}` of a day's submissions."""
    seconds = counted(seen.lead, seen.annotator, medians)
    answer = ~seen.skip & ~seen.copy
    hour = np.clip((seen.at[answer] - start_of(day)) // HOUR, 0, 23).astype(int)
    people = {}
    for who in np.unique(seen.annotator).tolist():
        mine = seen.annotator == who
        people[str(who)] = list(as_row(_work(seen, seconds, mine)))
    return {"people": people, "hours": np.bincount(hour, minlength=24).tolist()}


def _work(seen: Submissions, seconds: FloatArray, mine: NDArray[np.bool_]) -> Work:
    timed, copy = mine & ~np.isnan(seconds), seen.copy
    spent, number = sessions(seen.at[mine], seconds[mine])
    return Work(
        answers=int((mine & ~seen.skip & ~copy).sum()), skips=int((mine & seen.skip & ~copy).sum()),
        timed=int((timed & ~copy).sum()), seconds=round(float(seconds[timed & ~copy].sum()), 3),
        copies=int((mine & copy).sum()), copies_timed=int((timed & copy).sum()),
        copy_seconds=round(float(seconds[timed & copy].sum()), 3),
        session_seconds=round(spent, 3), sessions=number,
        shown=int(seen.shown[mine].sum()), unchanged=int(seen.unchanged[mine].sum()))


def total(rows: Iterable[Sequence[float]]) -> Work:
    """All rows of the ledger together."""
    columns = list(zip(*rows, strict=True))
    return Work(*map(sum, columns)) if columns else Work()
