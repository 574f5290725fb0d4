"""Each answer as the others see it: is it right, would others have given it too, was the model right.

What the others say of a task never includes the answer that is judged. Answers that are themselves the ground
truth, and edits of somebody else's annotation, judge nobody and are not judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray, label_counts
from sync.consensus import Fit
from sync.observations import Observations
from sync.performance import blocks, others


@dataclass(frozen=True, slots=True)
class Judged:
    """n answers of W annotators to T tasks; `row` is their place in the observations.

    `right` (n,): chance that the answer is right, by the others. `company` (n,): how many others answered, and
    `alike` (n,) how many of them gave this answer; `known` (n,): the task has a ground truth. `usual` (n,): chance
    that this annotator gives this answer, by what all say of the task and how they answer otherwise. `top` (W,): the
    label each gave most, -1 for none; `top_usual` (n,): chance that an average annotator gives that one to this task;
    `top_alike` (n,): how many of the others did. `model` (n,): the model's label or -1; `model_right` (n,): chance
    that it is right, NaN where there is none.
    """

    row: IntArray
    task: IntArray
    annotator: IntArray
    label: IntArray
    right: FloatArray
    company: IntArray
    alike: IntArray
    known: NDArray[np.bool_]
    usual: FloatArray
    top: IntArray
    top_usual: FloatArray
    top_alike: IntArray
    model: IntArray
    model_right: FloatArray
    at: FloatArray
    seen: IntArray

    @property
    def comparable(self) -> NDArray[np.bool_]:
        """Answers to tasks of which enough is known without them: two others, or the truth and one other. (n,)"""
        return (self.company >= 2) | (self.known & (self.company >= 1))


def counted(seen: Observations) -> IntArray:
    """Rows of the observations that are somebody's own, independent answers."""
    return np.flatnonzero(~seen.truth & ~seen.review)


def judge(seen: Observations, fit: Fit, model: IntArray | None = None) -> Judged:
    """Judge all answers of `seen` by `fit`; `model` (N,) has the model's label for each, or -1.

    Memory grows with the answers, not with answers times labels.
    """
    row = counted(seen)
    task, annotator, label = seen.task[row], seen.annotator[row], seen.label[row]
    shown = np.full(len(row), -1) if model is None else np.asarray(model)[row]
    people, labels, size = len(seen.annotators), fit.posterior.shape[1], len(row)
    votes = label_counts(task, label, len(seen.tasks), labels)
    given = label_counts(annotator, label, people, labels)
    top = np.where(given.sum(1) > 0, given.argmax(1), -1)
    right, usual, top_usual, by_model = (np.full(size, np.nan) for _ in range(4))
    for part in blocks(size, labels):
        who, answer, at = annotator[part], label[part], np.arange(len(label[part]))
        truth = others(task[part], who, answer, fit, seen.pinned)
        right[part] = truth[at, answer]
        by_model[part] = np.where(shown[part] >= 0, truth[at, np.maximum(shown[part], 0)], np.nan)
        usual[part] = np.einsum("nk,nk->n", fit.likelihood[task[part]], fit.confusion[who, :, answer])
        top_usual[part] = np.einsum("nk,nk->n", truth, fit.pooled[:, top[who]].T)
    favourite = top[annotator]
    return Judged(
        row, task, annotator, label, right, company=votes.sum(1)[task].astype(int) - 1,
        alike=votes[task, label].astype(int) - 1, known=seen.pinned[task] >= 0, usual=usual, top=top,
        top_usual=top_usual, top_alike=votes[task, favourite].astype(int) - (label == favourite), model=shown,
        model_right=by_model, at=seen.at[row], seen=seen.seen[row])
