"""Passing on reports of the gateway that concern another program of the same account."""

from __future__ import annotations

from bot.clock import Clock
from bot.crypto import PhoneCipher, TokenGenerator
from bot.domain.outbox import Destination, ForeignReport
from storage.store import Store

FOREIGN = "foreign"


class RelayReport:
    """Stores the report, unchanged, until it is passed on. It may hold strangers' phones: it is encrypted, and its
    content is deleted as soon as it is accepted or given up."""

    def __init__(self, clock: Clock, phone_cipher: PhoneCipher, token_generator: TokenGenerator) -> None:
        self._clock = clock
        self._phone_cipher = phone_cipher
        self._token_generator = token_generator

    async def __call__(self, store: Store, report: ForeignReport) -> None:
        message_id = f"rel_{self._token_generator.token()}"
        body = self._phone_cipher.encrypt_bytes(report.packed())
        await store.outbox.add(Destination.RELAY, message_id, FOREIGN, body, self._clock.now())
