"""The ledger: what was done on each day, kept month by month, so that a report reads days and not annotations.

A run counts again only the days of annotations that are new, changed or deleted since the last one, and one other day
in turn, which heals in time whatever went unnoticed. Of much to count (the first run in a big project) it
counts the newest days and leaves the rest to the next runs. Decisions are only ever added: each is counted once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from cueloop.store import Store, figures
from cueloop.store.schema import annotation_versions, decisions, performance
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import figures as table
from cueloop.store.upsert import chunks
from sync.flow import submissions
from sync.flow.clock import day_of, moment, seconds
from sync.flow.day import summarise

NAME = "flow-ledger"
VERSION = 1
"""Changed with the meaning of what is kept: an older ledger is made anew."""
MOST = 50_000
"""Submissions after which a run leaves the days that are still to be counted to the next one: about half a second."""
OVERLAP = timedelta(hours=1)
"""How far deletions are looked at again: they are stamped before they are committed."""

Day = dict[str, Any]


@dataclass(slots=True)
class Ledger:
    """`days`: {day: {"people": {annotator: Work as a list}, "hours": [24], "decisions": {kind: n}, "states": {...}}};
    `seen` is how far the tables were read, `changed` the months that are not stored yet."""

    days: dict[str, Day] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    before: dict[str, Any] | None = None
    """`seen` as it is stored, None while nothing is."""

    def put(self, day: str, **values: Any) -> None:
        """Replace parts of a day."""
        had = self.days.get(day, {})
        if any(had.get(name) != value for name, value in values.items()):
            self.days[day] = had | values
            self.changed.add(day[:7])


def refresh(conn: sa.Connection, project_id: int, now: float, *, most: float = MOST) -> Ledger:
    """The ledger with what happened since it was stored; writes nothing. `seen["pending"]` lists the days that are
    still to be counted when there were more than `most` submissions."""
    ledger = _read(conn, project_id)
    medians = usual_seconds(conn, project_id)
    fresh, top = _touched(conn, project_id, ledger.seen)
    left = set(ledger.seen["pending"])
    turn = sorted(ledger.days, key=lambda day: (ledger.seen["checked"].get(day, 0), day))[:1]
    pending = sorted(fresh | (left or set(turn)))
    counted = 0
    while pending and counted < most:
        day = pending.pop()
        made = submissions.on_day(conn, project_id, day)
        found = summarise(day, made, medians)
        counted += len(made.task)
        if found["people"] or day in ledger.days:
            ledger.put(day, **found)
            ledger.seen["checked"][day] = int(now)
    _count_decisions(conn, project_id, ledger)
    ledger.seen |= {"versions": top, "deleted": now, "pending": pending}
    return ledger


def write(store: Store, project_id: int, ledger: Ledger) -> bool:
    """Keep a refreshed ledger; False, and nothing is written, when another process did meanwhile."""
    with store.write() as conn:
        store.lock(conn, f"flow {project_id}")
        if figures.read(conn, project_id, figures.PROJECT, NAME) != ledger.before:
            return False
        for month in sorted(ledger.changed):
            days = {day: value for day, value in ledger.days.items() if day[:7] == month}
            figures.write(conn, project_id, figures.PROJECT, f"{NAME}-{month}", days)
        figures.write(conn, project_id, figures.PROJECT, NAME, ledger.seen)
    return True


def usual_seconds(conn: sa.Connection, project_id: int) -> dict[int, float]:
    """{annotator: median lead time}, where it is known."""
    p = performance.c
    rows = conn.execute(sa.select(p.annotator_id, sa.func.max(p.median_lead_time)).where(
        p.project_id == project_id, p.median_lead_time.is_not(None)).group_by(p.annotator_id))
    return {row[0]: float(row[1]) for row in rows}


def _read(conn: sa.Connection, project_id: int) -> Ledger:
    stored = figures.read(conn, project_id, figures.PROJECT, NAME)
    if stored is None or stored.get("version") != VERSION:
        return Ledger(seen={"version": VERSION, "versions": 0, "decisions": 0, "deleted": None, "checked": {},
                            "pending": []},
                      before=stored)
    rows = conn.scalars(sa.select(table.c.value).where(
        table.c.project_id == project_id, table.c.control == figures.PROJECT, table.c.name.like(f"{NAME}-%")))
    days = {day: value for month in rows for day, value in month.items()}
    return Ledger(dict(sorted(days.items())), {**stored, "checked": dict(stored["checked"])}, set(), stored)


def _touched(conn: sa.Connection, project_id: int, seen: Mapping[str, Any]) -> tuple[set[str], int]:
    """(days on which something was submitted that changed since, how far the versions were read)."""
    a, v = notes.c, annotation_versions.c
    at = sa.func.substr(sa.cast(a.created_at, sa.Text), 1, 10) if conn.dialect.name == "sqlite" else sa.func.to_char(
        sa.func.timezone("UTC", a.created_at), "YYYY-MM-DD")
    newest = conn.scalar(sa.select(sa.func.max(v.key))) or 0
    if seen["deleted"] is None:
        return set(conn.scalars(sa.select(at).distinct().where(a.project_id == project_id))), newest
    fresh = sorted(set(conn.scalars(sa.select(v.unique_id).where(v.key > seen["versions"]))))
    changed = {day for part in chunks(fresh) for day in conn.scalars(
        sa.select(at).distinct().where(a.unique_id.in_(part), a.project_id == project_id))}
    gone = sa.select(at).distinct().where(
        a.project_id == project_id, a.deleted_at >= moment(seen["deleted"]) - OVERLAP)
    return changed | set(conn.scalars(gone)), newest


def _count_decisions(conn: sa.Connection, project_id: int, ledger: Ledger) -> None:
    d = decisions.c
    rows = conn.execute(sa.select(d.key, d.kind, seconds(conn, d.created_at).label("at")).where(
        d.project_id == project_id, d.key > ledger.seen["decisions"])).all()
    kinds = Counter((day_of(row.at), row.kind) for row in rows)
    for day in sorted({day for day, _ in kinds}):
        had = ledger.days.get(day, {}).get("decisions", {})
        new = {kind: number for (of, kind), number in kinds.items() if of == day}
        ledger.put(day, decisions={kind: had.get(kind, 0) + new.get(kind, 0) for kind in had | new})
    ledger.seen["decisions"] = max((row.key for row in rows), default=ledger.seen["decisions"])
