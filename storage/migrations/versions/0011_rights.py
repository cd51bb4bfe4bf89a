"""Store what an admin may do in a chat, and which admin linked which extra chat.

The bot asks Telegram again about every known admin. Failed grants are found by their gate.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.add_column("admins", sa.Column("rights", sa.String(128)))
    op.create_table(
        "extra_chats",
        sa.Column("gate_id", sa.BigInteger(), sa.ForeignKey("gates.chat_id"), primary_key=True, autoincrement=False),
        sa.Column("chat_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_extra_chats_user", "extra_chats", ["user_id"])
    where = sa.text("state = 'failed'")
    op.create_index("ix_grants_failed", "grants", ["gate_id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_grants_failed", table_name="grants")
    op.drop_table("extra_chats")
    op.drop_column("admins", "rights")
