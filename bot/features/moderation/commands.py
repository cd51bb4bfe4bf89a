"""Commands of admins about people: in private, in a group, or through a link."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from bot.crypto import PhoneCipher
from bot.domain.admin_actions import ADMIN_KNOWN_FOR, AdminAction, AdminActionKind
from bot.domain.gates import NO_ADMIN, Gate
from bot.domain.notifications import Toast
from bot.domain.people import Person
from bot.domain.people_pages import TargetError
from bot.domain.screens import ScreenName
from bot.domain.setting_choices import Page
from bot.domain.tasks import DeleteMessage
from bot.features.admins.authorize import ActionHandler, AdminDesk
from bot.features.admins.navigation import GroupCommand, ask_about_gates, send_private_chat_link, show_page
from bot.features.admins.rights import refusal_of
from bot.features.operators.registry import find_by_username
from storage.store import Store

PENDING, WHO = "pending", "who"
DOES = {"revoke": AdminActionKind.REVOKE, "block": AdminActionKind.BLOCK, "unblock": AdminActionKind.UNBLOCK}
"""Commands that act at once, and then show the person."""


@dataclass(frozen=True, slots=True)
class TargetRef:
    """The person a command names, by id or user name; or why that is unclear."""

    user_id: int | None = None
    username: str = ""
    missing: TargetError | None = None


async def resolve_target(
    store: Store, phone_cipher: PhoneCipher, named: TargetRef, gate_ids: Collection[int]
) -> dict[str, str | int]:
    """Return the `value` of an action: their id, or why there is none.

    By name it finds only people who asked to enter one of these gates, or about whom a decision was made there: whether
    others ever met the bot, and their ids, are not for its admins to know.
    """
    if named.missing is not None:
        return {"value": named.missing}
    if named.user_id is not None:
        return {"value": named.user_id}
    user_id = await find_by_username(store, phone_cipher, named.username)
    if user_id is None:
        return {"value": TargetError.UNKNOWN}
    known_at = {request.gate_id for request in await store.requests.of_person(user_id)}
    known_at |= (await store.overrides.of_person(user_id)).keys()
    return {"value": user_id if not known_at.isdisjoint(gate_ids) else TargetError.UNKNOWN}


class RunCommand:
    """An `ActionHandler`: runs the command, then shows the page with the result.

    After a command in a group the page is shown in private, and the command is deleted if others could see it. An admin
    whom the bot cannot write to gets a link to the private chat, so that nobody else sees anything of it.
    """

    def __init__(self, action_handlers: Mapping[AdminActionKind, ActionHandler]) -> None:
        self._handlers = action_handlers

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        name, details = str(act.details.get("key", "")), act.details
        if "said" in details:
            command = DeleteMessage(int(details["said"]))
            await store.tasks.add(command, gate.chat_id, store.now, user_id=act.admin_id)
        page = Page.PENDING if name == PENDING else Page.WHO
        shown: dict[str, str | int] = {"value": details.get("value", "")} if page is Page.WHO else {}
        if name in DOES and act.person_id is not None:
            does = replace(act, kind=DOES[name], details=shown)
            rights = await store.admins.rights_of(gate.chat_id, act.admin_id, store.now - ADMIN_KNOWN_FOR)
            refusal = await refusal_of(store, gate, does, rights or NO_ADMIN)
            said = refusal or await self._handlers[does.kind](store, gate, does)
            shown |= {"did": does.kind, "said": said}
        if "group" in details and not await _can_be_written(store, act.admin_id):
            await _point(store, gate, act)
        else:
            await show_page(store, gate, act.admin_id, page, shown, fresh=act.query_id is None)
        return Toast.NOTHING


class CommandInGroup:
    """Only in groups that are gates, and only for their admins; nobody else gets an answer, or loses a message: the
    command may be meant for another bot. Anyone who writes as the group is an admin, but unknown: they get a link to
    the private chat, where the bot knows who they are."""

    def __init__(self, desk: AdminDesk, phone_cipher: PhoneCipher) -> None:
        self._desk = desk
        self._phone_cipher = phone_cipher

    async def __call__(self, store: Store, command: GroupCommand, name: str, named: TargetRef) -> None:
        gate, now = await store.gates.get(command.chat_id), store.now
        if gate is None:
            return
        details: dict[str, str | int] = {"key": name, "group": 1, "language": command.language}
        if command.topic is not None:
            details["topic"] = command.topic
        if name != PENDING:
            details |= await resolve_target(store, self._phone_cipher, named, [gate.chat_id])
        if command.message_id is not None:
            details["said"] = command.message_id
        act = AdminAction(AdminActionKind.COMMAND, gate.chat_id, command.sender_id or 0, details)
        if command.sender_id is not None:
            await self._desk(store, act)
            return
        if command.message_id is not None:
            await store.tasks.add(DeleteMessage(command.message_id), gate.chat_id, now)
        await _point(store, gate, act)


class CommandInPrivate:
    """An admin of one gate acts there; one of several chooses, unless they want the list of people who wait and only
    one gate has any. Telegram is asked about each again."""

    def __init__(self, desk: AdminDesk, phone_cipher: PhoneCipher) -> None:
        self._desk = desk
        self._phone_cipher = phone_cipher

    async def __call__(self, store: Store, person: Person, name: str, named: TargetRef) -> None:
        details: dict[str, str | int] = {"key": name}
        gates = await store.admins.gates_of(person.user_id)
        if name != PENDING:
            details |= await resolve_target(store, self._phone_cipher, named, [gate.chat_id for gate in gates])
        found = gates
        if name == PENDING and len(gates) > 1:
            found = [gate for gate in gates if await store.requests.count_waiting(gate.chat_id)]
        if len(found) == 1:
            await self._desk(store, AdminAction(AdminActionKind.COMMAND, found[0].chat_id, person.user_id, details))
            return
        chosen: dict[str, str | int] = {"then": name, "value": details.get("value", "")}
        await store.screens.show(
            person.user_id, person.chat_id, ScreenName.GATES, store.now, details=chosen, fresh=True
        )
        await ask_about_gates(store, person)


class FollowLink:
    """A link from a group to a page about people in the private chat."""

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def __call__(self, store: Store, person: Person, name: str, gate_id: int, user_id: int) -> None:
        details: dict[str, str | int] = {"key": name, "value": user_id or TargetError.NOBODY_NAMED}
        await self._desk(store, AdminAction(AdminActionKind.COMMAND, gate_id, person.user_id, details))


async def _can_be_written(store: Store, user_id: int) -> bool:
    person = (await store.people.get_many([user_id])).get(user_id)
    return person is not None and person.can_be_written


async def _point(store: Store, gate: Gate, act: AdminAction) -> None:
    is_pending = act.details["key"] == PENDING
    start = f"{PENDING if is_pending else WHO}_{gate.chat_id}"
    if (user_id := act.person_id) is not None:
        start += f"_{user_id}"
    topic = act.details.get("topic")
    await send_private_chat_link(
        store,
        gate.chat_id,
        start,
        user_id=act.admin_id or None,
        topic=int(topic) if topic is not None else None,
        language=str(act.details.get("language", "")) or gate.settings.language,
    )
