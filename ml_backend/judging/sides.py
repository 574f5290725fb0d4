"""Challenger and champion on the same tasks, each judged only by what it was not trained on.

Held-out tasks that neither was trained on judge where there are enough of them. Else every labelled task does, each
model with its cross-validated answer where it was trained on the task: so a project with few held-out tasks, or whose
champion was trained by another split, is no dead end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_backend.bundle import Head
from ml_backend.calibration import Floats, Ints
from ml_backend.dataset import APART, Dataset, Example
from ml_backend.judging.comparison import CROSS_VALIDATED, HELD_OUT
from ml_backend.judging.judges import LEAST_JUDGES, blind_first, judges, looked_up, said, truths
from ml_backend.training import Trained


@dataclass(frozen=True, slots=True)
class Sides:
    """n tasks of a control with K labels, and what two models say of them."""

    control: str
    labels: tuple[str, ...]
    examples: tuple[Example, ...]
    truth: Ints
    """(n,) places in `labels`."""
    new: Floats
    """(n, K)"""
    old: Floats
    """(n, K)"""
    basis: str
    """held out | cross-validated"""

    @property
    def right(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(n,), (n,): which tasks the new and the old one are right about."""
        return self.new.argmax(axis=1) == self.truth, self.old.argmax(axis=1) == self.truth


def of_heads(trained: Trained, champion: Head, data: Dataset, taught: Mapping[int, Floats],
             heard: Mapping[int, Floats] | None = None) -> Sides:
    """Both asked. `taught`: {key: out-of-fold probabilities} of the tasks that the champion was trained on.

    `heard`: what the new one was heard to say of held-out tasks.
    """
    examples, _ = judges(data, taught)
    if len(examples) >= LEAST_JUDGES:
        new, old = said(trained.head, data, examples, heard), said(champion, data, examples)
        return _sides(data, examples, new, old, HELD_OUT)
    examples = _all(data)
    return _sides(data, examples, said(trained.head, data, examples, {**(heard or {}), **seen(trained)}),
                  said(champion, data, examples, taught), CROSS_VALIDATED)


def of_answers(trained: Trained, told: Mapping[int, Mapping[str, float]], data: Dataset,
               heard: Mapping[int, Floats] | None = None) -> Sides:
    """A champion that cannot be asked, only looked up: `told` has its {label: probability} by task."""
    silent = {e.key for e in data.examples if e.key not in told}
    examples, basis = judges(data, silent)[0], HELD_OUT
    if len(examples) < LEAST_JUDGES:
        examples, basis = [e for e in _all(data) if e.key in told], CROSS_VALIDATED
    new = said(trained.head, data, examples, {**(heard or {}), **(seen(trained) if basis == CROSS_VALIDATED else {})})
    return _sides(data, examples, new, looked_up([told[e.key] for e in examples], data.labels), basis)


def seen(trained: Trained) -> dict[int, Floats]:
    """{key: out-of-fold probabilities} of what a head was trained on."""
    return dict(zip(trained.keys.tolist(), trained.out_of_fold, strict=True))


def _all(data: Dataset) -> list[Example]:
    """Every labelled task that may judge when each model answers without its memory of it."""
    return blind_first([e for e in data.examples if e.part != APART])[0]


def _sides(data: Dataset, examples: Sequence[Example], new: Floats, old: Floats, basis: str) -> Sides:
    old = np.where(np.isfinite(old), old, 0.0)      # a champion that is broken stands in nobody's way
    return Sides(data.control, data.labels, tuple(examples), truths(data, examples), new, old, basis)
