"""Admins are asked to let people in, and turn many away together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.add_column("appeals", sa.Column("decided_at", sa.BigInteger()))
    op.add_column("appeals", sa.Column("outcome", sa.String(16)))
    op.add_column("appeals", sa.Column("decided_by", sa.BigInteger()))
    op.add_column("appeals", sa.Column("messages", sa.JSON()))
    op.add_column("gates", sa.Column("mass_decline", sa.JSON()))


def downgrade() -> None:
    """Undo."""
    op.drop_column("gates", "mass_decline")
    for column in ("messages", "decided_by", "outcome", "decided_at"):
        op.drop_column("appeals", column)
