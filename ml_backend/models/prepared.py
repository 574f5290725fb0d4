"""Every kind as one that reads texts once: those that cannot are given the texts themselves again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_backend.calibration import Floats, Ints
from ml_backend.models.kind import Classifier, prepares

TINY = 0.02
"""Share of a text's weight from which a label is taught at all where each label needs a row of its own."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Trains models of one kind on parts of the same texts."""

    kind: type[Classifier]
    prepared: Any
    """What the kind made of the texts; the texts themselves where it makes nothing of them."""

    def fit(self, rows: Ints, weights: NDArray[np.float32], *, seed: int, starts: Sequence[Any] = ()) -> Any:
        """See `Preparing.fit_prepared`."""
        if prepares(self.kind):
            return self.kind.fit_prepared(self.prepared, rows, weights, seed=seed, starts=starts)
        row, label, weight = one_label_each(weights)
        return self.kind.fit([self.prepared[at] for at in rows[row]], label, weight, classes=weights.shape[1],
                             seed=seed)

    def logits(self, model: Any, rows: Ints) -> Floats:
        """See `Preparing.logits_prepared`."""
        if prepares(self.kind):
            found: Floats = model.logits_prepared(self.prepared, rows)
        else:
            found = model.logits([self.prepared[at] for at in rows])
        return found


def reader(kind: type[Classifier], texts: Sequence[str]) -> Reader:
    """Read texts once for many trainings of a kind. Raises ModelError when no text says anything."""
    return Reader(kind, kind.prepare(texts) if prepares(kind) else list(texts))


def one_label_each(weights: NDArray[np.float32]) -> tuple[Ints, Ints, Floats]:
    """(row, label, weight) of weights (m, classes): a text with several labels becomes several rows.

    A label with a `TINY` share of its text's weight is left out, or soft labels of 77 classes would be 77 times the
    rows; the others of the text take over its weight. The heaviest label of a text always stays.
    """
    whole = weights.sum(axis=1, keepdims=True, dtype=np.float64)
    kept = np.where((weights >= TINY * whole) | (weights == weights.max(axis=1, keepdims=True)), weights, 0.0)
    left = kept.sum(axis=1, keepdims=True, dtype=np.float64)
    kept = kept * np.divide(whole, left, out=np.zeros_like(whole), where=left > 0)
    row, label = np.nonzero(kept)
    return row, label, kept[row, label]
