"""Actions on people in chats: let in, mute, unmute, tag, remove, ban."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramNotFound
from aiogram.types import (
    ChatMemberAdministrator,
    ChatMemberBanned,
    ChatMemberMember,
    ChatMemberOwner,
    ChatMemberRestricted,
    ChatPermissions,
)
from aiogram.types.chat_member_union import ChatMemberUnion

from bot.clock import Clock
from bot.domain.delivery import DeliveryResult, DeliveryStatus, MemberFound, MemberStatus, PendingGrant, PendingTask
from bot.domain.gate import LINK_LIVES, GrantKind
from bot.domain.mute import is_own_mute, muted_until
from bot.domain.rights import NO_ADMIN, OWNER, AdminRights, Right
from bot.domain.tasks import Ban, DeclineJoin, Kick, Mute, RevokeLink, Unban, Untag
from bot.telegram.api_errors import ALREADY_IN, NO_REQUEST, TOO_MANY, says
from bot.telegram.methods import NamedLink

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
