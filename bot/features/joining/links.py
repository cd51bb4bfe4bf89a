"""A person asks in private for the invite link of a gate's chat."""

from __future__ import annotations

from bot.domain.gate_settings import EntryMode
from bot.domain.gates import Gate, Grant, GrantKind, GrantState, JoinRequest, RequestState
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.people import Person
from bot.domain.screens import ScreenName
from bot.features.access.decide import decide
from bot.features.access.links import (
    is_open_to_links,
    is_still_given,
    link_of,
    next_link_at,
    request_personal_link,
    take_back_link,
)
from storage.store import Store


async def ask_link(store: Store, person: Person, gate_id: int, name: str) -> None:
    """Anyone who may come in gets a personal link, which works once and for an hour. Others wait, as with a join
    request, and get theirs once they have verified. Only for gates that give links; of others the bot says nothing."""
    gate = await store.gates.get(gate_id)
    if gate is not None and gives_links(gate):
        await ask(store, gate, person.user_id, name)
    await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, store.now, fresh=True)


async def renew_links(store: Store, person: Person) -> Toast:
    """Replace expired links of people who may still come in; others wait again. Links to which somebody is no longer
    entitled, such as one into a chat that their gate no longer lists, are revoked."""
    given = (await store.grants.of_many([person.user_id])).get(person.user_id, [])
    toasts = [
        await _renew(store, person, gate, grant)
        for grant, gate in given
        if grant.kind is GrantKind.LINK and grant.state is GrantState.DONE
    ]
    await store.screens.show(person.user_id, person.chat_id, ScreenName.PROGRESS, store.now)
    return next((toast for toast in (Toast.TRYING_AGAIN, Toast.LINKS_LIMITED) if toast in toasts), Toast.OVER)


async def _renew(store: Store, person: Person, gate: Gate, link: Grant) -> Toast:
    user_id = person.user_id
    request = await store.requests.get(gate.chat_id, user_id)
    is_wished = request is not None and request.way is EntryMode.LINK and link.how is not None
    if is_wished and not gives_links(gate):
        return Toast.OVER
    if not is_wished:
        # Into an extra chat, through a gate that they have entered; or an admin admits them by it.
        if not is_open_to_links(gate):
            return Toast.OVER
        if not await is_still_given(store, gate, user_id, link.how):
            await take_back_link(store, gate.chat_id, user_id)
            return Toast.OVER
    if await next_link_at(store, gate.chat_id, user_id) > store.now:
        return Toast.LINKS_LIMITED
    if is_wished and request is not None:
        await ask(store, gate, user_id, request.name)
    else:
        await request_personal_link(store, gate.chat_id, user_id, link.verification_id, how=link.how)
    return Toast.TRYING_AGAIN


def gives_links(gate: Gate) -> bool:
    """Return whether people can ask this gate for a link."""
    return gate.works and gate.settings.way is EntryMode.LINK


async def ask(store: Store, gate: Gate, user_id: int, name: str) -> None:
    """Store the request for a link, and fulfil it if they may come in. While it waits, or its link is unused, repeated
    requests count as one. The previous link is revoked, unless the person has reached the limit of links per hour."""
    now = store.now
    gate_id = gate.chat_id
    wish, link = await store.requests.get(gate_id, user_id), await link_of(store, gate_id, user_id)
    is_same = (
        wish is not None and wish.way is EntryMode.LINK and (wish.state is RequestState.WAITING or link is not None)
    )
    if is_same and link is not None:
        is_on_its_way = link.state is GrantState.DUE
        if is_on_its_way or (link.state is GrantState.DONE and await next_link_at(store, gate_id, user_id) > now):
            return
    await take_back_link(store, gate_id, user_id)
    since = wish.requested_at if is_same and wish is not None else now
    deadline_at = now + gate.rules(now).deadline
    request = JoinRequest(gate_id, user_id, since, deadline_at, RequestState.WAITING, way=EntryMode.LINK, name=name)
    await store.requests.keep(request)
    if not is_same:
        store.journal.add(Event.JOIN_ASKED, now, user_id=user_id, gate_id=gate_id, code=EntryMode.LINK)
    if await decide(store, gate, request, told=True) and not is_same:
        store.journal.add(Event.AT_ONCE, now, user_id=user_id, gate_id=gate_id)
