"""A first look at a project that people already work in. Reads only, gently; writes nothing to Label Studio."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from console.connect.site import Site
from cueloop.label_config import parse
from cueloop.store import annotators, performance
from cueloop.store.schema import agreement, consensus, tasks
from cueloop.store.schema import annotations as notes
from sync.scorecard.card import LEAST

MOST_LABELS = 20
"""The commonest labels are told; free texts and regions have as many as there are tasks."""


def observe(site: Site) -> dict[str, Any]:
    """Pull the project and tell agreement, consensus, annotators, and what would be routed by the default rules."""
    from routing.rehearse import rehearse
    from sync.pull import pull
    from sync.quality import recompute

    pulled = pull(site.store, site.client, site.project_id)
    recompute(site.store, site.project_id)
    routed = rehearse(site.store, site.project_id)
    return {"pulled": len(pulled.changed), **facts(site), "would_route": routed.states, "advice": list(routed.advice)}


def facts(site: Site) -> dict[str, Any]:
    """What the store knows of the project by now."""
    controls = [control.name for control in parse(site.project["label_config"]).judged]
    with site.store.read() as conn:
        return {"tasks": _count(conn, tasks, site.project_id),
                "annotations": _count(conn, notes, site.project_id),
                "controls": {name: {"agreement": _agreement(conn, site.project_id, name),
                                    "consensus": _consensus(conn, site.project_id, name),
                                    "annotators": _annotators(conn, site.project_id, name)} for name in controls}}


def _count(conn: sa.Connection, table: sa.Table, project_id: int) -> int:
    query = sa.select(sa.func.count()).select_from(table)
    return conn.execute(query.where(table.c.project_id == project_id, table.c.deleted_at.is_(None))).scalar_one()


def _agreement(conn: sa.Connection, project_id: int, control: str) -> dict[str, Any] | None:
    row = conn.execute(sa.select(agreement).where(
        agreement.c.project_id == project_id, agreement.c.control == control)).first()
    return None if row is None else {name: row._mapping[name] for name in ("metric", "value", "low", "high", "tasks")}


def _consensus(conn: sa.Connection, project_id: int, control: str) -> dict[str, Any]:
    rows = conn.execute(sa.select(consensus.c.label, consensus.c.probability).where(
        consensus.c.project_id == project_id, consensus.c.control == control)).all()
    return {"tasks": len(rows), "labels": dict(Counter(row.label for row in rows).most_common(MOST_LABELS)),
            "sure": sum(row.probability >= 0.95 for row in rows)}


def _annotators(conn: sa.Connection, project_id: int, control: str) -> list[dict[str, Any]]:
    everybody = annotators.known(conn)
    rows = conn.execute(performance.of_project(project_id, control)).all()
    return [{"id": row.annotator_id, "name": everybody[row.annotator_id].name if row.annotator_id in everybody else "",
             "answers": row.answers, "skips": row.skips, "accuracy": row.accuracy, "low": row.low, "high": row.high}
            for row in rows]


def _annotator(person: dict[str, Any]) -> str:
    """Of somebody with few answers nothing is told but how many: the rest would be chance."""
    few = person["answers"] < LEAST
    accuracy = "" if few else f" accuracy {person['accuracy']:.2f} ({person['low']:.2f} to {person['high']:.2f}),"
    return f"  {person['name'] or person['id']}: {person['answers']} answers,{accuracy} {person['skips']} skips"


def as_lines(observed: dict[str, Any]) -> list[str]:
    """For people."""
    lines = [f"{observed['tasks']} tasks, {observed['annotations']} annotations."]
    for name, control in observed["controls"].items():
        alpha, truth = control["agreement"], control["consensus"]
        lines.append(f"{name}:")
        lines.append("  agreement: " + ("too few tasks with two answers" if not alpha or alpha["low"] is None else
                     f"{alpha['metric']} {alpha['value']:.3f} ({alpha['low']:.3f} to {alpha['high']:.3f})"))
        lines.append(f"  consensus on {truth['tasks']} tasks, {truth['sure']} of them at 95 % or surer: " + ", ".join(
            f"{label} {count}" for label, count in sorted(truth["labels"].items())))
        lines += [_annotator(person) for person in control["annotators"]]
    would = ", ".join(f"{count} {state}" for state, count in sorted(observed["would_route"].items())) or "nothing"
    return [*lines, f"The rules would make of the tasks: {would}.", *[f"  {text}" for text in observed["advice"]]]
