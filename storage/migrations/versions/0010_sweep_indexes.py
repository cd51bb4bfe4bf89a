"""Indexes for the queries of the loops, however many people wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

UNDELIVERED = "delivered_at IS NULL AND given_up_at IS NULL"
ADDED = (
    ("ix_join_requests_waiting", "join_requests", ("gate_id", "requested_at"), "state = 'waiting'"),
    ("ix_join_requests_deadline", "join_requests", ("gate_id", "deadline_at", "user_id"), "state = 'waiting'"),
    (
        "ix_join_requests_verified",
        "join_requests",
        ("gate_id", "requested_at"),
        "state = 'waiting' AND is_verified IS TRUE AND hindrance IS NULL",
    ),
    (
        "ix_join_requests_muted",
        "join_requests",
        ("gate_id", "reach", "requested_at"),
        "state = 'waiting' AND way = 'mute'",
    ),
    ("ix_verifications_open_window", "verifications", ("window_ends_at",), "state = 'open'"),
    ("ix_verifications_window", "verifications", ("window_ends_at",), "state IN ('open', 'expired')"),
    ("ix_errands_done", "errands", ("done_at",), "done_at IS NOT NULL"),
    ("ix_errands_expiring", "errands", ("expires_at",), "done_at IS NULL AND expires_at IS NOT NULL"),
    ("ix_screens_refresh", "screens", ("refresh_at",), "refresh_at IS NOT NULL AND revision <= shown_revision"),
    ("ix_gateway_events_source", "gateway_events", ("source", "kind", "received_at"), None),
    ("ix_gateway_events_calls", "gateway_events", ("received_at",), "kind = 'call'"),
    ("ix_outbox_owed", "outbox", ("created_at",), UNDELIVERED),
    ("ix_outbox_failing", "outbox", ("target", "created_at"), f"{UNDELIVERED} AND attempts > 0"),
)
REPLACED = (
    ("ix_join_requests_waiting", "join_requests", ("deadline_at",), "state = 'waiting'"),
    ("ix_numbers_window", "numbers", ("window_ends_at",), None),
    ("ix_screens_refresh", "screens", ("refresh_at",), "refresh_at IS NOT NULL"),
    ("ix_gateway_events_source", "gateway_events", ("source", "received_at"), None),
    ("ix_errands_done", "errands", ("done_at",), None),
    ("ix_gateway_events_received", "gateway_events", ("received_at",), None),
)
VERIFIED = "UPDATE join_requests SET is_verified = TRUE WHERE user_id IN (SELECT user_id FROM verified_phones)"
WINDOWS = """
UPDATE verifications
SET window_ends_at = (
    SELECT max(window_ends_at) FROM numbers WHERE verification_id = verifications.id AND state = 'given'
)
WHERE state IN ('open', 'expired')
"""


def upgrade() -> None:
    """Apply."""
    op.add_column("join_requests", sa.Column("is_verified", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("verifications", sa.Column("window_ends_at", sa.BigInteger()))
    op.execute(VERIFIED)
    op.execute(WINDOWS)
    _replace(REPLACED, ADDED)


def downgrade() -> None:
    """Undo."""
    _replace(ADDED, REPLACED)
    op.drop_column("verifications", "window_ends_at")
    op.drop_column("join_requests", "is_verified")


def _replace(
    old: tuple[tuple[str, str, tuple[str, ...], str | None], ...],
    new: tuple[tuple[str, str, tuple[str, ...], str | None], ...],
) -> None:
    for name, table, *_ in old:
        op.drop_index(name, table_name=table)
    for name, table, columns, condition in new:
        where = None if condition is None else sa.text(condition)
        op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)
