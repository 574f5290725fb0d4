"""Which of a task's predictions was the model's word when an answer was given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Predicted:
    """P predictions: task, label (-1: none that is known), when made and when sent to Label Studio (POSIX seconds, NaN:
    never). All (P,)."""

    task: IntArray
    label: IntArray
    made: FloatArray
    sent: FloatArray


def in_service(said: Predicted, task: IntArray, at: FloatArray, seen: IntArray) -> IntArray:
    """The model's label for each of N answers, given at `at`, -1 where there was none or the moment is unknown. (N,)

    For an answer beside a suggestion (`seen` 1) it is the newest prediction that had been sent by then; for a blind
    one, or where none had been sent (a backend that was asked live), the newest that had been made.
    """
    latest = _latest(said.task, said.label, said.made, task, at)
    sent = ~np.isnan(said.sent)
    shown = _latest(said.task[sent], said.label[sent], said.sent[sent], task, at)
    return np.where((seen == 1) & (shown != _NONE), shown, np.where(latest == _NONE, -1, latest))


_NONE = -2


def _latest(task: IntArray, label: IntArray, when: FloatArray, asked: IntArray, at: FloatArray) -> IntArray:
    """Label of the newest row of each asked task that is not later than `at`; _NONE where there is none."""
    place = np.concatenate([task, asked])
    is_answer = np.concatenate([np.zeros(len(task), int), np.ones(len(asked), int)])
    order = np.lexsort((is_answer, np.concatenate([when, at]), place))
    newest = np.maximum.accumulate(np.where(is_answer[order] == 0, np.arange(len(order)), -1))
    source = np.where(newest >= 0, order[newest], -1)
    hit = (source >= 0) & (is_answer[order] == 1)
    hit[hit] = place[source[hit]] == place[order[hit]]
    found = np.full(len(asked), _NONE)
    found[order[hit] - len(task)] = label[source[hit]]
    found[np.isnan(at)] = _NONE
    return found
