"""A gate keeps the id that its chat had before it became a supergroup: messages and links of then name that one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply."""
    op.add_column("gates", sa.Column("moved_from", sa.BigInteger()))


def downgrade() -> None:
    """Undo."""
    op.drop_column("gates", "moved_from")
