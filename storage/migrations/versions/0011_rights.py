"""What an admin may do in a chat is kept; of who is known to be one it is asked anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.add_column("admins", sa.Column("rights", sa.String(128)))


def downgrade() -> None:
    """Undo."""
    op.drop_column("admins", "rights")
