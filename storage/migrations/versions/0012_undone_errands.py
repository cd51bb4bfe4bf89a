"""An index finds a person's undone tasks, so that they can be counted before more are added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    where = sa.text("done_at IS NULL")
    op.create_index("ix_errands_undone", "errands", ["chat_id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_errands_undone", table_name="errands")
