"""Evidence of whether a gate keeps people out, and what follows when somebody came in past it."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.delivery import DeliveryResult, DeliveryStatus, Notification, PendingTask, TaskKind, Toast
from bot.domain.gate import Gate
from bot.domain.health import BY_REQUEST, bypasses_since, is_bypassed
from bot.domain.journal import JOINED
from bot.domain.panel import AdminAction, LinkTest, Page
from bot.usecases.follow_rights import notify_admins
from bot.usecases.open_panel import redraw_panels, show_page
from storage.store import Store

TO_THE_MINUTE = timedelta(minutes=1)
"""A flood of people who come past a gate does not write its row for each of them."""


async def request_seen(store: Store, gate: Gate, now: datetime) -> None:
    """Somebody asked to join: the link by which they came asks for approval.

    Kept once, and again after somebody came past the gate. Nobody waits for the gate's row: while another transaction
    holds it, this is left to the next request.
    """
    if _is_seen(gate):
        return
    free = await store.gates.lock_if_free(gate.chat_id)
    if free is not None and not _is_seen(free):
        await store.gates.set_extras(gate.chat_id, request_seen_at=now)
        await redraw_panels(store, gate.chat_id, now)


def _is_seen(gate: Gate) -> bool:
    seen_at, bypassed_at = gate.request_seen_at, gate.bypassed_at
    return seen_at is not None and (bypassed_at is None or seen_at > bypassed_at)


def has_to_ask(gate: Gate) -> bool:
    """Whether nobody is to be in the gate's chat before they asked, and verified."""
    return gate.settings.way in BY_REQUEST and gate.settings.asks_call


def keeps_out(gate: Gate) -> bool:
    """Whether people have to ask at the gate, and verify, before they are in."""
    return gate.works and has_to_ask(gate)


async def member_bypassed(store: Store, gate: Gate, now: datetime, how: str) -> None:
    """Somebody came in past the gate, where people have to ask. `how`: one of `PAST_THE_GATE`.

    The first time in each way, and again once the gate counted as mended, an admin gets one message that says how to
    mend that: of a link that lets people in with a new link that asks for approval, since the gate's own may have been
    revoked, which no bot can find out; of a member who adds others with the permission that lets them; of another bot
    with its right.
    """
    if not keeps_out(gate):
        return
    is_new_reason = await _is_news(store, gate, now, how)
    if not is_new_reason and _is_noted(gate, now):
        return
    gate = await store.gates.lock(gate.chat_id) or gate
    # Another transaction may have told of it meanwhile.
    is_new_reason = is_new_reason and await _is_news(store, gate, now, how)
    if not is_new_reason and _is_noted(gate, now):
        return
    await store.gates.set_extras(gate.chat_id, bypassed_at=now)
    await redraw_panels(store, gate.chat_id, now)
    if is_new_reason and how == JOINED:
        details: dict[str, str | int] = {"gate": gate.chat_id, "bypassed": 1}
        await store.tasks.add(TaskKind.MAKE_LINK, gate.chat_id, details, now)
    elif is_new_reason:
        await notify_admins(store, gate, {"notice": Notification.GATE_BYPASSED, "how": how}, now)


async def _is_news(store: Store, gate: Gate, now: datetime, how: str) -> bool:
    """Whether admins have not been told of this way past the gate since it counted as mended."""
    return not is_bypassed(gate, now) or not await store.journal.has_come(gate.chat_id, how, bypasses_since(gate, now))


def _is_noted(gate: Gate, now: datetime) -> bool:
    return is_bypassed(gate, now) and gate.bypassed_at is not None and now - gate.bypassed_at < TO_THE_MINUTE


async def notify_of_bypass(store: Store, task: PendingTask, receipt: DeliveryResult, now: datetime) -> None:
    """The link for the message was made, or cannot be; then the message tells the rest without it."""
    gate = await store.gates.get(int(task.details["gate"]))
    if gate is None:
        return
    link = str(receipt.answer["link"]) if receipt.result is DeliveryStatus.DONE else ""
    await notify_admins(store, gate, {"notice": Notification.GATE_BYPASSED, "link": link}, now)


class TestLink:
    """An `ActionHandler`: an admin says what the link that they share showed them (`key`, see `LinkTest`).

    That it asks for approval is evidence; if it does not, the page tells how to mend it, with a link of the bot's.
    """

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        try:
            outcome = LinkTest(str(act.details.get("key", "")))
        except ValueError:
            return Toast.UNKNOWN
        if outcome is LinkTest.ASKS:
            await store.gates.set_extras(gate.chat_id, tested_at=now)
            await redraw_panels(store, gate.chat_id, now)
            await show_page(store, gate, act.admin_id, Page.CARD, now)
            return Toast.SAVED
        if (await store.gates.extras(gate.chat_id)).request_link is None:
            await store.tasks.add(TaskKind.MAKE_LINK, act.admin_id, {"gate": gate.chat_id}, now)
        await show_page(store, gate, act.admin_id, Page.LINK_TEST, now, {"value": outcome})
        return Toast.NOTHING
