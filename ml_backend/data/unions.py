"""Union-find: which of n things belong together, when one is told of pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Unions:
    """Groups of the numbers below `size`, each alone at first. A group is named by its least member."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def root(self, one: int) -> int:
        """The least member of its group."""
        above = self._above
        while above[one] != one:
            above[one] = above[above[one]]
            one = above[one]
        return one

    def join(self, one: int, other: int) -> None:
        """They belong together, and all that belong to either."""
        first, second = sorted((self.root(one), self.root(other)))
        self._above[second] = first

    def roots(self) -> NDArray[np.int64]:
        """(size,) the least member of everyone's group."""
        found = np.array(self._above, dtype=np.int64)
        while not np.array_equal(further := found[found], found):
            found = further
        return found
