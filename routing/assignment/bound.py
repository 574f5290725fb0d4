"""A bound that no assignment exceeds, by linear duality: any prices give one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.assignment.problem import Problem


def bound(problem: Problem, price: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """The dual's value at these prices, and the (T,) prices of the tasks: what their last answer is worth, net."""
    most = int(problem.overlap.max(initial=0))
    wanted = np.arange(most) < problem.overlap[:, None]
    total, task_price = float(problem.capacity @ price), np.zeros(problem.tasks)
    for start, stop, block in problem.blocks():
        if not most:
            break
        gain = np.partition(block - price.astype(block.dtype), problem.people - most, axis=1)[:, -most:]
        gain = np.maximum(-np.sort(-gain, axis=1), 0).astype(float)
        total += float((gain * wanted[start:stop]).sum())
        last = np.maximum(problem.overlap[start:stop] - 1, 0)
        task_price[start:stop] = np.where(problem.overlap[start:stop] > 0, gain[np.arange(stop - start), last], 0)
    return total, task_price
