"""The audit log shows it when somebody changes the past."""

import pytest
import sqlalchemy as sa

from cueloop import audit
from cueloop.errors import StoreError
from cueloop.store import schema


def test_a_changed_row_breaks_the_chain(any_store):
    # Given three entries
    with any_store.write() as conn:
        for number in range(3):
            audit.record(conn, "admin", "promote", f"model@{number}", {"score": 0.1 + 0.2})
    with any_store.read() as conn:
        assert audit.verify(conn) == 3
    # When somebody rewrites the second
    with any_store.write() as conn:
        conn.execute(schema.audit.update().where(schema.audit.c.subject == "model@1").values(actor="nobody"))
    # Then it shows
    with any_store.read() as conn, pytest.raises(StoreError, match="model@1"):
        audit.verify(conn)


def test_a_removed_row_breaks_the_chain(any_store):
    with any_store.write() as conn:
        for number in range(3):
            audit.record(conn, "admin", "promote", str(number), {})
    with any_store.write() as conn:
        conn.execute(sa.delete(schema.audit).where(schema.audit.c.subject == "1"))
    with any_store.read() as conn, pytest.raises(StoreError):
        audit.verify(conn)
