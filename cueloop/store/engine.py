"""Opening the store, and the one way to read and the one way to write.

A SQLite transaction that reads first and writes later can be refused with "locked" at once, whatever the
time-out, so every writing transaction begins with BEGIN IMMEDIATE (sqlite.org/isolation.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cueloop.errors import StoreError

BUSY_SECONDS = 30
"""How long a SQLite writer waits for another writer before it gives up."""

LIFE_SIGNS = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
              "tcp_user_timeout": 30_000}
"""PostgreSQL: a server that vanished without a word is noticed within a minute, not after two hours."""


class Store:
    """A database that holds everything Cueloop knows. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        """Connect to `url` (SQLAlchemy form). Nothing is created; see `open`."""
        try:
            self.url = sa.make_url(url)
        except sa.exc.ArgumentError:
            raise StoreError("CUELOOP_DATABASE_URL is not a database URL; "
                             "try sqlite:////path/file or postgresql://user:password@host/name") from None
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._engine()
        # PostgreSQL's default shows each statement its own moment; SQLite's WAL gives one to the transaction
        self._reader = self.engine if self.is_sqlite else self.engine.execution_options(
            isolation_level="REPEATABLE READ")

    @classmethod
    def open(cls, url: str) -> Store:
        """Connect and bring the schema up to date. Raises StoreError when that cannot be done."""
        from cueloop.store.migrate import upgrade

        store = cls(url)
        try:
            if store.is_sqlite and store.url.database not in (None, "", ":memory:"):
                Path(str(store.url.database)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # customers' texts
            upgrade(store)
        except StoreError:
            store.close()
            raise
        except (sa.exc.OperationalError, OSError) as error:
            store.close()
            where = store.url.render_as_string(hide_password=True)
            why = " ".join(str(getattr(error, "orig", error)).split())
            raise StoreError(f"The store at {where} cannot be opened: {why} "
                             "Check CUELOOP_DATABASE_URL and that the server runs.") from None
        return store

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading: one consistent snapshot, nothing is written."""
        with self._reader.connect() as conn:
            if self.is_sqlite:
                conn.exec_driver_sql("BEGIN")
            yield conn
            conn.rollback()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A writing transaction: all of it is kept, or on any error none of it."""
        with self.engine.connect() as conn:
            if self.is_sqlite:
                conn.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield conn
            except BaseException:
                conn.rollback()
                raise
            conn.commit()

    def lock(self, conn: sa.Connection, name: str) -> None:
        """Within a writing transaction, wait until no other transaction holds the lock of that name.

        SQLite has one writer at a time anyhow; PostgreSQL needs it where a decision rests on what was read.
        """
        if not self.is_sqlite:
            conn.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def _engine(self) -> sa.Engine:
        if not self.is_sqlite:
            return sa.create_engine(self.url, pool_pre_ping=True, connect_args=LIFE_SIGNS)
        engine = sa.create_engine(self.url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

        @sa.event.listens_for(engine, "connect")
        def _pragmas(dbapi: Any, _record: object) -> None:
            dbapi.isolation_level = None  # pysqlite begins nothing by itself: we say BEGIN
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
                dbapi.execute(f"PRAGMA {pragma}")

        return engine
