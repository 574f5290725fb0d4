"""Majority vote: the baseline that no consensus may fall far below."""

from __future__ import annotations

from sync.arrays import FloatArray, IntArray, label_counts, largest, normalised


def majority(task: IntArray, label: IntArray, *, tasks: int, labels: int) -> FloatArray:
    """Share of each label among a task's answers: (tasks, labels); uniform where there are none.

    The majority's label is the argmax; ties go to the label listed first.
    """
    counts = label_counts(task, label, tasks, labels)
    counts[largest(counts) == 0] = 1.0
    return normalised(counts)
