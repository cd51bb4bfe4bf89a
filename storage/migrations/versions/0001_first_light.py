"""People, verifications, gates, and pending and finished work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite generates ids only for INTEGER keys; PostgreSQL needs 64 bits.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "errands",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("unique_key", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errands")),
        sa.UniqueConstraint("unique_key", name=op.f("uq_errands_unique_key")),
    )
    op.create_index("ix_errands_done", "errands", ["done_at"], unique=False)
    op.create_index(
        "ix_errands_due",
        "errands",
        ["rank", "due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "gates",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=True),
        sa.Column("is_channel", sa.Boolean(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_gates")),
    )
    op.create_table(
        "gateway_events",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("mask", sa.String(length=32), nullable=False),
        sa.Column("called", sa.String(length=32), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.JSON(), nullable=False),
        sa.Column("verification_id", sa.BigInteger(), nullable=True),
        sa.Column("twin_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_events")),
        sa.UniqueConstraint("digest", name=op.f("uq_gateway_events_digest")),
    )
    op.create_index("ix_gateway_events_phone", "gateway_events", ["fingerprint", "received_at"], unique=False)
    op.create_index("ix_gateway_events_received", "gateway_events", ["received_at"], unique=False)
    op.create_table(
        "gateway_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("breaker_reason", sa.String(length=32), nullable=True),
        sa.Column("breaker_retry_at", sa.BigInteger(), nullable=True),
        sa.Column("breaker_trips", sa.Integer(), server_default="0", nullable=False),
        sa.Column("inbox_cursor", sa.BigInteger(), nullable=True),
        sa.Column("inbox_read_at", sa.BigInteger(), nullable=True),
        sa.Column("alive_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_state")),
    )
    op.create_table(
        "journal",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("gate_id", sa.BigInteger(), nullable=True),
        sa.Column("verification_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index("ix_journal_at", "journal", ["at"], unique=False)
    op.create_index("ix_journal_user", "journal", ["user_id", "at"], unique=False)
    op.create_table(
        "people",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("can_be_written", sa.Boolean(), nullable=False),
        sa.Column("met_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_people")),
    )
    op.create_table(
        "screens",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("face", sa.String(length=16), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("shown_revision", sa.Integer(), nullable=False),
        sa.Column("shown_digest", sa.String(length=64), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("is_editable", sa.Boolean(), nullable=False),
        sa.Column("fresh_revision", sa.Integer(), nullable=False),
        sa.Column("has_acted", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("refresh_at", sa.BigInteger(), nullable=True),
        sa.Column("reach_until", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_screens")),
    )
    op.create_index(
        "ix_screens_due",
        "screens",
        ["has_acted", "due_at"],
        unique=False,
        sqlite_where=sa.text("revision > shown_revision"),
        postgresql_where=sa.text("revision > shown_revision"),
    )
    op.create_index(
        "ix_screens_refresh",
        "screens",
        ["refresh_at"],
        unique=False,
        sqlite_where=sa.text("refresh_at IS NOT NULL"),
        postgresql_where=sa.text("refresh_at IS NOT NULL"),
    )
    op.create_table(
        "seen_updates",
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("update_id", name=op.f("pk_seen_updates")),
    )
    op.create_index("ix_seen_updates_at", "seen_updates", ["seen_at"], unique=False)
    op.create_table(
        "verifications",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("mask", sa.String(length=32), nullable=False),
        sa.Column("region", sa.String(length=3), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
        sa.UniqueConstraint("token", name=op.f("uq_verifications_token")),
    )
    op.create_index(
        "ix_verifications_open",
        "verifications",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_verifications_phone", "verifications", ["fingerprint", "opened_at"], unique=False)
    op.create_index(
        "ix_verifications_sealed",
        "verifications",
        ["ended_at"],
        unique=False,
        sqlite_where=sa.text("sealed IS NOT NULL"),
        postgresql_where=sa.text("sealed IS NOT NULL"),
    )
    op.create_index("ix_verifications_user", "verifications", ["user_id", "id"], unique=False)
    op.create_index(
        "uq_verifications_open_phone",
        "verifications",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_verifications_open_user",
        "verifications",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "verified_phones",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("mask", sa.String(length=32), nullable=False),
        sa.Column("region", sa.String(length=3), nullable=False),
        sa.Column("verification_id", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_verified_phones")),
        sa.UniqueConstraint("user_id", name=op.f("uq_verified_phones_user_id")),
    )
    op.create_table(
        "grants",
        sa.Column("gate_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("verification_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("owed_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gates.chat_id"], name=op.f("fk_grants_gate_id")),
        sa.PrimaryKeyConstraint("gate_id", "user_id", "kind", name=op.f("pk_grants")),
    )
    op.create_index(
        "ix_grants_due",
        "grants",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index("ix_grants_user", "grants", ["user_id", "owed_at"], unique=False)
    op.create_table(
        "join_requests",
        sa.Column("gate_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reach", sa.String(length=16), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("deadline_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gates.chat_id"], name=op.f("fk_join_requests_gate_id")),
        sa.PrimaryKeyConstraint("gate_id", "user_id", name=op.f("pk_join_requests")),
    )
    op.create_index("ix_join_requests_user", "join_requests", ["user_id"], unique=False)
    op.create_index(
        "ix_join_requests_waiting",
        "join_requests",
        ["deadline_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "numbers",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("verification_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=True),
        sa.Column("alternatives", sa.JSON(), nullable=True),
        sa.Column("window_ends_at", sa.BigInteger(), nullable=True),
        sa.Column("inbox_after", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["verification_id"], ["verifications.id"], name=op.f("fk_numbers_verification_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_numbers")),
    )
    op.create_index(
        "ix_numbers_asked",
        "numbers",
        ["asked_at"],
        unique=False,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index("ix_numbers_phone", "numbers", ["fingerprint", "asked_at"], unique=False)
    op.create_index("ix_numbers_user", "numbers", ["user_id", "asked_at"], unique=False)
    op.create_index("ix_numbers_verification", "numbers", ["verification_id"], unique=False)
    op.create_index("ix_numbers_window", "numbers", ["window_ends_at"], unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_numbers_window", table_name="numbers")
    op.drop_index("ix_numbers_verification", table_name="numbers")
    op.drop_index("ix_numbers_user", table_name="numbers")
    op.drop_index("ix_numbers_phone", table_name="numbers")
    op.drop_index(
        "ix_numbers_asked",
        table_name="numbers",
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.drop_table("numbers")
    op.drop_index(
        "ix_join_requests_waiting",
        table_name="join_requests",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index("ix_join_requests_user", table_name="join_requests")
    op.drop_table("join_requests")
    op.drop_index("ix_grants_user", table_name="grants")
    op.drop_index(
        "ix_grants_due",
        table_name="grants",
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.drop_table("grants")
    op.drop_table("verified_phones")
    op.drop_index(
        "uq_verifications_open_user",
        table_name="verifications",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index(
        "uq_verifications_open_phone",
        table_name="verifications",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index("ix_verifications_user", table_name="verifications")
    op.drop_index(
        "ix_verifications_sealed",
        table_name="verifications",
        sqlite_where=sa.text("sealed IS NOT NULL"),
        postgresql_where=sa.text("sealed IS NOT NULL"),
    )
    op.drop_index("ix_verifications_phone", table_name="verifications")
    op.drop_index(
        "ix_verifications_open",
        table_name="verifications",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_table("verifications")
    op.drop_index("ix_seen_updates_at", table_name="seen_updates")
    op.drop_table("seen_updates")
    op.drop_index(
        "ix_screens_refresh",
        table_name="screens",
        sqlite_where=sa.text("refresh_at IS NOT NULL"),
        postgresql_where=sa.text("refresh_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_screens_due",
        table_name="screens",
        sqlite_where=sa.text("revision > shown_revision"),
        postgresql_where=sa.text("revision > shown_revision"),
    )
    op.drop_table("screens")
    op.drop_table("people")
    op.drop_index("ix_journal_user", table_name="journal")
    op.drop_index("ix_journal_at", table_name="journal")
    op.drop_table("journal")
    op.drop_table("gateway_state")
    op.drop_index("ix_gateway_events_received", table_name="gateway_events")
    op.drop_index("ix_gateway_events_phone", table_name="gateway_events")
    op.drop_table("gateway_events")
    op.drop_table("gates")
    op.drop_index(
        "ix_errands_due",
        table_name="errands",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.drop_index("ix_errands_done", table_name="errands")
    op.drop_table("errands")
