"""Which tasks judge a model, and what a model says of them in the control's own order of labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ml_backend.bundle import Head
from ml_backend.calibration import Floats, Ints
from ml_backend.dataset import Dataset, Example

LEAST_JUDGES = 10
"""Tasks without which nothing is compared."""
LEAST_BLIND = 50
"""Blind tasks from which on only those judge (a suggestion on the screen draws people to it)."""


def judges(data: Dataset, taught: Collection[int] = ()) -> tuple[list[Example], bool]:
    """The held-out examples that judge, and whether all are blind: only blind ones when there are enough.

    `taught`: keys of examples that a rival was trained on; they do not judge.
    """
    return blind_first([e for e, out in zip(data.examples, data.held_out(), strict=True)
                        if out and e.key not in taught])


def blind_first(examples: Sequence[Example]) -> tuple[list[Example], bool]:
    """The blind ones where there are enough, else all; and whether all of them are blind."""
    blind = [e for e in examples if e.blind]
    return (blind, True) if len(blind) >= LEAST_BLIND else (list(examples), len(blind) == len(examples) > 0)


def truths(data: Dataset, examples: Sequence[Example]) -> Ints:
    """(n,) the examples' labels as places in `data.labels`."""
    place = {label: at for at, label in enumerate(data.labels)}
    return np.array([place[e.label] for e in examples], dtype=np.int64)


def said(head: Head, data: Dataset, examples: Sequence[Example], seen: Mapping[int, Floats] | None = None) -> Floats:
    """(n, all labels of the control) probabilities of a head; 0 for labels that it does not know.

    `seen`: {key: probabilities in the head's order} of examples about which it is not asked: what it was `heard` to say
    before, or, of what it was trained on, its out-of-fold answers, which stand for its memory of them.
    """
    seen = seen or {}
    fresh = [number for number, e in enumerate(examples) if e.key not in seen]
    own = np.empty((len(examples), len(head.labels)))
    if fresh:
        own[fresh] = head.probabilities([examples[number].text for number in fresh])
    for number, e in enumerate(examples):
        if e.key in seen:
            own[number] = seen[e.key]
    return spread(own, head.labels, data.labels)


def heard(head: Head, data: Dataset) -> dict[int, Floats]:
    """{key: probabilities in the head's order} of the examples that judge, so that they are read once only."""
    examples, _ = judges(data)
    return dict(zip([e.key for e in examples], head.probabilities([e.text for e in examples]), strict=True))


def spread(own: Floats, known: Sequence[str], labels: Sequence[str]) -> Floats:
    """Probabilities (n, known) as (n, labels): 0 for labels that are not known; those of other labels are left out."""
    found = np.zeros((len(own), len(labels)))
    place = {label: at for at, label in enumerate(labels)}
    columns: NDArray[np.int64] = np.array([i for i, label in enumerate(known) if label in place], dtype=np.int64)
    found[:, [place[known[i]] for i in columns]] = own[:, columns]
    return found


def looked_up(rows: Sequence[Mapping[str, float]], labels: Sequence[str]) -> Floats:
    """{label: probability} of n tasks as (n, labels)."""
    return np.array([[row.get(label, 0.0) for label in labels] for row in rows], np.float64).reshape(-1, len(labels))
