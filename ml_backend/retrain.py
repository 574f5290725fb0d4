"""The way of a model into service: train, keep, judge, promote or refuse.

A version is kept before anything else happens to it, and each further step is one transaction. A process that dies
anywhere leaves a challenger that was not judged, or that should serve and does not: the next run settles it first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cueloop import audit, cancelling, logs
from cueloop.cancelling import Cancelled, no_way_back
from cueloop.errors import ModelError
from cueloop.store import Store, models
from cueloop.store.models import ModelVersion
from ml_backend import candidate, consensus_data, predictions, registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.data import manifest, splits
from ml_backend.dataset import Dataset
from ml_backend.judging import shadow
from ml_backend.judging.gate import judge
from ml_backend.judging.report import report
from ml_backend.judging.verdict import REFUSED, SHADOW, Verdict
from ml_backend.kinds import train_best
from ml_backend.policy import in_force
from ml_backend.policy.policy import Policy
from ml_backend.registry import Loaded
from ml_backend.texts.reader import Read, inline
from ml_backend.training import DEFAULT_KIND, Progress, Trained, part_of

ATTEMPTS = 3
"""How often a version is judged anew because another one was put in service meanwhile."""
DEFAULTS = Policy()

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a training."""

    version: ModelVersion
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Scene:
    """What a version is judged with, and for."""

    store: Store
    artifacts: Artifacts
    name: str
    actor: str
    project_id: int | None
    policy: Policy
    read: Read


def retrain(
    store: Store, artifacts: Artifacts, name: str, data: Sequence[Dataset], *, actor: str,
    project_id: int | None = None, kinds: Sequence[str] = (DEFAULT_KIND,), seed: int = 0, policy: Policy = DEFAULTS,
    why: str = "", progress: Progress = lambda done, total: None, read: Read = inline,
) -> Outcome:
    """Train on the data, keep the version with its card, compare it with the champion on the same held-out tasks.

    A better one is promoted, a worse one stays the challenger. For a project, its predictions are in the store
    before it is promoted. What a process that died left behind is settled first, and if it was trained on the same
    data that is all. Of several `kinds` the best by cross-validation is taken. Raises ModelError when no control can be
    trained; then nothing is kept.
    """
    scene = Scene(store, artifacts, name, actor, project_id, policy, read)
    before, job = settle_left(scene, data), cancelling.current()
    if before is not None and candidate.same(before.version, data, kinds, seed) and (
            before.verdict.promoted or before.verdict.comparisons):     # else it could not be judged
        return before
    with store.read() as conn:
        made = candidate.made_by_job(conn, name, job)
    if made is not None:
        return Outcome(made, candidate.verdict_of(made))
    champion = _champion(store, artifacts, name)
    trained, skipped = _train_all(data, kinds, seed, progress)
    card = candidate.card(trained, skipped, data, champion, kinds, seed, why, job)
    found = _keep(scene, trained, skipped, data, champion, card)
    return _settled(scene, found, data, tuple(trained))


def retrain_project(
    store: Store, artifacts: Artifacts, name: str, project_id: int, *, actor: str, kinds: Sequence[str] = (),
    seed: int = 0, why: str = "", progress: Progress = lambda done, total: None, read: Read = inline,
) -> Outcome:
    """The same with the consensus of a project as data, by its training policy; `kinds` instead of the policy's."""
    with store.read() as conn:
        policy = in_force.policy(conn, project_id)
    splits.settle(store, project_id, policy.data, read)
    with store.read() as conn:
        data = consensus_data.datasets(conn, project_id, policy, read)
    return retrain(store, artifacts, name, data, actor=actor, project_id=project_id, kinds=kinds or policy.kinds,
                   seed=seed, policy=policy, why=why, progress=progress, read=read)


def settle_left(scene: Scene, data: Sequence[Dataset]) -> Outcome | None:
    """Judge, promote or refuse what a process that died left behind; None: there is nothing."""
    if scene.project_id is None:
        return None
    with scene.store.read() as conn:
        found = candidate.left(conn, scene.name)
        unwanted = found is not None and candidate.cancelled(conn, found)
    if found is None or found.project_id != scene.project_id:
        return None
    log.info("a version was left behind unsettled", model=found.name, version=found.version)
    if unwanted:        # its process died before it could hear that
        return _refused(scene, found, candidate.CANCELLED)
    return _settled(scene, found, data, None)


def _settled(
    scene: Scene, found: ModelVersion, data: Sequence[Dataset], trained: Sequence[Trained] | None,
) -> Outcome:
    """`_settle`; what is cancelled on its way is refused, so that no later training puts it in service."""
    try:
        return _settle(scene, found, data, trained)
    except Cancelled:
        _refused(scene, found, candidate.CANCELLED)
        raise


def _keep(
    scene: Scene, trained: Sequence[Trained], skipped: Mapping[str, str], data: Sequence[Dataset],
    champion: Loaded | None, card: dict[str, object],
) -> ModelVersion:
    heads = tuple(t.head for t in trained)
    extra = manifest.pack(data)
    if champion:  # a control without enough examples keeps the head it has
        heads += tuple(h for h in champion.bundle.heads if h.control in skipped)
    if scene.project_id is not None:
        taught = predictions.taught(scene.artifacts, champion.version, scene.project_id) if champion else {}
        extra |= predictions.pack(trained, {control: seen for control, seen in taught.items() if control in skipped})
    return registry.save(scene.store, scene.artifacts, Bundle(heads), card, name=scene.name,
                         kind=trained[0].head.kind, project_id=scene.project_id, extra=extra)


def _settle(
    scene: Scene, found: ModelVersion, data: Sequence[Dataset], trained: Sequence[Trained] | None,
) -> Outcome:
    """Take a kept version from wherever it is to its end; `trained` None: another process trained it."""
    for _ in range(ATTEMPTS):
        champion = _champion(scene.store, scene.artifacts, scene.name)
        gate = found.card["gate"]
        against = gate.get("against", found.card.get("parent") or "")
        if gate.get("outcome") != candidate.PENDING and against == (champion.version.version if champion else ""):
            verdict = candidate.verdict_of(found)
        else:
            trained = candidate.restored(scene.artifacts, found) if trained is None else trained
            found, verdict = _judge(scene, found, data, trained, champion)
        if not verdict.promoted:
            return Outcome(found, verdict)
        try:
            _promote(scene, found, verdict, champion)
        except registry.Pinned as error:
            return _refused(scene, found, replace(verdict, outcome=REFUSED, reason=f"{verdict.reason}; but {error}"))
        except ModelError:
            if _alias(scene) == (champion.version.version if champion else None):
                raise       # not because another one was put in service meanwhile
            continue
        return Outcome(found, verdict)
    return _refused(scene, found, Verdict(REFUSED, (
        f"another version was put in service {ATTEMPTS} times while it was judged")))


def _judge(
    scene: Scene, found: ModelVersion, data: Sequence[Dataset], trained: Sequence[Trained], champion: Loaded | None,
) -> tuple[ModelVersion, Verdict]:
    """Ask the gate, and write into card and audit log what it says."""
    by_control = {d.control: d for d in data}
    judgeable = [one for one in trained if one.head.control in by_control]
    if not judgeable:
        refused = _refused(scene, found, Verdict(REFUSED, (
            "it was not judged when its training was interrupted, and cannot be any more: train again")))
        return refused.version, refused.verdict
    taught = predictions.taught(scene.artifacts, champion.version, scene.project_id) if champion else {}
    verdict = judge(scene.store, judgeable, data, champion, scene.policy, taught)
    reports = {one.head.control: report(one.head, by_control[one.head.control], scene.policy) for one in judgeable}
    if verdict.outcome == SHADOW:
        _predict(scene, found)
        shadow.begin(scene.store, found, actor=scene.actor, reason=verdict.reason)
    found = candidate.judged(found, verdict, champion, reports)
    _write(scene, found, verdict)
    return found, verdict


def _promote(scene: Scene, found: ModelVersion, verdict: Verdict, champion: Loaded | None) -> None:
    _predict(scene, found)
    no_way_back()
    registry.promote(scene.store, found, actor=scene.actor, reason=verdict.reason,
                     instead_of=champion.version.version if champion else "")


def _predict(scene: Scene, found: ModelVersion) -> None:
    """Its predictions are in the store before it serves."""
    if scene.project_id is not None:
        seen = predictions.taught(scene.artifacts, found, scene.project_id)
        loaded = registry.load(scene.artifacts, found, scene.store)
        predictions.write(scene.store, loaded, scene.project_id, seen, read=scene.read)


def _refused(scene: Scene, found: ModelVersion, verdict: Verdict) -> Outcome:
    found = candidate.judged(found, verdict, None, {})
    _write(scene, found, verdict)
    return Outcome(found, verdict)


def _write(scene: Scene, found: ModelVersion, verdict: Verdict) -> None:
    """The gate's words into the card; a refusal into the audit log, too."""
    with scene.store.write() as conn:
        models.put(conn, found)
        if verdict.outcome == REFUSED:
            audit.record(conn, scene.actor, "model refused", f"{found.name}@{found.version}",
                         {"reason": verdict.reason})


def _alias(scene: Scene) -> str | None:
    with scene.store.read() as conn:
        return models.aliases_of(conn, scene.name).get(registry.CHAMPION)


def _champion(store: Store, artifacts: Artifacts, name: str) -> Loaded | None:
    with store.read() as conn:
        version = models.aliases_of(conn, name).get(registry.CHAMPION)
        found = models.get(conn, name, version) if version else None
    return registry.load(artifacts, found, store) if found else None


def _train_all(
    data: Sequence[Dataset], kinds: Sequence[str], seed: int, progress: Progress,
) -> tuple[list[Trained], dict[str, str]]:
    """Heads of the controls that can be trained, and why the others cannot. Raises ModelError if none can."""
    trained: list[Trained] = []
    skipped: dict[str, str] = {}
    for number, one in enumerate(data):
        try:
            trained.append(train_best(one, kinds, seed=seed, progress=part_of(progress, number, len(data))))
        except ModelError as error:
            skipped[one.control] = str(error)
    if not trained:
        raise ModelError(" ".join(skipped.values()) or "There is nothing to train on.")
    return trained, skipped
