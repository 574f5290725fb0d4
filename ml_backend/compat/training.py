"""Trains a team's class: its own `fit`, on a copy of the files in service, in the process of a job.

What serves is never touched: when `fit` fails, or its files cannot be kept, the champion stays as it is.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cueloop import __version__
from cueloop.cancelling import Cancelled, no_way_back
from cueloop.errors import LabelConfigError, ModelError
from cueloop.label_config import parse
from cueloop.settings import Settings
from cueloop.store import Store, models
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from ml_backend import candidate as candidates
from ml_backend import consensus_data, predictions, registry
from ml_backend.artifacts import Artifacts
from ml_backend.compat import bulk, state
from ml_backend.compat.author import Author
from ml_backend.compat.folder import fill, gather, prints
from ml_backend.compat.gate import Ask, judge
from ml_backend.compat.generation import NEW, first, suited, trains
from ml_backend.compat.instance import Instance
from ml_backend.compat.lessons import Lessons, lessons
from ml_backend.compat.surroundings import within
from ml_backend.compat.trouble import place
from ml_backend.compat.version import KIND, TAUGHT, ClassAnswers, labels_of
from ml_backend.data import splits
from ml_backend.dataset import Dataset
from ml_backend.judging.score import Score
from ml_backend.judging.verdict import REFUSED, Verdict
from ml_backend.policy.in_force import policy
from ml_backend.policy.policy import Policy
from ml_backend.protocol import Asked
from ml_backend.registry import CHAMPION, Loaded
from ml_backend.retrain import Outcome
from ml_backend.versions import libraries

WORKING = "training-"
"""How folders in the home begin in which trainings work."""
LEFT_SECONDS = 48 * 3600.0
"""Age from which such a folder belongs to nobody any more."""
STEPS = 3
"""Of a training, as its progress tells them: `fit`, judging, predicting. How far a `fit` is nobody can see."""


def retrain_class(
    store: Store, artifacts: Artifacts, settings: Settings, project_id: int, name: str, *, actor: str, why: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Outcome:
    """Run `fit`, keep what it made as a new version, judge it, and put it in service if it is no worse.

    `why`: what asked for it, for the card. Cancelled before it is in service, it leaves a refused version or none.
    Raises ModelError with the reason when the class has no `fit`, when that fails, or when it changed nothing.
    """
    author = Author.of(settings.ml_class)
    with store.read() as conn:
        current = models.aliases_of(conn, name).get(CHAMPION)
        before = models.get(conn, name, current) if current else None
        wanted = policy(conn, project_id)
    _settle(store, project_id, wanted)
    with store.read() as conn:
        data = _datasets(conn, project_id, wanted)
        held = {e.key for one in data for e, taken in zip(one.examples, one.taught(), strict=True) if not taken}
        taught = lessons(conn, project_id, held)
    with _copy_of(before, artifacts, settings) as folder:
        instance = Instance.make(author, folder, taught.xml, project_id, settings)
        progress(0, STEPS)
        _fit(instance, taught)
        progress(1, STEPS)
        _note_taught(folder, instance, taught)
        files = gather(folder)
        candidate = ClassAnswers(author, _unnamed(name, project_id, taught), folder, settings, store)
        champion = _champion(before, artifacts, store)
        judged, scores = judge(
            store, data, {c.name: c for c in _controls(taught.xml)},
            lambda tasks: candidate.ask(taught.xml, project_id, tasks),
            _asking(champion, taught.xml, project_id) if champion else None,
            predictions.taught(artifacts, before, project_id) if before else {}, wanted.gate)
        if judged.comparisons and instance.generation == NEW and taught.kept_back:
            judged = replace(judged, reason=f"{judged.reason} (the class may have read these tasks in Label Studio)")
        problems = candidate.problems()
    with store.read() as conn:
        stays = registry.pinned(conn, name)
    if judged.promoted and stays:
        judged = replace(judged, outcome=REFUSED, reason=f"{judged.reason}; but {name}@{stays} is pinned")
    found = registry.keep(store, artifacts, files, _card(
        author, instance, taught, data, before, judged, scores, problems)
        | {"why": why, "pickled_with": libraries.pickled(files)}, name=name, kind=KIND, project_id=project_id)
    if not judged.promoted:
        registry.refuse(store, found, actor=actor, reason=judged.reason)
        return Outcome(found, judged)
    try:
        progress(2, STEPS)
        bulk.write(store, registry.load(artifacts, found, store), project_id)
        progress(STEPS, STEPS)
        no_way_back()
    except Cancelled:
        _withdraw(store, found, actor)
        raise
    registry.promote(store, found, actor=actor, reason=judged.reason, instead_of=before.version if before else "")
    return Outcome(found, judged)


def _withdraw(store: Store, found: ModelVersion, actor: str) -> None:
    """A training that was cancelled leaves its version refused, in the card as in the audit log."""
    with store.write() as conn:
        models.put(conn, candidates.judged(found, candidates.CANCELLED, None, {}))
    registry.refuse(store, found, actor=actor, reason=candidates.CANCELLED.reason)


def _fit(instance: Instance, taught: Lessons) -> None:
    """Call `fit` as its generation does, keep what it remembers. Raises ModelError with file, line and reason."""
    found = type(instance.model)
    if not trains(found):
        raise ModelError(f"{instance.author}: {found.__name__} has no fit of its own, there is nothing to train. It "
                         "serves as it is.")
    untouched = prints(instance.folder), instance.values()
    fit, tasks = instance.model.fit, list(taught.tasks.values())
    named: dict[str, Any] = {"event": taught.event, "data": taught.body, "workdir": str(instance.folder),
                             "job_id": uuid.uuid4().hex}
    try:
        with within(instance.folder):
            if instance.generation == NEW:
                output = fit(**suited(fit, named | {"tasks": tasks}))
            else:
                rest = {name: value for name, value in named.items() if name != first(fit)}
                output = fit(tasks, **suited(fit, rest))
    except (Exception, SystemExit) as error:
        where = place(error, instance.author.file.parent)
        raise ModelError(f"{instance.author}: fit failed: {where}{type(error).__name__}: {str(error)[:300]}") from error
    kept = output if instance.generation != NEW and isinstance(output, dict) else None
    if (prints(instance.folder), instance.values()) == untouched and not kept:
        raise ModelError(f"{instance.author}: fit wrote no file below MODEL_DIR, set no value and returned nothing: "
                         "there is no new version. Is there enough labelled for it?")
    try:
        state.write(instance.folder, instance.values(), kept)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{instance.author}: what fit returned or set cannot be kept as JSON ({error}). Return "
                         "numbers, texts, lists and dicts; write anything else into a file.") from None


def _note_taught(folder: Path, instance: Instance, taught: Lessons) -> None:
    """A class of 2.x usually asks Label Studio itself, which keeps nothing back."""
    seen = [*taught.tasks, *(taught.kept_back if instance.generation == NEW else ())]
    (folder / TAUGHT).write_text(json.dumps(sorted(seen)))


@contextmanager
def _copy_of(before: ModelVersion | None, artifacts: Artifacts, settings: Settings) -> Iterator[Path]:
    """A folder with the champion's files, empty where it has none, for as long as it takes."""
    home = Path(settings.home).absolute()
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob(f"{WORKING}*"):  # of a worker that was killed
        if time.time() - left.stat().st_mtime > LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    above = Path(tempfile.mkdtemp(prefix=WORKING, dir=home))
    try:
        files = before.sha256 if before and before.kind == KIND else {}
        fill(above / "model", artifacts, before.path if before else "", files)
        yield above / "model"
    finally:
        shutil.rmtree(above, ignore_errors=True)


def _champion(before: ModelVersion | None, artifacts: Artifacts, store: Store) -> Loaded | None:
    """What is in service; none where it cannot be loaded any more: then there is nothing to compare with."""
    try:
        return registry.load(artifacts, before, store) if before else None
    except ModelError:
        return None


def _asking(champion: Loaded, xml: str, project_id: int) -> Ask:
    config = parse(xml)
    controls = config.controls if champion.other else config.modelled

    def ask(tasks: Sequence[Any]) -> Any:
        asked = Asked(tuple(tasks), project_id, config, interactive=False, stored=False, xml=xml)
        return champion.answering.propose(asked, controls, range(len(tasks)))
    return ask


def _settle(store: Store, project_id: int, wanted: Policy) -> None:
    """What is held out is held out for good, from a class's trainings as from ours."""
    with contextlib.suppress(LabelConfigError, ModelError):     # it has no control that we model: nothing is held out
        splits.settle(store, project_id, wanted.data)


def _datasets(conn: Any, project_id: int, wanted: Policy) -> list[Dataset]:
    """Of the modelled controls; none where the config has none: a class may answer anything."""
    try:
        return consensus_data.datasets(conn, project_id, wanted)
    except (LabelConfigError, ModelError):
        return []


def _controls(xml: str) -> tuple[Any, ...]:
    return parse(xml).modelled


def _unnamed(name: str, project_id: int, taught: Lessons) -> ModelVersion:
    """The candidate before it is a version."""
    return ModelVersion(name=name, version="candidate", project_id=project_id, kind=KIND, path="", sha256={},
                        card={"label_config": taught.xml, "labels": labels_of(taught.xml)}, created_at=now())


def _card(
    author: Author, instance: Instance, taught: Lessons, data: Sequence[Dataset], before: ModelVersion | None,
    judged: Verdict, scores: dict[str, Score], problems: list[str],
) -> dict[str, Any]:
    """Everything one may want to know of a version, as JSON."""
    none = Score(0, blind=False, accuracy=None, low=None, high=None)
    cursors = [one.cursor for one in data if one.cursor]
    return {
        "class": str(author), "code": author.print_(), "generation": instance.generation, "trains": True,
        "own_version": instance.own_version(), "label_config": taught.xml, "labels": labels_of(taught.xml),
        "controls": {one.control: {"examples": len(taught.tasks), "field": one.field,
                                   "data_sha256": one.sha256(), "held_out": asdict(scores.get(one.control, none))}
                     for one in data},
        "skipped": {}, "labelled": {one.control: len(one.examples) for one in data} or {"": len(taught.tasks)},
        "parent": before.version if before else None, "source": "annotations",
        "cursor": max(cursors).isoformat() if cursors else None,
        "guideline_version": data[0].guideline_version if data else None, "gate": judged.as_dict(),
        "problems": problems, "libraries": {"cueloop": __version__, "python": sys.version.split()[0]},
    }
