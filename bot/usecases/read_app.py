"""The state of a person in the Mini App."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.clock import Clock
from bot.domain.contact import ContactRefusal
from bot.domain.gate import GrantState, Ineligibility
from bot.domain.screen import Granted, ScreenName
from bot.domain.verification import VerificationState
from bot.usecases.read_calls import CallScreen, CallState, ReadCalls, hindered_at
from storage.store import Store

ASKING_FOR_CONTACT = (ScreenName.WELCOME, ScreenName.CONTACT_REFUSED)
"""What the chat shows when an earlier attempt no longer matters there."""


class ReadApp:
    """A verified person sees their grants, pending ones too, and what keeps them out, unless a gate requires a more
    recent call. Otherwise the newest attempt is shown while it runs and, as on its own call screen, for a while after
    its end, unless the chat already asks for the contact again; otherwise an active limit; otherwise the request for
    the contact, with the reason why the last one was refused.

    Nothing is asked of people who wait nowhere and were admitted without a call, for example by an admin. Only attempts
    have a token: that of their call screen.
    """

    def __init__(self, clock: Clock, read_calls: ReadCalls) -> None:
        self._clock = clock
        self._read_calls = read_calls

    async def __call__(self, store: Store, user_id: int) -> CallScreen:
        now = self._clock.now()
        person = (await store.people.get_many([user_id])).get(user_id)
        waiting = (await store.requests.waiting_of_many([user_id])).get(user_id, [])
        nothing = CallScreen(
            verification_id=0,
            user_id=user_id,
            token="",
            language=person.language if person else "",
            state=CallState.CONTACT,
            mask="",
            gates=tuple(Granted(gate.title, gate.link, GrantState.DUE) for _, gate in waiting),
        )
        phone = await store.phones.of(user_id)
        is_stale = any(request.ineligibility is Ineligibility.STALE for request, _ in waiting)
        if phone is not None and not is_stale:
            entering = {gate.chat_id: gate for request, gate in waiting if gate.works and request.ineligibility is None}
            granted = (await store.grants.of_many([user_id])).get(user_id, [])
            gates = [Granted(gate.title, gate.link, GrantState.DUE) for gate in entering.values()]
            gates += [
                Granted(gate.title, gate.link, grant.state) for grant, gate in granted if gate.chat_id not in entering
            ]
            ineligible = hindered_at(waiting)
            return replace(
                nothing, state=CallState.CONFIRMED, mask=phone.mask, gates=tuple(gates), ineligible=ineligible
            )
        nothing = replace(nothing, is_known=phone is not None)
        face, details = await store.screens.wanted(user_id) or (ScreenName.WELCOME, {})
        latest = (await store.verifications.latest_of_many([user_id])).get(user_id)
        if latest is not None and latest.state is not VerificationState.CONFIRMED:
            screen = (await self._read_calls(store, [latest.token]))[latest.token]
            if screen.is_running or (screen.is_told(now) and face not in ASKING_FOR_CONTACT):
                return screen
        until = datetime.fromtimestamp(int(details["until"]), UTC) if face is ScreenName.LIMITED else now
        if until > now:
            return replace(nothing, state=CallState.LIMITED, until=until)
        let_in = [] if waiting else (await store.grants.of_many([user_id])).get(user_id, [])
        if let_in:
            gates = [Granted(gate.title, gate.link, grant.state) for grant, gate in let_in]
            return replace(nothing, state=CallState.CONFIRMED, gates=tuple(gates))
        refusal = ContactRefusal(str(details["reason"])) if face is ScreenName.CONTACT_REFUSED else None
        return replace(nothing, refusal=refusal)
