"""How the bot knows its own restrictions again: by the second at which they would end.

Telegram tells of a restriction until when it holds, to the second, and of nothing else by which it could be known
whose it is. So the bot's ends at a second that only it chooses: each person has a mark at each gate, and the moment of
the end, divided by `MARKS`, leaves it over. Nothing has to be remembered for that, so a newcomer who leaves, comes
again and finds the old restriction still there is not mistaken for somebody whom an admin restricted.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

MUTED_FOR = timedelta(days=360)
"""For at least how long a newcomer is muted."""
MARKS = 4 * 24 * 3600 + 1
"""How many marks there are, in seconds; with MUTED_FOR less than the 366 days from which on a restriction counts as
for ever (Bot API, `restrictChatMember`)."""


def muted_until(gate_id: int, user_id: int, now: datetime) -> datetime:
    """When the restriction of somebody who is muted now would end by itself."""
    soonest = int((now + MUTED_FOR).timestamp()) + 1
    return datetime.fromtimestamp(soonest + (_mark(gate_id, user_id) - soonest) % MARKS, UTC)


def is_own_mute(gate_id: int, user_id: int, until: datetime) -> bool:
    """Whether a restriction that ends then is the bot's own."""
    return int(until.timestamp()) % MARKS == _mark(gate_id, user_id)


def _mark(gate_id: int, user_id: int) -> int:
    # Never 0: a restriction without an end is told as one that ended at the beginning of time.
    digest = hashlib.sha256(f"{gate_id}:{user_id}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % (MARKS - 1)
