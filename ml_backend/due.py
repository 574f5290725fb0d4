"""Step of the sync loop: has enough been learned to train again, and is anything waiting for a prediction?"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cueloop import logs
from cueloop import settings as settings_module
from cueloop.errors import LabelConfigError, QueueUnavailable
from cueloop.label_config import parse
from cueloop.queue import Jobs
from cueloop.store import Store, models, predictions, projects
from cueloop.store.columns import now
from cueloop.store.schema import consensus, jobs
from ml_backend.consensus_data import LEAST_PROBABILITY
from ml_backend.elsewhere import due as pushed
from ml_backend.jobs import BEGIN, TRAIN, enqueue_prelabel

if TYPE_CHECKING:
    from cueloop.label_studio import LabelStudio

FIRST_PER_CLASS = 5
"""Labelled tasks that each class needs before the first training."""
FIRST_PATIENCE = 20
"""Labelled tasks per class of the config after which a rare class no longer holds up the first training."""
GROWTH = 0.4
"""Share by which the labelled tasks must have grown since the last training."""
CLASS = "label-studio-ml"
"""Kind of the versions of a team's own class."""
LEAST_NEW = 20
"""New labelled tasks that a retraining needs whatever their share."""
AFTER_FAILURE = timedelta(minutes=10)
"""Pause after a training that failed."""

MAYBE_DEAD = timedelta(minutes=10)
"""Age from which a job that has not ended may have lost its worker or its Redis."""
PRELABEL_REST = timedelta(seconds=30)
"""Pause between two runs of pre-labelling while tasks change."""
PRELABEL_IDLE = timedelta(minutes=5)
"""The same while none does: some tasks may never get a prediction, e.g. those without a text."""

log = logs.get(__name__)


def step(store: Store, client: LabelStudio, project_id: int, changed: frozenset[int]) -> None:
    """Enqueue training when it is due, and pre-labelling when tasks wait. Without Redis it is logged, not fatal."""
    config = settings_module.load()
    queue = Jobs(config.redis_url, store)
    with store.read() as conn:
        new = bool(config.ml_class) and beginning_due(conn, project_id)
        train = class_due(conn, project_id) if config.ml_class else training_due(conn, project_id)
        behind = prelabelling_due(conn, project_id, PRELABEL_REST if changed else PRELABEL_IDLE)
        name = models.name_for(conn, project_id)
    try:
        if new:
            queue.enqueue_once("begin", project_id, BEGIN, project_id)
        if train and queue.enqueue_once("train", project_id, TRAIN, project_id):
            log.info("training is due", project=project_id, why=train)
    except QueueUnavailable as error:
        log.warning("training waits", project=project_id, error=str(error))
        return
    if behind:
        enqueue_prelabel(queue, project_id, name)


def training_due(conn: sa.Connection, project_id: int) -> str | None:
    """Why a training is due, or None."""
    try:
        controls = parse(projects.get(conn, project_id).label_config).modelled
    except LabelConfigError:
        return None
    if _busy_or_rested(conn, "train", project_id, AFTER_FAILURE, ("failed",)):
        return None
    last = models.newest(conn, project_id)  # of any name: another model in service is no new answer
    before = last.card["labelled"] if last else {}
    for control in controls:
        counts = _labelled(conn, project_id, control.name)
        total = sum(counts[label] for label in control.labels)
        if control.name in before:
            new = total - before[control.name]
            if new >= max(LEAST_NEW, GROWTH * before[control.name]):
                return f"{control.name}: {new} newly labelled tasks since the last training"
            continue
        enough = [label for label in control.labels if counts[label] >= FIRST_PER_CLASS]
        if len(enough) == len(control.labels) or (
                len(enough) >= 2 and total >= FIRST_PATIENCE * len(control.labels)):
            return f"{control.name}: {total} labelled tasks, enough for a first model"
    return None


def beginning_due(conn: sa.Connection, project_id: int) -> bool:
    """Whether the team's own class has no version for this project yet."""
    kinds = {version.kind for version in models.versions(conn, models.name_for(conn, project_id))}
    return CLASS not in kinds and not _busy_or_rested(conn, "begin", project_id, AFTER_FAILURE, ("failed", "done"))


def class_due(conn: sa.Connection, project_id: int) -> str | None:
    """Why a training of the team's own class is due, or None. It grows as ours does, whatever the controls are."""
    versions = [v for v in models.versions(conn, models.name_for(conn, project_id)) if v.kind == CLASS]
    if not versions or not versions[0].card["trains"]:
        return None
    if parse(projects.get(conn, project_id).label_config).modelled:
        return training_due(conn, project_id)
    if _busy_or_rested(conn, "train", project_id, AFTER_FAILURE, ("failed",)):
        return None
    before = next((v.card["labelled"].get("", 0) for v in versions if v.project_id == project_id), 0)
    total = conn.scalar(sa.select(sa.func.count(sa.distinct(consensus.c.task))).where(
        consensus.c.project_id == project_id, consensus.c.answers > 0)) or 0
    if total - before < max(LEAST_NEW, GROWTH * before):
        return None
    return f"{total - before} newly labelled tasks since the last training"


def prelabelling_due(conn: sa.Connection, project_id: int, rest: timedelta) -> bool:
    """Whether tasks wait for the champion's prediction, or predictions for being pushed, and `rest` is over."""
    champion = models.champion(conn, project_id)
    if champion is None or _busy_or_rested(conn, "prelabel", project_id, rest, ("failed", "done")):
        return False
    version = (project_id, champion.name, champion.version)
    project = projects.get(conn, project_id)
    if project.mode in projects.LIVE and predictions.waiting(conn, *version):
        return True
    if champion.kind == models.ELSEWHERE:       # nothing can be predicted here; scores may be learned anew
        return pushed.due(conn, champion)
    if champion.kind == CLASS:
        return bool(predictions.silent(conn, *version))
    modelled = {c.name for c in parse(project.label_config).modelled}
    return any(predictions.missing(conn, *version, control) for control in modelled & set(champion.card["controls"]))


def _labelled(conn: sa.Connection, project_id: int, control: str) -> Counter[str]:
    """{label: tasks whose consensus is sure enough to train on}; without a single truth, by their commonest label."""
    answered = (consensus.c.project_id == project_id, consensus.c.control == control, consensus.c.answers > 0)
    rows = conn.execute(
        sa.select(consensus.c.label, sa.func.count().label("tasks")).where(
            *answered, consensus.c.probability >= LEAST_PROBABILITY, consensus.c.label != "").group_by(
            consensus.c.label))
    counts = Counter({row.label: row.tasks for row in rows})
    shares = conn.scalars(sa.select(consensus.c.probabilities).where(*answered, consensus.c.label == ""))
    return counts + Counter(max(share, key=lambda label: share[label]) for share in shares if share)


def _busy_or_rested(
    conn: sa.Connection, kind: str, project_id: int, rest: timedelta, states: tuple[str, ...],
) -> bool:
    """The newest job of this kind waits or runs, or ended in one of `states` less than `rest` ago.

    One that has waited or run for long may be dead; the queue knows, so it is asked again.
    """
    job = conn.execute(sa.select(jobs.c.state, jobs.c.queued_at, jobs.c.started_at, jobs.c.ended_at).where(
        jobs.c.kind == kind, jobs.c.project_id == project_id).order_by(jobs.c.key.desc()).limit(1)).first()
    if job is None:
        return False
    if job.state in {"queued", "running"}:
        return bool((job.started_at or job.queued_at) > now() - MAYBE_DEAD)
    return job.state in states and job.ended_at is not None and job.ended_at > now() - rest
