"""Very many rows at once: the same as row by row, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from cueloop.store import Store, consensus, schema
from cueloop.store.consensus import Consensus
from cueloop.store.upsert import upsert_columns
from tests.sync import quality_store as given


def test_rows_are_inserted_and_then_overwritten_with_every_type_kept(any_store: Store) -> None:
    # given a consensus of one task, and then of two, with JSON, NULL and a moment
    first, second = given.project(any_store, tasks=2)
    old = Consensus(first, "mood", "bad", 0.6, {"bad": 0.6, "good": 0.4}, 1, "m", people={"bad": 0.5})
    rows = [Consensus(first, "mood", "góod 'x'", 0.75, {"góod 'x'": 0.75}, 3, "m", effective=2.5, wrong=0.25),
            Consensus(second, "mood", "2 spans", 0.5, {}, 2, "m", value=[{"start": 1, "label": "A"}])]
    with any_store.write() as conn:
        consensus.write(conn, 1, [old])
        consensus.write(conn, 1, rows)
    # when they are read, then they are what was written last
    with any_store.read() as conn:
        assert list(consensus.of_tasks(conn, [first, second], "mood").values()) == rows
        absent = sa.select(sa.func.count()).where(schema.consensus.c.people.is_(None))
        assert conn.scalar(absent) == 2
        moments = conn.scalars(sa.select(schema.consensus.c.updated_at)).all()
    assert all(abs((datetime.now(UTC) - at).total_seconds()) < 300 for at in moments)


def test_no_rows_are_no_statement(any_store: Store) -> None:
    with any_store.write() as conn:
        upsert_columns(conn, schema.consensus, {})
        upsert_columns(conn, schema.consensus, {"task": [], "control": []})
        consensus.write(conn, 1, [])
        assert conn.scalar(sa.select(sa.func.count()).select_from(schema.consensus)) == 0
