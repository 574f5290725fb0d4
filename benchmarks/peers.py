"""crowd-kit's methods on the arrays that ours work on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sync.arrays import FloatArray, IntArray

QUICK = ("MajorityVote", "Wawa", "DawidSkene", "OneCoinDawidSkene")
SLOW = ("GLAD", "MACE")
"""Minutes on sets of some thousand tasks."""


@dataclass(slots=True)
class Peers:
    """The methods that can be run, and why others cannot."""

    methods: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, task: IntArray, annotator: IntArray, label: IntArray, tasks: int,
            labels: int) -> FloatArray | None:
        """The chosen labels as (tasks, labels), 1 for each; None, with a reason kept, where the method fails."""
        from pandas import DataFrame

        frame = DataFrame({"task": task, "worker": annotator, "label": label})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = self.methods[name]().fit_predict(frame)
        except (AttributeError, TypeError, ValueError, ImportError) as error:
            self.reasons[name] = f"fails: {' '.join(str(error).split())[:100]}"
            return None
        chosen = np.zeros((tasks, labels))
        chosen[found.index.to_numpy(), found.to_numpy().astype(int)] = 1.0
        return chosen


def peers(*, slow: bool) -> Peers:
    """crowd-kit's methods; none, with the reason, where it is not installed."""
    names = [*QUICK, *(SLOW if slow else ())]
    try:
        from crowdkit import aggregation  # type: ignore[import-not-found]
    except ImportError as missing:
        return Peers({}, {"crowd-kit": f"{missing}; `make bench` installs it"})
    return Peers({name: getattr(aggregation, name) for name in names if hasattr(aggregation, name)})
