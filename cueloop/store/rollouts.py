"""Rollouts: a model version on its way into Label Studio, so that another process can take it up where one died."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store.columns import now
from cueloop.store.schema import rollouts as table

PREDICTING, PUSHING, VERIFYING, SWITCHED = "predicting", "pushing", "verifying", "switched"
REMOVING, DONE, OVERTAKEN = "removing", "done", "overtaken"
ENDED = (DONE, OVERTAKEN)


@dataclass(frozen=True, slots=True)
class Rollout:
    """One row of `rollouts`."""

    key: int
    project_id: int
    name: str
    version: str
    before: str | None
    """Model version that Label Studio showed when it began."""
    state: str
    counts: dict[str, Any]
    """Tasks `predicted`, `expected`, `pushed`, `found` in Label Studio, `refused` and `why`; predictions `removed`;
    when it was `shown_at`."""
    error: str | None
    """Why it does not go on."""
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None

    @property
    def ended(self) -> bool:
        """Nothing more is to be done for it."""
        return self.state in ENDED

    @property
    def shown_at(self) -> datetime | None:
        """When Label Studio was switched to it; None: not yet, or never."""
        said = self.counts.get("shown_at")
        return datetime.fromisoformat(said) if said else None


def newest(conn: sa.Connection, project_id: int) -> Rollout | None:
    """The rollout that began last."""
    found = history(conn, project_id, limit=1)
    return found[0] if found else None


def history(conn: sa.Connection, project_id: int, limit: int = 1_000) -> list[Rollout]:
    """Rollouts of a project, newest first."""
    rows = conn.execute(sa.select(table).where(table.c.project_id == project_id)
                        .order_by(table.c.key.desc()).limit(limit))
    return [Rollout(**row._mapping) for row in rows]


def begin(conn: sa.Connection, project_id: int, name: str, version: str, before: str | None) -> Rollout:
    """Begin a rollout. Those of the project that have not ended are overtaken by it."""
    overtake(conn, project_id)
    moment = now()
    key = conn.execute(table.insert().values(
        project_id=project_id, name=name, version=version, before=before or None, state=PREDICTING, counts={},
        started_at=moment, updated_at=moment).returning(table.c.key)).scalar_one()
    return get(conn, key)


def overtake(conn: sa.Connection, project_id: int) -> None:
    """End what has not ended: another version is in service, or none."""
    moment = now()
    conn.execute(table.update().where(table.c.project_id == project_id, table.c.state.not_in(ENDED))
                 .values(state=OVERTAKEN, updated_at=moment, ended_at=moment))


def move(conn: sa.Connection, rollout: Rollout, state: str | None = None, *, error: str | None = None,
         **counts: Any) -> Rollout:
    """Note how far a rollout is. One that was overtaken meanwhile stays so; what it is now is returned."""
    current, moment = get(conn, rollout.key), now()
    if current.ended:
        return current
    state = state or current.state
    # PostgreSQL: it may be overtaken between the look above and here, and must not come back to life
    conn.execute(table.update().where(table.c.key == rollout.key, table.c.state.not_in(ENDED)).values(
        state=state, error=error, counts=current.counts | counts, updated_at=moment,
        ended_at=moment if state in ENDED else None))
    return get(conn, rollout.key)


def get(conn: sa.Connection, key: int) -> Rollout:
    """One rollout."""
    return Rollout(**conn.execute(sa.select(table).where(table.c.key == key)).one()._mapping)
