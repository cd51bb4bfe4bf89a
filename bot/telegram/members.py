"""What is done to people in chats: let in, muted and unmuted, tagged, removed, banned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramNotFound
from aiogram.types import (
    ChatMemberAdministrator,
    ChatMemberMember,
    ChatMemberOwner,
    ChatMemberRestricted,
    ChatPermissions,
)
from aiogram.types.chat_member_union import ChatMemberUnion

from bot.clock import Clock
from bot.domain.delivery import ErrandDue, GrantDue, Receipt, Result
from bot.domain.gate import LINK_LIVES, GrantKind
from bot.telegram.methods import NamedLink
from bot.telegram.refusals import ALREADY_IN, NO_REQUEST, TOO_MANY, says

TIMEOUT = 15
QUERY_TIMEOUT = 4
"""Seconds; a guard join has ten in all, and a second try should fit in."""
LINK_NAME = "Callgate"
NOTHING = ChatPermissions(**dict.fromkeys(ChatPermissions.model_fields, False))
EVERYTHING = ChatPermissions(**dict.fromkeys(ChatPermissions.model_fields, True))
"""All that can be permitted, which lifts a restriction (Bot API, `restrictChatMember`)."""


class Members:
    """Each method carries one parcel and may raise what aiogram raises; who they are is looked at first wherever
    doing it blindly could harm somebody."""

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock

    async def grant(self, grant: GrantDue) -> Receipt:
        """Give somebody what they are owed."""
        match grant.kind:
            case GrantKind.JOIN:
                return await self._approve(grant)
            case GrantKind.UNMUTE:
                return await self._unmute(grant)
            case GrantKind.TAG:
                return await self._tag(grant)
            case GrantKind.LINK:
                expires_at = self._clock.now() + LINK_LIVES
                method = NamedLink(chat_id=grant.gate_id, name=LINK_NAME, expire_date=expires_at, member_limit=1)
                made = await self._bot(method, request_timeout=TIMEOUT)
                return Receipt(grant, Result.DONE, answer={"detail": made.invite_link})

    async def decline(self, errand: ErrandDue) -> Receipt:
        """Turn down who asked to join."""
        query_id = str(errand.details["query_id"]) if "query_id" in errand.details else None
        if await self._answered_query(query_id, "decline", errand.attempts):
            return Receipt(errand, Result.DONE)
        await self._bot.decline_chat_join_request(
            int(errand.details["gate"]), int(errand.details["user_id"]), request_timeout=TIMEOUT
        )
        return Receipt(errand, Result.DONE)

    async def mute(self, errand: ErrandDue) -> Receipt:
        """Let a newcomer write nothing until the moment by which this restriction is known.

        Not whom an admin added, or somebody who is one, and not while somebody else's restriction holds: that is
        theirs, and comes first. The answer says who or what it `is`, and for how many seconds to rest.
        """
        user_id, until = int(errand.details["user_id"]), _moment(errand.details["until"])
        member = await self._member(errand.chat_id, user_id)
        if isinstance(member, ChatMemberOwner | ChatMemberAdministrator):
            return Receipt(errand, Result.GONE, answer={"is": "admin"})
        if isinstance(member, ChatMemberRestricted) and member.is_member:
            if member.until_date == until:
                return Receipt(errand, Result.DONE)
            left = (member.until_date - self._clock.now()).total_seconds()
            # A restriction without an end has its end at the beginning of time.
            return Receipt(errand, Result.GONE, answer={"is": "restricted", "rest": max(left, 0.0)})
        if not isinstance(member, ChatMemberMember):
            return Receipt(errand, Result.GONE, answer={"is": "away"})
        if "actor_id" in errand.details:
            actor = await self._member(errand.chat_id, int(errand.details["actor_id"]))
            if isinstance(actor, ChatMemberOwner | ChatMemberAdministrator):
                return Receipt(errand, Result.GONE, answer={"is": "added_by_admin"})
        await self._restrict(errand.chat_id, user_id, NOTHING, until)
        return Receipt(errand, Result.DONE)

    async def kick(self, errand: ErrandDue) -> Receipt:
        """Remove somebody who may come again; never an admin."""
        user_id = int(errand.details["user_id"])
        member = await self._member(errand.chat_id, user_id)
        if isinstance(member, ChatMemberOwner | ChatMemberAdministrator):
            return Receipt(errand, Result.GONE, answer={"is": "admin"})
        if not isinstance(member, ChatMemberMember | ChatMemberRestricted):
            return Receipt(errand, Result.GONE, answer={"is": "away"})
        await self._bot.ban_chat_member(errand.chat_id, user_id, request_timeout=TIMEOUT)
        await self._bot.unban_chat_member(errand.chat_id, user_id, only_if_banned=True, request_timeout=TIMEOUT)
        return Receipt(errand, Result.DONE)

    async def ban(self, errand: ErrandDue) -> Receipt:
        """Remove somebody for good; never an admin."""
        user_id = int(errand.details["user_id"])
        member = await self._member(errand.chat_id, user_id)
        if isinstance(member, ChatMemberOwner | ChatMemberAdministrator):
            return Receipt(errand, Result.GONE, answer={"is": "admin"})
        await self._bot.ban_chat_member(errand.chat_id, user_id, request_timeout=TIMEOUT)
        return Receipt(errand, Result.DONE)

    async def unban(self, errand: ErrandDue) -> Receipt:
        """Let somebody come again who was banned."""
        user_id = int(errand.details["user_id"])
        await self._bot.unban_chat_member(errand.chat_id, user_id, only_if_banned=True, request_timeout=TIMEOUT)
        return Receipt(errand, Result.DONE)

    async def untag(self, errand: ErrandDue) -> Receipt:
        """Take back the tag that the bot gave, unless they have another by now."""
        user_id = int(errand.details["user_id"])
        member = await self._member(errand.chat_id, user_id)
        if getattr(member, "tag", None) != errand.details["tag"]:
            return Receipt(errand, Result.GONE)
        await self._bot.set_chat_member_tag(errand.chat_id, user_id, tag="", request_timeout=TIMEOUT)
        return Receipt(errand, Result.DONE)

    async def _approve(self, grant: GrantDue) -> Receipt:
        try:
            if not await self._answered_query(grant.query_id, "approve", grant.attempts):
                await self._bot.approve_chat_join_request(grant.gate_id, grant.user_id, request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            if says(error, ALREADY_IN):
                return Receipt(grant, Result.DONE)
            if says(error, TOO_MANY):
                return Receipt(grant, Result.TOO_MANY_CHATS, error=error.message)
            if says(error, NO_REQUEST):
                return await self._look(grant, error)
            raise
        return Receipt(grant, Result.DONE)

    async def _answered_query(self, query_id: str | None, result: Literal["approve", "decline"], attempts: int) -> bool:
        """Answer a guard join. False when there is none, or its query is gone: how long one lives is written down
        nowhere. Tried once; after that the request is decided like any other, which works at any time."""
        if query_id is None or attempts:
            return False
        try:
            await self._bot.answer_chat_join_request_query(query_id, result, request_timeout=QUERY_TIMEOUT)
        except TelegramBadRequest as error:
            if says(error, TOO_MANY):
                raise
            return False
        except (TelegramNotFound, TelegramForbiddenError):
            # Also: a Bot API server that does not know guard joins any more.
            return False
        return True

    async def _look(self, grant: GrantDue, error: TelegramBadRequest) -> Receipt:
        """The request was handled before, perhaps by us with the answer lost: is the person in?"""
        try:
            member = await self._member(grant.gate_id, grant.user_id)
        except (TelegramBadRequest, TelegramForbiddenError):
            return Receipt(grant, Result.GONE, error=error.message)
        return Receipt(grant, Result.DONE) if is_in(member) else Receipt(grant, Result.GONE, error=error.message)

    async def _unmute(self, grant: GrantDue) -> Receipt:
        """Lift the bot's own restriction. Any other was set by somebody else, before or meanwhile, and stays."""
        member = await self._member(grant.gate_id, grant.user_id)
        if not is_in(member):
            return Receipt(grant, Result.GONE)
        if isinstance(member, ChatMemberRestricted) and member.until_date == grant.muted_until:
            await self._restrict(grant.gate_id, grant.user_id, EVERYTHING, None)
        return Receipt(grant, Result.DONE)

    async def _tag(self, grant: GrantDue) -> Receipt:
        """Give the tag, unless they have one that somebody else gave them, or cannot have one."""
        member = await self._member(grant.gate_id, grant.user_id)
        tag = getattr(member, "tag", None)
        if not isinstance(member, ChatMemberMember | ChatMemberRestricted) or (tag and tag != grant.tag):
            return Receipt(grant, Result.GONE)
        if tag != grant.tag:
            await self._bot.set_chat_member_tag(grant.gate_id, grant.user_id, tag=grant.tag, request_timeout=TIMEOUT)
        return Receipt(grant, Result.DONE)

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


def is_in(member: ChatMemberUnion) -> bool:
    """Whether somebody with this place in a chat is in it."""
    return member.status not in ("left", "kicked") and getattr(member, "is_member", True)


def _moment(timestamp: str | int) -> datetime:
    return datetime.fromtimestamp(int(timestamp), UTC)
