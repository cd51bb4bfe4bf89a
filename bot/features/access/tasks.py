"""Actions on people in chats (let in, mute, unmute, tag, remove, ban), and messages that prompt newcomers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramForbiddenError, TelegramNotFound
from aiogram.types import (
    ChatMemberAdministrator,
    ChatMemberBanned,
    ChatMemberMember,
    ChatMemberOwner,
    ChatMemberRestricted,
    ChatPermissions,
    EphemeralMessageParameters,
    InlineKeyboardMarkup,
)
from aiogram.types.chat_member_union import ChatMemberUnion

from bot.clock import Clock
from bot.domain.eligibility import is_own_mute, muted_until
from bot.domain.gates import LINK_LIVES, NO_ADMIN, OWNER, AdminRights, GrantKind, Right
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, MemberFound, MemberStatus, PendingGrant, PendingTask
from bot.domain.tasks import (
    Ban,
    DeclineJoin,
    GroupPrompt,
    Kick,
    Mute,
    Prompt,
    RevokeLink,
    SendPrivateLink,
    Unban,
    Untag,
)
from bot.i18n.texts import Texts, Words
from bot.telegram import keyboards
from bot.telegram.api_errors import ALREADY_IN, NO_REQUEST, TOO_MANY, says
from bot.telegram.deep_links import Start
from bot.telegram.methods import NamedLink, SendText, Sent

TIMEOUT = 15
QUERY_TIMEOUT = 4
"""Seconds; a guard join has ten in all, and there should be time for a second try."""
LINK_NAME = "Callgate"
KICKED_FOR = timedelta(minutes=10)
"""When a ban that the bot lifts at once ends in any case; less than half a minute would be for ever (Bot API)."""
A_SECOND = timedelta(seconds=1)
"""Moments travel as whole seconds, rounded."""
WITHOUT_END = datetime.fromtimestamp(0, UTC)
"""What Telegram returns as the end of a restriction that has none (Bot API, ChatMemberRestricted.until_date)."""
ADMINS = (ChatMemberOwner, ChatMemberAdministrator)
MEMBERS = (ChatMemberMember, ChatMemberRestricted)
NOTHING = ChatPermissions(**dict.fromkeys(ChatPermissions.model_fields, False))
EVERYTHING = ChatPermissions(**dict.fromkeys(ChatPermissions.model_fields, True))
"""All permissions, which lifts a restriction (Bot API, `restrictChatMember`)."""


class Members:
    """Each method runs one item and may raise what aiogram raises. It looks the member up first wherever acting blindly
    could harm somebody."""

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock

    async def grant(self, grant: PendingGrant) -> DeliveryResult:
        """Fulfil a grant."""
        match grant.kind:
            case GrantKind.JOIN:
                return await self._approve(grant)
            case GrantKind.UNMUTE:
                return await self._unmute(grant)
            case GrantKind.TAG:
                return await self._tag(grant)
            case GrantKind.LINK:
                expires_at = self._clock.now() + LINK_LIVES
                method = NamedLink(
                    chat_id=grant.gate_id, name=LINK_NAME, expire_date=expires_at, creates_join_request=True
                )
                made = await self._bot(method, request_timeout=TIMEOUT)
                return DeliveryResult(grant, DeliveryStatus.DONE, answer={"detail": made.invite_link})

    async def decline(self, task: PendingTask, work: DeclineJoin) -> DeliveryResult:
        """Decline a join request."""
        if await self._answered_query(work.query_id, "decline", task.attempts):
            return DeliveryResult(task, DeliveryStatus.DONE)
        await self._bot.decline_chat_join_request(work.gate_id, work.user_id, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def mute(self, task: PendingTask, work: Mute) -> DeliveryResult:
        """Mute a newcomer until the moment that identifies the bot's own restriction.

        Leave alone admins, people whom an admin added, and people under somebody else's restriction, which takes
        precedence.
        """
        chat_id, user_id = task.chat_id, work.user_id
        member = await self._member(chat_id, user_id)
        if isinstance(member, ADMINS):
            return _spared(task, MemberStatus.ADMIN)
        if not isinstance(member, MEMBERS) or not is_in(member):
            return _spared(task, MemberStatus.AWAY)
        holds = is_muted(chat_id, member)
        if work.actor_id is not None and await self._is_admin(chat_id, work.actor_id):
            return _spared(task, MemberStatus.ADDED_BY_ADMIN, is_muted=holds)
        if isinstance(member, ChatMemberRestricted) and not holds:
            return _spared(task, MemberStatus.RESTRICTED, self._rest(member))
        if not holds:
            await self._restrict(chat_id, user_id, NOTHING, muted_until(chat_id, user_id, self._clock.now()))
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def kick(self, task: PendingTask, work: Kick) -> DeliveryResult:
        """Remove somebody who may come again; never an admin. With `spare_restricted`, also leave alone anyone
        restricted by an admin, since that restriction would be lost.

        The ban has an end, so nobody stays banned if the second call fails.
        """
        chat_id, user_id = task.chat_id, work.user_id
        member, now = await self._member(chat_id, user_id), self._clock.now()
        if isinstance(member, ChatMemberBanned) and now < member.until_date <= now + KICKED_FOR + A_SECOND:
            # An earlier try failed after the ban.
            await self._bot.unban_chat_member(chat_id, user_id, only_if_banned=True, request_timeout=TIMEOUT)
            return DeliveryResult(task, DeliveryStatus.DONE)
        if isinstance(member, ADMINS):
            return _spared(task, MemberStatus.ADMIN)
        if not isinstance(member, MEMBERS) or not is_in(member):
            return _spared(task, MemberStatus.AWAY)
        if work.spare_restricted and isinstance(member, ChatMemberRestricted) and not is_muted(chat_id, member):
            return _spared(task, MemberStatus.RESTRICTED, self._rest(member))
        await self._bot.ban_chat_member(chat_id, user_id, until_date=now + KICKED_FOR, request_timeout=TIMEOUT)
        await self._bot.unban_chat_member(chat_id, user_id, only_if_banned=True, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def ban(self, task: PendingTask, work: Ban) -> DeliveryResult:
        """Ban somebody for good; never an admin."""
        user_id = work.user_id
        member = await self._member(task.chat_id, user_id)
        if isinstance(member, ADMINS):
            return _spared(task, MemberStatus.ADMIN)
        await self._bot.ban_chat_member(task.chat_id, user_id, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def unban(self, task: PendingTask, work: Unban) -> DeliveryResult:
        """Lift a ban."""
        user_id = work.user_id
        await self._bot.unban_chat_member(task.chat_id, user_id, only_if_banned=True, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def untag(self, task: PendingTask, work: Untag) -> DeliveryResult:
        """Remove the bot's tag, unless the member has another one by now."""
        user_id = work.user_id
        member = await self._member(task.chat_id, user_id)
        if getattr(member, "tag", None) != work.tag:
            return DeliveryResult(task, DeliveryStatus.GONE)
        await self._bot.set_chat_member_tag(task.chat_id, user_id, tag="", request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def revoke_link(self, task: PendingTask, work: RevokeLink) -> DeliveryResult:
        """Revoke an invite link."""
        await self._bot.revoke_chat_invite_link(task.chat_id, work.link, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def _approve(self, grant: PendingGrant) -> DeliveryResult:
        try:
            if not await self._answered_query(grant.query_id, "approve", grant.attempts):
                await self._bot.approve_chat_join_request(grant.gate_id, grant.user_id, request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            if says(error, ALREADY_IN):
                return DeliveryResult(grant, DeliveryStatus.DONE)
            if says(error, TOO_MANY):
                return DeliveryResult(grant, DeliveryStatus.TOO_MANY_CHATS, error=error.message)
            if says(error, NO_REQUEST):
                return await self._look(grant, error)
            raise
        return DeliveryResult(grant, DeliveryStatus.DONE)

    async def _answered_query(self, query_id: str | None, result: Literal["approve", "decline"], attempts: int) -> bool:
        """Answer a guard join; return False if there is none or its query is gone (its lifetime is undocumented). Try
        this once: later, decide the request like any other, which works at any time."""
        if query_id is None or attempts:
            return False
        try:
            await self._bot.answer_chat_join_request_query(query_id, result, request_timeout=QUERY_TIMEOUT)
        except TelegramBadRequest as error:
            if says(error, TOO_MANY):
                raise
            return False
        except (TelegramNotFound, TelegramForbiddenError):
            # Includes a Bot API server that does not know guard joins any more.
            return False
        return True

    async def _look(self, grant: PendingGrant, error: TelegramBadRequest) -> DeliveryResult:
        """Somebody has handled the request, perhaps the bot with the answer lost: check whether the person is in."""
        try:
            member = await self._member(grant.gate_id, grant.user_id)
        except (TelegramBadRequest, TelegramForbiddenError):
            return DeliveryResult(grant, DeliveryStatus.GONE, error=error.message)
        return (
            DeliveryResult(grant, DeliveryStatus.DONE)
            if is_in(member)
            else DeliveryResult(grant, DeliveryStatus.GONE, error=error.message)
        )

    async def _unmute(self, grant: PendingGrant) -> DeliveryResult:
        """Lift the bot's own restriction. Any other is somebody else's, set before or meanwhile, and stays."""
        member = await self._member(grant.gate_id, grant.user_id)
        if not is_in(member):
            return DeliveryResult(grant, DeliveryStatus.GONE)
        if is_muted(grant.gate_id, member):
            await self._restrict(grant.gate_id, grant.user_id, EVERYTHING, None)
        return DeliveryResult(grant, DeliveryStatus.DONE)

    async def _tag(self, grant: PendingGrant) -> DeliveryResult:
        """Set the tag, unless they have a tag from somebody else or cannot have one."""
        member = await self._member(grant.gate_id, grant.user_id)
        tag = getattr(member, "tag", None)
        if not isinstance(member, MEMBERS) or not is_in(member) or (tag and tag != grant.tag):
            return DeliveryResult(grant, DeliveryStatus.GONE)
        if tag != grant.tag:
            await self._bot.set_chat_member_tag(grant.gate_id, grant.user_id, tag=grant.tag, request_timeout=TIMEOUT)
        return DeliveryResult(grant, DeliveryStatus.DONE)

    def _rest(self, member: ChatMemberRestricted) -> timedelta:
        """Return for how long the restriction still holds; 0 for one without an end."""
        if member.until_date <= WITHOUT_END:
            return timedelta()
        # If it ended while Telegram answered, check it again.
        return max(member.until_date - self._clock.now(), A_SECOND)

    async def _is_admin(self, chat_id: int, user_id: int) -> bool:
        try:
            return isinstance(await self._member(chat_id, user_id), ADMINS)
        except TelegramBadRequest:
            # The account was deleted meanwhile.
            return False

    async def _member(self, chat_id: int, user_id: int) -> ChatMemberUnion:
        return await self._bot.get_chat_member(chat_id, user_id, request_timeout=TIMEOUT)

    async def _restrict(self, chat_id: int, user_id: int, permissions: ChatPermissions, until: datetime | None) -> None:
        await self._bot.restrict_chat_member(
            chat_id,
            user_id,
            permissions,
            use_independent_chat_permissions=True,
            until_date=until if until is not None else timedelta(0),
            request_timeout=TIMEOUT,
        )


def _spared(
    task: PendingTask, status: MemberStatus, rest: timedelta = timedelta(), *, is_muted: bool = False
) -> DeliveryResult:
    return DeliveryResult(task, DeliveryStatus.GONE, member=MemberFound(status, rest, is_muted))


def admin_rights(member: ChatMemberUnion) -> AdminRights:
    """Return the rights that this membership gives in its chat."""
    if isinstance(member, ChatMemberOwner):
        return OWNER
    if not isinstance(member, ChatMemberAdministrator):
        return NO_ADMIN
    return AdminRights(is_admin=True, held=frozenset(right for right in Right if getattr(member, right, False)))


def is_in(member: ChatMemberUnion) -> bool:
    """Return whether somebody with this status is in the chat."""
    return member.status not in ("left", "kicked") and getattr(member, "is_member", True)


def is_muted(chat_id: int, member: ChatMemberUnion) -> bool:
    """Return whether the bot's own restriction holds. If the person may write, an admin changed it and it is theirs
    now."""
    return (
        isinstance(member, ChatMemberRestricted)
        and not member.can_send_messages
        and is_own_mute(chat_id, member.user.id, member.until_date)
    )


log = structlog.get_logger()
RETRIED_AFTER = timedelta(days=1)
"""The pause before the bot tries ephemeral messages again on a server that showed one to everybody."""
SHOWN_TO_ALL = "the Bot API server does not know ephemeral messages"


class Prompts:
    """Each method runs one task, and may raise what aiogram raises.

    Only its receiver sees an ephemeral message (Bot API 10.2); delivery is not guaranteed. A Bot API server that does
    not know them yet ignores the parameter and shows the message to everybody. Its answer shows that: the bot then
    deletes the message and tries no other for a day. Until a server has proved itself, the bot sends one at a time.
    """

    def __init__(self, bot: Bot, clock: Clock, texts: Texts, has_ephemeral: Callable[[bool], None]) -> None:
        """`has_ephemeral` is called with whether the server knows ephemeral messages, each time that becomes known."""
        self._bot = bot
        self._clock = clock
        self._texts = texts
        self._has_ephemeral = has_ephemeral
        self._is_known_to_work = False
        self._failed_at: datetime | None = None
        self._trial = asyncio.Lock()

    async def point(self, task: PendingTask, work: SendPrivateLink) -> DeliveryResult:
        """Send a link to a page in the private chat: `start` is the payload, `topic` the topic to post in. Without a
        `user_id` everybody sees it: the bot cannot tell which admin an anonymous one is."""
        words = self._texts.in_language(work.language or task.language)
        me = await self._bot.me()
        button = keyboards.link(words("⚙️ Open in private"), f"https://t.me/{me.username}?start={work.start}")
        is_settings = work.start.startswith(f"{Start.GATE}_")
        text = (
            words("⚙️ The settings of this group open in the private chat.")
            if is_settings
            else words("👤 I sent the answer to our private chat.")
        )
        if task.user_id is not None:
            text = " ".join([text, words("Only you see this.")])
        return await self._send(task, text, keyboards.rows([button]), work.topic)

    async def prompt(self, task: PendingTask, work: Prompt) -> DeliveryResult:
        """Show a muted newcomer how to verify."""
        words = self._texts.in_language(work.language or task.language)
        text = words("👋 Welcome! To write here, confirm your phone with one free call. Only you see this.")
        return await self._send(task, text, await self._verify(words))

    async def group_prompt(self, task: PendingTask, work: GroupPrompt) -> DeliveryResult:
        """Show all newcomers how to verify, and name nobody."""
        words = self._texts.in_language(work.language or task.language)
        text = words("👋 New here? To write, confirm your phone with one free call.")
        return await self._send(task, text, await self._verify(words))

    async def _verify(self, words: Words) -> InlineKeyboardMarkup:
        me = await self._bot.me()
        return keyboards.rows([keyboards.link(words("✅ Verify"), f"https://t.me/{me.username}?start=verify")])

    async def _send(
        self, task: PendingTask, text: str, keyboard: InlineKeyboardMarkup, topic: int | None = None
    ) -> DeliveryResult:
        if task.user_id is None:
            sent = await self._post(task, text, keyboard, topic)
            return DeliveryResult(task, DeliveryStatus.DONE, message_id=sent.message_id)
        async with nullcontext() if self._is_known_to_work else self._trial:
            if self._failed_lately():
                return DeliveryResult(task, DeliveryStatus.REFUSED, error=SHOWN_TO_ALL)
            alone = EphemeralMessageParameters(receiver_user_id=task.user_id)
            sent = await self._post(task, text, keyboard, topic, alone)
            self._note(works=not sent.is_for_all)
        return await self._take_back(task, sent) if sent.is_for_all else DeliveryResult(task, DeliveryStatus.DONE)

    def _failed_lately(self) -> bool:
        at = self._failed_at
        # The clock may have been set back since.
        return at is not None and at <= self._clock.now() < at + RETRIED_AFTER

    def _note(self, *, works: bool) -> None:
        if not works:
            log.error("ephemeral_messages_not_known", advice="update the Bot API server to 10.2 or newer")
        self._is_known_to_work = works
        self._failed_at = None if works else self._clock.now()
        self._has_ephemeral(works)

    async def _take_back(self, task: PendingTask, sent: Sent) -> DeliveryResult:
        """Delete a message that everybody sees; if that fails, the result says so, to delete it later."""
        posted = None
        try:
            await self._bot.delete_message(task.chat_id, sent.message_id, request_timeout=TIMEOUT)
        except (AiogramError, OSError) as error:
            log.warning("message_for_all_not_deleted", error=type(error).__name__)
            posted = sent.message_id
        return DeliveryResult(task, DeliveryStatus.REFUSED, error=SHOWN_TO_ALL, posted_to_all=posted)

    async def _post(
        self,
        task: PendingTask,
        text: str,
        keyboard: InlineKeyboardMarkup,
        topic: int | None,
        alone: EphemeralMessageParameters | None = None,
    ) -> Sent:
        method = SendText(
            chat_id=task.chat_id,
            text=text,
            reply_markup=keyboard,
            message_thread_id=topic,
            ephemeral_message_parameters=alone,
        )
        return await self._bot(method, request_timeout=TIMEOUT)
