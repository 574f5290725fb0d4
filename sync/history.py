"""What is known of annotators from before, as a prior of a fit.

It enters every M step as so many expected answers (a power prior, Ibrahim and Chen 2000): half of what was seen, as
other work is not this work, and never more than 30 answers' worth of one annotator, so that after 30 answers what is
seen now weighs as much as all that was seen before.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from cueloop.store.performance import Confusions
from sync.arrays import FloatArray

DISCOUNT = 0.5
"""What an answer from before is worth beside one of now."""

CAP = 30.0
"""Answers' worth of history that an annotator can have at most."""

LARGEST = 1e15
"""No history holds more answers."""


def history(runs: Sequence[Confusions], labels: Sequence[str], annotators: Sequence[Hashable]) -> FloatArray | None:
    """Expected counts (W, K, K) to give to a fit with these labels and annotators; None when the runs know nobody.

    Labels are matched by name and annotators by identity, in whatever order a run has them; answers and truths with
    labels that are not asked for now are left out, and so is who is not here now.
    """
    found = np.zeros((len(annotators), len(labels), len(labels)))
    place = {label: at for at, label in enumerate(labels)}
    who = {annotator: at for at, annotator in enumerate(annotators)}
    for run in runs:
        known = [(old, place[label]) for old, label in enumerate(run.labels) if label in place]
        people = [(old, who[annotator]) for old, annotator in enumerate(run.annotators) if annotator in who]
        if not known or not people:
            continue
        old, new = (np.array(column) for column in zip(*known, strict=True))
        before, now = (np.array(column) for column in zip(*people, strict=True))
        counts = np.nan_to_num(run.counts[np.ix_(before, old, old)], posinf=0.0, neginf=0.0)
        found[np.ix_(now, new, new)] += np.maximum(counts, 0.0)
    return capped(found) if found.any() else None


def capped(counts: FloatArray) -> FloatArray:
    """Counts (W, K, K) of before at what they are worth now."""
    total = counts.sum((1, 2), keepdims=True)
    return np.asarray(counts * np.minimum(DISCOUNT, CAP / np.maximum(total, 1e-12)))


def to_json(run: Confusions) -> dict[str, Any]:
    """What a later run needs of this one, as a file."""
    return {"labels": list(run.labels), "annotators": [str(one) for one in run.annotators],
            "counts": run.counts.round(6).tolist()}


def of_json(told: dict[str, Any]) -> Confusions:
    """What `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    labels, annotators = tuple(map(str, told["labels"])), tuple(told["annotators"])
    counts = np.array(told["counts"], np.float64).reshape(len(annotators), len(labels), len(labels))
    if not np.isfinite(counts).all() or (counts < 0).any() or counts.sum() > LARGEST:
        raise ValueError("its counts are no numbers of answers")
    if not all(isinstance(one, (str, int)) for one in annotators):
        raise ValueError("its annotators are no names")
    nothing = np.zeros(0)
    return Confusions(labels, annotators, counts, counts, nothing, nothing, int(counts.sum()))
