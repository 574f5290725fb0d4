"""What RQ workers run: training and pre-labelling. Redis stores these names: they never move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from cueloop import logs, settings
from cueloop.errors import QueueUnavailable
from cueloop.queue import Jobs
from cueloop.queue import progress as told
from cueloop.queue import why as asked_for
from cueloop.settings import Settings
from cueloop.store import Store, models

TRAIN = "ml_backend.jobs.train"
PRELABEL = "ml_backend.jobs.prelabel"
BEGIN = "ml_backend.jobs.begin"

log = logs.get(__name__)


def train(project_id: int, name: str = models.DEFAULT) -> dict[str, Any]:
    """Train a project's model from the consensus; promote it if it is no worse; then have its predictions pushed.

    With CUELOOP_ML_CLASS it is the `fit` of that class that trains.

    Raises ModelError when it cannot be trained: the job fails with that reason and the champion stays.
    """
    from ml_backend.artifacts import Artifacts
    from ml_backend.compat.training import retrain_class
    from ml_backend.retrain import retrain_project
    from ml_backend.texts.reader import Texts

    with _surroundings() as (config, store):
        with store.read() as conn:
            name = models.name_for(conn, project_id, name)
        progress = partial(told, what="training")
        if config.ml_class:
            outcome = retrain_class(store, Artifacts(config.artifacts), config, project_id, name, actor="job train",
                                    why=asked_for(store), progress=progress)
        else:
            outcome = retrain_project(store, Artifacts(config.artifacts), name, project_id, actor="job train",
                                      why=asked_for(store), read=Texts(config), progress=progress)
        if outcome.verdict.promoted:
            enqueue_prelabel(Jobs(config.redis_url, store), project_id, name)
        log.info("trained", project=project_id, model=name, version=outcome.version.version,
                 promoted=outcome.verdict.promoted, reason=outcome.verdict.reason)
        return {"model": name, "version": outcome.version.version, "promoted": outcome.verdict.promoted,
                "reason": outcome.verdict.reason}


def prelabel(project_id: int, name: str = models.DEFAULT, version: str = "champion") -> dict[str, Any]:
    """Predict every task that a version has not predicted yet, and bring the champion's predictions into Label Studio.

    `version` is a version or an alias. An observed project is predicted and nothing is pushed.
    """
    from ml_backend.rollout import prelabelling

    with _surroundings() as (config, store):
        report = prelabelling.prelabel(store, config, project_id, name, version, told)
        log.info("pre-labelled", project=project_id, **report)
        return report


def begin(project_id: int) -> dict[str, Any]:
    """Put the class of CUELOOP_ML_CLASS in service for a project that came after the server was started."""
    from ml_backend.artifacts import Artifacts
    from ml_backend.compat import starting
    from ml_backend.compat.author import Author

    with _surroundings() as (config, store):
        with store.read() as conn:
            name = models.name_for(conn, project_id)
        author = Author.of(config.ml_class)
        version = starting.first(store, Artifacts(config.artifacts), author, author.load(), name, project_id,
                                 actor="job begin")
        if version:
            enqueue_prelabel(Jobs(config.redis_url, store), project_id, name)
        return {"model": name, "version": version.version if version else None}


def enqueue_prelabel(queue: Jobs, project_id: int, name: str) -> bool:
    """Have the champion's missing predictions made and pushed. Without Redis that waits for the next due step."""
    try:
        return queue.enqueue_once("prelabel", project_id, PRELABEL, project_id, name, "champion")
    except QueueUnavailable as error:
        log.warning("pre-labelling waits", project=project_id, error=str(error))
        return False


@contextmanager
def _surroundings() -> Iterator[tuple[Settings, Store]]:
    config = settings.load()
    store = Store.open(config.store_url)
    try:
        yield config, store
    finally:
        store.close()
