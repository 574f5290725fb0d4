"""The store: one SQL database where the rooms meet. SQLite by default, PostgreSQL by URL."""

from cueloop.store.engine import Store

__all__ = ["Store"]
