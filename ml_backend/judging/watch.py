"""Automatic rollback: takes a version back when blind audits show more errors than the version before makes.

Only what came into service by itself goes by itself. A version that a person put there or pinned stays; the admins are
told. What a version had pre-labelled before it went is marked for another look, first, so that a process that dies in
between leaves the alarm to ring again and no mark missing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from cueloop import audit, logs
from cueloop.errors import ModelError, NotFound
from cueloop.label_config import parse
from cueloop.store import Store, doubts, figures, notices, projects
from cueloop.store.columns import now
from cueloop.types import Control
from ml_backend import registry
from ml_backend.judging import audits, marks, service
from ml_backend.judging.alarm import Counts, Look, looks
from ml_backend.judging.rest import REST, rested
from ml_backend.judging.service import InService
from ml_backend.policy.policy import Policy

ACTOR = "job watch"
NAME = "watch"
"""Of its report in `figures`, about the whole project."""

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Alarm:
    """The version in service was found worse than the one before."""

    version: str
    reason: str
    back_to: str | None
    """Version that serves instead; None: a person has to decide."""
    marked: int
    """Tasks marked for another look."""


def step(store: Store, project_id: int, policy: Policy, rest: timedelta = REST) -> Alarm | None:
    """Look at the audits of the version in service; take it back where they show that it is worse. None: nothing new.

    A step of the sync loop: cheap while `rest` is not over.
    """
    if not policy.rollback.on:
        return None
    with store.read() as conn:
        found = service.read(conn, project_id)
        if found is None or found.before is None:
            return None
        about = {"model": found.version.name, "version": found.version.version, "before": found.before.version}
        if not rested(conn, project_id, NAME, about, rest):
            return None
        seen = looks([_counts(conn, project_id, control, found) for control in _controls(conn, project_id)],
                     policy.rollback)
    with store.write() as conn:
        figures.write(conn, project_id, figures.PROJECT, NAME, about | {
            "since": found.since.isoformat(), "looks": [asdict(one) | {"rise": one.rise} for one in seen]})
    ringing = [one for one in seen if one.rings]
    return _act(store, project_id, found, ringing) if ringing else None


def _controls(conn: sa.Connection, project_id: int) -> tuple[Control, ...]:
    return parse(projects.get(conn, project_id).label_config).modelled


def _counts(conn: sa.Connection, project_id: int, control: Control, found: InService) -> Counts:
    assert found.before is not None
    both = [(one.label, one.said[0], one.said[1])
            for one in audits.read(conn, project_id, control, [found.version, found.before], found.since)]
    new = [(audits.right(said, label), None if other is None else audits.right(other, label))
           for label, said, other in both if said is not None]
    paired = [(mine, theirs) for mine, theirs in new if theirs is not None]
    alone = [mine for mine, theirs in new if theirs is None]
    past = audits.read(conn, project_id, control, [found.before], found.before.created_at, found.since) if alone else []
    before = [audits.right(one.said[0], one.label) for one in past if one.said[0] is not None]
    return Counts(
        control.name, len(paired), sum(theirs and not mine for mine, theirs in paired),
        sum(mine and not theirs for mine, theirs in paired), sum(not mine for mine, _ in paired), len(alone),
        alone.count(False), len(before), before.count(False))


def _act(store: Store, project_id: int, found: InService, ringing: list[Look]) -> Alarm | None:
    version, reason = found.version, "; ".join(one.told() for one in ringing)
    name = f"{version.name}@{version.version}"
    if found.by_person or found.pinned:
        who = "pinned" if found.pinned else "put in service by a person"
        return _tell(store, project_id, found, reason, f"{name} is {who}, so it stays. To take it back: "
                     f"`cueloop models rollback {version.name}`.")
    assert found.before is not None
    with store.write() as conn:
        what = f"{name} is taken back: {reason}"
        marked = doubts.put(conn, project_id, marks.doubtful(conn, project_id, version, what))
        _note(conn, project_id, found, reason, f"{version.name}@{found.before.version} serves again; {marked} tasks "
              f"that {name} had pre-labelled are asked again.")
    try:
        back = registry.rollback(store, version.name, actor=ACTOR, reason=reason, instead_of=version.version)
    except (ModelError, NotFound) as error:     # replaced, pinned or deleted this very moment
        log.warning("a worse version was not taken back", project=project_id, version=name, error=str(error))
        return None
    log.warning("a worse version was taken back", project=project_id, version=name, back_to=back.version,
                reason=reason, marked=marked)
    return Alarm(version.version, reason, back.version, marked)


def _tell(store: Store, project_id: int, found: InService, reason: str, what: str) -> Alarm | None:
    """Tell the admins of a version that stays; once."""
    with store.write() as conn:
        new = _note(conn, project_id, found, reason, what)
    return Alarm(found.version.version, reason, None, 0) if new else None


def _note(conn: sa.Connection, project_id: int, found: InService, reason: str, what: str) -> bool:
    """Notice and audit log, once for each time that a version is in service. False: both were written before."""
    name = f"{found.version.name}@{found.version.version}"
    new = notices.add(
        conn, project_id=project_id, kind="model", recipient=notices.ADMIN,
        subject=f"{name} makes more errors than the version before it",
        text=f"Project {project_id}: {reason}.\n\n{what}", once=f"watch:{name}:{found.since.isoformat()}", at=now())
    if new:
        detail: dict[str, Any] = {"reason": reason, "what": what}
        audit.record(conn, ACTOR, "model alarm", name, detail)
    return new
