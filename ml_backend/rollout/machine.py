"""The rollout of the champion, state by state. Each state can be entered again by another process, after any death.

predicting (what is open) -> pushing -> verifying (by count) -> switched (what is finished is predicted, too) ->
removing (what is old) -> done. Label Studio shows the version only when its predictions are there, so nobody gets a
task without a pre-label meanwhile. Another champion overtakes it between two batches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cueloop import logs
from cueloop.store import Store, models, predictions, projects, rollouts
from cueloop.store.columns import now
from cueloop.store.rollouts import DONE, PREDICTING, PUSHING, REMOVING, SWITCHED, VERIFYING, Rollout
from ml_backend import predictions as said
from ml_backend.policy.policy import REMOVE
from ml_backend.policy.policy import Rollout as Policy
from ml_backend.predictions import Seen
from ml_backend.push import GONE, push
from ml_backend.registry import Loaded
from ml_backend.rollout import removing, showing
from ml_backend.rollout.verifying import verify
from ml_backend.texts.reader import Read, inline

if TYPE_CHECKING:
    from cueloop.label_studio import LabelStudio

ROUNDS = 3
"""How often what turned out to be missing in Label Studio is pushed again before it waits for the next run."""
MOST_REFUSED = 0.2
"""Share of refused predictions above which the version before stays on the screens."""
Progress = Callable[[int, int, str], None]

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Way:
    """What a rollout works with."""

    store: Store
    client: LabelStudio
    project_id: int
    loaded: Loaded
    policy: Policy
    seen: Seen
    """What cross-validation said of the tasks that the version was trained on."""
    progress: Progress = lambda done, total, what: None
    """(done, total, what is being done)."""
    read: Read = inline


def run(way: Way) -> Rollout:
    """Go on with the rollout of a champion as far as it gets; one that is over is kept up with new and reopened tasks.

    `error` of what is returned says why it does not go on. Raises LabelStudioUnreachable, LabelStudioRefused or
    whatever `progress` raises; running it again goes on where it stopped.
    """
    rollout = _begun(way)
    if rollout.shown_at is not None or rollout.state == DONE:
        rollout = _keep_up(way, rollout)
    for _ in range(ROUNDS * len(STEPS)):
        if rollout.ended:
            break
        before, rollout = rollout.state, STEPS[rollout.state](way, rollout)
        if rollout.state == before or rollout.error:
            break
    log.info("rollout", project=way.project_id, version=rollout.version, state=rollout.state, error=rollout.error,
             **{name: value for name, value in rollout.counts.items() if isinstance(value, int)})
    return rollout


def serves(conn: sa.Connection, project_id: int, name: str, version: str) -> bool:
    """Whether a version is to be shown: the project is connected, and it is what serves it."""
    current = models.champion(conn, project_id)
    return (current is not None and (current.name, current.version) == (name, version)
            and projects.get(conn, project_id).mode in projects.LIVE)


def _begun(way: Way) -> Rollout:
    """The rollout of this version, unless one since, or a disconnection, undid it; else a new one."""
    version, before = way.loaded.version, showing.shown(way.client, way.project_id)
    with way.store.write() as conn:
        way.store.lock(conn, f"rollout {way.project_id}")
        newest = rollouts.newest(conn, way.project_id)
        since = projects.get(conn, way.project_id).connected_at
        if newest is not None and newest.state != rollouts.OVERTAKEN and newest.started_at >= since and (
                newest.name, newest.version) == (version.name, version.version):
            return newest
        return rollouts.begin(conn, way.project_id, version.name, version.version, before)


def _predict(way: Way, rollout: Rollout) -> Rollout:
    count = said.write(way.store, way.loaded, way.project_id, way.seen, _told(way, "predicting"), way.read,
                       unfinished=True)
    if _better_than_shown(way, rollout):
        rollout = _show(way, rollout)
    return _move(way, rollout, PUSHING, predicted=rollout.counts.get("predicted", 0) + count)


def _better_than_shown(way: Way, rollout: Rollout) -> bool:
    """It was rolled back to, and most of what is open has its predictions still."""
    with way.store.read() as conn:
        if not any(r.version == rollout.version and r.shown_at for r in rollouts.history(conn, way.project_id)[1:]):
            return False
        standing = predictions.pushed(conn, way.project_id, rollout.name, rollout.version, unfinished=True)
        return standing >= max(1, len(predictions.waiting(conn, way.project_id, rollout.name, rollout.version)))


def _push(way: Way, rollout: Rollout) -> Rollout:
    """Doubtful are tasks whose push was begun by a process that died: Label Studio may have been at it still."""
    with way.store.read() as conn:
        waiting = predictions.waiting(conn, way.project_id, rollout.name, rollout.version)
    doubtful = sorted({*rollout.counts.get("doubtful", ()), *(w.id for w in waiting if w.sent)})
    rollout = _move(way, rollout, doubtful=doubtful, expected=len(waiting))
    done = push(way.store, way.client, way.project_id, rollout.name, rollout.version, _told(way, "pushing"),
                lambda conn: _going(conn, rollout), waiting)
    if done.stopped:
        return _overtaken(way, rollout)
    why = dict.fromkeys(done.refused.values(), 0)
    for reason in done.refused.values():
        why[reason] += 1
    return _move(way, rollout, VERIFYING, pushed=rollout.counts.get("pushed", 0) + done.tasks,
                 refused=len(done.refused), why=why, refused_tasks=sorted(done.refused)[:20])


def _verify(way: Way, rollout: Rollout) -> Rollout:
    found = verify(way.store, way.client, way.project_id, rollout.name, rollout.version,
                   rollout.counts.get("doubtful", ()))
    counts: dict[str, Any] = {"expected": found.expected, "found": found.found}
    if found.absent:
        return _move(way, rollout, PUSHING, **counts)
    unfit = sum(n for reason, n in rollout.counts.get("why", {}).items() if reason != GONE)
    before = rollout.before if rollout.before != rollout.version else None
    if unfit and (not found.found or (before and unfit > MOST_REFUSED * (unfit + found.found))):
        return _move(way, rollout, PUSHING, error=_complaint(rollout, found.found), **counts)
    if not found.found:     # e.g. everything is finished: Label Studio takes no version without a prediction
        return _move(way, rollout, SWITCHED, **counts)
    rollout = _show(way, _move(way, rollout, **counts))
    return rollout if rollout.ended else _move(way, rollout, SWITCHED)


def _rest(way: Way, rollout: Rollout) -> Rollout:
    """What is finished is predicted, too: the consensus hears it, and it may be opened again."""
    said.write(way.store, way.loaded, way.project_id, way.seen, _told(way, "predicting what is finished"), way.read)
    return _move(way, rollout, REMOVING if way.policy.old == REMOVE and rollout.shown_at else DONE)


def _remove(way: Way, rollout: Rollout) -> Rollout:
    gone = removing.remove(way.store, way.client, way.project_id, way.policy, _told(way, "removing"))
    counts: dict[str, Any] = {"removed": rollout.counts.get("removed", 0) + gone.predictions}
    return _move(way, rollout, DONE if gone.all else REMOVING, **counts)


STEPS: dict[str, Callable[[Way, Rollout], Rollout]] = {
    PREDICTING: _predict, PUSHING: _push, VERIFYING: _verify, SWITCHED: _rest, REMOVING: _remove}


def _keep_up(way: Way, rollout: Rollout) -> Rollout:
    """New tasks and such as were opened again get theirs; what a changed policy wants removed goes."""
    said.write(way.store, way.loaded, way.project_id, way.seen, _told(way, "predicting"), way.read)
    done = push(way.store, way.client, way.project_id, rollout.name, rollout.version, _told(way, "pushing"),
                lambda conn: serves(conn, way.project_id, rollout.name, rollout.version))
    if done.stopped:
        return _overtaken(way, rollout)
    if rollout.state == DONE and rollout.shown_at is None and done.tasks + done.found:
        with way.store.write() as conn:     # there was nothing to show until now
            return rollouts.begin(conn, way.project_id, rollout.name, rollout.version, rollout.before)
    if rollout.state == DONE and way.policy.old == REMOVE:
        removing.remove(way.store, way.client, way.project_id, way.policy, _told(way, "removing"))
    return rollout


def _show(way: Way, rollout: Rollout) -> Rollout:
    with way.store.read() as conn:
        if not _going(conn, rollout):
            return _overtaken(way, rollout)
    showing.show(way.client, way.project_id, rollout.version)
    return rollout if rollout.shown_at else _move(way, rollout, shown_at=now().isoformat())


def _going(conn: sa.Connection, rollout: Rollout) -> bool:
    return not rollouts.get(conn, rollout.key).ended and serves(
        conn, rollout.project_id, rollout.name, rollout.version)


def _overtaken(way: Way, rollout: Rollout) -> Rollout:
    with way.store.write() as conn:
        if not serves(conn, way.project_id, rollout.name, rollout.version):
            rollouts.overtake(conn, way.project_id)
        return rollouts.get(conn, rollout.key)


def _move(way: Way, rollout: Rollout, state: str | None = None, *, error: str | None = None,
          **counts: Any) -> Rollout:
    with way.store.write() as conn:
        return rollouts.move(conn, rollout, state, error=error, **counts)


def _told(way: Way, what: str) -> Callable[[int, int], None]:
    return lambda done, total: way.progress(done, total, what)


def _complaint(rollout: Rollout, found: int) -> str:
    reasons = ", ".join(f"{reason} ({n} tasks)" for reason, n in rollout.counts.get("why", {}).items())
    refused = rollout.counts.get("refused", 0)
    return (f"Label Studio took {found} predictions of {rollout.version} and refused {refused}: {reasons}. It goes on "
            f"showing {rollout.before or 'none'}. Check the label config; it is tried again.")
