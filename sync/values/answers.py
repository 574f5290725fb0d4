"""The answers that vote on structured values, in an order of their own, so that no order of rows changes anything."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.observations import Observations


@dataclass(frozen=True, slots=True)
class Answers:
    """N answers by task and annotator (indices into `seen`), sorted by their names.

    `independent` marks those that tell about their annotator and about agreement: no reviews. Ground truths are no
    votes: they are in `truth` (task index -> value), the last one of a task (but see `agreeing`). `row` is each
    answer's place in `seen`, `per_task` (T,) how many there are to each task.
    """

    task: IntArray
    annotator: IntArray
    independent: NDArray[np.bool_]
    value: tuple[Any, ...]
    row: IntArray
    truth: dict[int, Any]
    seen: Observations
    per_task: IntArray
    unreadable: int = 0

    @property
    def tasks(self) -> int:
        """Number of tasks, answered or only known."""
        return len(self.seen.tasks)

    @property
    def annotators(self) -> int:
        """Number of annotators."""
        return len(self.seen.annotators)

    @property
    def at(self) -> FloatArray:
        """When each answer was given (NaN: unknown)."""
        return self.seen.at[self.row]

    @property
    def guideline(self) -> IntArray:
        """The guideline version in force at each answer (-1: unknown)."""
        return self.seen.guideline[self.row]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out."""
        if not self.unreadable:
            return ()
        return (f"{self.unreadable} answer(s) could not be read and were left out",)


def voting(seen: Observations, parse: Callable[[Any], Any], values: Sequence[Any] | None = None) -> Answers:
    """The answers of `seen`, each read by `parse` (None: it cannot be read, and is left out and counted).

    `values` (N,) replaces `seen.value`. Raises ValueError when there is not one value for each answer.
    """
    given = seen.value if values is None else values
    if len(given) != len(seen.task):
        raise ValueError(f"{len(seen.task)} answers have {len(given)} values; each needs one")
    read = [parse(value) for value in given]
    readable = np.fromiter((value is not None for value in read), bool, len(read))
    order = np.lexsort((ranks(seen.annotators)[seen.annotator], ranks(seen.tasks)[seen.task]))
    order = order[(readable & ~seen.truth)[order]]
    truth = {int(seen.task[row]): read[row] for row in np.flatnonzero(seen.truth & readable)}
    return Answers(seen.task[order], seen.annotator[order], ~seen.review[order], tuple(read[row] for row in order),
                   order, truth, seen, np.bincount(seen.task[order], minlength=len(seen.tasks)), int((~readable).sum()))


def agreeing(answers: Answers, parse: Callable[[Any], Any]) -> Answers:
    """The answers that agreement is measured on: `answers` (from `voting`), and those declared the ground truth.

    Whoever gave one answered like everybody. Were tasks lost that somebody settled by a star, agreement would rise
    with every dispute that is settled so.
    """
    if not answers.seen.truth.any():
        return answers
    return voting(replace(answers.seen, truth=np.zeros(len(answers.seen.task), bool)), parse)


def ranks(names: Sequence[Hashable]) -> IntArray:
    """Place of each name in sorted order; names that cannot be compared are sorted by how they are written."""
    if all(type(name) is int for name in names):
        order = sorted(range(len(names)), key=names.__getitem__)  # type: ignore[arg-type]
    else:
        order = sorted(range(len(names)), key=lambda at: (type(names[at]).__name__, str(names[at])))
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return place


def index(values: Sequence[Hashable], first: Sequence[Hashable] = ()) -> tuple[IntArray, list[Any]]:
    """Each value's place among the distinct ones: `first` in their order, then the others (all of one type) sorted."""
    known = dict.fromkeys(first)
    rest = {value for value in values if value not in known}
    names = [*known, *sorted(rest)]  # type: ignore[type-var]
    place = {name: at for at, name in enumerate(names)}
    return np.fromiter((place[value] for value in values), np.int64, len(values)), names
