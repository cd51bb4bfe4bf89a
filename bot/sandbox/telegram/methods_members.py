"""Bot API methods about what members may do, who may stay, and their tags."""

from __future__ import annotations

import unicodedata

from aiogram.methods import BanChatMember, RestrictChatMember, SetChatMemberTag, UnbanChatMember
from aiogram.types import ChatPermissions

from bot.sandbox.telegram import groups
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.arguments import moment
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.markup import refuse_unknown_fields
from bot.sandbox.telegram.members import MEDIA, PERMISSIONS, Member, ends_at
from bot.sandbox.telegram.state import Group

LONGEST_TAG = 16
FIRST_PICTURE = 0x2190
JOINERS = {"\u200d", "\ufe0f", "\u20e3"}


def restrict_chat_member(tg: Telegram, call: RestrictChatMember) -> bool:
    """Change one member's permissions, or give all of them back."""
    group = tg.find_group(call.chat_id)
    if group.type != "supergroup":
        raise bad_request("method is available only for supergroups")
    member = _restrictable(tg, group, call.user_id)
    permissions = _permissions(call.permissions, independent=bool(call.use_independent_chat_permissions))
    if all(permissions.values()):
        wanted = member.freed()
    else:
        until = ends_at(moment(call.until_date, tg.now()), tg.now())
        wanted = Member(
            member.account,
            "restricted",
            permissions=permissions,
            is_member=member.inside,
            until_date=until,
            tag=member.tag,
        )
    return _change(tg, group, member, wanted)


def ban_chat_member(tg: Telegram, call: BanChatMember) -> bool:
    """Remove somebody, who cannot come back by themselves; from a basic group they can."""
    group = tg.find_group(call.chat_id)
    member = _restrictable(tg, group, call.user_id)
    if group.type == "group":
        return _change(tg, group, member, Member(member.account, "left"))
    until = ends_at(moment(call.until_date, tg.now()), tg.now())
    return _change(tg, group, member, Member(member.account, "kicked", until_date=until))


def unban_chat_member(tg: Telegram, call: UnbanChatMember) -> bool:
    """Let somebody come back; this removes a member of the chat, unless only a ban should be lifted."""
    group = tg.find_group(call.chat_id)
    if group.type == "group":
        raise bad_request("method is available for supergroup and channel chats only")
    member = _restrictable(tg, group, call.user_id)
    if call.only_if_banned and member.status != "kicked":
        return True
    return _change(tg, group, member, Member(member.account, "left"))


def set_chat_member_tag(tg: Telegram, call: SetChatMemberTag) -> bool:
    """Change or remove the tag beside an ordinary member's name."""
    group = tg.find_group(call.chat_id)
    if group.type == "channel":
        raise bad_request("method is available for group and supergroup chats only")
    if not tg.bot_in(group).may("can_manage_tags"):
        raise bad_request("CHAT_ADMIN_REQUIRED")
    account = tg.find_account(call.user_id)
    member = group.member(account)
    if not member.inside:
        raise bad_request("PARTICIPANT_ID_INVALID")
    if member.is_admin:
        raise bad_request("user is an administrator of the chat")
    tag = (call.tag or "").strip()
    complaint = wrong_tag(tag)
    if complaint:
        raise bad_request(complaint)
    tg.flood.count()
    if (member.tag or "") != tag:
        groups.set_tag(tg, group, member, tag, tg.bot)
    return True


def wrong_tag(tag: str) -> str | None:
    """Why a tag is impossible, in Telegram's words about administrators' titles."""
    if len(tag) > LONGEST_TAG:
        return "ADMIN_RANK_INVALID"
    # Emoji stand among the symbols, except for those made of plain characters and a joiner. This also refuses a few
    # symbols that Telegram may accept.
    if any(character in JOINERS or _pictured(character) for character in tag):
        return "ADMIN_RANK_EMOJI_NOT_ALLOWED"
    return None


def _pictured(character: str) -> bool:
    return ord(character) >= FIRST_PICTURE and unicodedata.category(character) in ("So", "Sk")


def _restrictable(tg: Telegram, group: Group, user_id: int) -> Member:
    """The member that a call is about, if the bot may restrict or remove them at all."""
    bot = tg.bot_in(group)
    account: Account = tg.find_account(user_id)
    if account is tg.bot:
        raise bad_request("can't restrict self")
    if not bot.may("can_restrict_members"):
        raise bad_request("not enough rights to restrict/unrestrict chat member")
    member = group.member(account)
    if member.status == "creator":
        raise bad_request("can't remove chat owner")
    if member.status == "administrator":
        raise bad_request("user is an administrator of the chat")
    return member


def _change(tg: Telegram, group: Group, old: Member, new: Member) -> bool:
    """Give the new place; without an update if it is the same."""
    tg.flood.count()
    if old.as_json() != new.as_json():
        if new.inside or new.status == "restricted":
            groups.set_member(tg, group, new, tg.bot)
        else:
            groups.remove_member(tg, group, new, tg.bot)
    return True


def _permissions(sent: ChatPermissions, *, independent: bool) -> dict[str, bool]:
    """The permissions, with those that follow from them where a call leaves it to Telegram."""
    refuse_unknown_fields(sent)
    given = {permission: getattr(sent, permission) for permission in PERMISSIONS}
    permissions = {permission: bool(value) for permission, value in given.items()}
    for permission in ("can_edit_tag", "can_manage_topics"):
        if given[permission] is None:
            permissions[permission] = permissions["can_pin_messages"]
    if not independent:
        if permissions["can_send_other_messages"] or permissions["can_add_web_page_previews"]:
            permissions |= dict.fromkeys(MEDIA, True)
        if permissions["can_send_polls"]:
            permissions["can_send_messages"] = True
    if given["can_react_to_messages"] is None:
        permissions["can_react_to_messages"] = permissions["can_send_messages"]
    return permissions
