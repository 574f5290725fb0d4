"""The next task for somebody who is free now: gain less price, over all open tasks.

The gain of their answer is the information it is expected to give; a task's price is what somebody else would bring
it (`routing.assign` finds prices; nothing for a task that nobody else is meant for). So whoever runs dry helps where
they tell most, and does not take what a specialist is kept for. What is believed of open tasks is held ready: one
pass over plain arrays decides.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class OpenTasks:
    """The open tasks of a project with `labels` labels, by their keys. Not safe for several threads at once."""

    def __init__(self, labels: int, room: int = 1_024) -> None:
        self._belief: Floats = np.zeros((room, labels), np.float32)
        self._price: Floats = np.zeros(room, np.float32)
        self._keys: NDArray[np.int64] = np.zeros(room, np.int64)
        self._place: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._place)

    def put(self, task: int, belief: Collection[float] | NDArray[np.float64], price: float = 0.0) -> None:
        """Open a task, or say what is believed of it after an answer; `belief` (K,) sums to 1."""
        at = self._place.setdefault(task, len(self._place))
        if at == len(self._keys):
            self._belief = np.concatenate([self._belief, np.zeros_like(self._belief)])
            self._price = np.concatenate([self._price, np.zeros_like(self._price)])
            self._keys = np.concatenate([self._keys, np.zeros_like(self._keys)])
        self._belief[at] = np.asarray(belief, np.float32)
        self._price[at], self._keys[at] = price, task

    def close(self, task: int) -> None:
        """A task is done, or has all the people it wants. One that is not open is left alone."""
        at = self._place.pop(task, None)
        if at is None:
            return
        last = len(self._place)
        if at != last:      # the last one takes its place, so that the arrays have no holes
            self._belief[at], self._price[at], self._keys[at] = self._belief[last], self._price[last], self._keys[last]
            self._place[int(self._keys[at])] = at

    def next(self, confusion: NDArray[np.float64], never: Collection[int] = ()) -> tuple[int, float, float] | None:
        """(task, gain, gain less price) of the best task for somebody with this `confusion` (K, K), P(answer | label).

        `never` are tasks they must not get. None where there is no other. Of equals the one opened first.
        """
        size = len(self._place)
        if not size:
            return None
        belief, says = self._belief[:size], np.clip(confusion, 1e-9, None).astype(np.float32)
        answer = np.maximum(belief @ says, np.float32(1e-12))
        noise = -(says * np.log(says)).sum(axis=1)
        gain = -np.einsum("tk,tk->t", answer, np.log(answer)) - belief @ noise
        np.maximum(gain, 0, out=gain)
        net = gain - self._price[:size]
        places = [self._place[task] for task in never if task in self._place]
        net[places] = -np.inf
        at = int(net.argmax())
        if not np.isfinite(net[at]):
            return None
        return int(self._keys[at]), float(gain[at]), float(net[at])
