"""Answers that are one label each: consensus by the hierarchical model, annotators by their confusions."""

from __future__ import annotations

import numpy as np

from cueloop.types import Control
from sync import report, results
from sync.assess import assess
from sync.observations import Observations
from sync.outcome import AnnotatorQuality, Outcome


def judge(control: Control, seen: Observations) -> Outcome:
    """Consensus, annotators and agreement of one control's answers."""
    found = assess(seen)
    given = np.bincount(seen.annotator, minlength=len(seen.annotators))
    annotators = tuple(
        AnnotatorQuality(
            annotator=annotator, answers=int(given[at]), accuracy=float(found.performance.accuracy[at]),
            low=float(found.performance.low[at]), high=float(found.performance.high[at]),
            median_lead_time=None if np.isnan(found.seconds[at]) else float(found.seconds[at]),
            labels=seen.labels, confusion=tuple(map(tuple, found.fit.confusion[at].round(6).tolist())),
            counts=tuple(map(tuple, found.fit.counts[at].round(4).tolist())))
        for at, annotator in enumerate(seen.annotators))
    return Outcome(control, tuple(results.consensus_rows(found, control.name)), annotators, report.agreement(found),
                   found.warnings, results.run_of(found))
