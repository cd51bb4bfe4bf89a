"""A person wants another number, or another try."""

from __future__ import annotations

from bot.clock import Clock
from bot.crypto import PhoneCipher
from bot.domain.delivery import Toast
from bot.domain.journal import Event
from bot.domain.people import Person
from bot.domain.screen import ScreenName
from bot.domain.verification import Verification
from bot.usecases.admit import needs_call
from bot.usecases.open_verification import StartVerification, is_limited
from storage.store import Store


class RetryVerification:
    """Within an open verification: requests one more number; calls to the earlier ones still count in their windows.

    After its end: starts a new verification of the same phone, in one tap while the encrypted phone is stored,
    otherwise after the person shares the contact again. Works from any old button: the current state decides.
    """

    def __init__(self, clock: Clock, phone_cipher: PhoneCipher, open_verification: StartVerification) -> None:
        self._clock = clock
        self._phone_cipher = phone_cipher
        self._open = open_verification

    async def __call__(self, store: Store, person: Person, verification_id: int) -> Toast:
        now = self._clock.now()
        verification = await store.verifications.get(verification_id)
        if verification is None:
            return Toast.OVER
        if verification.user_id != person.user_id:
            return Toast.NOT_YOURS
        if not await needs_call(store, person.user_id):
            await store.screens.show(person.user_id, person.chat_id, ScreenName.WELCOME, now)
            return Toast.ALREADY_VERIFIED
        mine = await store.verifications.open_of(person.user_id)
        if mine is None:
            return await self._try_again(store, person, verification)
        if mine.id != verification.id or mine.asking:
            await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, now)
            return Toast.NOTHING
        if await is_limited(store, person, mine.fingerprint, mine, now):
            return Toast.LIMITED
        await store.verifications.ask_number(mine, now)
        store.journal.about(Event.NUMBER_ASKED, now, mine)
        await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, now)
        return Toast.ASKING

    async def _try_again(self, store: Store, person: Person, ended: Verification) -> Toast:
        encrypted = await store.verifications.encrypted(ended.id)
        phone = self._phone_cipher.decrypt(encrypted, ended.token) if encrypted is not None else None
        if phone is not None:
            return await self._open(store, person, phone, fresh=False)
        await store.screens.show(person.user_id, person.chat_id, ScreenName.WELCOME, self._clock.now(), fresh=True)
        return Toast.TRYING_AGAIN
