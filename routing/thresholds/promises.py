"""What a threshold that somebody wrote into a rule promises: `score >= 0.95` says that at most 5 % are wrong; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from routing.language.actions import Accept
from routing.language.rules import Rules

NUMBER = r"(?P<number>\d*\.?\d+)\s*(?P<percent>%?)"
BOUND = re.compile(rf"(?<![\w.)])score\s*>=?\s*{NUMBER}(?!\s*[-+*/.(]|\w)")
REVERSED = re.compile(rf"(?<![\w.])(?<![-+*/])(?<![-+*/] ){NUMBER}\s*<=?\s*score\b(?!\s*\()")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def promises(rules: Rules) -> Iterator[tuple[str, str, float]]:
    """(name of the rule, its control, its threshold) of accepting rules whose condition has one, and nothing that
    lets a task in below it."""
    for rule in rules.rules:
        if isinstance(rule.action, Accept):
            bound = threshold(rule.when.source)
            if bound is not None:
                yield rule.name, rule.control, bound


def threshold(condition: str) -> float | None:
    """The least score of which a condition can be true, as far as it is plain to see: the largest lower bound that is
    joined to the rest by `and`. None where there is none below 1."""
    bare = QUOTED.sub('""', condition)
    if re.search(r"\b(or|not|if)\b", bare):
        return None
    bounds = [float(found["number"]) / (100 if found["percent"] else 1)
              for pattern in (BOUND, REVERSED) for found in pattern.finditer(bare)]
    return max((bound for bound in bounds if 0 < bound < 1), default=None)
