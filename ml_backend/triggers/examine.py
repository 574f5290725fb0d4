"""Looks at all reasons for training a project, one after the other.

What new labels, the clock and a guideline say is cheap and looked at in every round of the loop, counted anew when the
consensus has changed; audits and drift are `deep` looks. After a training that did not come into service, a reason of
the same kind needs twice the evidence: what training cannot mend does not make it train again and again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from cueloop.errors import LabelConfigError
from cueloop.label_config import parse
from cueloop.store import models, policies, projects
from cueloop.store.columns import now
from cueloop.store.models import ELSEWHERE, ModelVersion
from cueloop.store.projects import Project
from cueloop.types import Control
from ml_backend.judging import audits, service
from ml_backend.policy.policy import Policy
from ml_backend.triggers import drift, facts, labels, rest, schedule, score
from ml_backend.triggers.kept import kept
from ml_backend.triggers.look import GUIDELINE, Look

MOST_PATIENCE = 64
"""Times the evidence that is needed at most."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a project stands between two trainings."""

    looks: tuple[Look, ...]
    rests: str | None
    """Why nothing is trained now, whatever is due; None: nothing speaks against it."""
    last: datetime | None
    """When it was last trained."""

    @property
    def why(self) -> str | None:
        """Why a training is to be begun now; None: it is not."""
        due = [look.told for look in self.looks if look.due]
        return "; ".join(due) if due and self.rests is None else None


def examine(conn: sa.Connection, project_id: int, policy: Policy, *, deep: bool = True) -> Standing:
    """How a project stands. Raises NotFound. A label config that cannot be read gives no look: sync tells of it."""
    project = projects.get(conn, project_id)
    try:
        controls = parse(project.label_config).modelled
    except LabelConfigError:
        return Standing((), None, None)
    last = models.newest(conn, project_id)      # of any name: another model in service is no new answer
    rests = resting(conn, project_id, policy, last, deep=deep)
    looks = tuple(_looks(conn, project, controls, policy, last, deep=deep))
    return Standing(looks, rests, last.created_at if last else None)


def resting(
    conn: sa.Connection, project_id: int, policy: Policy, last: ModelVersion | None, *, deep: bool = True,
) -> str | None:
    """Why nothing is to be trained now; None: nothing speaks against it."""
    jobs = facts.trainings(conn, project_id)
    if why := rest.rests(jobs, timedelta(seconds=policy.train.pause), now()):
        return why
    job = rest.cancelled(jobs)
    if job is not None and job.ended_at is not None and (last is None or last.created_at < job.ended_at):
        new = kept(conn, project_id, ("since", job.ended_at), partial(
            facts.first_answered_since, conn, project_id, job.ended_at), anew=deep)
        if new < policy.train.least_new:
            return (f"{job.cancel or 'somebody'} cancelled the last training; it waits for {policy.train.least_new} "
                    f"more labels ({new} so far), or a person")
    shadow = models.aliases_of(conn, models.name_for(conn, project_id)).get(models.SHADOW)
    return f"{shadow} runs in shadow mode" if shadow else None


def _looks(conn: sa.Connection, project: Project, controls: tuple[Control, ...], policy: Policy,
           last: ModelVersion | None, *, deep: bool) -> Iterator[Look]:
    before = last.card.get("labelled", {}) if last else {}
    champion = models.champion(conn, project.id)
    patience = 1
    if champion is not None and champion.kind != ELSEWHERE:
        patience = min(2 ** facts.unsuccessful(conn, project.id, champion), MOST_PATIENCE)
    for control in controls:
        counts = kept(conn, project.id, ("labelled", control.name, policy.data.least_probability), partial(
            facts.labelled, conn, project.id, control.name, policy.data.least_probability), anew=deep)
        first = labels.first(control.name, counts, control.labels, policy.train)
        if control.name not in before:
            yield first
            continue
        new = sum(counts[label] for label in control.labels) - before[control.name]
        yield labels.growth(control.name, new, before[control.name], policy.train, enough=first.due)
        if deep and last is not None and champion is not None and champion.kind != ELSEWHERE:
            for look in _deep(conn, project.id, control, policy, champion, last, patience):
                yield _fed(look, new, policy.train.least_new * patience)
    if last is not None and policy.train.guideline and project.guideline_version is not None:
        yield from _guideline(conn, project, policy, last, patience, deep=deep)
    if last is not None:
        yield from _scheduled(conn, project, policy, last)


def _fed(look: Look, new: int, needed: int) -> Look:
    """A reason that only new labels can mend waits for them."""
    if not look.due or new >= needed:
        return look
    return Look(look.trigger, False, f"{look.said}; it waits for new labels, {new} of {needed}", look.control,
                {**look.figures, "new": new, "new_needed": needed})


def _deep(conn: sa.Connection, project_id: int, control: Control, policy: Policy, champion: ModelVersion,
          last: ModelVersion, patience: int) -> Iterator[Look]:
    held = (champion.card.get("controls", {}).get(control.name) or {}).get("held_out") or {}
    if held.get("accuracy") is not None and held.get("blind"):
        since = max(last.created_at, service.alias_since(conn, champion.name, models.CHAMPION) or last.created_at)
        found = audits.read(conn, project_id, control, [champion], since)
        right = [audits.right(one.said[0], one.label) for one in found if one.said[0] is not None]
        yield score.fallen(control.name, right, score.Base(held["tasks"], held["accuracy"]), policy.train, patience)
    if policy.train.input_drift is None and policy.train.label_drift is None:
        return
    new = facts.sample(conn, project_id, control, champion, last.created_at, arrived=True)
    old = (facts.sample(conn, project_id, control, champion, last.created_at, arrived=False)
           if new.count >= drift.ARRIVED * patience else drift.Sample(drift.ARRIVED, 0, (), (), ()))
    yield drift.inputs(control.name, old, new, policy.train, patience)
    yield drift.labels(control.name, old, new, policy.train, patience)


def _guideline(conn: sa.Connection, project: Project, policy: Policy, last: ModelVersion,
               patience: int, *, deep: bool) -> Iterator[Look]:
    version = project.guideline_version
    assert version is not None
    since = facts.in_force_since(conn, project.id, version)
    if version == last.card.get("guideline_version") or since is None or since <= last.created_at:
        return
    under = kept(conn, project.id, ("under", version), partial(facts.answered_under, conn, project.id, version),
                 anew=deep)
    needed = policy.train.least_new * patience
    said = f"guideline version {version} is in force, and {under} tasks were answered under it"
    yield Look(GUIDELINE, under >= needed, said if under >= needed else f"{said}, {needed} needed", "",
               {"version": version, "answered": under, "needed": needed})


def _scheduled(conn: sa.Connection, project: Project, policy: Policy, last: ModelVersion) -> Iterator[Look]:
    stored = policies.in_force(conn, project.id)
    jobs = facts.trainings(conn, project.id)
    ended = [job.ended_at for job in jobs if job.ended_at is not None]
    look = schedule.scheduled(policy.train, max([last.created_at, *ended]), stored.created_at if stored else None,
                              now(), changed=facts.changed_since(conn, project.id, last.card.get("cursor")))
    if look is not None:
        yield look
