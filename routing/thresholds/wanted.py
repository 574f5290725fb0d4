"""Which thresholds the rules in force ask for: each `found(...)` and each written one, on the controls they concern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cueloop.declared import DISTRIBUTION
from cueloop.types import Control
from routing import found_thresholds
from routing.language.rules import Rules
from routing.thresholds.promises import promises


@dataclass(frozen=True, slots=True)
class Sought:
    """One threshold on one control. `rule` is the one that wrote it as a number (`fixed`), empty for `found(...)`."""

    control: str
    name: str
    """Column of `found(...)`, or the name of the rule."""
    label: str
    error: float
    confidence: float
    fixed: float | None = None


def sought(rules: Rules, controls: Sequence[Control]) -> tuple[Sought, ...]:
    """All that the rules name, each once. A label that no control has is sought on none, nor is anything on a control
    where people may differ: nobody can say there that the model is wrong."""
    found: dict[tuple[str, str], Sought] = {}
    modelled = [control for control in controls
                if control.modelled and rules.declared.labels.get(control.name) != DISTRIBUTION]
    for rule in rules.rules:
        for name in sorted(rule.when.names):
            parts = found_thresholds.parts(name)
            for control in modelled:
                if parts is not None and rule.control in ("", control.name) and (
                        not parts[0] or parts[0] in control.labels):
                    found.setdefault((control.name, name), Sought(control.name, name, *parts))
    for rule_name, of, bound in promises(rules):
        for control in modelled:
            if of in ("", control.name):
                found.setdefault((control.name, rule_name), Sought(
                    control.name, rule_name, "", round(1 - bound, 9), found_thresholds.CONFIDENCE, bound))
    return tuple(found.values())
