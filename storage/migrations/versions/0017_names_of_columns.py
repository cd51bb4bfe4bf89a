"""Columns have the names of the field: ineligibility, requested_at, duplicate_id, encrypted."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

COLUMNS = (
    ("join_requests", "hindrance", "ineligibility"),
    ("grants", "owed_at", "requested_at"),
    ("gateway_events", "twin_id", "duplicate_id"),
    ("verifications", "sealed", "encrypted"),
)


def upgrade() -> None:
    """Apply."""
    for table, before, after in COLUMNS:
        op.alter_column(table, before, new_column_name=after)


def downgrade() -> None:
    """Undo."""
    for table, before, after in COLUMNS:
        op.alter_column(table, after, new_column_name=before)
