"""Everything that one set of answers says: consensus, annotators and agreement. Pure.

The loop, the recompute job and the offline command all come through here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sync.agreement import Agreement, alpha
from sync.arrays import FloatArray, IntArray, label_counts
from sync.consensus import Fit, fit
from sync.observations import Observations
from sync.performance import Performance, crowd_mean, median_by, performance


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the answers to one control say; arrays in the order of `observations`' tasks and annotators.

    `answers` (T,) counts people's answers per task, `seconds` (W,) is the median lead time (NaN: unknown).
    """

    observations: Observations
    fit: Fit
    performance: Performance
    agreement: Agreement
    answers: IntArray
    seconds: FloatArray
    warnings: tuple[str, ...]

    @property
    def crowd_mean(self) -> float:
        """Mean accuracy of all answers: what is assumed of somebody unknown."""
        return crowd_mean(self.fit)


def assess(seen: Observations) -> Assessment:
    """Consensus, performance and agreement of all these answers.

    An answer that is the ground truth pins its task, and does not speak for the annotator who gave it.
    """
    keep = ~seen.truth
    task, annotator, label = seen.task[keep], seen.annotator[keep], seen.label[keep]
    found = fit(task, annotator, label, tasks=len(seen.tasks), annotators=len(seen.annotators),
                labels=len(seen.labels), pinned=seen.pinned)
    judged = performance(task, annotator, label, found, annotators=len(seen.annotators), pinned=seen.pinned)
    votes = label_counts(seen.task, seen.label, len(seen.tasks), len(seen.labels))
    return Assessment(seen, found, judged, alpha(votes), votes.sum(1).astype(int),
                      median_by(seen.annotator, seen.seconds, len(seen.annotators)),
                      tuple(_named(warning, seen.labels) for warning in found.warnings))


def _named(warning: str, labels: tuple[str, ...]) -> str:
    """`label 2` by its name: the fit knows only numbers."""
    return re.sub(r"label (\d+)", lambda found: f"label '{labels[int(found[1])]}'", warning)
