"""A chat changes: the bot's rights there, its id, its extra chats, its service messages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.gate_health import RIGHTS, GateHealth, GateIssue, issues, protection
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import FRESH_CHANCE, SOME_ADMIN, Gate, GateMode, GrantKind
from bot.domain.incidents import Finding, IncidentKind
from bot.domain.journal import Event
from bot.domain.notifications import Notification, Notify
from bot.domain.outgoing import TaskKind
from bot.domain.setting_choices import Page, Setting
from bot.domain.tasks import RemoveServiceMessage, SendPrivateLink
from bot.features.access.decide import mute
from bot.features.admins.navigation import ask_health, panel_start, show_page
from bot.features.monitoring.incidents import OpenIncident
from bot.features.operators.registry import OperatorNotifier
from bot.features.settings.change import change_settings
from storage.store import Store

CARD_RESTS = 3.0
"""Seconds for which the card waits for the gate's health; it is drawn as soon as Telegram has answered."""
LOOK_AGAIN = timedelta(seconds=30)
GATES_AT_ONCE = 5
MOST_WAITING = 10_000
"""Requests of a gate handled in one transaction."""


class FollowRights:
    """With `can_invite_users` a gate exists and is on; without the right, or the chat, it is off.

    Whoever gave the right is an admin of the gate and gets its card: as a screen in private, or, if the bot cannot
    write to them, as a link in a group message that only they see. In the middle of a verification they get a short
    message instead, once Telegram has reported the health. When a gate goes off, the operators are notified. People who
    waited meanwhile get time to verify, and failed grants are retried; so are mutes and grants that failed for want of
    another right. When the rights change in another way, the bot checks the health.
    """

    def __init__(self, notify_operators: OperatorNotifier) -> None:
        self._open_incident = OpenIncident(notify_operators)

    async def __call__(
        self,
        store: Store,
        chat: Gate,
        actor_id: int | None,
        *,
        is_admin: bool,
        fixed: Collection[GateIssue] = (),
        language: str = "",
    ) -> None:
        """Apply a change. `chat` is as Telegram describes it now; `chat.is_on` says whether the right is there.
        `actor_id`: who changed it; None if they acted as the group itself. `language` is theirs. `fixed`: the issues
        that newly given other rights fix."""
        now = store.now
        known = await store.gates.get(chat.chat_id)
        was_on = known is not None and known.is_on
        if chat.is_on:
            await store.gates.save(chat, now, added_by=None if was_on else actor_id)
            if GateIssue.CANNOT_RESTRICT in fixed:
                await mute_again(store, chat.chat_id)
            if was_on:
                if fixed:
                    await store.grants.retry_failed(now, gate_id=chat.chat_id)
                await ask_health(store, chat.chat_id, actor_id or chat.chat_id, tells=True)
                return
            store.journal.add(Event.GATE_ON, now, gate_id=chat.chat_id)
            # A link that the bot made there before ended when it lost the chat.
            await store.gates.set_extras(chat.chat_id, request_link=None)
            await store.requests.extend_deadlines(chat.chat_id, now + FRESH_CHANCE)
            await store.grants.retry_failed(now, gate_id=chat.chat_id)
            await self._hand_card(store, chat, actor_id, language)
        elif was_on and known is not None:
            await store.gates.save(replace(known, title=chat.title, is_on=False), now)
            store.journal.add(Event.GATE_OFF, now, gate_id=chat.chat_id)
            finding = Finding(IncidentKind.GATE_OFF, str(chat.chat_id), details={"title": chat.title})
            await self._open_incident(store, finding, now)
        elif is_admin and actor_id is not None:
            await store.tasks.add(Notify(Notification.GATE_LACKS_RIGHT, title=chat.title), actor_id, now)

    async def _hand_card(self, store: Store, chat: Gate, actor_id: int | None, language: str) -> None:
        if actor_id is None:
            # The reachable admins are notified once Telegram has said who they are.
            await ask_health(store, chat.chat_id, chat.chat_id, tells=True)
            return
        await store.admins.note(chat.chat_id, actor_id, store.now, SOME_ADMIN)
        is_busy = await store.verifications.open_of(actor_id) is not None
        await ask_health(store, chat.chat_id, actor_id, answers=is_busy)
        person = (await store.people.get_many([actor_id])).get(actor_id)
        if person is None or not person.can_be_written:
            if not chat.is_channel:
                link = SendPrivateLink(panel_start(chat.chat_id), language, is_quiet=True)
                await store.tasks.add(link, chat.chat_id, store.now, user_id=actor_id)
        elif not is_busy:
            await show_page(store, chat, actor_id, Page.CARD, fresh=True, after=CARD_RESTS)


async def take_health(store: Store, gate: Gate, health: GateHealth, *, tells: bool) -> None:
    """Store the health of a gate. `tells`: notify its admins once of new issues, and that the gate is on if nobody was
    notified of it."""
    extras = await store.gates.extras(gate.chat_id)
    if RIGHTS.intersection(issues(gate, health, joined_unverified=0)):
        since = extras.health.lacks_since if extras.health is not None else None
        health = replace(health, lacks_since=since or health.checked_at)
    await store.gates.set_extras(gate.chat_id, health=health)
    await _go_on_with(store, gate, extras.health, health)
    if not tells:
        return
    if extras.health is None and extras.added_by is None:
        await notify_admins(store, gate, _is_on(gate, health, store.now))
        return
    before = issues(gate, extras.health, joined_unverified=0) if extras.health is not None else []
    new = [issue for issue in issues(gate, health, joined_unverified=0) if issue not in before]
    if new and extras.health is not None:
        notice = Notify(Notification.GATE_HAS_ISSUES, title=gate.title, issues=tuple(new))
        await notify_admins(store, gate, notice)


async def answer_with_health(store: Store, gate: Gate, admin_id: int, health: GateHealth) -> None:
    """Tell one admin that the gate is on, and its health."""
    await store.tasks.add(_is_on(gate, health, store.now), admin_id, store.now)


def _is_on(gate: Gate, health: GateHealth, now: datetime) -> Notify:
    return Notify(Notification.GATE_ON, title=gate.title, protection=protection(gate, health, now))


async def _go_on_with(store: Store, gate: Gate, before: GateHealth | None, health: GateHealth) -> None:
    """Continue what waited for rights that are there now, perhaps without an update from Telegram."""
    now = store.now
    gate_id = gate.chat_id
    if health.can_invite and not gate.is_on:
        await store.gates.save(replace(gate, is_on=True), now)
        store.journal.add(Event.GATE_ON, now, gate_id=gate_id)
        await store.requests.extend_deadlines(gate_id, now + FRESH_CHANCE)
    if before is not None and not before.can_restrict and health.can_restrict:
        await mute_again(store, gate_id)
    held = {
        GrantKind.JOIN: health.can_invite,
        GrantKind.LINK: health.can_invite,
        GrantKind.UNMUTE: health.can_restrict,
        GrantKind.TAG: health.can_tag,
    }
    await store.grants.retry_failed_with(gate_id, [kind for kind in held if held[kind]], now, health.checked_at)


class LookForRights:
    """Asks Telegram about gates that lack a right, or where grants failed for want of one (a step of the sweep); a few
    at a time and in turn, once in `LOOK_AGAIN`.

    As many others are checked too, those with the oldest check first: no update says that newcomers need no approval
    any more, and an update about a right may have been lost.
    """

    def __init__(self) -> None:
        self._looked = -1

    async def __call__(self, store: Store) -> None:
        turn = int(store.now.timestamp() // LOOK_AGAIN.total_seconds())
        if turn == self._looked:
            return
        self._looked = turn
        known = await store.monitoring.rights()
        lacking = {
            gate.chat_id for gate, health in known if RIGHTS.intersection(issues(gate, health, joined_unverified=0))
        }
        gate_ids = sorted(lacking.union(await store.grants.lacking_rights()))
        first = turn * GATES_AT_ONCE % max(len(gate_ids), 1)
        asked = [*gate_ids[first:], *gate_ids[:first]][:GATES_AT_ONCE]
        others = sorted(
            (health.checked_at, gate.chat_id)
            for gate, health in known
            if gate.chat_id not in gate_ids and store.now - health.checked_at >= LOOK_AGAIN
        )
        asked += [gate_id for _, gate_id in others[:GATES_AT_ONCE]]
        for gate_id in asked:
            await ask_health(store, gate_id, gate_id, tells=True)


async def mute_again(store: Store, gate_id: int) -> None:
    """Mute those whom the bot could not mute when they joined; for others Telegram reports that they are muted
    already."""
    gate = await store.gates.get(gate_id)
    if gate is None or not gate.mutes:
        return
    under_way = await store.tasks.about(TaskKind.MUTE, gate_id)
    for request in await store.requests.waiting_at(gate_id, MOST_WAITING):
        if request.way is EntryMode.MUTE and request.user_id not in under_way:
            await mute(store, request)


async def notify_admins(store: Store, gate: Gate, notice: Notify) -> None:
    """Notify the admin who added the bot, if they still run the gate and can be written to; else all reachable
    admins."""
    first = (await store.gates.extras(gate.chat_id)).added_by
    people = await store.people.get_many(await store.admins.at(gate.chat_id))
    reached = [user_id for user_id, person in people.items() if person.can_be_written]
    for user_id in [first] if first in reached else reached:
        if user_id is not None:
            await store.tasks.add(notice, user_id, store.now)


async def move_chat(store: Store, old_id: int, new_id: int) -> None:
    """Move everything to the new chat: the gate, its requests and tasks, and what other gates' settings say of it.
    Repeating it does nothing."""
    if old_id == new_id:
        return
    if await store.gates.get(old_id) is not None:
        await store.gates.move(old_id, new_id)
        store.journal.add(Event.GATE_MOVED, store.now, gate_id=new_id)
    await store.gates.move_mentions(old_id, new_id, store.now)
    await store.tasks.move(old_id, new_id)


async def unlink_chats(store: Store) -> None:
    """Remove an extra chat from a gate when the admin who added it is no longer an admin of that chat (a step of the
    sweep). An admin of it can add it again."""
    for gate_id, chat_id in await store.gates.abandoned_links():
        gate = await store.gates.lock(gate_id)
        await store.gates.unlink(gate_id, [chat_id])
        if gate is not None and chat_id in gate.settings.further:
            left = tuple(other for other in gate.settings.further if other != chat_id)
            settings = replace(gate.settings, further=left)
            await change_settings(store, gate, settings, None, f"{Setting.FURTHER}=-{chat_id}")


async def delete_service_message(store: Store, chat_id: int, message_id: int) -> None:
    """Delete the message if the gate's settings say so: names of newcomers can be adverts, too. Without the right it
    stays, and nobody is notified."""
    gate = await store.gates.get(chat_id)
    if gate is None or not gate.settings.tidies_joins or not gate.is_on or gate.switch is GateMode.OFF:
        return
    await store.tasks.add(RemoveServiceMessage(message_id), chat_id, store.now)
