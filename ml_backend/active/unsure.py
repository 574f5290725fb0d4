"""How unsure a model is of each task: margin and entropy of what it says.

Both are 0 where it is certain and 1 where it cannot say anything, whatever the number of labels. Rows need not sum to
1 (labels that left the config are missing): they are read as shares of what is there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ml_backend.calibration import Floats


def margin(probabilities: Floats) -> Floats:
    """(n,) one less the lead of the likeliest label over the next, of probabilities (n, K); K of 1 leaves no doubt.

    Scheffer, Decomain and Wrobel 2001.
    """
    shares = _shares(probabilities)
    if shares.shape[1] < 2:
        return np.zeros(len(shares))
    best = np.partition(shares, -2, axis=1)
    return np.asarray(1.0 - (best[:, -1] - best[:, -2]), dtype=np.float64)


def entropy(probabilities: Floats) -> Floats:
    """(n,) entropy of probabilities (n, K) as a share of the largest that K labels can have."""
    shares = _shares(probabilities)
    if shares.shape[1] < 2:
        return np.zeros(len(shares))
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(np.clip(-(shares * logs).sum(axis=1) / np.log(shares.shape[1]), 0.0, 1.0), dtype=np.float64)


BY: dict[str, Callable[[Floats], Floats]] = {"margin": margin, "entropy": entropy}
"""By the names that `training.yaml` knows."""


def _shares(probabilities: Floats) -> Floats:
    """Rows that sum to 1; a row of nothing says that all labels are as likely."""
    total = probabilities.sum(axis=1, keepdims=True)
    even = np.full_like(probabilities, 1.0 / max(probabilities.shape[1], 1))
    return np.asarray(np.divide(probabilities, total, out=even, where=total > 0), dtype=np.float64)
