"""Brings the store's schema up to date with Alembic, from inside the program (no alembic.ini)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cueloop.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

    from cueloop.store.engine import Store


def config() -> Config:
    """Alembic's configuration: where our migrations lie."""
    from alembic.config import Config

    conf = Config()
    conf.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return conf


def upgrade(store: Store) -> None:
    """Run the migrations that are missing. Does nothing, quickly, when there are none.

    Raises StoreError when the store was written by a newer Cueloop.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    conf = config()
    script = ScriptDirectory.from_config(conf)
    with store.read() as conn:
        current = MigrationContext.configure(conn).get_current_revision()
    if current == script.get_current_head():
        return
    if current is not None and current not in {r.revision for r in script.walk_revisions()}:
        raise StoreError(f"The store has schema {current}, which this Cueloop does not know: "
                         "it was written by a newer version. Upgrade Cueloop or restore a backup.")
    with store.write() as conn:
        store.lock(conn, "migrate")  # several processes may start together: one migrates, the others wait
        conf.attributes["connection"] = conn
        command.upgrade(conf, "head")
