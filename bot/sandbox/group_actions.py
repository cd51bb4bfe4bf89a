"""The words of a story about groups: joining, being in them, administering them."""

from __future__ import annotations

import secrets

from bot.sandbox.screen_assertions import ScreenAssertions
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.admin_actions import AdminActions
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.joining import InviteLink
from bot.sandbox.telegram.members import Member
from bot.sandbox.telegram.membership import MembershipActions
from bot.sandbox.telegram.state import Group


class GroupActions(ScreenAssertions):
    """Somebody as a newcomer, a member and an administrator; others are people or accounts, bots among them."""

    def __init__(self, tg: Telegram, account: Account) -> None:
        super().__init__(tg, account)
        self._admin_actions = AdminActions(tg, account)
        self._membership = MembershipActions(tg, self._client, self._admin_actions)

    # As anybody

    async def joins(self, group: Group) -> None:
        """Press "Join", where nobody has to approve it."""
        self._membership.join(group)

    async def joins_from_community(self, group: Group) -> None:
        """Press "Join" in the list of chats of the community to which the group belongs."""
        self._membership.join_from_community(group)

    async def asks_to_join(self, group: Group) -> None:
        """Press "Request to join"."""
        self._membership.ask_to_join(group)

    async def withdraws_request(self, group: Group) -> None:
        """Take the request back."""
        self._membership.withdraw(group)

    async def opens_link(self, url: str) -> None:
        """Follow an invite link."""
        self._membership.open_link(url)

    async def leaves(self, group: Group) -> None:
        """Leave a group."""
        self._membership.leave(group)

    async def adds(self, group: Group, other: GroupActions | Account) -> None:
        """Add somebody else to a group, or a bot."""
        self._membership.add(group, _account(other))

    # As an administrator: newcomers

    async def approves(self, group: Group, other: GroupActions | Account) -> None:
        """Approve somebody's request."""
        self._admin_actions.decide(group, _account(other), approve=True)

    async def declines(self, group: Group, other: GroupActions | Account) -> None:
        """Decline somebody's request."""
        self._admin_actions.decide(group, _account(other), approve=False)

    async def makes_link(
        self, group: Group, *, approves: bool = False, member_limit: int | None = None, expires: int | None = None
    ) -> str:
        """Make an invite link, which lets in at once unless it `approves`; `expires` is in unix seconds."""
        url = f"https://t.me/+{secrets.token_urlsafe(12)}"
        link = InviteLink(url, self.account, approves, expire_date=expires, member_limit=member_limit)
        self._membership.add_link(group, link)
        return url

    # Members

    async def restricts(
        self, group: Group, other: GroupActions | Account, until: int | None = None, **permissions: bool
    ) -> None:
        """Let somebody do only what is named, by default nothing; `until` is in unix seconds, None is for ever."""
        self._admin_actions.restrict(group, _account(other), until, permissions)

    async def frees(self, group: Group, other: GroupActions | Account) -> None:
        """Lift a restriction."""
        self._admin_actions.free(group, _account(other))

    async def bans(self, group: Group, other: GroupActions | Account) -> None:
        """Remove somebody, who cannot come back by themselves."""
        self._admin_actions.ban(group, _account(other))

    async def removes(self, group: Group, other: GroupActions | Account) -> None:
        """Remove somebody from the group, which is a ban."""
        self._admin_actions.ban(group, _account(other))

    async def unbans(self, group: Group, other: GroupActions | Account) -> None:
        """Let somebody come back."""
        self._admin_actions.unban(group, _account(other))

    async def tags(self, group: Group, other: GroupActions | Account, text: str) -> None:
        """Put a tag beside somebody's name, or one's own; an empty one removes it."""
        self._admin_actions.tag(group, _account(other), text)

    # Administrators

    async def promotes(
        self, group: Group, other: GroupActions | Account, *, anonymous: bool = False, **rights: bool
    ) -> None:
        """Make somebody an administrator with the given rights, or with all but promoting when none is named.

        An owner promotes themselves to become anonymous, or to stop being so.
        """
        self._admin_actions.promote(group, _account(other), rights, anonymous=anonymous)

    async def demotes(self, group: Group, other: GroupActions | Account) -> None:
        """Make an administrator an ordinary member."""
        self._admin_actions.demote(group, _account(other))

    # The bot

    async def makes_bot_admin(self, group: Group, **rights: bool) -> None:
        """Make the bot an administrator with the rights given, e.g. `can_invite_users=True`."""
        self._admin_actions.set_bot_rights(group, rights)

    async def takes_rights(self, group: Group) -> None:
        """Let the bot stay an administrator, but without the right to invite users."""
        self._admin_actions.take_bot_right(group, "can_invite_users")

    async def assigns_guard(self, group: Group, on: bool = True) -> None:  # noqa: FBT001, FBT002 - a story's word
        """Choose the bot under "Process join requests", or nobody; for owners."""
        self._admin_actions.set_guard(group, on=on)

    async def demotes_bot(self, group: Group) -> None:
        """Make the bot an ordinary member."""
        self._admin_actions.set_bot_status(group, Member(self._tg.bot, "member"))

    async def removes_bot(self, group: Group) -> None:
        """Remove the bot from the group."""
        self._admin_actions.set_bot_status(group, Member(self._tg.bot, "kicked"))

    # The group itself

    async def permits(self, group: Group, **permissions: bool) -> None:
        """Change what all ordinary members may do."""
        self._admin_actions.permit(group, permissions)

    async def sets_up(self, group: Group, **settings: bool) -> None:
        """Change the group's own settings: `approves` newcomers, `hides_members`, is a `forum`."""
        self._admin_actions.set_up(group, settings)

    async def opens_topic(self, group: Group, name: str) -> int:
        """Begin a topic of a forum; return its number."""
        return self._admin_actions.open_topic(group, name)

    async def deletes_topic(self, group: Group, topic: int) -> None:
        """Delete a topic with all its messages."""
        self._admin_actions.close_topic(group, topic)

    async def upgrades(self, group: Group) -> Group:
        """Make a supergroup of a basic group; return the new group. The old one ends."""
        return self._admin_actions.upgrade(group)

    async def deletes(self, group: Group) -> None:
        """Delete a group for everybody."""
        self._admin_actions.delete(group)


def _account(other: GroupActions | Account) -> Account:
    return other if isinstance(other, Account) else other.account
