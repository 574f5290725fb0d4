"""Whether the version in service makes more errors than the one before it; pure.

Both are looked at on the same blind audits where both predicted them: only tasks that exactly one of them has right
count, and if the one in service is no worse it lost at most half of them (McNemar's test as a bet, see `wealth`).
Audits that the one before never predicted are compared with its share of errors before the change, at the upper end of
its interval; that cannot tell a worse model from harder tasks, so it is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from ml_backend.judging.wealth import above, highest, times
from ml_backend.policy.policy import Rollback


@dataclass(frozen=True, slots=True)
class Counts:
    """Blind audits of one control since a version came into service."""

    control: str
    tasks: int
    """That both versions predicted."""
    lost: int
    """Of those, the ones that only the version before has right."""
    won: int
    """Those that only the version in service has right."""
    wrong: int
    """Those that the version in service has wrong."""
    alone: int
    """Audits that the version before never predicted."""
    alone_wrong: int
    before: int
    """Blind audits that judged the version before, before the change."""
    before_wrong: int


@dataclass(frozen=True, slots=True)
class Look:
    """What one comparison shows now."""

    control: str
    paired: bool
    tasks: int
    wrong: float
    """Share that the version in service has wrong."""
    before: float
    """Share that the version before has, or had, wrong."""
    evidence: float
    """How many times the stake was won by betting that it is worse."""
    needed: float
    rings: bool

    @property
    def rise(self) -> float:
        """Of the share of errors."""
        return self.wrong - self.before

    def told(self) -> str:
        """As one sentence's part."""
        how = ("on the same tasks" if self.paired else
               "on other tasks before it came into service; it may be the tasks that have changed")
        return (f"{self.control}: wrong about {self.wrong:.1%} of {self.tasks} tasks answered blind, the version "
                f"before {self.before:.1%} {how} (evidence {self.evidence:.3g} to 1, {self.needed:.3g} needed)")


def looks(counts: list[Counts], policy: Rollback) -> list[Look]:
    """What all controls show. The chance of any false alarm, ever, is at most 1 - confidence: they share it."""
    share = (1 - policy.confidence) / max(2 * len(counts), 1)
    found: list[Look] = []
    for one in counts:
        if one.tasks:
            found.append(_look(one.control, True, one.tasks, one.wrong, (one.wrong - one.lost + one.won) / one.tasks,
                               above(one.lost, one.lost + one.won, 0.5), share, policy))
        if one.alone and one.before >= policy.audits:
            bound = highest(one.before_wrong, one.before, 1 - share / 2)
            evidence = above(one.alone_wrong, one.alone, bound) if bound < 1 else 0.0
            found.append(_look(one.control, False, one.alone, one.alone_wrong, one.before_wrong / one.before, evidence,
                               share / 2, policy))
    return found


def _look(control: str, paired: bool, tasks: int, wrong: int, before: float, evidence: float, share: float,
          policy: Rollback) -> Look:
    rings = tasks >= policy.audits and evidence >= log(1 / share) and wrong / tasks - before > policy.rise
    return Look(control, paired, tasks, wrong / tasks, before, times(evidence), 1 / share, rings)
