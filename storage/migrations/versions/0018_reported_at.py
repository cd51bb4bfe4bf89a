"""An announcement that has finished is remembered until its sender has seen the result."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply."""
    op.add_column("announcements", sa.Column("reported_at", sa.BigInteger()))
    op.execute("UPDATE announcements SET reported_at = over_at")


def downgrade() -> None:
    """Undo."""
    op.drop_column("announcements", "reported_at")
