"""Opening the panel and its pages, from the private chat or from a group, and text that a page asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.admin_actions import ADMIN_KNOWN_FOR, EXPECTS_FILE, AdminAction, AdminActionKind
from bot.domain.gates import Gate
from bot.domain.notifications import Toast
from bot.domain.outgoing import LISTED_CHECKS, PendingTask, TaskKind
from bot.domain.people import Person
from bot.domain.screens import ScreenName
from bot.domain.setting_choices import TYPED, Page
from bot.domain.tasks import CheckAdminRights, CheckGateHealth, DeleteMessage, SendPrivateLink
from bot.features.admins.authorize import PANEL, AdminDesk
from storage.store import Store

OPENED_ABOUT = frozenset({Page.PENDING, Page.WHO, Page.PRESETS})
"""Pages that take a `value`: a part of a list, a person, or a preset."""


async def list_gates(store: Store, person: Person, *, fresh: bool) -> None:
    """Show the gates that the person is known to administer, and ask Telegram again about each where they ever were
    an admin."""
    await store.screens.show(person.user_id, person.chat_id, ScreenName.GATES, store.now, fresh=fresh)
    await ask_about_gates(store, person)


async def ask_about_gates(store: Store, person: Person) -> None:
    """Ask Telegram at which gates the person is an admin: gates where they ever were one and that were not checked
    within the last minute; a few at a time, the oldest check first."""
    room = LISTED_CHECKS - await store.tasks.undone((TaskKind.CHECK_ADMIN,), person.user_id)
    for gate_id in (await store.admins.to_ask(person.user_id, store.now - ADMIN_KNOWN_FOR))[: max(0, room)]:
        check = CheckAdminRights(gate_id, person.user_id, act=None)
        await store.tasks.add(check, person.user_id, store.now, user_id=person.user_id)


async def recheck_gate(store: Store, gate: Gate, act: AdminAction) -> Toast:
    """An `ActionHandler`: checks the gate's health again."""
    await ask_health(store, gate.chat_id, act.admin_id)
    return Toast.CHECKING


async def ask_health(store: Store, gate_id: int, admin_id: int, *, tells: bool = False, answers: bool = False) -> None:
    """Request a check of a gate's health for this admin. `tells`: its admins are notified of new issues. `answers`: the
    admin gets the result as a message.

    A gate has one such task at a time. If one may be in flight, another check follows it; then everybody who looks at a
    page of the gate sees the result.
    """
    check = CheckGateHealth(gate_id, notify_admins=tells, answer_to=admin_id if answers else None)
    job = f"check {gate_id}"
    if not await store.tasks.ask_again(job, check):
        await store.tasks.add(check, admin_id, store.now, job=job)


async def ask_health_again(store: Store, task: PendingTask, check: CheckGateHealth) -> None:
    """Request the next check if one was asked for during this one."""
    again = await store.tasks.asked_since(task.id, check)
    if again is not None:
        # Whoever got their answer needs no other.
        answer_to = again.answer_to if again.answer_to != check.answer_to else None
        following = CheckGateHealth(again.gate_id, again.notify_admins, answer_to)
        await store.tasks.add(following, task.chat_id, store.now, job=f"check {again.gate_id}")


async def show_page(
    store: Store,
    gate: Gate,
    admin_id: int,
    page: Page,
    details: Mapping[str, str | int] | None = None,
    *,
    fresh: bool = False,
    after: float = 0.0,
) -> None:
    """Show a page of a gate's panel on an admin's screen; `details` are the page's own."""
    named: dict[str, str | int] = {**(details or {}), "gate": gate.chat_id, "page": page}
    await store.screens.show(admin_id, admin_id, ScreenName.GATE, store.now, details=named, fresh=fresh, after=after)


async def page_shown(store: Store, admin_id: int) -> tuple[int, Page, Mapping[str, str | int]] | None:
    """Return the gate, the page and its details on somebody's screen; None if it is not a page of a panel."""
    wanted = await store.screens.wanted(admin_id)
    if wanted is None or wanted[0] is not ScreenName.GATE:
        return None
    details = wanted[1]
    try:
        return int(details["gate"]), Page(str(details["page"])), details
    except (KeyError, ValueError):
        return None


async def redraw_panels(store: Store, gate_id: int) -> None:
    """Redraw the panels of a gate's admins after a change."""
    await store.screens.touch(await store.admins.at(gate_id), store.now, acted=False, faces=PANEL)


def panel_start(gate_id: int) -> str:
    """Return the start parameter of a link that opens the panel of a gate."""
    return f"gate_{gate_id}"


LINK_ONCE_IN = 30
"""Seconds; two presses, or two admins at once, want one link."""


@dataclass(frozen=True, slots=True)
class GroupCommand:
    """A command sent in a group. `sender_id` is None when an admin wrote as the group itself; `message_id` when nobody
    else saw it, so that there is nothing to delete. `language` is the sender's."""

    chat_id: int
    sender_id: int | None
    message_id: int | None
    topic: int | None
    language: str

    @classmethod
    def of(cls, act: AdminAction) -> GroupCommand:
        """Return the command from which an action came."""
        topic, message_id = act.details.get("topic"), act.details.get("message")
        return cls(
            act.gate_id,
            act.admin_id,
            int(message_id) if message_id is not None else None,
            int(topic) if topic is not None else None,
            str(act.details.get("language", "")),
        )

    def details(self) -> dict[str, str | int]:
        """Return the details for an action."""
        named = {"topic": self.topic, "message": self.message_id}
        given: dict[str, str | int] = {name: value for name, value in named.items() if value is not None}
        return given | {"language": self.language}


class CallPanel:
    """Shows an admin of a gate the way to its panel, and deletes their command; ignores everybody else.

    Anyone who writes as the group itself is an admin, but the bot cannot tell which: then it shows everybody the way,
    for a moment.
    """

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def __call__(self, store: Store, command: GroupCommand) -> None:
        gate = await store.gates.get(command.chat_id)
        if gate is None:
            return
        if command.sender_id is None:
            await _point(store, gate, None, command)
            return
        await self._desk(
            store, AdminAction(AdminActionKind.PRIVATE_CHAT_LINK, command.chat_id, command.sender_id, command.details())
        )


async def send_panel_link(store: Store, gate: Gate, act: AdminAction) -> Toast:
    """An `ActionHandler`: see `CallPanel`."""
    command = GroupCommand.of(act)
    await _point(store, gate, act.admin_id, command)
    return Toast.NOTHING


async def _point(store: Store, gate: Gate, admin_id: int | None, command: GroupCommand) -> None:
    language = command.language or gate.settings.language
    work = SendPrivateLink(panel_start(gate.chat_id), language, command.topic)
    await store.tasks.add(work, gate.chat_id, store.now, user_id=admin_id)
    if command.message_id is not None:
        await store.tasks.add(DeleteMessage(command.message_id), gate.chat_id, store.now, user_id=admin_id)


LINK_SHOWN_FOR = 30.0
"""Seconds after which the bot deletes a link that everybody sees."""
WANTED_FOR = timedelta(minutes=2)


async def send_private_chat_link(
    store: Store, chat_id: int, start: str, *, user_id: int | None = None, topic: int | None = None, language: str = ""
) -> None:
    """Send a button that opens the private chat with `start` (see `bot.telegram.deep_links`).

    Only `user_id` sees it. Without one, as for an anonymous admin, everybody does, for half a minute.
    """
    work = SendPrivateLink(start, language, topic)
    await store.tasks.add(work, chat_id, store.now, expires_at=store.now + WANTED_FOR, user_id=user_id)


LONGEST_TYPED = 1000
"""Characters; longer text is just as invalid."""


class OnPanelText:
    """Runs the text as an admin action; returns whether a page asked for it."""

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def __call__(self, store: Store, person: Person, text: str, message_id: int) -> bool:
        shown = await page_shown(store, person.user_id)
        if shown is None or shown[1] not in TYPED:
            return False
        gate_id, page, _ = shown
        details: dict[str, str | int] = {"page": page, "text": text[:LONGEST_TYPED], "message": message_id}
        await self._desk(store, AdminAction(AdminActionKind.TYPE, gate_id, person.user_id, details))
        return True

    async def file(self, store: Store, person: Person, file_id: str, size: int) -> bool:
        """Do the same for a file of `size` bytes."""
        shown = await page_shown(store, person.user_id)
        if shown is None or shown[1] not in EXPECTS_FILE:
            return False
        details: dict[str, str | int] = {"file_id": file_id, "size": size}
        await self._desk(store, AdminAction(AdminActionKind.IMPORT, shown[0], person.user_id, details))
        return True
