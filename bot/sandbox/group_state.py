"""A group as one person's phone shows it: the chat, and the sheet with all its details."""

from __future__ import annotations

from typing import Any

from bot.sandbox.message_state import SHOWN_MESSAGES, message_json
from bot.sandbox.people import Person
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.commands import menu
from bot.sandbox.telegram.joining import InviteLink
from bot.sandbox.telegram.members import Member
from bot.sandbox.telegram.state import Group

Json = dict[str, Any]
# Of people, requests and links: a raid brings more than anybody reads.
SHOWN = 100
BOT_RIGHTS = ("can_invite_users", "can_restrict_members", "can_manage_tags", "can_delete_messages")
ORDER = ("creator", "administrator", "restricted", "member", "left", "kicked")


def knows_of(group: Group, me: Person) -> bool:
    """Whether somebody knows of a group at all: only members and applicants know a secret one."""
    return not group.secret or group.member(me.account).inside or me.id in group.requests


def group_json(tg: Telegram, group: Group, me: Person) -> Json:
    """A group in the list of chats, with its messages for members."""
    member = group.member(me.account)
    writes = member.is_admin if group.type == "channel" else group.allows(me.account, "can_send_messages")
    return {
        "id": group.id,
        "type": group.type,
        "title": group.title,
        "username": group.username,
        "about": group.about,
        "guarded": group.guarded,
        "approves": group.approves_new_members,
        "members": len(group.members) + group.crowd,
        "my_state": _standing(group, member, me),
        "owner": member.status == "creator",
        "anonymous": member.is_admin and member.anonymous,
        "can_write": member.inside and writes,
        "muted": {"until": member.until_date} if member.status == "restricted" and member.inside else None,
        "invites": group.allows(me.account, "can_invite_users"),
        "promotes": member.may("can_promote_members"),
        "requests": len(group.requests) if member.may("can_invite_users") else 0,
        "topics": _topics(group),
        "opens_topics": group.is_forum and group.allows(me.account, "can_manage_topics"),
        "unread": 0,
        "messages": [message_json(message, me.account) for message in group.seen_by(me.account)[-SHOWN_MESSAGES:]],
        "reply_keyboard": None,
        "commands": menu(tg, group, me.account) if member.inside else [],
    }


def _standing(group: Group, member: Member, me: Person) -> str:
    if me.id in group.requests:
        return "requested"
    if member.status == "kicked":
        return "banned"
    if not member.inside:
        return "none"
    return "admin" if member.is_admin else "member"


def _topics(group: Group) -> list[Json] | None:
    """The topics of a forum except the general one, which has no number; None for groups without any."""
    if not group.is_forum:
        return None
    return [{"id": number, "name": name} for number, name in group.topics.items()]


def info_json(tg: Telegram, group: Group, me: Person) -> Json:
    """What the group's sheet shows this person: the members to a member, everything they decide to an administrator."""
    member = group.member(me.account)
    bot = group.member(tg.bot)
    seen = _seen_members(tg, group, member)
    may = {
        "invite": member.may("can_invite_users"),
        "restrict": member.may("can_restrict_members"),
        "tag": member.may("can_manage_tags"),
        "promote": member.may("can_promote_members"),
        "set_up": member.may("can_change_info"),
        "own": member.status == "creator",
        "tag_self": not member.is_admin and group.allows(me.account, "can_edit_tag"),
    }
    return {
        "chat": group.id,
        "may": may,
        "settings": {
            "approves": group.approves_new_members,
            "hides_members": group.hides_members,
            "forum": group.is_forum,
            "edit_tags": group.permissions["can_edit_tag"],
        },
        "bot": {
            "inside": bot.inside,
            "runs": bot.is_admin,
            "rights": {right: bot.may(right) for right in BOT_RIGHTS},
        },
        "members": seen[:SHOWN],
        "more_members": len(seen[SHOWN:]),
        "removed": _outside(tg, group) if may["restrict"] else [],
        "requests": _requests(group) if may["invite"] else [],
        "links": [_link(group, link) for link in group.links.values()][-SHOWN:] if may["invite"] else [],
    }


def _seen_members(tg: Telegram, group: Group, viewer: Member) -> list[Json]:
    """The members, administrators first; where members are hidden, others see only administrators."""
    if not viewer.inside:
        return []
    members = [group.member(member.account) for member in list(group.members.values())]
    if group.hides_members and not viewer.is_admin:
        members = [member for member in members if member.is_admin]
    members.sort(key=lambda member: ORDER.index(member.status))
    return [_member(tg, member) for member in members]


def _outside(tg: Telegram, group: Group) -> list[Json]:
    """People who were removed, or are restricted should they come back."""
    places = [group.member(member.account) for member in list(group.outside.values())]
    return [_member(tg, place) for place in places if not place.inside and place.status != "left"][-SHOWN:]


def _member(tg: Telegram, member: Member) -> Json:
    account = member.account
    return {
        "id": account.id,
        "name": account.first_name,
        "is_bot": account.is_bot,
        "is_callgate": account is tg.bot,
        "status": member.status,
        "tag": member.tag,
        "anonymous": member.is_admin and member.anonymous,
        "until": member.until_date,
        "mute": member.status == "restricted" and not member.permissions.get("can_send_messages", False),
    }


def _requests(group: Group) -> list[Json]:
    """People who wait to be let in, the newest first."""
    newest = reversed(list(group.requests.values())[-SHOWN:])
    return [{"id": request.account.id, "name": request.account.first_name, "date": request.date} for request in newest]


def _link(group: Group, link: InviteLink) -> Json:
    return {
        "url": link.url,
        "by": link.creator.first_name,
        "approves": link.creates_join_request,
        "used": link.used,
        "limit": link.member_limit,
        "works": link.works(group.now()),
    }
