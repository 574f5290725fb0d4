"""Several orders of the same tasks dealt into one, each getting its share of the turns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ml_backend.calibration import Ints


def mix(orders: Mapping[str, Ints], shares: Mapping[str, float], many: int) -> tuple[Ints, list[str]]:
    """The first `many` places of the orders taken together, and under which name each was taken.

    Of every stretch each order fills about its share; a place that came before is passed over in the others, and an
    order that has run out leaves its turns to the rest. The same always.
    """
    queues = {name: iter(orders[name].tolist()) for name in orders if shares.get(name, 0.0) > 0 and len(orders[name])}
    owed = dict.fromkeys(queues, 0.0)
    taken: dict[int, str] = {}
    while queues and len(taken) < many:
        whole = sum(shares[name] for name in queues)
        for name in queues:
            owed[name] += shares[name] / whole
        name = max(queues, key=lambda one: owed[one])
        place = next((one for one in queues[name] if one not in taken), None)
        if place is None:
            del queues[name]
            continue
        taken[place] = name
        owed[name] -= 1.0
    return np.array(list(taken), dtype=np.int64), list(taken.values())
