"""The report's part about the machine: its versions, and what the blind audit says of its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from console.demo.measure import Share, share
from cueloop.store import models
from cueloop.store import schema as s

SCORES = ("accuracy", "nll", "ece")
"""Of a model version's held-out scores, the ones that the report shows."""


def versions(conn: sa.Connection, project_id: int, control: str) -> list[dict[str, Any]]:
    """Every version trained on this project, oldest first, with its scores on tasks that no version was trained on."""
    name = models.name_for(conn, project_id)
    champion = models.aliases_of(conn, name).get("champion")
    found = []
    for version in reversed(models.versions(conn, name)):
        card = version.card["controls"][control]
        held_out = card["held_out"]
        promoted = bool(version.card["gate"]["promoted"])
        found.append({
            "version": version.version, "trained_on": card["examples"], "held_out_tasks": held_out["tasks"],
            "scores": {score: held_out[score] for score in SCORES if held_out.get(score) is not None},
            "promoted": promoted, "reason": version.card["gate"]["reason"],
            "service": "champion" if version.version == champion else "was promoted" if promoted else "refused"})
    return found


def audited_error(conn: sa.Connection, project_id: int, labels: Mapping[int, str]) -> Share:
    """How often people who saw no suggestion disagree with what the machine would have accepted.

    `labels` are people's labels by the store's key of the task.
    """
    d = s.decisions.c
    rows = conn.execute(sa.select(d.task, d.inputs).where(d.project_id == project_id, d.kind == "audit")
                        .order_by(d.key)).all()
    said = {row.task: row.inputs["predicted"] for row in rows if row.inputs.get("predicted") is not None}
    judged = [task for task in said if task in labels]
    return share(sum(said[task] != labels[task] for task in judged), len(judged))
