"""An admin decides about one person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.domain.choices import Page
from bot.domain.delivery import Toast
from bot.domain.gate import Gate, Grant, GrantKind, GrantState
from bot.domain.panel import AdminAction, AdminActionKind
from bot.domain.tasks import Untag
from bot.usecases.appeals import close_appeal
from bot.usecases.open_panel import show_page
from bot.usecases.personal_links import take_back_extra_links, take_back_link
from storage.store import Store

Decider = Callable[[Store, Gate, int, AdminAction, datetime], Awaitable[Toast]]
"""Decides about the person with this id, as the action says."""

FROM_APPEAL, FROM_PENDING, FROM_WHO, FROM_LOG = "appeal", "pending", "who", "log"
"""Where the button is that decides about somebody: the `key` of its action."""
HARMFUL = (AdminActionKind.BLOCK, AdminActionKind.REVOKE)
DECIDED = (Toast.LET_IN, Toast.DECLINED, Toast.BLOCKED)


class ByHand:
    """An `ActionHandler` around a `Decider`.

    It does nothing harmful to a known admin of the gate. It locks the person, so that of two admins, or an admin and a
    call, one comes first and the other finds the decision made. The place of the button shows the outcome: the messages
    of an appeal, the list of pending requests, the person's page.
    """

    def __init__(self, decide: Decider) -> None:
        self._decide = decide

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        user_id = act.person_id
        if user_id is None:
            return Toast.UNKNOWN
        if act.kind in HARMFUL and await _is_admin(store, gate, user_id, act):
            toast = Toast.IS_ADMIN
        else:
            await store.people.lock(user_id)
            toast = await self._decide(store, gate, user_id, act, now)
        if toast in DECIDED:
            await close_appeal(store, gate, user_id, toast, now, act.admin_id)
        key = act.details.get("key")
        if key == FROM_APPEAL and toast is Toast.DECIDED_ALREADY:
            await close_appeal(store, gate, user_id, toast, now)
        if key == FROM_PENDING:
            await store.screens.touch([act.admin_id], now)
        if key == FROM_WHO:
            shown: dict[str, str | int] = {"value": user_id, "did": act.kind, "said": toast}
            await show_page(store, gate, act.admin_id, Page.WHO, now, shown)
        return toast


def only_who_waits(act: AdminAction) -> bool:
    """Return whether the button is only about pending requests: a decision made meanwhile stays."""
    return act.details.get("key") in (FROM_APPEAL, FROM_PENDING)


async def take_back(store: Store, gate: Gate, user_id: int, now: datetime) -> list[Grant]:
    """Revoke what they were given at the gate: the tag, if the bot set it, and links, including those into extra chats.
    Return the grants they had at the gate."""
    link = await take_back_link(store, gate.chat_id, user_id, now)
    taken = await store.grants.take_back(gate.chat_id, user_id)
    if link is not None:
        taken.append(link)
    await take_back_extra_links(store, gate, user_id, now)
    for grant in taken:
        if grant.kind is GrantKind.TAG and grant.state is GrantState.DONE:
            await store.tasks.add(Untag(user_id, grant.detail), gate.chat_id, now, user_id=user_id)
    return taken


async def _is_admin(store: Store, gate: Gate, user_id: int, act: AdminAction) -> bool:
    return user_id == act.admin_id or bool(await store.admins.is_admin(gate.chat_id, user_id))
