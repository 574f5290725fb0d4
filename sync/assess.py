"""Everything that one set of answers says: consensus, annotators and agreement. Pure.

The loop, the recompute job and the offline command all come through here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync import methods
from sync.agreement import Agreement, alpha
from sync.arrays import FloatArray, IntArray, label_counts
from sync.consensus import Fit, nothing
from sync.effective import effective, worth
from sync.observations import Observations
from sync.performance import Performance, crowd_mean, median_by, performance
from sync.voice import Heard, Voice, join, learn

LARGEST = 50_000_000
"""Numbers that any one array may hold (400 MB): confusions are annotators x labels x labels."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the answers to one control say; arrays in the order of `observations`' tasks and annotators.

    `fit` is by people alone. `posterior` (T, K) chooses each task's label and `probability` (T, K) is told: by people
    and, where it `spoke` (T,), a model, whose word is worth what was `heard`. `answers` (T,) counts people's answers
    per task, `effective` (T,) is how many average answers they are worth, `seconds` (W,) is the median lead time
    (NaN: unknown).
    """

    observations: Observations
    method: str
    fit: Fit
    posterior: FloatArray
    probability: FloatArray
    spoke: NDArray[np.bool_]
    heard: Heard | None
    performance: Performance
    agreement: Agreement
    answers: IntArray
    effective: FloatArray
    seconds: FloatArray
    warnings: tuple[str, ...]

    @property
    def crowd_mean(self) -> float:
        """Mean accuracy of all answers: what is assumed of somebody unknown."""
        return crowd_mean(self.fit)


def assess(seen: Observations, *, method: str = methods.HIERARCHICAL, voice: Voice | None = None,
           history: FloatArray | None = None) -> Assessment:
    """Consensus, performance and agreement of all these answers.

    An answer that is the ground truth pins its task, and does not speak for the annotator who gave it. A review (an
    edit of somebody else's annotation) votes and judges the author, but is no independent answer: it says nothing of
    the reviewer and does not count in agreement. `voice` is what a model says of the same tasks and labels, `history`
    (W, K, K) what was seen before of the same annotators (`sync.history`). `method` is one of `methods.METHODS`.
    Raises ValueError for an unknown method, and where confusions of so many labels do not fit into memory.
    """
    find = methods.of_name(method)
    refuse_too_many(seen)
    keep = ~seen.truth
    task, annotator, label, review = seen.task[keep], seen.annotator[keep], seen.label[keep], seen.review[keep]
    sizes = {"tasks": len(seen.tasks), "annotators": len(seen.annotators), "labels": len(seen.labels)}
    found = (find(task, annotator, label, **sizes, pinned=seen.pinned, history=history, review=review)
             if seen.labels else nothing(len(seen.tasks), len(seen.annotators)))
    own = ~review
    judged = performance(task[own], annotator[own], label[own], found, annotators=len(seen.annotators),
                         pinned=seen.pinned)
    heard = None if voice is None else learn(voice, task[own], annotator[own], label[own], found, pinned=seen.pinned)
    posterior, probability, spoke = _joined(found, voice, heard, seen)
    value = worth(found.confusion, found.pooled, found.prior)[seen.annotator]
    alone = ~seen.review
    votes = label_counts(seen.task[alone], seen.label[alone], len(seen.tasks), len(seen.labels))
    return Assessment(
        seen, method, found, posterior, probability, spoke, heard, judged, alpha(votes),
        np.bincount(seen.task, minlength=len(seen.tasks)), effective(seen.task, value, len(seen.tasks)),
        median_by(seen.annotator, seen.seconds, len(seen.annotators)),
        tuple(_named(warning, seen.labels) for warning in found.warnings))


def too_many(seen: Observations) -> bool:
    """Whether confusions of all labels, or probabilities of all labels for all tasks, do not fit into memory."""
    labels = len(seen.labels)
    return labels * max(len(seen.annotators) * labels, len(seen.tasks)) > LARGEST


def refuse_too_many(seen: Observations) -> None:
    """Raise ValueError, before anything is allocated, where there are too many labels for confusions."""
    if too_many(seen):
        raise ValueError(
            f"{len(seen.labels):,} labels of {len(seen.annotators):,} annotators and {len(seen.tasks):,} tasks are too "
            "many for confusions. If this is free text, it needs a text control; else merge labels.")


def _joined(found: Fit, voice: Voice | None, heard: Heard | None, seen: Observations,
            ) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Posterior, probability, and where a model spoke: only where people did, and never against the ground truth."""
    answered = np.bincount(seen.task, minlength=len(seen.tasks)) > 0
    if voice is None or heard is None or heard.weight == 0:
        return found.posterior, found.probability, np.zeros(len(seen.tasks), bool)
    spoke = voice.usable & answered & (seen.pinned < 0)
    posterior, probability = found.posterior.copy(), found.probability.copy()
    probability[spoke] = join(found.probability[spoke], voice.probabilities[spoke], heard)
    posterior[spoke] = probability[spoke]
    return posterior, probability, spoke


def _named(warning: str, labels: tuple[str, ...]) -> str:
    """`label 2` by its name: the fit knows only numbers."""
    return re.sub(r"label (\d+)", lambda found: f"label '{labels[int(found[1])]}'", warning)
