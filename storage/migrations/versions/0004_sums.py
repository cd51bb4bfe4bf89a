"""Statistics are stored as sums of days and months; journal entries record country and span."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.add_column("journal", sa.Column("region", sa.String(3), nullable=False, server_default=sa.text("''")))
    op.add_column("journal", sa.Column("took_ms", sa.Integer()))
    op.add_column("verifications", sa.Column("gate_id", sa.BigInteger()))
    op.create_table(
        "sums",
        sa.Column("gate_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grain", sa.String(8), nullable=False),
        sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dimension", sa.String(8), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gate_id", "grain", "span", "dimension", "key", "event", name=op.f("pk_sums")),
    )
    of_funnel = sa.text("dimension IN ('total', 'code')")
    columns = ["grain", "span", "gate_id", "dimension", "key", "event", "count"]
    op.create_index("ix_sums_funnel", "sums", columns, sqlite_where=of_funnel, postgresql_where=of_funnel)
    op.create_table(
        "marks",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("marks")
    op.drop_table("sums")
    op.drop_column("verifications", "gate_id")
    op.drop_column("journal", "took_ms")
    op.drop_column("journal", "region")
