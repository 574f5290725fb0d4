"""Shadow mode: a challenger that passed the gate predicts beside the champion, unseen, until fresh answers judge both.

Its predictions are in the store, never in Label Studio. Tasks judge that people answered blind after it was trained.
They are looked at once, when there are enough of them or the time is over, so no luck of a good moment decides.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import timedelta

import numpy as np
import sqlalchemy as sa

from cueloop import audit, logs
from cueloop.errors import ModelError
from cueloop.label_config import parse
from cueloop.store import Store, figures, models, projects
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from cueloop.types import Control
from ml_backend import registry
from ml_backend.judging import against, audits, service
from ml_backend.judging.comparison import HELD_OUT, Comparison
from ml_backend.judging.judges import LEAST_JUDGES, looked_up
from ml_backend.judging.rest import REST, rested
from ml_backend.judging.sides import Sides
from ml_backend.judging.verdict import Refusal, Verdict, verdict
from ml_backend.policy.policy import Gate, Policy

ACTOR = "job shadow"
ALIAS = models.SHADOW
CARD = "shadow"
"""Where the card has the verdict, beside the gate's."""
NAME = "shadow"
"""Of its report in `figures`, about the whole project."""

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Fresh:
    """What fresh blind answers say of the two so far."""

    sides: tuple[Sides, ...]
    """One for each control that both answer."""

    @property
    def tasks(self) -> int:
        """Of the control that has fewest."""
        return min((len(one.truth) for one in self.sides), default=0)


def begin(store: Store, version: ModelVersion, *, actor: str, reason: str) -> None:
    """Let a version run in the shadow of its model's champion. One that did before has to leave, refused."""
    with store.write() as conn:
        store.lock(conn, f"aliases {version.name}")
        older = models.aliases_of(conn, version.name).get(ALIAS)
        if older == version.version:
            return
        if older is not None:
            audit.record(conn, actor, "model refused", f"{version.name}@{older}",
                         {"reason": f"{version.version} takes its place in shadow mode"})
        models.set_alias(conn, version.name, ALIAS, version.version)
        audit.record(conn, actor, "model in shadow", f"{version.name}@{version.version}", {"reason": reason})


def running(conn: sa.Connection, name: str) -> ModelVersion | None:
    """The version of a model that runs in shadow mode: it is to predict every task, and is neither pushed nor shown."""
    version = models.aliases_of(conn, name).get(ALIAS)
    found = models.get(conn, name, version) if version else None
    return found if found is not None and found.deleted_at is None else None


def step(store: Store, project_id: int, policy: Policy, rest: timedelta = REST) -> Verdict | None:
    """Promote or refuse what runs in shadow mode, as soon as it can be said; None: not yet, or nothing runs.

    While the champion is pinned nothing is decided.
    """
    with store.read() as conn:
        name = models.name_for(conn, project_id)
        found, champion = running(conn, name), models.champion(conn, project_id)
        since = service.alias_since(conn, name, ALIAS)
        if found is None or since is None or registry.pinned(conn, name):
            return None
        about = {"version": found.version, "champion": champion.version if champion else None}
        if champion is not None and not rested(conn, project_id, NAME, about, rest):
            return None
        fresh = _fresh(conn, project_id, found, champion) if champion is not None else Fresh(())
    gate, over = policy.gate, champion is None
    if gate.shadow is not None and not over:
        over = fresh.tasks >= gate.shadow.audits or now() - since >= timedelta(seconds=gate.shadow.longest)
        with store.write() as conn:
            figures.write(conn, project_id, figures.PROJECT, NAME, about | {
                "since": since.isoformat(), "tasks": fresh.tasks, **asdict(gate.shadow)})
    elif gate.shadow is None:
        over = True
    if not over:
        return None
    judged = decide(fresh, gate)
    _settle(store, found, champion, judged)
    return judged


def decide(fresh: Fresh, gate: Gate) -> Verdict:
    """What the fresh answers say; too few of them leave the gate's word, which let it pass."""
    comparisons: list[Comparison] = []
    refusals: list[Refusal] = []
    notes: list[str] = []
    for one in fresh.sides:
        if len(one.truth) < LEAST_JUDGES:
            notes.append(f"{one.control}: {len(one.truth)} fresh blind answers cannot judge it, the gate's word stands")
            continue
        versus = against.champion(one, gate)
        comparisons.append(versus.comparison)
        refusals += versus.refusals
        notes += versus.notes
    return verdict(comparisons, refusals, notes or ([] if comparisons else ["nothing speaks against it"]))


def _fresh(conn: sa.Connection, project_id: int, found: ModelVersion, champion: ModelVersion) -> Fresh:
    answered = [set(one.card.get("controls", {})) for one in (found, champion)]
    return Fresh(tuple(_sides(conn, project_id, control, found, champion)
                       for control in parse(projects.get(conn, project_id).label_config).modelled
                       if all(control.name in names for names in answered)))


def _sides(
    conn: sa.Connection, project_id: int, control: Control, found: ModelVersion, champion: ModelVersion,
) -> Sides:
    rows = [(one.label, one.said[0], one.said[1])
            for one in audits.read(conn, project_id, control, [found, champion], found.created_at)]
    both = [(label, new, old) for label, new, old in rows if new is not None and old is not None]
    truth = np.array([control.labels.index(label) for label, _, _ in both], np.int64)
    return Sides(control.name, control.labels, (), truth, looked_up([new for _, new, _ in both], control.labels),
                 looked_up([old for _, _, old in both], control.labels), HELD_OUT)


def _settle(store: Store, found: ModelVersion, champion: ModelVersion | None, judged: Verdict) -> None:
    """Promote it, or write down that it is refused; either way it leaves the shadow."""
    if judged.promoted:
        try:
            registry.promote(store, found, actor=ACTOR, reason=f"after shadow mode: {judged.reason}",
                             instead_of=champion.version if champion else "")
        except ModelError as error:     # another one was put in service, or pinned: the next step looks again
            log.warning("a shadow could not be promoted", model=found.name, version=found.version, error=str(error))
            return
    with store.write() as conn:
        store.lock(conn, f"aliases {found.name}")
        if models.aliases_of(conn, found.name).get(ALIAS) == found.version:
            models.set_alias(conn, found.name, ALIAS, None)
        if (kept := models.get(conn, found.name, found.version)) is not None:
            models.put(conn, replace(kept, card=kept.card | {CARD: judged.as_dict()}))
        if not judged.promoted:
            audit.record(conn, ACTOR, "model refused", f"{found.name}@{found.version}", {"reason": judged.reason})
    log.info("shadow mode ended", model=found.name, version=found.version, promoted=judged.promoted,
             reason=judged.reason)
