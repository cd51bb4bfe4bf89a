"""What an administrator of a group does in their Telegram app."""

from __future__ import annotations

import secrets
from dataclasses import replace

from bot.sandbox.telegram import groups
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.app_user import AppUser, NotAllowed, account_of
from bot.sandbox.telegram.joining import InviteLink
from bot.sandbox.telegram.members import ADMIN_RIGHTS, PERMISSIONS, Member, ends_at, only
from bot.sandbox.telegram.methods_members import wrong_tag
from bot.sandbox.telegram.state import Group, JoinRequest

# The default choice of the app for a new administrator.
USUAL_RIGHTS = dict.fromkeys(ADMIN_RIGHTS, True) | {"can_promote_members": False}

# The names of a group's settings in stories, and its attributes.
SETTINGS = {"approves": "approves_new_members", "hides_members": "hides_members", "forum": "is_forum"}


class AdminActions(AppUser):
    """Somebody as an administrator or the owner of groups; others are people or accounts, bots among them."""

    # Newcomers

    async def approves(self, group: Group, other: AppUser | Account) -> None:
        """Approve somebody's request."""
        request = self._request(group, other)
        groups.add_member(self._tg, group, request.account, self.account, by_request=True, link=request.link)

    async def declines(self, group: Group, other: AppUser | Account) -> None:
        """Decline somebody's request."""
        groups.end_request(self._tg, self._request(group, other))

    def _request(self, group: Group, other: AppUser | Account) -> JoinRequest:
        self._check_may(group, "can_invite_users")
        request = group.requests.get(account_of(other).id)
        if request is None:
            raise NotAllowed("There is no such request.")
        return request

    async def makes_link(
        self, group: Group, *, approves: bool = False, member_limit: int | None = None, expires: int | None = None
    ) -> str:
        """Make an invite link, which lets in at once unless it `approves`; `expires` is in unix seconds."""
        if not group.member(self.account).may("can_invite_users"):
            raise NotAllowed(f"{self.account.first_name} may not make links into {group.title}.")
        url = f"https://t.me/+{secrets.token_urlsafe(12)}"
        group.links[url] = InviteLink(url, self.account, approves, expire_date=expires, member_limit=member_limit)
        self._tg.touch(group)
        return url

    # The bot

    async def makes_bot_admin(self, group: Group, **rights: bool) -> None:
        """Make the bot an administrator with these rights, e.g. `can_invite_users=True`, or change those it has."""
        self._check_may(group, "can_promote_members")
        bot = self._tg.bot
        rights = {"can_manage_chat": True} | group.member(bot).rights | _known_rights(rights)
        groups.set_member(self._tg, group, Member(bot, "administrator", rights), self.account)

    async def takes_rights(self, group: Group) -> None:
        """Let the bot stay an administrator, but without the right to invite users."""
        if group.member(self._tg.bot).status != "administrator":
            raise NotAllowed("The bot is not an administrator here.")
        await self.makes_bot_admin(group, can_invite_users=False)

    async def assigns_guard(self, group: Group, on: bool = True) -> None:  # noqa: FBT001, FBT002 - a story's word
        """Choose the bot under "Process join requests", or nobody; for owners."""
        self._check_owns(group)
        if on and not self._tg.supports_join_request_queries:
            raise NotAllowed("This bot does not process join requests.")
        if on and not group.member(self._tg.bot).may("can_invite_users"):
            raise NotAllowed("The bot must be an administrator that may invite users.")
        group.guarded = on
        self._tg.touch(group)

    async def demotes_bot(self, group: Group) -> None:
        """Make the bot an ordinary member."""
        self._check_may(group, "can_promote_members")
        self._change_bot(group, Member(self._tg.bot, "member"))

    async def removes_bot(self, group: Group) -> None:
        """Remove the bot from the group."""
        self._check_may(group, "can_restrict_members")
        self._change_bot(group, Member(self._tg.bot, "kicked"))

    def _change_bot(self, group: Group, member: Member) -> None:
        if not group.member(self._tg.bot).inside:
            raise NotAllowed("The bot is not in this chat.")
        groups.set_member(self._tg, group, member, self.account)

    # Administrators

    async def promotes(
        self, group: Group, other: AppUser | Account, *, anonymous: bool = False, **rights: bool
    ) -> None:
        """Make somebody an administrator with the given rights, or with all but promoting when none is named.

        Nobody can give a right that they do not have. An owner promotes themselves to become anonymous, or to stop
        being so.
        """
        account = account_of(other)
        member = group.member(account)
        if account is self.account and member.status == "creator":
            groups.set_member(self._tg, group, replace(member, anonymous=anonymous), account)
            return
        self._check_may(group, "can_promote_members")
        if not member.inside or member.status == "creator":
            raise NotAllowed(f"{account.first_name} cannot be made an administrator of {group.title}.")
        mine = group.member(self.account)
        given = _known_rights(rights) or {right: on and mine.may(right) for right, on in USUAL_RIGHTS.items()}
        if lacking := [right for right, on in given.items() if on and not mine.may(right)]:
            raise NotAllowed(f"{self.account.first_name} has no {lacking[0]} to give in {group.title}.")
        given = {"can_manage_chat": True} | given
        new = Member(account, "administrator", given, anonymous=anonymous)
        groups.set_member(self._tg, group, new, self.account)

    async def demotes(self, group: Group, other: AppUser | Account) -> None:
        """Make an administrator an ordinary member."""
        self._check_may(group, "can_promote_members")
        account = account_of(other)
        if group.member(account).status != "administrator":
            raise NotAllowed(f"{account.first_name} is no administrator of {group.title}.")
        groups.set_member(self._tg, group, Member(account, "member"), self.account)

    # Members

    async def restricts(
        self, group: Group, other: AppUser | Account, until: int | None = None, **permissions: bool
    ) -> None:
        """Let a member do only what is named, by default nothing; `until` is in unix seconds, None is for ever."""
        if group.type != "supergroup":
            raise NotAllowed(f"{group.title} is no supergroup.")
        member = self._removable(group, other)
        unknown = set(permissions) - set(PERMISSIONS)
        if unknown:
            raise NotAllowed(f"There is no such permission: {', '.join(sorted(unknown))}.")
        new = Member(
            member.account,
            "restricted",
            permissions=only(permissions),
            is_member=member.inside,
            until_date=ends_at(until, self._tg.now()),
            tag=member.tag,
        )
        groups.set_member(self._tg, group, new, self.account)

    async def frees(self, group: Group, other: AppUser | Account) -> None:
        """Lift a restriction."""
        member = self._removable(group, other)
        if member.status != "restricted":
            raise NotAllowed(f"{member.account.first_name} is not restricted in {group.title}.")
        groups.set_member(self._tg, group, member.freed(), self.account)

    async def bans(self, group: Group, other: AppUser | Account) -> None:
        """Remove somebody, who cannot come back by themselves; from a basic group they can."""
        account = self._removable(group, other).account
        place = Member(account, "left" if group.type == "group" else "kicked")
        groups.remove_member(self._tg, group, place, self.account)

    async def unbans(self, group: Group, other: AppUser | Account) -> None:
        """Let somebody come back."""
        member = self._removable(group, other)
        if member.status != "kicked":
            raise NotAllowed(f"{member.account.first_name} is not banned from {group.title}.")
        groups.set_member(self._tg, group, Member(member.account, "left"), self.account)

    async def tags(self, group: Group, other: AppUser | Account, text: str) -> None:
        """Put a tag beside a member's name, or one's own if the group allows it; an empty one removes it."""
        account = account_of(other)
        member = group.member(account)
        if account is self.account and not member.is_admin:
            if not group.allows(account, "can_edit_tag"):
                raise NotAllowed(f"{account.first_name} may not change a tag in {group.title}.")
        else:
            self._check_may(group, "can_manage_tags")
        if not member.inside or member.is_admin:
            raise NotAllowed(f"{account.first_name} is no ordinary member of {group.title}.")
        if wrong_tag(text):
            raise NotAllowed("A tag has at most 16 characters and no emoji.")
        groups.set_tag(self._tg, group, member, text, self.account)

    # The group itself

    async def permits(self, group: Group, **permissions: bool) -> None:
        """Change what all ordinary members may do."""
        self._check_may(group, "can_restrict_members")
        group.permissions = only(group.permissions | permissions)
        self._tg.touch(group)

    async def sets_up(self, group: Group, **settings: bool) -> None:
        """Change the group's own settings: it `approves` newcomers, `hides_members`, is a `forum`."""
        self._check_may(group, "can_change_info")
        if group.type != "supergroup":
            raise NotAllowed(f"{group.title} is no supergroup.")
        for name, on in settings.items():
            if name not in SETTINGS:
                raise NotAllowed(f"There is no such setting: {name}.")
            setattr(group, SETTINGS[name], on)
        self._tg.touch(group)

    async def opens_topic(self, group: Group, name: str) -> int:
        """Begin a topic of a forum; return its number."""
        if not group.is_forum or not group.allows(self.account, "can_manage_topics"):
            raise NotAllowed(f"{self.account.first_name} cannot begin a topic in {group.title}.")
        return groups.open_topic(self._tg, group, name, self.account)

    async def deletes_topic(self, group: Group, topic: int) -> None:
        """Delete a topic with all its messages."""
        self._check_may(group, "can_delete_messages")
        if group.topics.pop(topic, None) is None:
            raise NotAllowed(f"There is no such topic in {group.title}.")
        for message in [message for message in group.messages if message.thread_id == topic]:
            self._tg.delete(message)

    async def upgrades(self, group: Group) -> Group:
        """Make a supergroup of a basic group; return the new group. The old one ends."""
        self._check_owns(group)
        if group.type != "group":
            raise NotAllowed(f"{group.title} is no basic group.")
        return groups.upgrade(self._tg, group, self.account)

    async def deletes(self, group: Group) -> None:
        """Delete a group for everybody."""
        self._check_owns(group)
        groups.delete_group(self._tg, group, self.account)

    def _removable(self, group: Group, other: AppUser | Account) -> Member:
        """The place of somebody who can be restricted or removed."""
        self._check_may(group, "can_restrict_members")
        account = account_of(other)
        member = group.member(account)
        mine = group.member(self.account).status == "creator"
        if member.status == "creator" or account is self.account or (member.is_admin and not mine):
            raise NotAllowed(f"{account.first_name} cannot be removed from {group.title}.")
        return member

    def _check_may(self, group: Group, right: str) -> None:
        member = group.member(self.account)
        if not member.is_admin:
            raise NotAllowed(f"{self.account.first_name} does not run {group.title}.")
        if not member.may(right):
            raise NotAllowed(f"{self.account.first_name} has no right to that in {group.title}.")

    def _check_owns(self, group: Group) -> None:
        if group.member(self.account).status != "creator":
            raise NotAllowed(f"{self.account.first_name} does not own {group.title}.")


def _known_rights(rights: dict[str, bool]) -> dict[str, bool]:
    unknown = set(rights) - set(ADMIN_RIGHTS)
    if unknown:
        raise NotAllowed(f"There is no such right: {', '.join(sorted(unknown))}.")
    return rights
