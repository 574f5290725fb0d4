"""Columns of tasks' signals: what conditions are evaluated on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from cueloop.sampling import uniform
from routing.language import columns
from routing.language.columns import Column
from routing.language.vocabulary import SIGNALS
from routing.signals.task import TaskSignals

CONTROL = re.compile(r"control\((?P<name>.*?)\)\.(?P<signal>.*)", re.DOTALL)
"""Name of the column of a signal of another control of the same task."""

DTYPES: dict[str, type] = {"number": float, "truth": bool}

UNKNOWN = Column(np.asarray(0.0), np.asarray(False))
"""A value that is not known of any task."""


def lookup(signals: Sequence[TaskSignals], *, found: Mapping[str, float] | None = None,
           controls: Mapping[str, Sequence[TaskSignals]] | None = None) -> columns.Lookup:
    """Columns of these tasks' signals by name, each built once.

    `found` has the thresholds that are safe, by the column's name; `controls` the signals of other controls of the
    same tasks, in the same order. What is not there is unknown.
    """
    built: dict[str, Column] = {}
    others: dict[str, columns.Lookup] = {}

    def column(name: str) -> Column:
        if name not in built:
            built[name] = _column(name)
        return built[name]

    def _column(name: str) -> Column:
        if name.startswith("found("):
            return columns.constant(found[name]) if found and name in found else UNKNOWN
        if name.startswith("sample("):
            salt = f"sample:{name[len('sample('):-1]}"
            return columns.of([uniform(s.task, salt) for s in signals], float)
        other = CONTROL.match(name)
        if other is not None:
            if other["name"] not in (controls or {}):
                return UNKNOWN
            if other["name"] not in others:
                others[other["name"]] = lookup((controls or {})[other["name"]])
            return others[other["name"]](other["signal"])
        kind = "number" if name.endswith(")") else SIGNALS.get(name, ("",))[0]
        return columns.of([s.value(name) for s in signals], DTYPES.get(kind, object))

    return column
