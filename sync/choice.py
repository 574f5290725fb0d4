"""Answers that are one label each: consensus by the model, annotators by their confusions."""

from __future__ import annotations

import numpy as np

from cueloop.types import Control
from sync import many_labels, methods, report, results
from sync.arrays import FloatArray
from sync.assess import Assessment, assess, too_many
from sync.observations import Observations
from sync.outcome import AnnotatorQuality, Outcome
from sync.voice import Voice


def judge(control: Control, seen: Observations, *, voice: Voice | None = None, history: FloatArray | None = None,
          method: str = methods.HIERARCHICAL) -> Outcome:
    """Consensus, annotators and agreement of one control's answers; options as of `sync.assess.assess`."""
    return judged(control, seen, voice=voice, history=history, method=method)[0]


def judged(control: Control, seen: Observations, *, voice: Voice | None = None, history: FloatArray | None = None,
           method: str = methods.HIERARCHICAL) -> tuple[Outcome, Assessment | None]:
    """The same with the assessment that it was made from, for the scorecards.

    Too many labels for confusions are judged by one accuracy each (`sync.many_labels`): a warning says so, and there
    is no assessment.
    """
    if too_many(seen):
        seen, voice, history = many_labels.in_use(seen), None, None   # those are in terms of all labels
        if too_many(seen):
            return many_labels.judge(control, seen), None
    found = assess(seen, voice=voice, history=history, method=method)
    return Outcome(control, results.consensus_rows(found, control.name), _annotators(found),
                   report.agreement(found.agreement), found.warnings, results.run_of(found),
                   None if found.heard is None else found.heard.facts()), found


def _annotators(found: Assessment) -> tuple[AnnotatorQuality, ...]:
    """Everybody who gave an answer; accuracy is by people alone, reviews and ground truth of their own left out."""
    seen, judged = found.observations, found.performance
    given = np.bincount(seen.annotator, minlength=len(seen.annotators))
    return tuple(
        AnnotatorQuality(
            annotator=annotator, answers=int(given[at]), accuracy=float(judged.accuracy[at]),
            low=float(judged.low[at]), high=float(judged.high[at]),
            median_lead_time=None if np.isnan(found.seconds[at]) else float(found.seconds[at]),
            labels=seen.labels, confusion=tuple(map(tuple, found.fit.confusion[at].round(6).tolist())),
            counts=tuple(map(tuple, found.fit.counts[at].round(4).tolist())))
        for at, annotator in enumerate(seen.annotators))
