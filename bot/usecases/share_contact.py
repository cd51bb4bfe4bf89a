"""A person shared a contact."""

from __future__ import annotations

from datetime import datetime

from bot.clock import Clock
from bot.domain.contact import ContactRefusal, SharedContact
from bot.domain.journal import Event
from bot.domain.people import Person
from bot.domain.screen import ScreenName
from bot.domain.tasks import DeleteMessage
from bot.numbering import NumberingPlan
from bot.usecases.admit import needs_call
from bot.usecases.open_verification import StartVerification
from storage.store import Store


class ShareContact:
    """Accepts only the sender's own contact, not forwarded, with a number that can place a call.

    The message with the number is deleted in any case. A person whom no call would help is told so.
    """

    def __init__(self, clock: Clock, phones: NumberingPlan, open_verification: StartVerification) -> None:
        self._clock = clock
        self._phones = phones
        self._open = open_verification

    async def __call__(self, store: Store, person: Person, contact: SharedContact, message_id: int) -> None:
        now = self._clock.now()
        await store.tasks.add(DeleteMessage(message_id), person.chat_id, now)
        refusal = contact.refusal()
        phone = None if refusal else self._phones.parse_mobile(contact.number)
        if refusal is None and phone is None:
            refusal = ContactRefusal.NOT_MOBILE
        if refusal is not None:
            await self._refuse(store, person, refusal, now)
        elif not await needs_call(store, person.user_id):
            await store.screens.show(person.user_id, person.chat_id, ScreenName.WELCOME, now, fresh=True)
        elif phone is not None:
            await self._open(store, person, phone, fresh=True)

    async def _refuse(self, store: Store, person: Person, refusal: ContactRefusal, now: datetime) -> None:
        store.journal.add(Event.CONTACT_REFUSED, now, user_id=person.user_id, code=refusal)
        await store.screens.show(
            person.user_id, person.chat_id, ScreenName.CONTACT_REFUSED, now, details={"reason": refusal}, fresh=True
        )
