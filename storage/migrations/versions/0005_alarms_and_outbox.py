"""Incidents, and messages to the owner's own systems."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

DUE = sa.text("delivered_at IS NULL AND given_up_at IS NULL")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "alarms",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("trouble", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(32), nullable=False),
        sa.Column("variant", sa.String(32), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_alarms")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("target", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("delivered_at", sa.BigInteger()),
        sa.Column("given_up_at", sa.BigInteger()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    op.create_index("ix_outbox_user", "outbox", ["user_id"])
    op.create_index("ix_outbox_delivered", "outbox", ["target", "delivered_at"])
    op.create_index("ix_outbox_created", "outbox", ["created_at"])
    op.create_index("ix_outbox_due", "outbox", ["target", "due_at"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_gateway_events_source", "gateway_events", ["source", "received_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_gateway_events_source", "gateway_events")
    op.drop_table("outbox")
    op.drop_table("alarms")
