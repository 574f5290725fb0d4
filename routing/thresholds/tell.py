"""Says what became of thresholds: in the audit log each change, to the admin each alarm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cueloop import audit, logs
from routing import found_thresholds
from routing.people import notices

log = logs.get(__name__)


def tell(conn: sa.Connection, project_id: int, fresh: Mapping[str, Any], had: Mapping[str, Any] | None) -> None:
    """Write into the audit log what became of thresholds, and raise a notice for each that is lost.

    `had` is what was kept before, maybe of another model version.
    """
    for control, parts in fresh["controls"].items():
        was = (had or {"controls": {}})["controls"].get(control, {"found": {}, "fixed": {}})
        for kind in ("found", "fixed"):
            for name, row in parts[kind].items():
                before = was[kind].get(name) or {"score": None, "alarm": None}
                if kind == "found" and row["score"] != before["score"]:
                    said = "withdrawn" if row["score"] is None else "found" if before["score"] is None else "moved"
                    audit.record(conn, "cueloop", f"threshold {said}", f"project {project_id}", {
                        "threshold": name, "control": control, "model": fresh["model"], **row,
                        "before": before["score"]})
                    log.info(f"threshold {said}", project=project_id, threshold=name, control=control,
                             score=row["score"], why=row["why"])
                if kind == "found" and had and had["model"] != fresh["model"] and row["score"] != before["score"]:
                    if row["score"] is None:
                        _anew(conn, project_id, fresh["model"], control, name)
                elif row["alarm"] and row["alarm"] != before["alarm"]:
                    _alarm(conn, project_id, fresh["model"], control, name, row, withdrawn=kind == "found")


def _alarm(conn: sa.Connection, project_id: int, model: str, control: str, name: str, row: Mapping[str, Any], *,
           withdrawn: bool) -> None:
    what = f"Threshold {found_thresholds.written(name)}" if withdrawn else f"The threshold of rule {name}"
    then = ("It is withdrawn: nothing more is accepted by it until later audits find a safe one. What was accepted "
            "stays so; a rule with `reopen` looks at it again." if withdrawn else
            "The rule stays as it is written: raise its threshold, or let one be found with found(error=...).")
    notices.raise_once(
        conn, project_id=project_id, kind="threshold", recipient=notices.ADMIN,
        subject=f"{what} is no longer safe in project {project_id}",
        text=f"{what} (control {control}, model {model}): {row['why']}. {then} "
             f"`cueloop route thresholds --project {project_id}` shows the figures.",
        once=f"threshold:{project_id}:{model}:{control}:{name}:{row['alarm']}")


def _anew(conn: sa.Connection, project_id: int, model: str, control: str, name: str) -> None:
    what = f"Threshold {found_thresholds.written(name)}"
    notices.raise_once(
        conn, project_id=project_id, kind="threshold", recipient=notices.ADMIN,
        subject=f"{what} has to be found anew in project {project_id}",
        text=f"{what} (control {control}) was found for another model version. Of the audited tasks too few are left "
             f"that {model}, in service now, was not trained on. Nothing more is accepted by it until enough are. "
             f"`cueloop route thresholds --project {project_id}` tells how many.",
        once=f"threshold:{project_id}:{model}:{control}:{name}:anew")
