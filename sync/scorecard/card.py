"""The scorecard: what an annotator's record says, in five sections side by side, each number with its interval.

There is no single score: speed bought with accuracy, or agreement with the model bought with anchoring, would be
hidden in it. Nothing is shown of an annotator with fewer than LEAST answers. A card is JSON:

    {"shown": bool, "reason": why not, "answers": n,
     "quality":      {"accuracy", "adjusted" (as on average work), "gold", "reviews", "separates": [pairs of labels]},
     "speed":        {"seconds", "ratio" (to others on the same tasks), "impossible", "idle", "overlapping": counts},
     "consistency":  {"same", "kappa"} (tasks asked twice),
     "independence": {"anchoring", "straight_lining", "copying"},
     "reliability":  {"skips", "skips_adjusted", "drift"},
     "bands": {section: words},
     "flags": [{"kind", "sentence", "p", "tasks", ...}]}

Each figure is {"value", "low", "high", "n", "reason", ...}, with a reason where the value is None. Intervals hold
95 %. Flags are tests: each kind of them raises a false alarm in at most one careful *team* of twenty.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sync.assess import Assessment
from sync.observations import Observations
from sync.outcome import AnnotatorQuality
from sync.scorecard.evidence import Evidence
from sync.scorecard.plain import (
    Plain,
    consistency_section,
    plain,
    plain_bands,
    plain_flags,
    reviews_figure,
    skips_figures,
    speed_section,
)
from sync.scorecard.skilled import (
    Skilled,
    drift_figure,
    independence_section,
    quality_section,
    skilled,
    skilled_flags,
)
from sync.scorecard.words import band, figure

LEAST = 10
"""Answers below which nothing is shown of an annotator but how many they were: it would be chance."""

OTHER_SHAPE = "not measured for answers of this shape"

Cards = dict[Hashable, dict[str, Any]]


def cards(seen: Observations, assessment: Assessment, evidence: Evidence | None = None, *,
          least: int = LEAST) -> Cards:
    """The card of every annotator of `seen`, whose answers are one label each, by annotator.

    `assessment` is of the same answers, perhaps with other labels (those in use only). Without `evidence`
    (`evidence.read`) what only the store knows is None. Raises ValueError when the assessment is of other answers.
    """
    if not len(seen.annotators):
        return {}
    seen, evidence = _as_assessed(seen, assessment, evidence)
    common, own = plain(seen, evidence), skilled(seen, assessment, evidence)
    return _each(seen, common, least, lambda at: _card(common, own, at))


def plain_cards(seen: Observations, annotators: Sequence[AnnotatorQuality], evidence: Evidence | None = None, *,
                least: int = LEAST, similar: Callable[[Any, Any], float] | None = None) -> Cards:
    """The card of every annotator of `seen`, whose answers have any shape; accuracy is that of `annotators`.

    `similar` says how alike two answers are, 0 to 1, for consistency; without it they are equal or not. A kind that
    knows accuracy on gold puts a figure into the `gold` of its annotators' details.
    """
    if not len(seen.annotators):
        return {}
    common = plain(seen, evidence, similar)
    quality = {one.annotator: one for one in annotators}
    known = [one.accuracy for one in annotators if one.answers >= least]
    mean = float(np.mean(known)) if known else np.nan
    return _each(seen, common, least, lambda at: _plain_card(common, quality.get(seen.annotators[at]), mean, at))


def _as_assessed(seen: Observations, assessment: Assessment,
                 evidence: Evidence | None) -> tuple[Observations, Evidence | None]:
    """The answers as they were assessed, and the evidence in terms of the same labels."""
    judged = assessment.observations
    if judged.tasks != seen.tasks or judged.annotators != seen.annotators or len(judged.task) != len(seen.task):
        raise ValueError("the assessment is of other answers than those that cards are to be made of")
    if evidence is None or judged.labels == seen.labels:
        return judged, evidence
    place = {label: at for at, label in enumerate(judged.labels)}
    moved = np.array([*(place.get(label, -1) for label in seen.labels), -1])   # -1, no label, stays the last
    return judged, replace(evidence, model=moved[evidence.model])


def _each(seen: Observations, common: Plain, least: int, make: Callable[[int], dict[str, Any]]) -> Cards:
    given = np.bincount(seen.annotator[common.row], minlength=len(seen.annotators))
    return {annotator: {"shown": True, "reason": None, "answers": int(given[at]), **make(at)}
            if given[at] >= least else
            {"shown": False, "answers": int(given[at]), "reason":
             f"{given[at]} answers of their own; nothing is shown below {least}"}
            for at, annotator in enumerate(seen.annotators)}


def _card(common: Plain, own: Skilled, at: int) -> dict[str, Any]:
    quality = {**quality_section(own, at), "reviews": reviews_figure(common, at)}
    speeds, consistent = speed_section(common, at), consistency_section(common, at)
    flags = [*plain_flags(common, at), *skilled_flags(own, at)]
    best = quality["adjusted"] if quality["adjusted"]["value"] is not None else quality["accuracy"]
    mean = own.mean
    return {"quality": quality, "speed": speeds, "consistency": consistent,
            "independence": independence_section(own, at),
            "reliability": {**skips_figures(common, at), "drift": drift_figure(own, at)},
            "bands": _bands(best, mean, speeds, consistent, flags), "flags": flags}


def _plain_card(common: Plain, quality: AnnotatorQuality | None, mean: float, at: int) -> dict[str, Any]:
    speeds, consistent = speed_section(common, at), consistency_section(common, at)
    flags = plain_flags(common, at)
    accuracy = figure(np.nan, np.nan, np.nan, 0, "not judged") if quality is None else figure(
        quality.accuracy, quality.low, quality.high, quality.answers)
    gold = None if quality is None else quality.details.get("gold")
    return {"quality": {"accuracy": accuracy, "adjusted": _not_measured(),
                        "gold": gold if isinstance(gold, dict) else _not_measured(), "separates": [],
                        "reviews": reviews_figure(common, at)},
            "speed": speeds, "consistency": consistent,
            "independence": {"anchoring": _not_measured(), "straight_lining": {"run": None, "favourite": None},
                             "copying": []},
            "reliability": {**skips_figures(common, at), "drift": _not_measured()},
            "bands": _bands(accuracy, mean, speeds, consistent, flags), "flags": flags}


def _not_measured() -> dict[str, Any]:
    return figure(np.nan, np.nan, np.nan, 0, OTHER_SHAPE)


def _bands(accuracy: dict[str, Any], mean: float, speeds: dict[str, Any], consistent: dict[str, Any],
           flags: list[dict[str, Any]]) -> dict[str, str]:
    """Each section in words. Sections that only flags speak of say what was found, or that nothing was."""
    kinds = {one["kind"] for one in flags}
    of = {"independence": ("anchoring", "guessing", "straight-lining", "one label", "copying"),
          "reliability": ("skips", "drift")}
    return {"quality": band(accuracy["low"], accuracy["high"], mean,
                            ("below the team", "about the team's", "above the team")),
            **plain_bands(speeds, consistent),
            **{section: ", ".join(kind for kind in named if kind in kinds) or "nothing found"
               for section, named in of.items()}}
