"""Whether the champion's accuracy on fresh blind audits has fallen below what it was promoted with. Pure.

At every so many audits a bet begins that the share of errors from there on is above what it was (`judging.wealth`); the
alarm is the sum of all bets that are running. While nothing falls, the sum reaches 1/ALPHA after 1/ALPHA begun bets on
average, not sooner, however often one looks (e-detectors: Shin, Ramdas and Rinaldo 2023): with 30 audits a bet, that is
one false alarm in 1,200 audits. So a lucky or unlucky streak is no reason, and a fall after a long good time is found
as quickly as one at the beginning. "What it was" is the upper end of the interval of its error on held-out tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.judging.wealth import above, highest, times
from ml_backend.policy.policy import Triggers
from ml_backend.triggers.look import SCORE, Look

ALPHA = 1 / 40
CERTAIN = 1e-3
"""A model without a mistake on its held-out tasks makes some all the same."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a version was promoted with."""

    tasks: int
    accuracy: float


def fallen(control: str, right: Sequence[bool], base: Base, policy: Triggers, patience: int = 1) -> Look:
    """Of the audits since then, in their order, which ones it had right. `patience`: times as many are needed."""
    count, needed = len(right), policy.score_audits * patience
    wrong = base.tasks - round(base.accuracy * base.tasks)
    figures = {"audits": count, "needed": needed, "promoted_with": base.accuracy}
    if policy.score_fall is None:
        return Look(SCORE, False, "a falling score is no reason by the policy", control, figures)
    if count < needed or base.tasks == 0:
        return Look(SCORE, False, f"{count} fresh blind audits since the last training, {needed} needed", control,
                    figures)
    bound = min(max(highest(wrong, base.tasks, 1 - ALPHA), CERTAIN), 1 - CERTAIN)
    bets = {start: times(above(right[start:].count(False), count - start, bound))
            for start in range(0, count - policy.score_audits + 1, policy.score_audits)}
    best = max(bets, key=lambda start: bets[start])
    evidence, share = sum(bets.values()), sum(right[best:]) / (count - best)
    said = (f"right on {share:.1%} of the last {count - best} tasks answered blind, {base.accuracy:.1%} when it was "
            f"promoted (evidence {evidence:.3g} to 1, {1 / ALPHA:.0f} needed)")
    due = evidence >= 1 / ALPHA and base.accuracy - share >= policy.score_fall
    return Look(SCORE, due, said, control, figures | {"accuracy": share, "window": count - best, "evidence": evidence})
