"""Takes a file of predictions as a model version: checked as a whole first, then written in batches.

A process that dies while it writes leaves predictions of a version that is not listed yet; pushing the file again
goes on where it stopped. What a version has said of a task stays: other words for it need another version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cueloop import audit
from cueloop.errors import DataError, ModelError
from cueloop.label_config import parse
from cueloop.store import Store, models, predictions, projects
from cueloop.store.columns import now
from cueloop.store.models import ELSEWHERE, ModelVersion
from cueloop.store.predictions import ALTERNATIVE, Prediction
from cueloop.types import Control
from ml_backend import registry
from ml_backend.elsewhere import calibrate, files, keep
from ml_backend.elsewhere.calibrate import Learned
from ml_backend.elsewhere.tasks import Tasks
from ml_backend.elsewhere.told import Reading, read
from ml_backend.elsewhere.wrong import Wrong

BATCH = 500
"""Records checked, or written in one transaction."""
SHOWN = 20
"""Problems of a file that are told."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of predictions, and how it is read."""

    path: Path
    match: str | None = None
    """Field of the task's data that names the task; None: Label Studio's id."""
    control: str | None = None
    """Control that a plain `label` is about."""
    skip_invalid: bool = False
    """Leave out records that are wrong instead of refusing the file."""


@dataclass(slots=True)
class Count:
    """What a file holds."""

    records: int = 0
    new: int = 0
    """Tasks that the version had said nothing about."""
    known: int = 0
    """Tasks of which the version said the same before."""
    wrong: int = 0
    problems: list[str] = field(default_factory=list)
    """The first of them: place, field and what is wrong."""

    def add(self, where: str, problem: str) -> None:
        """One more record that is wrong."""
        self.wrong += 1
        if len(self.problems) < SHOWN:
            self.problems.append(f"{where}: {problem}")


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a file."""

    version: ModelVersion | None
    """None after a dry run of a new one."""
    count: Count


def push(
    store: Store, project_id: int, source: Source, name: str, version: str, *, actor: str, dry_run: bool = False,
    progress: Callable[[int], None] = lambda records: None,
) -> Pushed:
    """Keep the predictions of a file as NAME@VERSION, calibrated on what people said blind.

    Raises ModelError for a name or version that cannot be, DataError that lists what is wrong in the file; then
    nothing was written. A dry run writes nothing and tells what is wrong in its count.
    """
    with store.read() as conn:
        before = allowed(conn, project_id, name, version)
        config = parse(projects.get(conn, project_id).label_config)
        tasks = Tasks(conn, project_id, source.match)
    how = Reading(config, version, source.control, source.path.suffix.lower() == ".csv", source.match)
    if how.control is not None or how.columns:
        _clear(source.path, how)
    controls = {control.name: control for control in config.judged}
    reader = _Reader(source, how, tasks, controls, project_id, name, version)
    content = files.sha256(source.path)
    count = reader.go(store, write=False, progress=progress)
    if not count.records:
        raise DataError(f"{source.path} has no predictions in it.")
    if dry_run:
        return Pushed(before, count)
    if count.wrong and (not source.skip_invalid or count.wrong == count.records):
        raise DataError(f"{source.path}: {count.wrong} of {count.records} records are wrong; nothing was written.\n"
                        + _listed(count))
    if count.new:
        reader.go(store, write=True, progress=progress)
        if files.sha256(source.path) != content:
            raise DataError(f"{source.path} changed while it was read. What was written stays; push it again.")
    if before is not None and not count.new:
        return Pushed(keep.recalibrate(store, before) if keep.due_now(store, before) else before, count)
    return Pushed(_keep(store, before, project_id, name, version, actor, source, content, count), count)


def allowed(conn: sa.Connection, project_id: int, name: str, version: str) -> ModelVersion | None:
    """The version if it exists and may take more; None for a new one. Raises ModelError when it cannot be."""
    for what in (name, version):
        if not registry.NAME.fullmatch(what):
            raise ModelError(f"{what!r} cannot be a model's name or version: use letters, digits, dots, dashes and "
                             "underscores.")
    taken = {*models.ALIASES, "untrained"}
    if version in taken or version.endswith(ALTERNATIVE):
        raise ModelError(f"{version!r} cannot be a version: the word means something else.")
    found = models.get(conn, name, version)
    if found is not None and (found.kind != ELSEWHERE or found.project_id != project_id):
        whose = "was trained here" if found.kind != ELSEWHERE else f"belongs to project {found.project_id}"
        raise ModelError(f"{name}@{version} {whose}: choose another version.")
    if found is not None and found.deleted_at is not None:
        raise ModelError(f"{name}@{version} was deleted: choose another version.")
    others = [v.name for v in models.versions(conn) if v.version == version and v.name != name
              and v.project_id == project_id]
    if others:
        raise ModelError(f"{others[0]}@{version} exists in project {project_id}, and Label Studio tells predictions "
                         f"apart by their version alone: choose another one, e.g. {name}-{version}.")
    return found


class _Reader:
    """Goes through a file: once to check it, once more to write it."""

    def __init__(self, source: Source, how: Reading, tasks: Tasks, controls: dict[str, Control], project_id: int,
                 name: str, version: str) -> None:
        self._source, self._how, self._tasks, self._controls = source, how, tasks, controls
        self._project, self._name, self._version = project_id, name, version
        self._prior: dict[str, Learned] = {c.name: calibrate.learn(c, [], {}) for c in controls.values()
                                           if c.modelled or c.labels}

    def go(self, store: Store, *, write: bool, progress: Callable[[int], None]) -> Count:
        count, seen = Count(), dict[int, str]()
        batches = _batched(files.records(self._source.path))
        for batch in batches:
            told = self._read(batch, seen, count)
            if write:
                with store.write() as conn:
                    new = self._scored(self._new(conn, told, count))
                    predictions.write(conn, new)
                    if new:     # rules may name what models say
                        projects.note_changes(conn, self._project, {row.task for row in new})
            else:
                with store.read() as conn:
                    self._new(conn, told, count)
            progress(count.records)
        return count

    def _read(self, batch: list[files.Record], seen: dict[int, str],
              count: Count) -> list[tuple[str, list[Prediction]]]:
        """(where, its predictions) of the records that are right."""
        found = []
        for record in batch:
            count.records += 1
            try:
                if record.fields is None:
                    raise Wrong(str(record.problem))
                key = self._tasks.key(record.fields if "predictions" not in record.fields
                                      else {**record.fields, "task": record.fields.get("id")})
                if key in seen:
                    raise Wrong(f"the task is the one of {seen[key]}: one record a task")
                line = read(record.fields, self._how)
            except Wrong as wrong:
                count.add(record.where, str(wrong))
                continue
            seen[key] = record.where
            found.append((record.where, [self._row(key, told, line.trained) for told in line.told]))
        return found

    def _row(self, key: int, told: Any, trained: bool) -> Prediction:
        return Prediction(
            project_id=self._project, task=key, control=told.control, model=self._name, version=self._version,
            label=told.label, score=0.0, probabilities={}, out_of_fold=not trained, created_at=now(),
            explanation=told.explanation, raw=told.raw, value=told.value)

    def _new(self, conn: sa.Connection, told: list[tuple[str, list[Prediction]]], count: Count) -> list[Prediction]:
        """Predictions that the version has not made yet."""
        there = predictions.of_tasks(conn, self._name, self._version, [rows[0].task for _, rows in told])
        new: list[Prediction] = []
        for where, rows in told:
            before = {row.control: row for row in there.get(rows[0].task, ())}
            other = [row for row in rows if row.control in before
                     and keep.fingerprint(row) != keep.fingerprint(before[row.control])]
            if other:
                count.add(where, f"{self._name}@{self._version} has said something else of this task "
                                 f"({other[0].control}: {before[other[0].control].label!r}, now {other[0].label!r} or "
                                 "another score): versions do not change, choose another one")
                continue
            fresh = [row for row in rows if row.control not in before]
            count.new, count.known = count.new + bool(fresh), count.known + (not fresh)
            new += fresh
        return new

    def _scored(self, new: list[Prediction]) -> list[Prediction]:
        """With cautious scores: what nobody has judged yet."""
        return [scored for control in dict.fromkeys(row.control for row in new) for scored in calibrate.score(
            self._controls[control], self._prior[control], [row for row in new if row.control == control])]


def _keep(store: Store, before: ModelVersion | None, project_id: int, name: str, version: str, actor: str,
          source: Source, content: str, count: Count) -> ModelVersion:
    """The version's row, then its scores; without `calibrated_at` in its card they are still to be learned."""
    tasks = count.new if before else count.new + count.known      # known: by a push that died
    file = {"file": source.path.name, "sha256": content, "tasks": tasks, "skipped": count.wrong,
            "at": now().isoformat()}
    card = before.card if before else {"source": source.path.name, "controls": {}, "parent": None}
    card = card | {"files": [*card.get("files", []), file], "calibrated_at": None}
    fresh = ModelVersion(
        name=name, version=version, project_id=project_id, kind=ELSEWHERE, path="", sha256={},
        card=card, created_at=before.created_at if before else now())
    with store.write() as conn:
        models.put(conn, fresh)
        if before is None:
            models.set_alias(conn, name, registry.CHALLENGER, version)
        audit.record(conn, actor, "predictions pushed", f"{name}@{version}", {"project": project_id, **file})
    return keep.recalibrate(store, fresh)


def _clear(path: Path, how: Reading) -> None:
    """What is wrong for every record is told once."""
    try:
        if how.control is not None:
            how.named(how.control, "--control")
    except Wrong as wrong:
        raise DataError(f"{path}: {wrong}.") from None


def _listed(count: Count) -> str:
    more = count.wrong - len(count.problems)
    return "\n".join(f"  {problem}" for problem in count.problems) + (f"\n  and {more} more" if more else "")


def _batched(records: Iterator[files.Record]) -> Iterator[list[files.Record]]:
    while batch := list(islice(records, BATCH)):
        yield batch
