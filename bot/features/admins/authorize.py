"""Running admin actions at gates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.domain.admin_actions import ADMIN_KNOWN_FOR, ON_BUTTONS, AdminAction, AdminActionKind
from bot.domain.gates import NO_ADMIN, AdminRights, Gate, Right
from bot.domain.notifications import Notification, Notify, Toast
from bot.domain.outgoing import MOST_CHECKS, TaskKind
from bot.domain.screens import ScreenName
from bot.domain.setting_choices import Page
from bot.domain.tasks import CheckAdminRights
from bot.features.admins.popups import ANSWERABLE_FOR, answer_button
from bot.features.admins.rights import MISSING, refusal_of
from storage.store import Store

ActionHandler = Callable[[Store, Gate, AdminAction], Awaitable[Toast]]
"""Runs one kind of admin action, for an admin of that gate; returns the toast that reports the outcome."""

Elsewhere = Callable[[Store, Gate, AdminAction], Awaitable[Mapping[int, tuple[Right, ...]]]]
"""Returns the other chats that an action concerns, and the rights it needs there; the person must be an admin of them
in any case."""


PANEL = (ScreenName.GATES, ScreenName.GATE)
"""The screens of the panel."""
ASKED_ONCE_IN = 5
"""Seconds in which a page that asks again and again makes one question to Telegram."""


class AdminDesk:
    """Runs an action only if Telegram has confirmed within the last minute that the person is an admin of the gate with
    the right for it, and the same for other chats that it concerns.

    Otherwise, if the gate exists at all, the bot asks Telegram first. Until the answer arrives the action is a row, so
    a crash in between loses nothing. Anyone who is not an admin changes nothing, loses that gate's page, and is told
    so, except in a group, where nobody asked. An admin who lacks a right is told which, in private if they pressed no
    button.
    """

    def __init__(
        self,
        action_handlers: Mapping[AdminActionKind, ActionHandler],
        elsewhere: Mapping[AdminActionKind, Elsewhere] | None = None,
    ) -> None:
        self._handlers = action_handlers
        self._elsewhere = elsewhere or {}

    async def __call__(self, store: Store, act: AdminAction) -> None:
        if act.query_id is not None and act.kind not in ON_BUTTONS:
            await answer_button(store, act.admin_id, act.query_id, Toast.UNKNOWN)
            return
        if await store.gates.get(act.gate_id) is None:
            # Without a gate there is nothing to ask Telegram.
            await self._do(store, act, {})
            return
        concerned = {act.gate_id, *await self._concerned(store, act)}
        rights = {chat_id: await self._known(store, chat_id, act.admin_id) for chat_id in concerned}
        known = {chat_id: held for chat_id, held in rights.items() if held is not None}
        if known.keys() == concerned:
            await self._do(store, act, known)
            return
        if await store.tasks.undone((TaskKind.CHECK_ADMIN,), act.admin_id) >= MOST_CHECKS:
            if act.query_id is not None:
                await answer_button(store, act.admin_id, act.query_id, Toast.TOO_FAST)
            return
        also = tuple(sorted(concerned - {act.gate_id}))
        check = CheckAdminRights(act.gate_id, act.admin_id, act.kind, act.query_id, also, act.details)
        expires_at = store.now + ANSWERABLE_FOR
        await store.tasks.add(check, act.admin_id, store.now, expires_at=expires_at, user_id=act.admin_id)

    async def rights_now(self, store: Store, gate_id: int, admin_id: int) -> AdminRights | None:
        """Return somebody's rights at a gate, as Telegram confirmed them within the last minute; None while the bot
        asks Telegram: a caller that waits comes again.

        The bot asks only about people whom it has known as admins of that gate, so nobody can find out which chats are
        gates.
        """
        now = store.now
        known = await self._known(store, gate_id, admin_id)
        if known is not None:
            return known
        if await store.admins.is_admin(gate_id, admin_id) is None or await store.gates.get(gate_id) is None:
            return NO_ADMIN
        if await store.tasks.undone((TaskKind.CHECK_ADMIN,), admin_id) < MOST_CHECKS:
            # Callers come again within a second, and one question is enough.
            key = f"rights {gate_id} {admin_id} {int(now.timestamp()) // ASKED_ONCE_IN}"
            check = CheckAdminRights(gate_id, admin_id, act=None)
            await store.tasks.add(check, admin_id, now, key=key, expires_at=now + ANSWERABLE_FOR, user_id=admin_id)
        return None

    async def run_now(self, store: Store, act: AdminAction) -> Toast | None:
        """Run an action for a caller that waits for the outcome; None while the bot asks Telegram for their rights, and
        then nothing has changed. Runs only actions that concern no other chat."""
        if act.kind in self._elsewhere:
            return Toast.UNKNOWN
        rights = await self.rights_now(store, act.gate_id, act.admin_id)
        if rights is None:
            return None
        gate, handler = await store.gates.get(act.gate_id), self._handlers.get(act.kind)
        if gate is None:
            return Toast.NOT_ADMIN
        refusal = await refusal_of(store, gate, act, rights)
        if refusal is not None or handler is None:
            return refusal or Toast.UNKNOWN
        return await handler(store, gate, act)

    async def told(self, store: Store, check: CheckAdminRights, rights: Mapping[int, AdminRights]) -> None:
        """Continue once Telegram has reported their rights, by chat."""
        now, admin_id = store.now, check.user_id
        is_unknown = admin_id not in await store.people.get_many([admin_id])
        if is_unknown and await store.erasures.is_being_erased(admin_id):
            return
        said = dict(rights)
        for chat_id in await store.gates.get_many(rights.keys()):
            await store.admins.answered(chat_id, admin_id, now, rights[chat_id])
            said[chat_id] = await self._known(store, chat_id, admin_id) or NO_ADMIN
        if check.act is None:
            # They only look at their gates, in the chat or in the console, which asks again every minute.
            await store.screens.touch([admin_id], now, faces=PANEL)
            return
        act = AdminAction(check.act, check.gate_id, admin_id, check.details, check.query_id)
        await self._do(store, act, said)

    async def _concerned(self, store: Store, act: AdminAction) -> Mapping[int, tuple[Right, ...]]:
        """Return the other chats that it concerns now, and the rights it needs there."""
        gate = await store.gates.get(act.gate_id)
        if gate is None or act.kind not in self._elsewhere:
            return {}
        needed = await self._elsewhere[act.kind](store, gate, act)
        return {chat_id: rights for chat_id, rights in needed.items() if chat_id != act.gate_id}

    @staticmethod
    async def _known(store: Store, chat_id: int, admin_id: int) -> AdminRights | None:
        return await store.admins.rights_of(chat_id, admin_id, store.now - ADMIN_KNOWN_FOR)

    async def _refusal(
        self, store: Store, gate: Gate, act: AdminAction, rights: Mapping[int, AdminRights]
    ) -> Toast | None:
        refusal = await refusal_of(store, gate, act, rights.get(act.gate_id, NO_ADMIN))
        if refusal is not None:
            return refusal
        for chat_id, needed in (await self._concerned(store, act)).items():
            # Refuse chats that became concerned only after Telegram was asked.
            held = rights.get(chat_id, NO_ADMIN)
            if not held.is_admin:
                return Toast.NOT_ADMIN_THERE
            if (missing := held.lacks(needed)) is not None:
                return MISSING[missing]
        return None

    async def _do(self, store: Store, act: AdminAction, rights: Mapping[int, AdminRights]) -> None:
        gate, handler = await store.gates.get(act.gate_id), self._handlers.get(act.kind)
        refusal = Toast.NOT_ADMIN if gate is None else await self._refusal(store, gate, act, rights)
        if gate is None or refusal is Toast.NOT_ADMIN:
            toast = Toast.NOT_ADMIN
            await self._turn_off(store, act)
        elif refusal is not None:
            toast = refusal
            await self._say_why(store, gate, act, refusal)
        else:
            toast = await handler(store, gate, act) if handler is not None else Toast.UNKNOWN
        if act.query_id is not None:
            await answer_button(store, act.admin_id, act.query_id, toast)

    @staticmethod
    async def _say_why(store: Store, gate: Gate, act: AdminAction, why: Toast) -> None:
        """Say why in private, if the person ever wrote to the bot. For a button, the toast says it."""
        person = (await store.people.get_many([act.admin_id])).get(act.admin_id)
        if act.query_id is None and person is not None and person.can_be_written:
            await store.tasks.add(
                Notify(Notification.NOT_ALLOWED, title=gate.title, why=why), person.chat_id, store.now
            )

    @staticmethod
    async def _turn_off(store: Store, act: AdminAction) -> None:
        """Answer a non-admin who wrote in private or followed a link."""
        now = store.now
        if act.query_id is None and act.kind is AdminActionKind.STATS:
            # The command does not exist for them: the answer is that to any other text.
            await store.screens.show(act.admin_id, act.admin_id, ScreenName.WELCOME, now, fresh=True)
            return
        if (
            act.query_id is None
            and act.kind in (AdminActionKind.OPEN, AdminActionKind.COMMAND)
            and "group" not in act.details
        ):
            details: dict[str, str | int] = {"gate": act.gate_id, "page": Page.CARD}
            await store.screens.show(act.admin_id, act.admin_id, ScreenName.GATE, now, details=details, fresh=True)
            return
        await store.screens.touch([act.admin_id], now, faces=PANEL)
