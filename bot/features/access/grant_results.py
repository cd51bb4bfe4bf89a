"""The result of a grant, and another try of one that failed."""

from __future__ import annotations

from bot.domain.eligibility import DecisionReason
from bot.domain.error_text import shortened
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import GrantKind, GrantState, JoinRequest, Override, RequestState
from bot.domain.journal import Event
from bot.domain.notifications import Notification, Notify, Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingGrant
from bot.domain.people import Person
from bot.domain.screens import ScreenName
from bot.domain.statistics import EntryReason
from bot.features.access.decide import BY_NOBODY, reward
from bot.features.access.links import end_link, is_still_given, take_back_link
from bot.features.admins.log_chat import post_to_log
from bot.features.operators.registry import OperatorNotifier
from storage.store import Store

GRANT_STATES = {
    DeliveryStatus.DONE: GrantState.DONE,
    DeliveryStatus.GONE: GrantState.GONE,
    DeliveryStatus.TOO_MANY_CHATS: GrantState.TOO_MANY_CHATS,
}
GRANT_EVENTS = {GrantState.DONE: Event.GRANT_DONE, GrantState.GONE: Event.GRANT_GONE}
ENTRIES = (GrantKind.JOIN, GrantKind.UNMUTE, GrantKind.LINK)


class SettleGrant:
    """Records the result. A person who is in gets what else the gate gives, and the log gets a line.

    If it was given up, operators are notified and the person's screen says so.
    """

    def __init__(self, notify_operators: OperatorNotifier) -> None:
        self._notify_operators = notify_operators

    async def __call__(self, store: Store, grant: PendingGrant, receipt: DeliveryResult) -> None:
        now = store.now
        state = GRANT_STATES.get(receipt.result, GrantState.FAILED)
        settled = await store.grants.settle(grant, state, now, receipt.error, receipt.answer.get("detail"))
        if settled is None:
            if grant.kind is GrantKind.LINK and state is GrantState.DONE:
                # It was revoked or requested again meanwhile: nobody sees this link.
                url = str(receipt.answer["detail"])
                await end_link(store, grant.gate_id, grant.user_id, url)
            return
        event = GRANT_EVENTS.get(state, Event.GRANT_FAILED)
        # A link admits nobody before it is used, and not every grant admits somebody.
        how = settled.how if grant.kind is not GrantKind.LINK else None
        code = receipt.error or how or grant.kind
        store.journal.add(
            event,
            now,
            user_id=grant.user_id,
            gate_id=grant.gate_id,
            verification_id=settled.verification_id or None,
            code=code[:64],
        )
        if grant.kind in ENTRIES:
            await self._entry(store, grant, state, settled.how)
        if state is GrantState.FAILED and grant.kind is not GrantKind.TAG:
            await self._tell(store, grant, receipt)
        if settled.is_told:
            await store.screens.touch([grant.user_id], now)
        elif state is GrantState.TOO_MANY_CHATS:
            person = (await store.people.get_many([grant.user_id])).get(grant.user_id)
            if person is not None:
                await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, now, fresh=True)

    async def _entry(self, store: Store, grant: PendingGrant, state: GrantState, how: EntryReason | None) -> None:
        gate = await store.gates.get(grant.gate_id)
        if state is GrantState.GONE:
            await store.requests.set_state(grant.gate_id, grant.user_id, RequestState.GONE, store.now)
        if state is not GrantState.DONE or gate is None:
            return
        if grant.kind is GrantKind.LINK and not await is_still_given(store, gate, grant.user_id, how):
            # The reason for the link has ended since it was requested.
            await take_back_link(store, grant.gate_id, grant.user_id)
            return
        settings = gate.settings
        if settings.log_chat is None and not settings.tag and not settings.further:
            # Nothing else to do, which is the usual case.
            return
        request: JoinRequest | None = await store.requests.get(grant.gate_id, grant.user_id)
        if request is None or request.state is not RequestState.APPROVED:
            # Unmuted only because the gate no longer mutes, or because they were known when they came again.
            return
        phone = await store.phones.of(grant.user_id)
        verification_id = phone.verification_id if phone is not None else BY_NOBODY
        if grant.kind is GrantKind.LINK and request.way is not EntryMode.LINK:
            # A link into an extra chat, or one that makes up for a mistake: nobody asked for it here.
            return
        is_by_link = grant.kind is not GrantKind.LINK and request.way is EntryMode.LINK
        if is_by_link and how is None:
            # An extra chat gives its extras only to people whom it admitted itself.
            return
        if grant.kind is not GrantKind.LINK:
            await reward(store, gate, grant.user_id, verification_id)
        if is_by_link:
            # The log got a line when they got the link.
            return
        decision = await store.overrides.get(grant.gate_id, grant.user_id)
        is_by_admin = decision is not None and decision.override is Override.ALLOWED
        why = (
            DecisionReason.BY_ADMIN
            if is_by_admin
            else DecisionReason.VERIFIED
            if phone is not None
            else DecisionReason.OPEN
        )
        await post_to_log(
            store,
            gate,
            Event.GRANT_DONE,
            grant.user_id,
            why=why,
            since=request.requested_at,
            admin_id=decision.admin_id if is_by_admin and decision is not None else None,
            name=request.name,
        )

    async def _tell(self, store: Store, grant: PendingGrant, receipt: DeliveryResult) -> None:
        gate = await store.gates.get(grant.gate_id)
        title = gate.title if gate else ""
        notice = Notify(Notification.GRANT_FAILED, title=title, user_id=grant.user_id, error=shortened(receipt.error))
        key = f"{Notification.GRANT_FAILED}:{grant.gate_id}:{receipt.error[:60]}:{store.now:%Y-%m-%dT%H}"
        await self._notify_operators(store, notice, key=key)


async def retry_entry(store: Store, person: Person) -> Toast:
    """Make the person's failed grants due again."""
    owed = await store.grants.retry_failed(store.now, user_id=person.user_id)
    await store.screens.touch([person.user_id], store.now)
    return Toast.TRYING_AGAIN if owed else Toast.OVER
