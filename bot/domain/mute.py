"""How the bot recognises its own restrictions: by the second at which they would end.

For a restriction, Telegram reports until when it holds, to the second, and nothing else that could show whose it is. So
the bot's ends at a second that only it chooses: each person has a signature at each gate, which is the moment of the
end modulo `MARKS`. The bot stores nothing for that, and it does not mistake a newcomer who leaves, comes again and
still has the old restriction for somebody whom an admin restricted.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

MUTED_FOR = timedelta(days=360)
"""The shortest mute of a newcomer."""
MARKS = 4 * 24 * 3600 + 1
"""How many signatures there are, in seconds; together with MUTED_FOR less than the 366 days from which on a restriction
counts as for ever (Bot API, `restrictChatMember`)."""


def muted_until(gate_id: int, user_id: int, now: datetime) -> datetime:
    """When the restriction of somebody who is muted now would end."""
    soonest = int((now + MUTED_FOR).timestamp()) + 1
    return datetime.fromtimestamp(soonest + (_mark(gate_id, user_id) - soonest) % MARKS, UTC)


def is_own_mute(gate_id: int, user_id: int, until: datetime) -> bool:
    """Whether a restriction that ends then is the bot's own."""
    return int(until.timestamp()) % MARKS == _mark(gate_id, user_id)


def _mark(gate_id: int, user_id: int) -> int:
    # Never 0: Telegram reports a restriction without an end as one that ended at the beginning of time.
    digest = hashlib.sha256(f"{gate_id}:{user_id}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % (MARKS - 1)
