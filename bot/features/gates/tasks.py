"""Chat lookups: who runs a gate, and whether it is set up correctly."""

from __future__ import annotations

from datetime import datetime, timedelta

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ChatMemberAdministrator, User

from bot.clock import Clock
from bot.domain.gate_health import GateHealth
from bot.domain.gates import NO_ADMIN, AdminRights
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask
from bot.domain.tasks import CallAdmins, CallRaidAdmins, CheckAdminRights, CheckGateHealth, CheckWhoAdded, MakeJoinLink
from bot.features.access.tasks import LINK_NAME, admin_rights
from bot.telegram.methods import GetGuard, NamedLink

TIMEOUT = 15
ME_KNOWN_FOR = timedelta(minutes=1)
"""How long to trust `getMe`. Owners switch on in BotFather what guard joins need, and then look at the gate."""


class ChatLookups:
    """Each method runs one task and returns what Telegram said in `DeliveryResult.answer`. It may raise what aiogram
    raises."""

    def __init__(self, bot: Bot, clock: Clock, app_url: str | None) -> None:
        self._bot = bot
        self._clock = clock
        self._app_url = app_url
        self._me: User | None = None
        self._asked_at = clock.now()

    async def check_admin(self, task: PendingTask, work: CheckAdminRights) -> DeliveryResult:
        """Look up what somebody may do now as an admin of a gate, and of the chats listed in `also`: `rights`, by
        chat."""
        chats = dict.fromkeys((work.gate_id, *work.also))
        rights = {chat_id: await self._rights(chat_id, work.user_id) for chat_id in chats}
        return DeliveryResult(task, DeliveryStatus.DONE, answer={"rights": rights})

    async def check_who_added(self, task: PendingTask, work: CheckWhoAdded) -> DeliveryResult:
        """Do the same for whoever added a newcomer."""
        rights = {work.gate_id: await self._rights(work.gate_id, work.user_id)}
        return DeliveryResult(task, DeliveryStatus.DONE, answer={"rights": rights})

    async def _rights(self, chat_id: int, user_id: int) -> AdminRights:
        try:
            return admin_rights(await self._bot.get_chat_member(chat_id, user_id, request_timeout=TIMEOUT))
        except (TelegramBadRequest, TelegramForbiddenError):
            pass
        # About other members, Telegram gives a bot a reliable answer only where the bot is an admin, which it need not
        # be in a log chat; but it tells every member who runs a chat (Bot API, `getChatMember`,
        # `getChatAdministrators`).
        try:
            return (await self._admins(chat_id)).get(user_id, NO_ADMIN)
        except (TelegramBadRequest, TelegramForbiddenError):
            # The chat is gone, or the bot has left it: nobody is known to be an admin.
            return NO_ADMIN

    async def check_gate(self, task: PendingTask, work: CheckGateHealth) -> DeliveryResult:
        """Look up the state of a gate, its admins, and what each may do: `health`, `admins`."""
        gate_id, now = work.gate_id, self._clock.now()
        try:
            me = await self._who_am_i(now)
            member = await self._bot.get_chat_member(gate_id, me.id, request_timeout=TIMEOUT)
            chat = await self._bot(GetGuard(chat_id=gate_id), request_timeout=TIMEOUT)
            admins = await self._admins(gate_id)
        except (TelegramBadRequest, TelegramForbiddenError) as error:
            health = GateHealth(now, is_there=False)
            return DeliveryResult(task, DeliveryStatus.DONE, error=error.message, answer={"health": health})
        rights = member if isinstance(member, ChatMemberAdministrator) else None
        is_supergroup = chat.type == "supergroup"
        # A group whose new members need no approval is open through its public name; a private one only through its
        # links, which nobody can list.
        is_open = chat.username is not None and not chat.join_by_request and is_supergroup
        health = GateHealth(
            checked_at=now,
            is_there=rights is not None,
            can_invite=bool(rights and rights.can_invite_users),
            can_restrict=bool(rights and rights.can_restrict_members),
            can_tag=bool(rights and rights.can_manage_tags),
            can_delete=bool(rights and rights.can_delete_messages),
            is_open=is_open,
            is_supergroup=is_supergroup,
            is_guarded=chat.guard_bot is not None and chat.guard_bot.id == me.id,
            guard_possible=self._app_url is not None and bool(me.supports_join_request_queries) and is_supergroup,
            own_tags=bool(chat.permissions and chat.permissions.can_edit_tag),
            joins_by_request=bool(chat.join_by_request),
            open_comments=is_supergroup and chat.linked_chat_id is not None and not chat.join_to_send_messages,
        )
        return DeliveryResult(task, DeliveryStatus.DONE, answer={"health": health, "admins": admins})

    async def _who_am_i(self, now: datetime) -> User:
        """Return the bot as Telegram recently described it: that seldom changes."""
        if self._me is None or abs(now - self._asked_at) > ME_KNOWN_FOR:
            self._me, self._asked_at = await self._bot.get_me(request_timeout=TIMEOUT), now
        return self._me

    async def make_link(self, task: PendingTask, work: MakeJoinLink) -> DeliveryResult:
        """Create a link through which people ask to join: `link`."""
        method = NamedLink(chat_id=work.gate_id, name=LINK_NAME, creates_join_request=True)
        made = await self._bot(method, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE, answer={"link": made.invite_link})

    async def call_admins(self, task: PendingTask, work: CallAdmins | CallRaidAdmins) -> DeliveryResult:
        """Fetch the admins of a gate, without bots, and the rights of each: `admins`."""
        return DeliveryResult(task, DeliveryStatus.DONE, answer={"admins": await self._admins(work.gate_id)})

    async def _admins(self, gate_id: int) -> dict[int, AdminRights]:
        found = await self._bot.get_chat_administrators(gate_id, request_timeout=TIMEOUT)
        return {admin.user.id: admin_rights(admin) for admin in found if not admin.user.is_bot}
