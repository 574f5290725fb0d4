"""How much of people's work is checks, by the file and by its rules, and by which rule somebody's turn goes. Pure.

A rule's `gold` or `recheck` draws from tasks for which the rule holds; of several the first that holds for a task. The
file's own draws from the rest. All shares together are what somebody meets, and at most `MOST` of their work.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cueloop.declared import Gold, Recheck
from cueloop.sampling import uniform
from routing.language.people_fields import MOST
from routing.language.rules import Rule, Rules

GOLD, RECHECK = "gold", "recheck"
"""Fields of a rule, and of a file; also what stands for the file's own in decisions."""


@dataclass(frozen=True, slots=True)
class Source:
    """One declaration of checks."""

    name: str
    """Of the rule; GOLD or RECHECK for the file's own."""
    share: float
    after: float
    """How old an answer must be to be asked again."""
    rule: Rule | None = None


def sources(rules: Rules, kind: str) -> list[Source]:
    """All declarations of a kind, in the order in which they count."""
    found = [Source(rule.name, said.share, getattr(said, "after", 0.0), rule) for rule in rules.rules
             if (said := _said(rule, kind)) is not None and said.share]
    own: Gold | Recheck = rules.declared.gold if kind == GOLD else rules.declared.recheck
    return [*found, *([Source(kind, own.share, getattr(own, "after", 0.0))] if own.share else [])]


def share(rules: Rules, kind: str) -> float:
    """Share of somebody's work that is a check of this kind; 0: none is mixed in."""
    return min(sum(source.share for source in sources(rules, kind)), MOST)


def trains(rules: Rules) -> bool:
    """Whether a rule pauses people until training, which needs ground truth, is passed."""
    return any(rule.pause is not None and rule.pause.training for rule in rules.rules)


def draw(found: Sequence[Source], able: Collection[str], run: int, salt: str) -> tuple[Source, float] | None:
    """The source of somebody's check of a run, drawn by share, and the probability of that; None where none is able.

    The turn of a source that has nothing for them goes to the next one.
    """
    total = sum(source.share for source in found)
    if not any(source.name in able for source in found):
        return None
    goes_to = [next(other for other in [*found[at:], *found[:at]] if other.name in able) for at in range(len(found))]
    place, drawn = uniform(run, f"source:{salt}") * total, 0.0
    taker = goes_to[-1]
    for source, to in zip(found, goes_to, strict=True):
        drawn += source.share
        if place < drawn:
            taker = to
            break
    chance = sum(source.share for source, to in zip(found, goes_to, strict=True) if to is taker) / total
    return taker, chance


def _said(rule: Rule, kind: str) -> Gold | Recheck | None:
    return rule.gold if kind == GOLD else rule.recheck
