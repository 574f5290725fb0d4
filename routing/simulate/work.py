"""What rules are run on in memory: tasks, what a model says of them, and the people who may be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.people.team import NO_TEAM, Team
from sync.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """T tasks, W people, K labels of one single choice."""

    keys: IntArray
    """(T,) keys of the tasks: samples are drawn by them, as they are live."""
    labels: tuple[str, ...]
    people: tuple[int, ...]
    """(W,) ids of the annotators."""
    emails: tuple[str, ...] = ()
    """(W,) lower case; what rules and `team.yaml` name people by. Empty: nobody has one."""
    data: Sequence[Mapping[str, Any]] = ()
    """(T,) fields of the tasks; empty: none have any."""
    model: FloatArray | None = None
    """(T, K) probabilities that the model told before anybody answered; rows of NaN where it said nothing."""
    version: str = "recorded"
    control: str = "label"
    salt: str = "audit:0"
    """Of the project's audit sample."""
    busy: FloatArray | None = None
    """(W,) how much each one does beside the others, in any unit; None: all the same."""
    seconds: FloatArray | None = None
    """(W,) what an answer of theirs takes; NaN: unknown."""
    rate: FloatArray | None = None
    """(W,) money that their hour costs; NaN: unknown."""
    guideline: int | None = None
    found: Mapping[str, float] = field(default_factory=dict)
    """Thresholds for `found(...)`: {column: score}."""
    team: Team = NO_TEAM

    @property
    def said(self) -> NDArray[np.bool_]:
        """(T,) tasks of which the model said something."""
        return np.zeros(len(self.keys), bool) if self.model is None else np.asarray(~np.isnan(self.model).any(axis=1))

    def pick(self, at: IntArray, keys: IntArray | None = None) -> Work:
        """These tasks (places; one may occur several times), under other `keys` if given."""
        return replace(
            self, keys=self.keys[at] if keys is None else keys, data=[self.data[t] for t in at] if self.data else (),
            model=None if self.model is None else self.model[at])
