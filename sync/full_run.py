"""A full run over all answers to one control: what it reads, what it finds, what it writes.

Consensus and annotators follow every change; the reports (agreement in all its cuts, scorecards, candidates for
gold) take longer and are made when somebody may look at them: about once a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.store import consensus as consensus_store
from cueloop.store import figures
from cueloop.store import performance as performance_store
from cueloop.store.performance import Confusions
from cueloop.store.stamps import Stamps, nothing, stamps
from cueloop.types import Control
from sync import choice, evidence, gold, kinds, known, voices
from sync.history import history
from sync.observations import Observations
from sync.outcome import Outcome
from sync.results import told_by
from sync.scorecard import card
from sync.scorecard import evidence as card_evidence


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a run over one control rests on, read at one moment; `before` is what stood in the store then."""

    control: Control
    seen: Observations
    options: dict[str, Any]
    evidence: card_evidence.Evidence | None
    before: Stamps = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run found; without reports `agreement` has only the headline, and the rest is None."""

    outcome: Outcome
    agreement: dict[str, Any]
    cards: dict[Any, dict[str, Any]] | None = None
    candidates: list[dict[str, Any]] | None = None


def read(conn: sa.Connection, project_id: int, control: Control, *, reports: bool) -> Inputs:
    """Read everything; no transaction is open while it is worked on."""
    seen = evidence.observations(conn, project_id, control)
    options: dict[str, Any] = {}
    if control.kind == "choice":
        options = {"voice": voices.read(conn, project_id, control, seen),
                   "history": history(_elsewhere(conn, project_id, control, seen), seen.labels, seen.annotators)}
    return Inputs(control, seen, options,
                  card_evidence.read(conn, project_id, control, seen) if reports else None,
                  stamps(conn, project_id, control.name))


def find(given: Inputs, *, reports: bool, least: int = card.LEAST) -> Findings:
    """Compute. Pure. Scorecards tell nothing of annotators with fewer than `least` answers."""
    control, seen = given.control, given.seen
    if control.kind == "choice":
        outcome, assessment = choice.judged(control, seen, **given.options)
    else:
        outcome, assessment = kinds.judge(control, seen, **given.options), None
    outcome = replace(outcome, consensus=told_by(outcome.consensus, seen.decided))
    if not reports:
        return Findings(outcome, outcome.agreement)
    cards = (card.cards(seen, assessment, given.evidence, least=least) if assessment is not None else
             card.plain_cards(seen, outcome.annotators, given.evidence, least=least))
    return Findings(outcome, kinds.agreement(control, seen, outcome), cards, gold.candidates(seen, outcome))


def write(conn: sa.Connection, project_id: int, given: Inputs, found: Findings, skips: Mapping[int, int]) -> set[int]:
    """Replace what is stored of a control; the tasks (keys) whose consensus somebody changed meanwhile.

    Those keep what they have: it rests on newer answers.
    """
    name, outcome = given.control.name, found.outcome
    meanwhile = given.before.written_since(stamps(conn, project_id, name))
    tasks, differs = given.before.differing(outcome.consensus)
    consensus_store.write(conn, project_id, consensus_store.kept(
        outcome.consensus, differs & ~np.isin(tasks, meanwhile)))
    consensus_store.remove(conn, np.setdiff1d(given.before.task, np.union1d(tasks, meanwhile)).tolist(), name)
    cards = found.cards if found.cards is not None else _cards(conn, project_id, name)
    performance_store.write(conn, project_id, name, known.rows(outcome, dict(skips), cards))
    _write_run(conn, project_id, given, outcome)
    headline = outcome.agreement
    consensus_store.write_agreement(conn, project_id, name, {
        key: headline[key] for key in ("value", "low", "high", "tasks", "answers", "reason")})
    if found.cards is not None:
        figures.write(conn, project_id, name, "agreement", found.agreement)
        figures.write(conn, project_id, name, "gold_candidates", found.candidates)
    return set(meanwhile.tolist())


def moved(given: Inputs, found: Findings, by: float) -> set[int]:
    """Tasks (keys) whose consensus came, went, changed its label or basis, or moved by more than `by`."""
    tasks, differs = given.before.differing(found.outcome.consensus, by)
    return set(tasks[differs].tolist()) | set(np.setdiff1d(given.before.task, tasks).tolist())


def _elsewhere(conn: sa.Connection, project_id: int, control: Control, seen: Observations) -> list[Confusions]:
    """What is known of these annotators from other projects that ask for the same labels."""
    found = (performance_store.confusions(conn, other, name, annotators=seen.annotators)
             for other, name in performance_store.alike(conn, project_id, control.labels))
    return [run for run in found if run is not None]


def _write_run(conn: sa.Connection, project_id: int, given: Inputs, outcome: Outcome) -> None:
    control = given.control
    if outcome.run is not None:
        performance_store.write_run(conn, project_id, control.name, outcome.run, control.kind, outcome.voice)
    else:
        performance_store.write_plain_run(conn, project_id, control.name, control.kind, control.labels,
                                          len(given.seen.task), outcome.warnings)


def _cards(conn: sa.Connection, project_id: int, control: str) -> dict[Any, dict[str, Any]]:
    """The scorecards that stand: a run without reports keeps them."""
    return {annotator: one.details["card"] for annotator, one in known.of_control(conn, project_id, control).items()
            if "card" in one.details}
