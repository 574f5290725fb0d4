"""What is believed of a task: the model's word and the people's, put together as two witnesses.

ActiveLab (Goh and Mueller 2023, arXiv:2301.11856) has one scale for both questions, "what is this new task?" and "is
that old label right?": ask where what is believed is least sure. There it is a weighted mean of the classifier's
probability and of the annotators' agreement, with weights from accuracies over the whole set. Here the consensus is a
calibrated posterior already, made of each annotator's own confusions, and the model's scores are calibrated on what it
has not learned from: so the two are multiplied as evidence, which a mean cannot do. A label that nobody doubts and the
model would have said itself leaves nothing to ask; one against a sure model is worth a second look.
"""

from __future__ import annotations

import numpy as np

from ml_backend.calibration import Floats

FLOOR = 0.005
"""Least probability of a label in either's word: nobody is so sure that the other cannot move them."""


def together(model: Floats, people: Floats, prior: Floats) -> Floats:
    """(n, K): posterior of both, given each one's own (n, K) and the shares of the classes (K,) that both contain.

    A row of `people` of zeros is a task that nobody has answered: there the model's word stands alone. Two witnesses
    who are independent given the truth: p(k) ~ model(k) people(k) / prior(k).
    """
    silent = people.sum(axis=1) <= 0
    both = _sure(model) * _sure(people) / np.maximum(prior, FLOOR)
    both /= both.sum(axis=1, keepdims=True)
    return np.where(silent[:, None], model, both)


def _sure(rows: Floats) -> Floats:
    """As probabilities of which none is next to nothing; what is missing to 1 is shared evenly."""
    told = rows + np.maximum(1.0 - rows.sum(axis=1, keepdims=True), 0.0) / rows.shape[1]
    floored = np.maximum(told, FLOOR)
    return np.asarray(floored / floored.sum(axis=1, keepdims=True), dtype=np.float64)


def shares(counts: Floats) -> Floats:
    """(K,) shares of the classes of labelled tasks, of `counts` (K,), with one more of each: none is impossible."""
    return np.asarray((counts + 1.0) / (counts + 1.0).sum(), dtype=np.float64)
