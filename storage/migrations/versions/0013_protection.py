"""Gates keep evidence of whether they keep people out, starting with what the journal contains."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

COLUMNS = ("request_seen_at", "tested_at", "bypassed_at")
SEEN = """
UPDATE gates
SET request_seen_at = (SELECT max(at) FROM journal WHERE event = 'join_asked' AND gate_id = gates.chat_id)
"""
BYPASSED = """
UPDATE gates
SET bypassed_at = (
    SELECT max(at) FROM journal WHERE event = 'member_came' AND code = 'joined' AND gate_id = gates.chat_id
)
WHERE settings IS NULL OR CAST(settings AS TEXT) NOT LIKE '%"mute"%'
"""


def upgrade() -> None:
    """Apply."""
    for name in COLUMNS:
        op.add_column("gates", sa.Column(name, sa.BigInteger()))
    op.execute(SEEN)
    op.execute(BYPASSED)


def downgrade() -> None:
    """Undo."""
    for name in reversed(COLUMNS):
        op.drop_column("gates", name)
