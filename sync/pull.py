"""Pulls what changed in Label Studio into the store. This, not the webhook, is the truth.

Label Studio lists tasks by `updated_at`. The cursor is the moment up to which everything is stored; it moves in
the same transaction as the tasks, so that a pull that is killed anywhere goes on where it was. Every pull looks
back a little, because a change can become visible after a later one, and skips what the store knows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cueloop import logs
from cueloop.label_studio import LabelStudio
from cueloop.seen import moment
from cueloop.store import Store, projects
from cueloop.store import tasks as task_store
from sync import answers
from sync.fetch import Listed, Pulled, fetch
from sync.pace import Pace, Pause

__all__ = ["Pulled", "pull"]

OVERLAP_SECONDS = 10.0
"""How far a pull looks back: longer than it takes Label Studio to commit what it dated. The sweep finds the rest."""
LISTED = 1000
"""Ids a listing; Label Studio takes about 0.4 ms for each."""
SURE = 0.9
"""Share of a full listing that is believed: a task that changes while it is listed shows a moment too late, and
the cursor must not jump to it."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

log = logs.get(__name__)


def pull(store: Store, client: LabelStudio, project_id: int, *, full: bool = False, pause: Pause | None = time.sleep,
         overlap: float = OVERLAP_SECONDS, seconds: float = math.inf) -> Pulled:
    """Fetch what changed since the cursor, or with `full` everything. Running it again changes nothing.

    `pause` is called after each request with the seconds to leave Label Studio in peace, which are more than 0
    while there is more than one listing to fetch (None: no pauses). After about `seconds` it stops with `complete`
    False, and the next call goes on. Raises LabelStudioError and its kin; what was stored by then stays.
    """
    began = time.monotonic()
    with store.read() as conn:
        project = projects.get(conn, project_id)
    pace = Pace(pause)
    since = project.cursor - timedelta(seconds=overlap) if project.cursor and not full else BEGINNING
    total, done = Pulled(changed=answers.bring_up_to_date(store, project)), project.cursor or BEGINNING
    for listed, safe, more in listings(client, project_id, since):
        wanted = listed if full else _unknown(store, project_id, listed)
        pace.gentle = more
        total += fetch(store, client, project, wanted, pace, safe=safe)
        if safe > done:
            with store.write() as conn:
                projects.advance(conn, project_id, safe)
            done = safe
        if more:
            log.info("catching up", project=project_id, tasks=total.tasks, annotations=total.annotations, upto=safe)
            if not full and time.monotonic() - began > seconds:
                return replace(total, complete=False)
    return total


def listings(client: LabelStudio, project_id: int, since: datetime) -> Iterator[tuple[Listed, datetime, bool]]:
    """Tasks changed at `since` or later, oldest first, in parts.

    Each is (tasks, moment up to which none is missing, whether there are more).
    """
    limit = LISTED
    while True:
        rows = client.changed_task_ids(project_id, since, limit)
        listed = sorted(((number, moment(at)) for number, at in rows), key=lambda pair: pair[1])
        if len(listed) < limit:
            if listed:
                yield listed, listed[-1][1], False
            return
        safe = listed[int(len(listed) * SURE)][1]
        if safe <= since:       # a bulk action gave more tasks than this one moment
            limit *= 2
            continue
        yield [pair for pair in listed if pair[1] <= safe], safe, True
        since, limit = safe, LISTED


def _unknown(store: Store, project_id: int, listed: Listed) -> Listed:
    """Those that the store does not hold as they are listed."""
    with store.read() as conn:
        known = task_store.pulled_at(conn, project_id, [number for number, _ in listed])
    return [(number, at) for number, at in listed if known.get(number) != at]
