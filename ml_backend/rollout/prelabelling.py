"""A run of pre-labelling: what a version has not predicted is predicted, and the champion's way into Label Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cueloop import logs
from cueloop.errors import CueloopError, ModelError
from cueloop.settings import Settings
from cueloop.store import Store, models, projects, rollouts
from cueloop.store.models import ModelVersion
from cueloop.store.rollouts import Rollout
from ml_backend import predictions, registry
from ml_backend.active.refresh import refresh
from ml_backend.artifacts import Artifacts
from ml_backend.elsewhere import keep as recalibration
from ml_backend.judging.beside import unseen
from ml_backend.policy import in_force
from ml_backend.rollout.machine import Progress, Way, run
from ml_backend.texts.reader import Texts

if TYPE_CHECKING:
    from cueloop.label_studio import LabelStudio

log = logs.get(__name__)

OVERTAKEN = 5
"""How often a run turns to another champion that came meanwhile, before it leaves that to the next run."""


def prelabel(store: Store, settings: Settings, project_id: int, name: str, version: str,
             progress: Progress) -> dict[str, Any]:
    """Predict and, where a project is connected and the version serves it, roll out. Returns what was done.

    `version` is a version or an alias. An observed project, and one that another version serves, is predicted only.
    """
    artifacts, read = Artifacts(settings.artifacts), Texts(settings)
    for _ in range(OVERTAKEN):
        found, live = _meant(store, project_id, name, version)
        if recalibration.due_now(store, found):
            found = recalibration.recalibrate(store, found)
        loaded = registry.load(artifacts, found)
        seen = predictions.taught(artifacts, found, project_id)
        report: dict[str, Any] = {"model": found.name, "version": found.version}
        if not live:
            count = predictions.write(store, loaded, project_id, seen,
                                      lambda done, total: progress(done, total, "predicting"), read)
            return report | {"predicted": count} | _learn(store, project_id, read)
        with store.read() as conn:
            policy = in_force.policy(conn, project_id).rollout
        with _client(settings) as client:
            rollout = run(Way(store, client, project_id, loaded, policy, seen, progress, read))
        if rollout.state != rollouts.OVERTAKEN:
            break
    _predict_unseen(store, artifacts, project_id, read)
    return report | _facts(rollout) | _learn(store, project_id, read)


def _meant(store: Store, project_id: int, name: str, version: str) -> tuple[ModelVersion, bool]:
    """The version that a run is about, and whether it is to be shown."""
    with store.read() as conn:
        found = registry.resolve(conn, f"{models.name_for(conn, project_id, name)}@{version}")
        current = models.champion(conn, project_id)
        live = projects.get(conn, project_id).mode in projects.LIVE
    return found, live and current is not None and (current.name, current.version) == (found.name, found.version)


def _predict_unseen(store: Store, artifacts: Artifacts, project_id: int, read: Texts) -> None:
    """What runs beside the champion says of every task what it would say, and nobody sees it.

    One that cannot be loaded is passed over: the champion's own work is done.
    """
    with store.read() as conn:
        beside = unseen(conn, project_id, in_force.policy(conn, project_id))
    for found in beside:
        try:
            predictions.write(store, registry.load(artifacts, found), project_id,
                              predictions.taught(artifacts, found, project_id), read=read)
        except ModelError as error:
            log.warning("a version beside the champion says nothing", project=project_id, version=found.version,
                        error=str(error))


def _learn(store: Store, project_id: int, read: Texts) -> dict[str, Any]:
    """What people's answers would teach is judged anew, by what the champion says now. Its fault stops nothing else."""
    with store.read() as conn:
        policy = in_force.policy(conn, project_id)
    try:
        return {"lessons": refresh(store, project_id, policy, read)}
    except CueloopError as error:
        log.warning("what to ask next was not judged anew", project=project_id, error=str(error))
        return {}


def _client(settings: Settings) -> LabelStudio:
    from cueloop.label_studio import LabelStudio

    return LabelStudio(settings.label_studio_url, settings.label_studio_api_key.get_secret_value())


def _facts(rollout: Rollout) -> dict[str, Any]:
    counts = {name: value for name, value in rollout.counts.items() if name != "doubtful"}
    return {"rollout": rollout.state, "error": rollout.error, **counts}
