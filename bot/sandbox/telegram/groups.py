"""What happens in groups: joining, leaving, restricting; service messages; ends and upgrades."""

from __future__ import annotations

from dataclasses import replace

from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.joining import InviteLink, JoinQuery
from bot.sandbox.telegram.members import Member
from bot.sandbox.telegram.state import Group, JoinRequest


def set_member(
    tg: Telegram,
    group: Group,
    member: Member,
    actor: Account,
    *,
    link: InviteLink | None = None,
    via_join_request: bool = False,
) -> None:
    """Give an account its new place in a group, and send the bot an update."""
    old = group.member(member.account).as_json()
    shown = shown_as(tg, group, actor)
    _store(group, member)
    if member.account is tg.bot and not member.may("can_invite_users"):
        group.guarded = False
    tg.touch(group)
    tg.push_member(group, shown, old, member.as_json(), link=link, via_join_request=via_join_request)


def _store(group: Group, member: Member) -> None:
    group.members.pop(member.account.id, None)
    group.outside.pop(member.account.id, None)
    if member.inside:
        group.members[member.account.id] = member
    elif member.status != "left":
        group.outside[member.account.id] = member


def shown_as(tg: Telegram, group: Group, account: Account) -> Account:
    """Who Telegram says did something: an anonymous administrator is the group."""
    return tg.as_group if group.member(account).anonymous else account


def add_member(
    tg: Telegram,
    group: Group,
    account: Account,
    actor: Account,
    *,
    by_request: bool = False,
    link: InviteLink | None = None,
    from_community: bool = False,
) -> None:
    """Make an account a member, with the service message that everybody sees; a restriction lasts."""
    before = group.member(account)
    member = replace(before, is_member=True) if before.status == "restricted" else Member(account, "member")
    if request := group.requests.get(account.id):
        end_request(tg, request)
    set_member(tg, group, member, actor, link=link, via_join_request=by_request)
    writer = account if by_request else actor
    if from_community:
        _service_message(tg, group, writer, community_joined=group.community)
    else:
        _service_message(tg, group, writer, new_chat_members=[account])


def remove_member(tg: Telegram, group: Group, member: Member, actor: Account) -> None:
    """Give somebody a place outside the group, with the service message if they were in it."""
    if group.member(member.account).inside:
        _service_message(tg, group, actor, left_chat_member=member.account)
    set_member(tg, group, member, actor)


def place_after_leaving(member: Member) -> Member:
    """The place of a member who leaves: a restriction waits for their return."""
    if member.status == "restricted":
        return replace(member, is_member=False, tag=None)
    return Member(member.account, "left")


def _service_message(tg: Telegram, group: Group, actor: Account, **parts: object) -> None:
    """A service message, which a bot in the group gets whoever it is about."""
    if group.type == "channel" or group.hides_members:
        return
    shown = shown_as(tg, group, actor)
    message = tg.new_message(group, shown, author=actor, as_group=shown is tg.as_group, **parts)
    if group.member(tg.bot).inside:
        tg.push_message(message)


def add_request(tg: Telegram, group: Group, account: Account, link: InviteLink | None) -> JoinRequest:
    """Store a request to join until somebody decides or it is withdrawn."""
    request = JoinRequest(group, account, tg.now(), link=link)
    if group.guarded:
        request.query = JoinQuery(tg.next_query_id(), tg.clock.timestamp())
        tg.join_queries[request.query.id] = request
    group.requests[account.id] = request
    tg.pending.setdefault(account.id, {})[group.id] = request
    tg.touch(group)
    return request


def end_request(tg: Telegram, request: JoinRequest) -> None:
    """Drop a request and its query."""
    if request.query is not None:
        tg.join_queries.pop(request.query.id, None)
    request.group.requests.pop(request.account.id, None)
    mine = tg.pending.get(request.account.id, {})
    mine.pop(request.group.id, None)
    if not mine:
        tg.pending.pop(request.account.id, None)
    tg.touch(request.group)


def open_topic(tg: Telegram, group: Group, name: str, actor: Account) -> int:
    """A new topic of a forum; return the id of its thread, which is that of its first service message."""
    number = group.next_message_id
    group.topics[number] = name
    shown = shown_as(tg, group, actor)
    message = tg.new_message(
        group,
        shown,
        author=actor,
        as_group=shown is tg.as_group,
        topic_created=name,
        thread_id=number,
        in_topic=True,
    )
    if group.member(tg.bot).inside:
        tg.push_message(message)
    return number


def upgrade(tg: Telegram, group: Group, actor: Account) -> Group:
    """Make a supergroup of a basic group: another id with the same members; the bot gets updates in both."""
    new = tg.add_group("supergroup", group.title, actor, None, group.about)
    new.approves_new_members, new.permissions, new.crowd = False, group.permissions, group.crowd
    new.secret = group.secret
    bot = group.member(tg.bot)
    new.members = {account_id: member for account_id, member in group.members.items() if member is not bot}
    for request in list(group.requests.values()):
        end_request(tg, request)
    goodbye = tg.new_message(group, actor, migrate_to_chat_id=new.id)
    welcome = tg.new_message(new, actor, migrate_from_chat_id=group.id)
    group.upgraded_to = new
    tg.gone[group.id] = tg.groups.pop(group.id)
    if bot.inside:
        tg.push_message(goodbye)
        tg.push_message(welcome)
        set_member(tg, new, bot, actor)
    return new


def delete_group(tg: Telegram, group: Group, actor: Account) -> None:
    """End a group for everybody; the bot gets the update that it is not in it now."""
    for request in list(group.requests.values()):
        end_request(tg, request)
    if group.member(tg.bot).inside:
        set_member(tg, group, Member(tg.bot, "left" if group.type == "group" else "kicked"), actor)
    group.members.clear()
    group.by_id.clear()
    group.ephemeral.clear()
    group.deleted = True
    tg.gone[group.id] = tg.groups.pop(group.id)
    tg.touch(group)


def set_tag(tg: Telegram, group: Group, member: Member, tag: str, actor: Account) -> None:
    """Put a tag beside an ordinary member's name, or remove it."""
    set_member(tg, group, replace(member, tag=tag or None), actor)
