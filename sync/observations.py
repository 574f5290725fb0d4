"""Answers as arrays: the one form in which consensus, agreement and performance see them.

Whether they come from the store or from a CSV file, everything after this is the same code.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Observations:
    """N answers, one for each pair of task and annotator, as indices into `tasks`, `annotators` and `labels`.

    `seconds` is the lead time, NaN where unknown. `truth` marks answers that somebody declared to be the
    ground truth; `pinned` (T,) is the label so known of each task, or -1. `review` marks edits of somebody else's
    annotation (the reviewer's answer, but not an independent one) and imported ground truths, which are nobody's. `at`
    is when (POSIX seconds, NaN unknown);
    `seen` whether a suggestion was on screen (1, 0 blind, -1 unknown); `guideline` the version in force (-1
    unknown). `value` has the answers themselves where they are structured (`sync.kinds`), else it is empty. Of the
    tasks (names) in `decided` the truth is not a ground truth, but the answer of somebody who was asked to decide.
    """

    task: IntArray
    annotator: IntArray
    label: IntArray
    seconds: FloatArray
    truth: NDArray[np.bool_]
    pinned: IntArray
    tasks: tuple[Any, ...]
    annotators: tuple[Any, ...]
    labels: tuple[str, ...]
    review: NDArray[np.bool_]
    at: FloatArray
    seen: IntArray
    guideline: IntArray
    value: tuple[Any, ...] = ()
    decided: frozenset[Any] = frozenset()


def observe(task: Sequence[Hashable], annotator: Sequence[Hashable], label: Sequence[str], *,
            labels: Sequence[str] = (), seconds: Sequence[float | None] | None = None,
            truth: Sequence[bool] | None = None, review: Sequence[bool] | None = None,
            at: Sequence[float | None] | None = None, seen: Sequence[bool | None] | None = None,
            guideline: Sequence[int | None] | None = None, value: Sequence[Any] = ()) -> Observations:
    """Arrays from columns, oldest answer first; each pair of task and annotator must occur once.

    `labels` come first and in their order, whether used or not; others found follow. Tasks and annotators keep
    the order in which they first appear. Where a task has several ground truths the last one holds.
    """
    tasks, annotators = dict.fromkeys(task), dict.fromkeys(annotator)
    names = dict.fromkeys([*labels, *sorted(set(label))])
    at_task, at_label = _index(task, tasks), _index(label, names)
    size = len(at_task)
    known = _bools(truth, size)
    pinned = np.full(len(tasks), -1)
    pinned[at_task[known]] = at_label[known]
    return Observations(
        at_task, _index(annotator, annotators), at_label, _floats(seconds, size), known, pinned, tuple(tasks),
        tuple(annotators), tuple(names), review=_bools(review, size), at=_floats(at, size),
        seen=_known(seen, size), guideline=_known(guideline, size), value=tuple(value))


def _bools(column: Sequence[bool] | None, size: int) -> NDArray[np.bool_]:
    return np.zeros(size, bool) if column is None else np.asarray(column, bool).reshape(size)


def _floats(column: Sequence[float | None] | None, size: int) -> FloatArray:
    return np.full(size, np.nan) if column is None else np.array(column, np.float64).reshape(size)


def _known(column: Sequence[Any] | None, size: int) -> IntArray:
    """Small integers, -1 for None."""
    if column is None:
        return np.full(size, -1)
    return np.fromiter((-1 if one is None else int(one) for one in column), np.int64, size)


def _index(values: Sequence[Hashable], keys: Iterable[Hashable]) -> IntArray:
    """Position of each value among `keys`."""
    place = {key: at for at, key in enumerate(keys)}
    return np.fromiter(map(place.__getitem__, values), np.int64, len(values))
