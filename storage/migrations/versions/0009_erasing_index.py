"""An index finds whatever names a person, so that erasing them reads nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

ABOUT = ("ix_errands_about", "errands", "user_id")
PARTIAL = (
    (*ABOUT, "user_id IS NOT NULL"),
    ("ix_errands_other", "errands", "other_id", "other_id IS NOT NULL"),
    ("ix_appeals_decided_by", "appeals", "decided_by", "decided_by IS NOT NULL"),
    ("ix_appeals_told", "appeals", "gate_id", "messages IS NOT NULL"),
    ("ix_outbox_admin", "outbox", "admin_id", "admin_id IS NOT NULL"),
    ("ix_screens_of_others", "screens", "face", "face IN ('erase', 'gate', 'gates', 'installation', 'operator')"),
)
WHOLE = (
    ("ix_errands_chat", "errands", "chat_id"),
    ("ix_standings_admin", "standings", "admin_id"),
)
ADDED = (("errands", "other_id"), ("outbox", "admin_id"))


def upgrade() -> None:
    """Apply. Decided appeals need no messages now, and attempts that verify nobody are checked once more."""
    for table, column in ADDED:
        op.add_column(table, sa.Column(column, sa.BigInteger()))
    op.drop_index("ix_errands_about", table_name="errands")
    for name, table, column, condition in PARTIAL:
        _create_index(name, table, column, condition)
    for name, table, column in WHOLE:
        op.create_index(name, table, [column])
    op.execute("UPDATE appeals SET messages = NULL WHERE decided_at IS NOT NULL")
    op.execute("DELETE FROM marks WHERE name = 'attempts forgotten'")


def downgrade() -> None:
    """Undo."""
    for name, table, *_ in (*PARTIAL, *WHOLE):
        op.drop_index(name, table_name=table)
    _create_index(*ABOUT, "done_at IS NULL")
    for table, column in ADDED:
        op.drop_column(table, column)


def _create_index(name: str, table: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
