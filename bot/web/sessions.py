"""Sessions of the Mini App: whom a page acts for, once its init data is verified."""

from __future__ import annotations

import base64
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken

from bot.clock import Clock

SESSION_LIVES = timedelta(hours=1)


class Sessions:
    """A session is the person's id, encrypted with a key of ours and stamped with the time; the server stores
    nothing."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        """`key`: 32 bytes."""
        self._fernet = Fernet(base64.urlsafe_b64encode(key))
        self._clock = clock

    def begin(self, user_id: int) -> str:
        """Return a session of this person."""
        return self._fernet.encrypt_at_time(str(user_id).encode(), self._now()).decode()

    def holder(self, session: str) -> int | None:
        """Return whose session it is; None when it has expired or is not ours."""
        try:
            encrypted = self._fernet.decrypt_at_time(session, int(SESSION_LIVES.total_seconds()), self._now())
        except (InvalidToken, ValueError):
            # ValueError: not even ASCII.
            return None
        return int(encrypted)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
