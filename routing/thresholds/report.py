"""The whole report on thresholds: of a project, from its audits; of a file, from what it says is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop import declared, label_config
from cueloop.errors import NotFound
from cueloop.sampling import audit_share
from cueloop.store import models, projects
from cueloop.types import Control
from routing import found_thresholds
from routing.signals import Champion
from routing.thresholds import betting, evidence, keep
from routing.thresholds.evidence import Evidence, Population
from routing.thresholds.grid import Grid, make
from routing.thresholds.outlook import ANYTIME, ONCE, Outlook, outlook
from routing.thresholds.worth import price, worth

ASSUMPTIONS = (
    "An audited task is wrong where the model's label is not the one that blind answers of people agree on, or the "
    "ground truth. People's mistakes count against the model, so the true error is probably lower; where they might "
    "make the model's own mistakes the target is lowered by the chance that they are wrong.",
    "Audited tasks are the audit sample, drawn by a hash, and those answered before any model had predicted them. "
    "Tasks to come are taken to be like them; the alarm watches for when they are not.",
    "A threshold holds for tasks of its class as a whole. Within a part of them the error can be another.")
OFFLINE = (
    "The rows with a truth are taken to be drawn at random from all rows, or from those to come.",
    "The data are looked at once. Looking again after adding rows, until a threshold is found, makes it less sure.")


def report(conn: sa.Connection, project_id: int, *, error: float, confidence: float, label: str | None = None,
           control: str | None = None) -> dict[str, Any]:
    """Thresholds of the champion for each single choice of a project: over all labels and for each (or for `label`).

    Raises NotFound for a project, control or label that is not there.
    """
    project, champion = projects.get(conn, project_id), models.champion(conn, project_id)
    differ = declared.of(project.declared).labels
    controls = _controls([one for one in label_config.parse(project.label_config).modelled
                          if differ.get(one.name) != declared.DISTRIBUTION], control, label)
    told: dict[str, Any] = {
        "project": project_id, "model": f"{champion.name}@{champion.version}" if champion else None, "error": error,
        "confidence": confidence, "controls": [], "assumptions": list(ASSUMPTIONS),
        "reason": None if champion else "no model is in service: train one, or wait until the loop does"}
    if champion is None:
        return told
    stored = (keep.kept(conn, project_id) or {"controls": {}})["controls"]
    for one in controls:
        told["controls"].append(_control(conn, project_id, one, Champion(champion.name, champion.version),
                                         stored.get(one.name) or {}, label, error, confidence))
    return told


def offline(predicted: Sequence[str], score: Sequence[float], truth: Sequence[str], *, error: float,
            confidence: float, label: str | None = None) -> dict[str, Any]:
    """The same for rows of a file. A row without a truth (empty) only tells how many tasks lie above a threshold.

    Raises NotFound when `label` is never predicted.
    """
    said, scores, right = np.array(predicted, object), np.array(score, np.float64), np.array(truth, object)
    if label is not None and label not in set(predicted):
        raise NotFound(f"no row predicts the label {label!r}; there are: {', '.join(sorted(set(predicted))[:10])}.")
    known = right != ""
    found = []
    for name in [label] if label is not None else ["", *sorted(set(predicted))]:
        mine = np.ones(len(said), bool) if not name else said == name
        audited = mine & known
        found.append(_told(outlook(
            name, make(scores[mine]), scores[mine], scores[audited], said[audited] != right[audited],
            np.zeros(int(audited.sum())), error=error, confidence=confidence, method=ONCE)))
    return {"rows": len(said), "audited": int(known.sum()), "error": error, "confidence": confidence,
            "classes": found, "assumptions": list(OFFLINE)}


def _controls(known: Sequence[Control], control: str | None, label: str | None) -> list[Control]:
    if not known:
        raise NotFound("The label config has no single choice with one truth: there is nothing of which a model could "
                       "be wrong, so no threshold to find.")
    if control is not None and control not in [one.name for one in known]:
        raise NotFound(f"There is no single choice named {control!r}; there are: {', '.join(c.name for c in known)}.")
    chosen = [one for one in known if control in (None, one.name) and (label is None or label in one.labels)]
    if not chosen:
        raise NotFound(f"There is no label {label!r}; there are: "
                       f"{', '.join(label for one in known for label in one.labels)}.")
    return chosen


def _control(conn: sa.Connection, project_id: int, control: Control, champion: Champion, stored: Mapping[str, Any],
             label: str | None, error: float, confidence: float) -> dict[str, Any]:
    known = evidence.read(conn, project_id, control.name, champion)
    everything = evidence.population(conn, project_id, control.name, champion)
    share, cost = audit_share(conn, project_id), price(conn, project_id, control.name)
    classes = []
    for name in [label] if label is not None else ["", *control.labels]:
        one = _one(name, known.of(name), everything.of(name), stored, error, confidence)
        here = everything.of(name)
        taken = int((here.open & (here.score >= one.score)).sum()) if one.score is not None else 0
        classes.append(_told(one) | {
            "saving": worth(taken, share, cost).to_json() if one.score is not None else None})
    return {"control": control.name, "tasks": len(everything.score), "audited": len(known),
            "sampled": int(known.sampled.sum()), "audit_share": share, "price": asdict(cost), "classes": classes,
            "in_force": _in_force(stored)}


def _one(label: str, known: Evidence, everything: Population, stored: Mapping[str, Any], error: float,
         confidence: float) -> Outlook:
    """With the grid that the loop keeps, and without what was answered before an alarm."""
    row = (stored.get("grids") or {}).get(label)
    grid = Grid.from_json(row) if row else make(everything.score)
    alarms = [row["alarm"] for name, row in (stored.get("found") or {}).items()
              if row["alarm"] and name.startswith(f"found({label},")]
    counting = known.where(known.at > max(alarms)) if alarms else known
    return outlook(label, grid, everything.score, counting.score, counting.wrong, counting.doubt, error=error,
                   confidence=confidence, method=ANYTIME)


def _in_force(stored: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The thresholds that rules rest on, as the loop last saw them."""
    found = [{"threshold": found_thresholds.written(name), "kind": "found", **row, **_ends(row)} for name, row in (
        stored.get("found") or {}).items()]
    return found + [{"threshold": name, "kind": "fixed", **row} for name, row in (stored.get("fixed") or {}).items()]


def _ends(row: Mapping[str, Any]) -> dict[str, float]:
    low, high = betting.interval(row["wrong"], row["seen"], 0.95)
    return {"low": low, "high": high}


def _told(one: Outlook) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(one).items()}
