"""Alembic's entry: it is only ever given an open connection, inside a transaction, by `storage.engine.migrate`."""

from __future__ import annotations

from alembic import context

from storage.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
