"""Whether there is something to learn, and whether a model learned it: asked of every kind alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.calibration import Floats

OFTEN = 0.05
"""Share of the examples from which a class that is never answered means that training failed."""
LEAST = 5
"""Examples of such a class."""


def check_taught(weights: NDArray[np.float32]) -> None:
    """Of weights (n, classes): two classes at least and some weight on each, or ModelError."""
    if weights.shape[1] < 2 or not weights.any(axis=0).all():
        raise ModelError("Training needs examples of at least two classes and of each one; "
                         f"{int(weights.any(axis=0).sum())} of {weights.shape[1]} have some.")


def check_learned(logits: Floats | NDArray[np.float32], weights: NDArray[np.float32]) -> None:
    """A model that never answers a class it has often seen was not trained, whatever the solver says.

    Both (n, classes), of the examples it was trained on. Raises ModelError.
    """
    taught = np.bincount(weights.argmax(axis=1)[weights.any(axis=1)], minlength=weights.shape[1])
    answered = np.bincount(logits.argmax(axis=1), minlength=weights.shape[1])
    often = taught >= max(LEAST, OFTEN * taught.sum())
    silent = np.count_nonzero(often & (answered == 0))
    if not np.isfinite(logits).all():
        raise ModelError("The trained model's scores are no numbers: training did not converge. It is not used.")
    if np.count_nonzero(answered) < 2 or silent:
        raise ModelError(
            f"The trained model answers {np.count_nonzero(answered)} of its {len(taught)} classes: it learned nothing "
            f"of the others, of which {silent} have many examples. It is not used. Look for texts that carry "
            "contradicting labels.")
