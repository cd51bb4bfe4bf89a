"""A grant records how somebody enters by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

HOW = """
UPDATE grants
SET how = CASE WHEN verification_id = 0 THEN 'other' WHEN is_told THEN 'called' ELSE 'known' END
WHERE state IN ('due', 'too_many_chats', 'failed') AND kind IN ('join', 'unmute')
"""


def upgrade() -> None:
    """Apply. The journal says who entered until then; those still to enter are distinguished as before."""
    op.add_column("grants", sa.Column("how", sa.String(8)))
    op.execute(HOW)


def downgrade() -> None:
    """Undo."""
    op.drop_column("grants", "how")
