"""Guard joins: the query of a join request, and the used launches of the Mini App."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.add_column("join_requests", sa.Column("query_id", sa.Text(), nullable=True))
    op.create_table(
        "launches",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_launches")),
    )
    op.create_index("ix_launches_used_at", "launches", ["used_at"], unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_launches_used_at", table_name="launches")
    op.drop_table("launches")
    op.drop_column("join_requests", "query_id")
