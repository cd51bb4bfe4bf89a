"""Some gateways name a call only by the reference that they gave with the number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

HAS_REFERENCE = sa.text("reference IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    for table in ("numbers", "gateway_events"):
        op.add_column(table, sa.Column("reference", sa.String(64)))
        op.create_index(
            f"ix_{table}_reference",
            table,
            ["reference"],
            sqlite_where=HAS_REFERENCE,
            postgresql_where=HAS_REFERENCE,
        )


def downgrade() -> None:
    """Undo."""
    for table in ("numbers", "gateway_events"):
        op.drop_index(f"ix_{table}_reference", table)
        op.drop_column(table, "reference")
