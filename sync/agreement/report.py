"""Agreement of one control as JSON: the headline, all coefficients, every cut, and what to be careful about."""

from __future__ import annotations

from typing import Any

import numpy as np

from sync.agreement import by_label, by_pair
from sync.agreement.by_group import blind, by_guideline
from sync.agreement.coefficients import HEADLINE, coefficients, kappa_weights
from sync.agreement.concerns import changes, concerns, labels
from sync.agreement.krippendorff import LEVELS
from sync.agreement.over_time import over_time
from sync.agreement.pairs import LEAST, Overlaps, overlaps
from sync.agreement.units import Units, units
from sync.arrays import FloatArray
from sync.observations import Observations

MOST_PAIRS = 300
"""Mean kappa is over so many pairs of annotators, those with most tasks in common."""


def agreement_report(seen: Observations, *, level: str = "nominal", replicates: int = 1000, seed: int = 0,
                     cuts: bool = True, numbers: FloatArray | None = None) -> dict[str, Any]:
    """Krippendorff's alpha as the headline, the other coefficients that fit the level, and the cuts.

    `level` is nominal, ordinal (labels in the order of `seen.labels`, or `numbers`) or interval (`numbers`, one for
    each answer, NaN where there is none). Reviews are left out, as a reviewer has seen the answer; if an annotator
    answered a task twice the later row counts. Every interval is at 95 % and resamples tasks. Floats have four digits;
    what is unknown is None with a `reason`. Raises ValueError for an unknown level, an interval level without numbers,
    or numbers that do not fit the answers.
    """
    if level not in LEVELS:
        raise ValueError(f"level is {level!r}, but must be one of {', '.join(LEVELS)}")
    if level == "interval" and numbers is None:
        raise ValueError("the interval level needs numbers: labels have no differences")
    taken = units(seen, numbers)
    overlap = overlaps(taken, MOST_PAIRS)
    found = coefficients(taken, overlap, level, replicates=replicates, seed=seed)
    headline = next(record for record in found if record["metric"] == HEADLINE)
    report = {**headline, "level": level, "coefficients": found, "by_label": [], "by_pair": [], "by_guideline": [],
              "over_time": [], "blind": None, "warnings": [*concerns(taken, found), *_left_out(seen, taken)]}
    if cuts:
        _cut(report, taken, overlap, level, replicates, seed)
    return report


def _cut(report: dict[str, Any], taken: Units, overlap: Overlaps, level: str, replicates: int, seed: int) -> None:
    options: dict[str, Any] = {"replicates": replicates, "seed": seed}
    if taken.names:
        report["by_label"] = by_label.by_label(taken.table(), taken.names, **options)
    report["by_pair"] = by_pair.by_pair(taken, overlap, kappa_weights(level), **options)
    report["by_guideline"] = by_guideline(taken, level, **options)
    report["over_time"] = over_time(taken, level, **options)
    report["blind"] = blind(taken, level, **options)
    warnings = report["warnings"]
    warnings += labels(report["by_label"], report)
    warnings += changes(report["by_guideline"], "with guideline version")
    warnings += changes(report["over_time"], "in the period that began on")
    if len(taken.names) > by_label.MOST:
        warnings.append(f"Of {len(taken.names)} labels only the {by_label.MOST} commonest are told.")
    compared = overlap.enough(LEAST)
    if compared > by_pair.MOST:
        warnings.append(f"Of {compared} pairs of annotators the {by_pair.MOST} with most tasks in common are told; "
                        f"mean kappa is over the first {min(compared, MOST_PAIRS)}.")
    if report["over_time"] and (np.isnan(taken.at)).any():
        warnings.append(f"When {np.isnan(taken.at).mean():.0%} of the answers were given is unknown: tasks with no "
                        "known time are missing over time.")


def _left_out(seen: Observations, taken: Units) -> list[str]:
    reviews = int(np.count_nonzero(seen.review))
    others = len(seen.task) - reviews - len(taken.task)
    sentences = [f"{reviews} reviews and imported ground truths are left out: they are nobody's independent answers."
                 ] if reviews else []
    if others:
        sentences.append(f"{others} answers are left out: without a number, or replaced by a later one.")
    return sentences
