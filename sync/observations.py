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
    ground truth; `pinned` (T,) is the label so known of each task, or -1.
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


def observe(task: Sequence[Hashable], annotator: Sequence[Hashable], label: Sequence[str], *,
            labels: Sequence[str] = (), seconds: Sequence[float | None] | None = None,
            truth: Sequence[bool] | None = None) -> Observations:
    """Arrays from columns, oldest answer first; each pair of task and annotator must occur once.

    `labels` come first and in their order, whether used or not; others found follow. Tasks and annotators keep
    the order in which they first appear. Where a task has several ground truths the last one holds.
    """
    tasks, annotators = dict.fromkeys(task), dict.fromkeys(annotator)
    names = dict.fromkeys([*labels, *sorted(set(label))])
    at_task, at_label = _index(task, tasks), _index(label, names)
    size = len(at_task)
    known = np.zeros(size, bool) if truth is None else np.asarray(truth, bool).reshape(size)
    pinned = np.full(len(tasks), -1)
    pinned[at_task[known]] = at_label[known]
    time = np.full(size, np.nan) if seconds is None else np.array(seconds, np.float64).reshape(size)
    return Observations(at_task, _index(annotator, annotators), at_label, time, known, pinned,
                        tuple(tasks), tuple(annotators), tuple(names))


def _index(values: Sequence[Hashable], keys: Iterable[Hashable]) -> IntArray:
    """Position of each value among `keys`."""
    place = {key: at for at, key in enumerate(keys)}
    return np.fromiter(map(place.__getitem__, values), np.int64, len(values))
