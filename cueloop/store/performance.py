"""What is known of each annotator: accuracy with its interval, confusion, skips, pace; and of the crowd."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store.columns import now
from cueloop.store.schema import fits, performance
from cueloop.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Confusions:
    """Expertise on one control, as the last full run saw it. Rows are the truth, columns the answer.

    `confusion` and `counts` are (W, K, K) in the order of `annotators`; `pooled` (K, K) is for anybody else;
    `prior` (K,) has the class shares. `answers` is how many answers the run rests on, `stale` how many tasks were
    updated since.
    """

    labels: tuple[str, ...]
    annotators: tuple[int, ...]
    confusion: NDArray[np.float64]
    counts: NDArray[np.float64]
    pooled: NDArray[np.float64]
    prior: NDArray[np.float64]
    answers: int
    warnings: tuple[str, ...] = ()
    stale: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """The last full run of one control: shape and labels it was for, how many answers it rests on, how many tasks
    were updated since, and what it learned of the model as a voice."""

    kind: str
    labels: tuple[str, ...]
    answers: int
    stale: int
    voice: dict[str, Any] | None
    updated_at: datetime


def runs(conn: sa.Connection, project_id: int) -> dict[str, Run]:
    """The last full run of each control that had one."""
    rows = conn.execute(sa.select(fits).where(fits.c.project_id == project_id))
    return {row.control: Run(row.kind or "choice", tuple(row.labels), row.answers, row.stale, row.voice,
                             row.updated_at) for row in rows}


def alike(conn: sa.Connection, project_id: int, labels: Sequence[str]) -> list[tuple[int, str]]:
    """Controls of other projects whose last full run knew exactly these labels: (project, control)."""
    rows = conn.execute(sa.select(fits.c.project_id, fits.c.control, fits.c.labels)
                        .where(fits.c.project_id != project_id).order_by(fits.c.project_id, fits.c.control))
    return [(row.project_id, row.control) for row in rows if len(labels) and set(row.labels) == set(labels)]


def confusions(conn: sa.Connection, project_id: int, control: str,
               annotators: Collection[int] | None = None) -> Confusions | None:
    """Everybody's confusion on a control, or only these annotators'; None before the first full run, and for
    answers of a shape that has none."""
    run = conn.execute(sa.select(fits).where(fits.c.project_id == project_id, fits.c.control == control)).first()
    if run is None or not run.pooled:
        return None
    wanted = of_project(project_id, control)
    if annotators is not None:
        wanted = wanted.where(performance.c.annotator_id.in_(list(annotators)))
    rows = conn.execute(wanted).all()
    size = len(run.labels)
    return Confusions(
        tuple(run.labels), tuple(row.annotator_id for row in rows), _cube([r.confusion for r in rows], size),
        _cube([r.counts for r in rows], size), np.array(run.pooled).reshape(size, size), np.array(run.prior),
        run.answers, tuple(run.warnings), run.stale)


def of_project(project_id: int, control: str) -> sa.Select[Any]:
    """Select the rows of `performance` of a control, by annotator."""
    return (sa.select(performance).where(performance.c.project_id == project_id, performance.c.control == control)
            .order_by(performance.c.annotator_id))


def write(conn: sa.Connection, project_id: int, control: str, rows: Sequence[dict[str, Any]]) -> None:
    """Replace everything stored of a control's annotators by `rows` (columns of `performance` but the key's)."""
    conn.execute(performance.delete().where(performance.c.project_id == project_id,
                                            performance.c.control == control))
    at = now()
    if rows:
        conn.execute(performance.insert(), [
            {"project_id": project_id, "control": control, "updated_at": at, **row} for row in rows])


def write_run(conn: sa.Connection, project_id: int, control: str, found: Confusions, kind: str = "choice",
              voice: dict[str, Any] | None = None) -> None:
    """Keep what a full run learned of the crowd (not of single annotators: see `write`)."""
    values = {"labels": list(found.labels), "prior": found.prior.tolist(), "pooled": found.pooled.tolist(),
              "answers": found.answers, "warnings": list(found.warnings), "stale": 0, "kind": kind, "voice": voice,
              "updated_at": now()}
    upsert(conn, fits, [{"project_id": project_id, "control": control, **values}])


def write_plain_run(conn: sa.Connection, project_id: int, control: str, kind: str, labels: Sequence[str],
                    answers: int, warnings: Sequence[str]) -> None:
    """The same for answers of a shape that knows no confusion of the crowd."""
    nothing = np.zeros((0, 0))
    write_run(conn, project_id, control, Confusions(tuple(labels), (), nothing, nothing, nothing, nothing, answers,
                                                    tuple(warnings)), kind)


def add_stale(conn: sa.Connection, project_id: int, control: str, tasks: int) -> None:
    """So many more tasks were updated since the last full run."""
    conn.execute(fits.update().where(fits.c.project_id == project_id, fits.c.control == control)
                 .values(stale=fits.c.stale + tasks))


def keep_controls(conn: sa.Connection, project_id: int, controls: Collection[str]) -> None:
    """Forget what is stored of controls that the label config no longer has."""
    for table in (performance, fits):
        conn.execute(table.delete().where(table.c.project_id == project_id,
                                          table.c.control.not_in(list(controls))))


def _cube(matrices: Sequence[Any], size: int) -> NDArray[np.float64]:
    return np.array(matrices, np.float64).reshape(len(matrices), size, size)
