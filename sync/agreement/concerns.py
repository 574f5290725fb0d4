"""What a careful reader should know before trusting a figure of agreement: sentences."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np

from sync.agreement.coefficients import HEADLINE
from sync.agreement.units import Units

FEW_TASKS = 30
WIDE = 0.2
"""An interval wider than this hardly tells good agreement from poor."""

DOMINANT = 0.5
"""More than this share of all answers by one annotator."""

PREVALENT = 0.75
"""So high a percent agreement beside a low alpha: one label prevails."""

PARADOX = 0.2
"""The gap between Gwet's coefficient and alpha from which on it is told."""

POOR = 0.5
"""A label whose alpha is surely lower than this, and lower than that of all labels, is told."""

TOLD = 3
"""So many of them."""

MATERIAL = 0.05
"""A fall of alpha by less than this is not worth a sentence, however sure."""


def concerns(units: Units, coefficients: list[dict[str, Any]]) -> list[str]:
    """Sentences about the whole: how many answers it rests on, whose they are, what the coefficients hide."""
    found = {record["metric"]: record for record in coefficients}
    alpha = found[HEADLINE]
    return [*_extent(units, alpha), *_width(alpha), *_paradox(found), *_suggestions(units)]


def labels(records: list[dict[str, Any]], whole: dict[str, Any]) -> list[str]:
    """Which labels are surely agreed on less than the whole, and little."""
    if whole["low"] is None:
        return []
    poor = sorted((record for record in records
                   if record["high"] is not None and record["high"] < min(POOR, whole["low"])),
                  key=lambda record: float(record["value"]))[:TOLD]
    if not poor:
        return []
    named = ", ".join(f"{record['label']} ({record['value']:.2f})" for record in poor)
    return [f"Annotators agree least on: {named}; alpha of all labels is {whole['value']:.2f}."]


def changes(records: list[dict[str, Any]], where: str) -> list[str]:
    """A sentence for each record whose agreement is lower than that of the one before it, beyond chance.

    The more records are compared, the surer each must be (Bonferroni), as with many some fall by chance.
    """
    told = [record for record in records if record["difference"] and record["difference"]["low"] is not None]
    if not told:
        return []
    normal = NormalDist()
    stricter = normal.inv_cdf(1 - 0.025 / len(told)) / normal.inv_cdf(0.975)
    sentences = []
    for record in told:
        fall, high = record["difference"]["value"], record["difference"]["high"]
        if fall <= -MATERIAL and fall + (high - fall) * stricter < 0:
            name = record["guideline"] if "guideline" in record else record["from"][:10]
            sentences.append(f"Agreement fell {where} {name}: alpha is {record['value']:.2f}, {-fall:.2f} less than "
                             "before.")
    return sentences


def _extent(units: Units, alpha: dict[str, Any]) -> list[str]:
    answers = np.bincount(units.annotator, minlength=len(units.annotators))
    people = np.count_nonzero(answers)
    if people < 2:
        return ["Fewer than two annotators answered: there is no agreement to measure."]
    sentences = []
    if 0 < alpha["tasks"] < FEW_TASKS:
        sentences.append(f"Only {alpha['tasks']} tasks have two answers or more: under {FEW_TASKS}, intervals are "
                         "rough and tend to be too narrow.")
    share = answers.max() / answers.sum()
    if people > 2 and share > DOMINANT:
        name = units.annotators[int(answers.argmax())]
        sentences.append(f"{name} gave {share:.0%} of all answers: agreement is mostly agreement with this annotator.")
    return sentences


def _width(alpha: dict[str, Any]) -> list[str]:
    if alpha["low"] is None:
        return []
    width = alpha["high"] - alpha["low"]
    if alpha["value"] == 1.0 and width == 0:
        return [f"No disagreement in {alpha['tasks']} tasks, so the interval has no width; up to "
                f"{min(1.0, 3 / alpha['tasks']):.1%} of all tasks may still be disputed."]
    if width > WIDE:
        return [f"The interval of alpha is {width:.2f} wide: more tasks with two answers would narrow it."]
    return []


def _paradox(found: dict[str, dict[str, Any]]) -> list[str]:
    """High agreement by percent but not by alpha, because one label prevails (Feinstein & Cicchetti 1990)."""
    gwet = "gwet_ac1" if "gwet_ac1" in found else "gwet_ac2"
    percent, alpha, ac = (found[metric]["value"] for metric in ("percent", HEADLINE, gwet))
    if percent is None or alpha is None or ac is None or percent < PREVALENT or ac - alpha < PARADOX:
        return []
    name = gwet.replace("gwet_ac", "Gwet's AC")
    return [f"Two answers are equal in {percent:.0%} of pairs, yet alpha is {alpha:.2f}: one answer prevails, so "
            f"chance alone explains most of it. {name} ({ac:.2f}) is less sensitive to that; alpha by label tells "
            "which rare label is not agreed on."]


def _suggestions(units: Units) -> list[str]:
    share = np.mean(units.seen == 1) if len(units.seen) else 0.0
    if not share:
        return []
    return [f"{share:.0%} of the answers were given with a suggestion on screen, which makes annotators agree: "
            "see the blind answers alone."]
