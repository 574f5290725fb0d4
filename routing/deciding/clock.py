"""When the clock alone gives a reason to look at a task again. Pure.

Where a condition compares `age` or `quiet` with a fixed time, that moment is known. Where it does anything else with
them, open tasks are looked at every minute, and closed ones every hour if the rule could open them.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cueloop.language.words import LONGEST
from routing.deciding import timing
from routing.deciding.matching import speaks
from routing.deciding.plans import Plan
from routing.deciding.seen import conditions, names_of
from routing.language import literals
from routing.language.rules import Rule, Rules
from routing.signals import TaskSignals
from routing.signals.lookup import CONTROL

CLOCK = ("age", "quiet")
"""Signals that change although nothing happens."""

OPEN, CLOSED = timedelta(minutes=1), timedelta(hours=1)
"""How often tasks are looked at where the moment is not known."""

MARGIN = timedelta(seconds=1)
"""After the moment: `age > 2h` is not true at two hours sharp."""

OPENING = ("escalate", "reopen")
"""Kinds of action that can take effect on a task that is done."""


@dataclass(frozen=True, slots=True)
class Moments:
    """When conditions may change by themselves."""

    at: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """{age or quiet: seconds at which}."""
    exact: bool = True
    """Nothing else can make them change."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The moments of a file of rules: for tasks that are open, and for those that are done."""

    open: Moments
    closed: Moments
    lengths: Mapping[str, float]
    """{rule: seconds of its deadline}."""

    def wake(self, plan: Plan, need: int, said: Sequence[TaskSignals], now: datetime) -> datetime | None:
        """The next moment after `now` at which this task is to be looked at, or None; `said` are its signals."""
        found = [*self._deadline(plan), *_nobody(plan, need)]
        moments, every = (self.closed, CLOSED) if plan.kind in ("stop", "accept") else (self.open, OPEN)
        for one in said:
            for name, seconds in moments.at.items():
                had = one.value(name)
                found += [now + timedelta(seconds=at - had) + MARGIN for at in seconds if had is not None and at >= had]
        if not moments.exact:
            whole = every.total_seconds()
            found.append(datetime.fromtimestamp((now.timestamp() // whole + 1) * whole, UTC))
        return min((moment for moment in found if moment > now), default=None)

    def _deadline(self, plan: Plan) -> Sequence[datetime]:
        if plan.due is None or not plan.asks:
            return ()
        return timing.steps(plan.due, 0.0 if plan.late else self.lengths.get(plan.rule, 0.0))


def of(rules: Rules) -> Clock:
    """The clock of the rules in force."""
    clocked = [rule for rule in rules.rules if speaks(rule, None) and any(map(_is_clock, names_of(rule)))]
    return Clock(_joined(clocked), _joined([rule for rule in clocked if rule.kind in OPENING]),
                 {rule.name: rule.deadline for rule in rules.rules if rule.deadline is not None})


def _is_clock(name: str) -> bool:
    """Whether a column is `age` or `quiet`, of this or another control."""
    other = CONTROL.match(name)
    return (other["signal"] if other else name) in CLOCK


def _nobody(plan: Plan, need: int) -> Sequence[datetime]:
    """When nobody was found for so long that others may be asked."""
    if not need or plan.since is None or plan.who.if_nobody is None:
        return ()
    return (datetime.fromisoformat(plan.since) + timedelta(seconds=plan.who.if_nobody.after),)


def _joined(rules: Sequence[Rule]) -> Moments:
    found = [moments(condition.source) for rule in rules for condition in conditions(rule)]
    return Moments({name: tuple(sorted({at for one in found for at in one.at.get(name, ())})) for name in CLOCK},
                   all(one.exact for one in found))


@lru_cache(maxsize=256)
def moments(source: str) -> Moments:
    """When a condition may change by itself."""
    at: dict[str, set[float]] = {name: set() for name in CLOCK}
    compared: set[int] = set()
    tree = literals.parse(f"({source})")
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
            clocks = [part for part in parts if _clock(part)]
            times = [float(part.value) for part in parts if isinstance(part, ast.Constant)
                     and isinstance(part.value, int | float)]
            if len(clocks) == 1 and len(times) == len(parts) - 1:
                compared.add(id(clocks[0]))
                at[_clock(clocks[0])] |= {seconds for seconds in times if seconds <= LONGEST}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "known":
            compared |= {id(part) for part in node.args}        # does not change with time
    loose = [node for node in ast.walk(tree) if _clock(node) and id(node) not in compared]
    return Moments({name: tuple(sorted(seconds)) for name, seconds in at.items()}, not loose)


def _clock(node: ast.AST) -> str:
    """`age` or `quiet` if the node is that signal, of this or another control."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call) and node.attr in CLOCK:
        return node.attr
    return node.id if isinstance(node, ast.Name) and node.id in CLOCK else ""
