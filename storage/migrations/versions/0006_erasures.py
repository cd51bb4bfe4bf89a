"""People can be erased, and old rows are purged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

OVER = "state IN ('declined', 'gone')"
PARTIAL = (
    ("ix_join_requests_over", "join_requests", "decided_at", OVER),
    ("ix_gateway_events_foreign", "gateway_events", "received_at", "kind <> 'call'"),
    ("ix_grants_gone", "grants", "owed_at", "state = 'gone'"),
    ("ix_journal_actor", "journal", "actor_id", "actor_id IS NOT NULL"),
)
WHOLE = (
    ("ix_verifications_ended", "verifications", "ended_at"),
    ("ix_appeals_asked", "appeals", "asked_at"),
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "forgotten_phones",
        sa.Column("owner_mark", sa.String(64), nullable=False),
        sa.Column("phone_mark", sa.String(64), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner_mark", name=op.f("pk_forgotten_phones")),
    )
    op.create_index("ix_forgotten_phones_phone", "forgotten_phones", ["phone_mark"])
    op.create_table(
        "erasures",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_erasures")),
    )
    for name, table, column, condition in PARTIAL:
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
    for name, table, column in WHOLE:
        op.create_index(name, table, [column])


def downgrade() -> None:
    """Undo. Phones of people who were erased can verify anybody again."""
    for name, table, *_ in (*PARTIAL, *WHOLE):
        op.drop_index(name, table_name=table)
    op.drop_table("erasures")
    op.drop_table("forgotten_phones")
