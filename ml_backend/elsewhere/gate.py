"""Whether a pushed version may serve: no worse than what serves now, on the same tasks that people answered blind."""

from __future__ import annotations

from dataclasses import replace

from cueloop.label_config import parse
from cueloop.store import Store, models, predictions, projects
from cueloop.store.models import ModelVersion
from ml_backend import registry
from ml_backend.elsewhere import side_by_side
from ml_backend.judging import against
from ml_backend.judging.comparison import HELD_OUT, Comparison, against_frequencies, undecided
from ml_backend.judging.sides import Sides
from ml_backend.judging.verdict import PROMOTED, Refusal, Verdict, verdict
from ml_backend.policy.in_force import policy


def judge(store: Store, candidate: ModelVersion) -> tuple[Verdict, ModelVersion | None]:
    """What the gate says of a version, and the champion it was compared with.

    Each control is compared that the candidate or the champion answers: with the champion where it does, else with
    the mere frequencies of the classes (of regions: with marking nothing).
    """
    assert candidate.project_id is not None
    with store.read() as conn:
        champion = models.champion(conn, candidate.project_id)
        if champion is not None and _same(champion, candidate):
            return Verdict(PROMOTED, "it is in service already"), champion
        controls = parse(projects.get(conn, candidate.project_id).label_config).judged
        mine = set(predictions.controls(conn, candidate.project_id, candidate.name, candidate.version))
        theirs = set(predictions.controls(conn, candidate.project_id, champion.name, champion.version)
                     ) if champion else set()
        gate = policy(conn, candidate.project_id).gate
        found: list[Comparison] = []
        refusals: list[Refusal] = []
        notes: list[str] = []
        for control in controls:
            if control.name in mine:
                rival = champion if control.name in theirs else None
                if not control.modelled:
                    found.append(side_by_side.regions(conn, candidate.project_id, control, candidate, rival))
                elif rival is None:
                    new, truth = side_by_side.candidate_alone(conn, candidate.project_id, control, candidate)
                    found.append(against_frequencies(new, truth, control.name))
                else:
                    pair = side_by_side.choices(conn, candidate.project_id, control, candidate, rival)
                    versus = against.champion(Sides(control.name, control.labels, (), pair.truth, pair.one, pair.other,
                                                    HELD_OUT), gate)
                    found.append(versus.comparison)
                    refusals += versus.refusals
                    notes += versus.notes
            elif control.name in theirs:
                found.append(_silent(control.name))
    return verdict(found, refusals, notes), champion


def pass_through(store: Store, candidate: ModelVersion, *, actor: str) -> Verdict:
    """Judge a version, write the verdict into its card, and put it in service for its project if it may."""
    judged, champion = judge(store, candidate)
    if champion is not None and _same(champion, candidate):
        return judged
    with store.write() as conn:
        kept = models.get(conn, candidate.name, candidate.version) or candidate
        models.put(conn, replace(kept, card=kept.card | {
            "gate": judged.as_dict(), "parent": f"{champion.name}@{champion.version}" if champion else None}))
    if judged.promoted:
        registry.promote(store, candidate, actor=actor, reason=judged.reason, for_project=True)
    else:
        registry.refuse(store, candidate, actor=actor, reason=judged.reason)
    return judged


def _same(one: ModelVersion, other: ModelVersion) -> bool:
    return (one.name, one.version) == (other.name, other.version)


def _silent(control: str) -> Comparison:
    return undecided(control, "the champion", 0,
                     f"{control}: the champion answers it and this version says nothing of it")
