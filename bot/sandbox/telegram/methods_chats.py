"""Bot API methods about groups, channels and requests to join."""

from __future__ import annotations

import secrets
from typing import Any, cast, get_args

from aiogram.methods import (
    AnswerChatJoinRequestQuery,
    ApproveChatJoinRequest,
    CreateChatInviteLink,
    DeclineChatJoinRequest,
    GetChat,
    GetChatAdministrators,
    GetChatMember,
    GetChatMemberCount,
    RevokeChatInviteLink,
    SendChatJoinRequestWebApp,
)

from bot.sandbox.telegram import groups
from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.arguments import moment
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.joining import InviteLink, JoinQuery, JoinResult
from bot.sandbox.telegram.markup import https_or_local
from bot.sandbox.telegram.state import Group, JoinRequest
from bot.sandbox.telegram.webapp import launch

Json = dict[str, Any]
QUERY_INVALID = "QUERY_ID_INVALID"


def approve_chat_join_request(tg: Telegram, call: ApproveChatJoinRequest) -> bool:
    """Approve somebody's request."""
    return _approve(tg, _request(tg, call))


def _approve(tg: Telegram, request: JoinRequest) -> bool:
    if request.account.too_many_chats:
        raise bad_request("USER_CHANNELS_TOO_MUCH")
    tg.flood.count()
    groups.add_member(tg, request.group, request.account, tg.bot, by_request=True, link=request.link)
    return True


def decline_chat_join_request(tg: Telegram, call: DeclineChatJoinRequest) -> bool:
    """Decline somebody's request."""
    return _decline(tg, _request(tg, call))


def _decline(tg: Telegram, request: JoinRequest) -> bool:
    tg.flood.count()
    groups.end_request(tg, request)
    return True


def send_chat_join_request_web_app(tg: Telegram, call: SendChatJoinRequestWebApp) -> bool:
    """Open a Mini App for somebody who asks to join a group the bot guards, once."""
    request, query = _queried(tg, call.chat_join_request_query_id)
    if not https_or_local(call.web_app_url):
        raise bad_request(f"Web App URL '{call.web_app_url}' is invalid: Only HTTPS links are allowed")
    if query.app_url is not None:
        raise bad_request(QUERY_INVALID)
    tg.flood.count()
    query.app_url, query.offered_at = call.web_app_url, tg.clock.timestamp()
    chat = tg.private_chat(request.account)
    chat.offered_app = launch(tg, request.account, call.web_app_url, request)
    tg.touch(chat)
    return True


def answer_chat_join_request_query(tg: Telegram, call: AnswerChatJoinRequestQuery) -> bool:
    """Approve somebody's request, decline it, or leave it to the administrators."""
    request, query = _queried(tg, call.chat_join_request_query_id)
    if call.result not in get_args(JoinResult):
        raise bad_request("invalid chat join request query result specified")
    if call.result == "approve":
        _approve(tg, request)
    elif call.result == "decline":
        _decline(tg, request)
    else:
        tg.flood.count()
    query.result = cast("JoinResult", call.result)
    tg.touch(request.group)
    return True


def _queried(tg: Telegram, query_id: str) -> tuple[JoinRequest, JoinQuery]:
    """The request of a query, while the query can be answered."""
    request = tg.join_queries.get(query_id)
    if request is None or request.query is None or not request.query.open(tg.clock.timestamp()):
        raise bad_request(QUERY_INVALID)
    _check_may_decide(tg, request.group)
    return request, request.query


def _check_may_decide(tg: Telegram, group: Group) -> None:
    if not tg.bot_in(group).may("can_invite_users"):
        raise bad_request("not enough rights to manage chat join requests")


def _request(tg: Telegram, call: ApproveChatJoinRequest | DeclineChatJoinRequest) -> JoinRequest:
    group = tg.find_group(call.chat_id)
    _check_may_decide(tg, group)
    account = tg.find_account(call.user_id)
    if account.id in group.members:
        raise bad_request("USER_ALREADY_PARTICIPANT")
    request = group.requests.get(account.id)
    if request is None:
        raise bad_request("HIDE_REQUESTER_MISSING")
    return request


def get_chat(tg: Telegram, call: GetChat) -> Json:
    """Everything about one chat."""
    chat = tg.find_chat(call.chat_id)
    full = chat.as_json() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            (
                "unlimited_gifts",
                "limited_gifts",
                "unique_gifts",
                "premium_subscription",
                "gifts_from_channels",
            ),
            False,
        ),
    }
    if isinstance(chat, Group):
        full |= _of_group(tg, chat)
    return full


def _comments(chat: Group) -> Json:
    """The channel to which a group is linked, and whether people have to join before they write."""
    linked: Json = {} if chat.linked_channel is None else {"linked_chat_id": chat.linked_channel}
    return linked if linked and chat.open_comments else linked | {"join_to_send_messages": True}


def _of_group(tg: Telegram, chat: Group) -> Json:
    full: Json = {}
    member = chat.member(tg.bot)
    if not member.inside and not chat.username:
        tg.bot_in(chat)
    if chat.about:
        full["description"] = chat.about
    if chat.type == "supergroup":
        full |= _comments(chat)
    if chat.approves_new_members:
        full["join_by_request"] = True
    if chat.type != "channel":
        full["permissions"] = chat.permissions
    if chat.hides_members:
        full["has_hidden_members"] = True
    if member.may("can_invite_users"):
        full["invite_link"] = _primary_link(tg, chat).url
    if chat.community:
        full["community"] = chat.community
    if chat.guarded:
        full["guard_bot"] = tg.bot.as_json()
    return full


def _primary_link(tg: Telegram, group: Group) -> InviteLink:
    """The bot's own link that every administrator has, which lets in at once."""
    url = f"https://t.me/+primary{abs(group.id)}"
    return group.links.setdefault(url, InviteLink(url, tg.bot, primary=True))


def get_chat_member(tg: Telegram, call: GetChatMember) -> Json:
    """Somebody's place in a chat."""
    group = tg.find_group(call.chat_id)
    account = tg.find_account(call.user_id)
    if account is not tg.bot:
        member = tg.bot_in(group)
        if (group.type == "channel" or group.hides_members) and member.status != "administrator":
            raise bad_request("member list is inaccessible")
    return group.member(account).as_json()


def get_chat_administrators(tg: Telegram, call: GetChatAdministrators) -> list[Json]:
    """The administrators of a chat; without other bots by default."""
    group = tg.find_group(call.chat_id)
    tg.bot_in(group)
    admins = [member for member in group.members.values() if member.is_admin]
    return [
        member.as_json()
        for member in admins
        if call.return_bots or member.account is tg.bot or not member.account.is_bot
    ]


def get_chat_member_count(tg: Telegram, call: GetChatMemberCount) -> int:
    """How many are in a chat."""
    group = tg.find_group(call.chat_id)
    tg.bot_in(group)
    return len(group.members) + group.crowd


def create_chat_invite_link(tg: Telegram, call: CreateChatInviteLink) -> Json:
    """Make another link into a group."""
    group = tg.find_group(call.chat_id)
    if not tg.bot_in(group).may("can_invite_users"):
        raise bad_request("not enough rights to manage chat invite link")
    if call.creates_join_request and call.member_limit:
        raise bad_request("member limit can't be specified for links requiring administrator approval")
    if call.member_limit is not None and not 1 <= call.member_limit <= 99999:
        raise bad_request("invalid member limit specified")
    if call.name is not None and len(call.name) > 32:
        raise bad_request("invite link name is too long")
    tg.flood.count()
    link = InviteLink(
        f"https://t.me/+{secrets.token_urlsafe(12)}",
        tg.bot,
        creates_join_request=bool(call.creates_join_request),
        name=call.name or None,
        expire_date=moment(call.expire_date, tg.now()),
        member_limit=call.member_limit,
    )
    if link.expire_date is not None and link.expire_date <= tg.now():
        raise bad_request("EXPIRE_DATE_INVALID")
    group.links[link.url] = link
    return link.as_json(tg.bot)


def revoke_chat_invite_link(tg: Telegram, call: RevokeChatInviteLink) -> Json:
    """Revoke one of the bot's own links."""
    group = tg.find_group(call.chat_id)
    if not tg.bot_in(group).may("can_invite_users"):
        raise bad_request("not enough rights to manage chat invite link")
    link = group.links.get(call.invite_link)
    if link is None or link.revoked or link.creator is not tg.bot:
        raise bad_request("INVITE_HASH_EXPIRED")
    tg.flood.count()
    link.revoked = True
    return link.as_json(tg.bot)
