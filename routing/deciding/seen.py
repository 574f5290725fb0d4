"""What the rules in force see of some tasks: the signals of every control that they speak of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop import label_config
from cueloop.types import Control
from routing.context import Context
from routing.deciding.matching import Matched, match, speaks
from routing.language.actions import Ask, Reopen
from routing.language.columns import Lookup
from routing.language.conditions import Condition
from routing.language.rules import Rule, Rules
from routing.signals import TaskSignals, gather, lookup
from routing.signals.lookup import CONTROL
from routing.signals.task import ELSEWHERE


@dataclass(frozen=True, slots=True)
class Seen:
    """Signals of T tasks."""

    controls: tuple[str, ...]
    """Those for which the rules make plans."""
    rows: Mapping[str, Sequence[TaskSignals]]
    """{control: (T,) signals}, of those and of all that conditions name besides."""
    found: Mapping[str, float]

    def columns(self, control: str) -> Lookup:
        """What conditions read about one control."""
        return lookup(self.rows[control], found=self.found, controls=self.rows)

    def inputs(self, control: str, at: int, names: frozenset[str]) -> dict[str, Any]:
        """What a decision about one task rests on; None is unknown."""
        said = self.rows[control][at].inputs(names)
        one = lookup([self.rows[control][at]], found=self.found,
                     controls={name: [rows[at]] for name, rows in self.rows.items()})
        for name in sorted(name for name in names if name.startswith(ELSEWHERE)):
            column = one(name)
            value = np.atleast_1d(column.values)[0] if column.known.all() else None
            said[name] = value.item() if isinstance(value, np.generic) else value
        return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in said.items()}


def read(conn: sa.Connection, given: Context, keys: Sequence[int]) -> Seen:
    """The signals of these tasks (keys), in their order; only what the rules name is read."""
    spoken = controls(given)
    named = names(given.rules)
    others = {name for name in named if name}
    every = {c.name: c for c in label_config.parse(given.project.label_config).judged} if others else {}
    wanted: dict[str, Control] = {c.name: c for c in spoken} | {n: every[n] for n in sorted(others) if n in every}
    rows = {name: gather(conn, given.project.id, control, keys, given.champion, given.project.guideline_version,
                         names=named.get("", frozenset()) | named.get(name, frozenset()), now=given.now,
                         costs=given.rules.declared.costs) for name, control in wanted.items()}
    return Seen(tuple(c.name for c in spoken), rows, given.found)


def controls(given: Context) -> tuple[Control, ...]:
    """The routed controls of which any rule speaks; all where none does. A control that the rules leave out holds
    nothing up."""
    found = tuple(c for c in given.controls
                  if any(speaks(rule, c.name, named=c.name in given.named) for rule in given.rules.rules))
    return found or given.controls


def matches(given: Context, seen: Seen, control: str) -> Matched:
    """What counts for each task by the signals of one control."""
    return match(given.rules, seen.columns(control), len(seen.rows[control]), control, named=control in given.named)


def names(rules: Rules) -> dict[str, frozenset[str]]:
    """{control: signals that conditions name}; under the empty name those of whichever control is looked at."""
    found: dict[str, set[str]] = {"": set()}
    for rule in rules.rules:
        if speaks(rule, None):
            for name in names_of(rule):
                other = CONTROL.match(name)
                found.setdefault(other["name"] if other else "", set()).add(other["signal"] if other else name)
    return {control: frozenset(signals) for control, signals in found.items()}


def names_of(rule: Rule) -> frozenset[str]:
    """Columns that a rule reads to decide about tasks."""
    return frozenset().union(*(condition.names for condition in conditions(rule)))


def conditions(rule: Rule) -> Collection[Condition]:
    """The conditions by which a rule decides about tasks."""
    ask = rule.action.ask if isinstance(rule.action, Reopen) else rule.action
    until = ask.until if isinstance(ask, Ask) else None
    return (rule.when,) if until is None else (rule.when, until)
