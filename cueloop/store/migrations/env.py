"""Alembic's entry point: runs on the connection that `cueloop.store.migrate` hands over."""

from alembic import context

from cueloop.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True,
                  user_module_prefix="cueloop.store.columns.", transactional_ddl=False)
context.run_migrations()
