"""Step of the sync loop: is a version worse than it seemed, a training due, is anything waiting for a prediction?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cueloop import logs
from cueloop import settings as settings_module
from cueloop.errors import CueloopError, QueueUnavailable
from cueloop.label_config import parse
from cueloop.queue import Jobs
from cueloop.store import Store, figures, models, predictions, projects, rollouts
from cueloop.store.columns import now
from ml_backend.elsewhere import due as pushed
from ml_backend.jobs import BEGIN, TRAIN, enqueue_prelabel
from ml_backend.judging.rest import REST, rested
from ml_backend.policy.in_force import policy as policy_in_force
from ml_backend.policy.policy import Policy
from ml_backend.quiet import Quiet
from ml_backend.rollout import due as rollout
from ml_backend.triggers import facts, rest
from ml_backend.triggers.examine import examine
from ml_backend.triggers.own_class import examine_class
from sync.steps import Backoff

if TYPE_CHECKING:
    from cueloop.label_studio import LabelStudio

BEGIN_REST = timedelta(minutes=10)
"""Pause between two tries to put a team's own class in service."""
PRELABEL_REST = timedelta(seconds=30)
"""Pause between two runs of pre-labelling while tasks change."""
PRELABEL_IDLE = timedelta(minutes=5)
"""The same while none does: some tasks may never get a prediction, e.g. those without a text."""
IDLE_REST = timedelta(minutes=5)
"""Between two looks at audits and drift while no task changes."""
NAME = "triggers"
"""Of the report in `figures` about why a training is due, or not."""

log = logs.get(__name__)
_quiet = Quiet(PRELABEL_REST.total_seconds())
_backoffs: dict[tuple[str, int, str], Backoff] = {}
"""Of the parts of this step, by store and project."""


def step(store: Store, client: LabelStudio, project_id: int, changed: frozenset[int]) -> None:
    """Take back what is worse, enqueue training when it is due and pre-labelling when tasks wait, rank what to ask.

    A part that fails is logged, tried again ever more rarely, and stops no other. Without Redis that is logged, too.
    """
    from ml_backend.active import refresh
    from ml_backend.judging import shadow, watch

    with store.read() as conn:
        policy = policy_in_force(conn, project_id)
    parts: dict[str, Callable[[], object]] = {
        "watch": lambda: watch.step(store, project_id, policy),
        "shadow": lambda: shadow.step(store, project_id, policy),
        "jobs": lambda: _enqueue(store, project_id, policy, changed=bool(changed)),
        "lessons": lambda: refresh.step(store, project_id, changed, policy)}
    for name, part in parts.items():
        _guarded(store, project_id, name, part)


def _guarded(store: Store, project_id: int, name: str, part: Callable[[], object]) -> None:
    backoff = _backoffs.setdefault((str(store.url), project_id, name), Backoff())
    if not backoff.ready():
        return
    try:
        part()
    except Exception as error:
        wait = backoff.failed()
        log.error("part of the step failed", part=name, project=project_id, error=f"{type(error).__name__}: {error}",
                  retry_in=wait, exc_info=backoff.failures == 1 and not isinstance(error, CueloopError))
    else:
        if backoff.succeeded():
            log.info("part of the step works again", part=name, project=project_id)


def _enqueue(store: Store, project_id: int, policy: Policy, *, changed: bool) -> None:
    config = settings_module.load()
    queue = Jobs(config.redis_url, store)
    with store.read() as conn:
        last = models.newest(conn, project_id)
        about = {"last": last.version if last else None, "policy": policy.hash}
        deep = rested(conn, project_id, NAME, about, REST if changed else IDLE_REST)
        new = bool(config.ml_class) and beginning_due(conn, project_id)
        standing = (examine_class if config.ml_class else examine)(conn, project_id, policy, deep=deep)
        behind = prelabelling_due(conn, project_id, PRELABEL_REST) if changed else _quiet.look(
            (str(store.url), project_id), _affairs(conn, project_id, policy),
            partial(prelabelling_due, conn, project_id, PRELABEL_IDLE))
        name = models.name_for(conn, project_id)
    if deep:
        with store.write() as conn:
            figures.write(conn, project_id, figures.PROJECT, NAME, about | {
                "rests": standing.rests, "looks": [asdict(look) for look in standing.looks]})
    try:
        if new:
            queue.enqueue_once("begin", project_id, BEGIN, project_id)
        why = standing.why
        if why and queue.enqueue_once("train", project_id, TRAIN, project_id, why=why):
            log.info("training is due", project=project_id, why=why)
    except QueueUnavailable as error:
        log.warning("training waits", project=project_id, error=str(error))
        return
    if behind:
        enqueue_prelabel(queue, project_id, name)


def beginning_due(conn: sa.Connection, project_id: int) -> bool:
    """Whether the team's own class has no version for this project yet."""
    kinds = {version.kind for version in models.versions(conn, models.name_for(conn, project_id))}
    return models.OWN_CLASS not in kinds and not _rests(conn, "begin", project_id, BEGIN_REST)


def prelabelling_due(conn: sa.Connection, project_id: int, pause: timedelta) -> bool:
    """Whether tasks wait for the champion's prediction, or predictions for being pushed, and `pause` is over.

    A version on its way into Label Studio does not wait as long.
    """
    champion = models.champion(conn, project_id)
    if champion is None:
        return False
    on_its_way = rollout.due(conn, project_id, policy_in_force(conn, project_id).rollout)
    if on_its_way or _rests(conn, "prelabel", project_id, pause):
        return on_its_way and not _rests(conn, "prelabel", project_id, min(pause, PRELABEL_REST))
    version = (project_id, champion.name, champion.version)
    project = projects.get(conn, project_id)
    if project.mode in projects.LIVE and predictions.waiting(conn, *version):
        return True
    if champion.kind == models.ELSEWHERE:       # nothing can be predicted here; scores may be learned anew
        return pushed.due(conn, champion)
    if champion.kind == models.OWN_CLASS:
        return bool(predictions.silent(conn, *version))
    modelled = {c.name for c in parse(project.label_config).modelled}
    return any(predictions.missing(conn, *version, control) for control in modelled & set(champion.card["controls"]))


def _affairs(conn: sa.Connection, project_id: int, policy: Policy) -> tuple[object, ...]:
    """What could make a task wait though none has changed."""
    champion, project = models.champion(conn, project_id), projects.get(conn, project_id)
    way, jobs = rollouts.newest(conn, project_id), facts.trainings(conn, project_id, "prelabel")
    return (champion and (champion.name, champion.version), project.mode, project.connected_at, project.label_config,
            str(project.pilot), policy.hash, way and (way.key, way.updated_at),
            jobs and (jobs[0].state, jobs[0].queued_at, jobs[0].ended_at))


def _rests(conn: sa.Connection, kind: str, project_id: int, pause: timedelta) -> bool:
    """The newest job of this kind waits or runs, or ended less than `pause` ago."""
    jobs = facts.trainings(conn, project_id, kind)
    if jobs and jobs[0].state in rest.UNDER_WAY:
        return rest.rests(jobs, pause, now()) is not None
    return bool(jobs and jobs[0].ended_at is not None and now() - pause < jobs[0].ended_at <= now())
