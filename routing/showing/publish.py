"""Shows in Label Studio what the store wants: queues by one PATCH a task, accepted tasks in bulk.

PATCH replaces a task's whole data, and Label Studio has no compare-and-swap: what somebody else writes between our
re-read and our write is lost. So tasks are re-read in small batches just before, one by one where others are
writing, and the window is measured (`Published.window`, `window_ms` in the log). A loss that any pull saw is repaired
at the next call. What is closed or only made wider is written without data and risks nothing.

Measured on Label Studio 1.23.2 and two cores, while another client edited the same three tasks about once a second and
all of them were moved about: at load 4 a re-read with its writes took 0.4 s in the mean, 1.1 s at most, and no edit of
15 was lost unseen; at load 11 it was 1.1 s and 2.2 s, and 2 of 18.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from cueloop import logs
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, routes
from cueloop.store.columns import now
from routing.checking import copies
from routing.showing import accept
from routing.showing.blind import clear_blind, shown
from routing.showing.channel import CHANNEL
from routing.showing.restore import restore

SECONDS = 5.0
"""Longest time one call spends writing; then the loop pulls again. Only a backlog takes so long: first queues, or a
change of rules."""

LIMIT, BULK_LIMIT = 500, 5_000
"""Routes to write, and routes to accept, looked at in one call."""

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """What one call did."""

    patched: int = 0
    accepted: int = 0
    restored: int = 0
    """Tasks of which an edit of somebody else's was put back."""
    cleared: int = 0
    """Blind tasks from which our predictions were taken."""
    left: int = 0
    """Tasks that still wait to be shown: for the next call, or for a prediction to be pushed."""
    window: float = 0.0
    """Longest time in seconds between a re-read and the end of the write that rested on it."""

    @property
    def writes(self) -> int:
        """Tasks that were written in Label Studio."""
        return self.patched + self.accepted + self.restored + self.cleared


def publish(store: Store, client: LabelStudio, project_id: int, *, machine_token: str = "",
            seconds: float = SECONDS) -> Published:
    """Write what is dirty, for at most `seconds`. The account of `machine_token` owns what is accepted;
    without one nothing is.

    Safe to end at any moment: what was not confirmed stays dirty and is compared with Label Studio the next time.
    """
    until = monotonic() + seconds
    restored = restore(store, client, project_id)
    cleared = clear_blind(store, client, project_id)
    copies.make(store, client, project_id, until)
    with store.read() as conn:
        spoilt = shown(conn, project_id)
        work = [route for route in routes.dirty(conn, project_id, LIMIT)
                if route.task not in spoilt or route.wanted["is_labeled"]]
        accepting = routes.dirty(conn, project_id, BULK_LIMIT, accepted=True)
    patched, window = CHANNEL.write(store, client, project_id, work, until)
    accepted = accept.write(store, client, machine_token, project_id, accepting, until) if accepting else 0
    left = len(work) + len(accepting) - patched - accepted
    done = Published(patched, accepted, restored, cleared, left, window)
    if done.writes:
        log.info("published", project=project_id, patched=patched, accepted=accepted, restored=restored,
                 cleared=cleared, left=done.left, window_ms=round(window * 1000), at=now().isoformat())
    return done
