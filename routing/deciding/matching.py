"""Which rules count for which task: conditions are evaluated on whole columns, pure.

* For each kind of action, the first rule whose condition is known to be true counts.
* Vetoes (`forbid`) of all matching rules hold, wherever in the file they stand.
* `priority` and `blind` count for the first matching rule that names them, beside whatever action takes effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from routing.language.actions import Accept, Ask, Reopen
from routing.language.columns import Column, Lookup, constant
from routing.language.rules import Rule, Rules

Matches = Mapping[str, Rule]
"""What counts for one task: {kind of action: its rule}, and beside them `priority` and `blind`, `forbid:KIND` with
the first rule that forbids a kind, `until:NAME` for each rule NAME whose `until` is known to be true, and `audit` with
the first accepting rule that would hold if its found threshold were low enough."""

Places = NDArray[np.int32]
NOBODY = -1


@dataclass(frozen=True, slots=True, eq=False)
class Matched(Sequence[Matches]):
    """What counts for T tasks, as columns: a task's `Matches` are made when somebody asks for them."""

    rules: tuple[Rule, ...]
    size: int
    columns: dict[str, Places] = field(default_factory=dict)
    """{key of `Matches`: (T,) place of its rule in the file, or -1}."""

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, at: int) -> Matches: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Matches]: ...

    def __getitem__(self, at: int | slice) -> Matches | Sequence[Matches]:
        if isinstance(at, slice):
            return list(self)[at]
        if not -self.size <= at < self.size:
            raise IndexError(at)
        return {key: self.rules[place[at]] for key, place in self.columns.items() if place[at] != NOBODY}

    def __iter__(self) -> Iterator[Matches]:
        rows: list[dict[str, Rule]] = [{} for _ in range(self.size)]
        for key, places in self.columns.items():
            found = np.flatnonzero(places != NOBODY)
            for at, place in zip(found.tolist(), places[found].tolist(), strict=True):
                rows[at][key] = self.rules[place]
        return iter(rows)


def match(rules: Rules, columns: Lookup, size: int, control: str | None = None, *, named: bool = False) -> Matched:
    """What counts for each of `size` tasks whose signals of a control are these columns.

    Rules of another control are passed over (None: no rule is); with `named` all are that do not name this one.
    """
    found = Matched(rules.rules, size)
    for place, rule in enumerate(rules.rules):
        if speaks(rule, control, named=named):
            _one(found, place, rule, columns)
    for key, forbidden in found.columns.items():
        kind = key.removeprefix("forbid:")
        if kind != key and kind in found.columns:
            found.columns[kind][forbidden != NOBODY] = NOBODY
        if kind == "accept" and "audit" in found.columns:
            found.columns["audit"][forbidden != NOBODY] = NOBODY
    return found


def speaks(rule: Rule, control: str | None, *, named: bool = False) -> bool:
    """Whether a rule says anything about tasks by the signals of this control."""
    here = control is None or rule.control == control or (not rule.control and not named)
    return here and bool(rule.action or rule.forbid or rule.modifies)


def _one(found: Matched, place: int, rule: Rule, columns: Lookup) -> None:
    action = rule.action
    ask = action.ask if isinstance(action, Reopen) else action
    if isinstance(ask, Ask) and ask.until is not None:
        # also where the rule does not match: what was opened again stays so until this is true
        _put(found, f"until:{rule.name}", place, ask.until.true(columns, found.size))
    true = rule.when.true(columns, found.size)
    if isinstance(action, Accept) and any(name.startswith("found(") for name in rule.when.names):
        # so that its threshold can be found: the audit sample is looked at whatever its score
        _put(found, "audit", place, rule.when.true(_any_score(columns), found.size))
    if not true.any():
        return
    keys = [f"forbid:{kind}" for kind in rule.forbid]
    keys += [rule.kind] if rule.kind else []
    keys += rule.modifies
    for key in keys:
        _put(found, key, place, true)


def _any_score(columns: Lookup) -> Lookup:
    """The same columns, but a threshold that is not safe yet is taken to be at the lowest score of all."""
    def column(name: str) -> Column:
        said = columns(name)
        unknown = name.startswith("found(") and not said.known.all()
        return constant(0.0) if unknown else said

    return column


def _put(found: Matched, key: str, place: int, true: NDArray[np.bool_]) -> None:
    """The first rule that says it counts."""
    column = found.columns.get(key)
    if column is None:
        found.columns[key] = np.where(true, place, NOBODY).astype(np.int32)
    else:
        column[true & (column == NOBODY)] = place
