"""Whom limits and the budget keep from a task, in words: for explanations."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from routing.context import Context
from routing.deciding.places import Place
from routing.people import exposure, limits
from routing.people.crowd import Crowd
from routing.people.spending import Purse
from routing.signals import TaskSignals


def limited(conn: sa.Connection, given: Context, crowd: Crowd, place: Place, said: TaskSignals) -> dict[int, str]:
    """{annotator: what keeps them}; who is absent is kept by nothing of the kind."""
    room = limits.read(conn, given, crowd.found)
    caps = exposure.read(conn, given, crowd, [place.key], np.ones(len(crowd.ids), np.int64))
    purse = Purse(conn, given, crowd)
    begun = bool(place.authors - place.machine) or bool(place.open)
    left = float(purse.items([said], [place])[0])
    found = {}
    for at, person in enumerate(crowd.ids.tolist()):
        full = next((f"has had {cap.most} such tasks {cap.period}, or has them in their queue ({cap.name})"
                     for cap in caps if cap.left[at] <= 0), None)
        spent = purse.why(at, begun, left) if purse.needed else None
        why = room.why[at] or full or spent
        if why:
            found[person] = why
    return found
