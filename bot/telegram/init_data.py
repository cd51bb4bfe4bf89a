"""Reading the init data that Telegram gives a Mini App when it opens."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from aiogram.utils.web_app import safe_parse_webapp_init_data

from bot.clock import Clock
from bot.domain.people import InitData
from bot.i18n.texts import Texts

INIT_DATA_LIVES = timedelta(minutes=5)
CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far ahead of ours Telegram's clock may be."""
LARGEST_ID = 2**52
"""Ids have at most 52 significant bits (Bot API, `WebAppUser.id`)."""


class InitDataVerifier:
    """Reads init data, https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app."""

    def __init__(self, token: str, clock: Clock, texts: Texts) -> None:
        self._token = token
        self._clock = clock
        self._texts = texts

    def read(self, init_data: str) -> InitData | None:
        """Return the init data; None unless Telegram signed it for this bot, just now, for a person."""
        try:
            # Telegram writes ASCII, and only ASCII texts can be compared as signatures.
            init_data.encode("ascii")
            data = safe_parse_webapp_init_data(self._token, init_data)
        except (ValueError, TypeError):
            return None
        user, age = data.user, self._clock.now() - data.auth_date
        if user is None or user.is_bot or not 0 < user.id < LARGEST_ID:
            return None
        if not -CLOCK_TOLERANCE <= age <= INIT_DATA_LIVES:
            return None
        query_id = (data.model_extra or {}).get("chat_join_request_query_id")
        return InitData(
            # Derived from the hash, not from the text: the same signed fields can be written in many ways.
            digest=hashlib.sha256(data.hash.encode()).hexdigest(),
            user_id=user.id,
            language=self._texts.pick(user.language_code) if user.language_code else "",
            query_id=query_id if isinstance(query_id, str) else None,
        )
