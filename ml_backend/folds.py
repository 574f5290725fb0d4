"""Folds for cross-validation that deal every class out evenly, even one with two examples.

Examples of one cluster (near-duplicates, one source) stay together: a model that met an example's twin would flatter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

FOLDS = 5
"""Parts of a cross-validation."""
MANY, FOLDS_OF_MANY = 20_000, 3
"""From so many examples on that few parts do: two thirds of them teach nearly as much as four fifths."""


def folds_for(examples: int) -> int:
    """Folds for that many examples."""
    return FOLDS_OF_MANY if examples >= MANY else FOLDS


def deal(classes: Ints, folds: int = FOLDS, seed: int = 0, clusters: Sequence[str] = ()) -> Ints:
    """A fold number for each example: each class shuffled and dealt out in turn, fold sizes kept even.

    Examples of one of the `clusters` (n names; an empty one is nobody's) get the same fold, and classes are then only
    about even. A class with at least two examples is in the training part of every fold: where clusters would prevent
    that, its examples are dealt singly.
    """
    group = _groups(clusters)
    if group is None:
        return _dealt(classes, folds, seed)
    found = _together(classes, group, folds, seed)
    for label in np.unique(classes):
        members = np.flatnonzero(classes == label)
        if len(members) > 1 and len(np.unique(found[members])) == 1:
            found[members] = _dealt(classes[members], folds, seed)
    return found


def _dealt(classes: Ints, folds: int, seed: int) -> Ints:
    rng = np.random.default_rng(seed)
    dealt = np.empty(len(classes), dtype=np.int64)
    turn = 0
    for label in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == label))
        dealt[members] = (turn + np.arange(len(members))) % folds
        turn += len(members)
    return dealt


def _groups(clusters: Sequence[str]) -> Ints | None:
    """The number of each example's cluster; None where every example is by itself."""
    number: dict[str, int] = {}
    group = np.array([number.setdefault(name or f"\0{at}", len(number)) for at, name in enumerate(clusters)],
                     dtype=np.int64)
    return None if len(number) == len(clusters) else group


def _together(classes: Ints, group: Ints, folds: int, seed: int) -> Ints:
    """Whole clusters to the folds: the large ones first, each to the fold that has fewest of its commonest class."""
    order = np.lexsort((classes, group))
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    members = np.split(order, begins[1:])
    shuffled = np.random.default_rng(seed).permutation(len(members))
    held = np.zeros((folds, int(classes.max()) + 1), dtype=np.int64)
    found = np.empty(len(classes), dtype=np.int64)
    for number in sorted(shuffled.tolist(), key=lambda at: -len(members[at])):
        counts = np.bincount(classes[members[number]], minlength=held.shape[1])
        fold = int(np.lexsort((held.sum(axis=1), held[:, counts.argmax()]))[0])
        held[fold] += counts
        found[members[number]] = fold
    return found
