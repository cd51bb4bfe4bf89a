"""What a person's Telegram app does for administrators of a group."""

from __future__ import annotations

from dataclasses import replace

from bot.sandbox.telegram import groups
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.client import NotAllowed
from bot.sandbox.telegram.members import ADMIN_RIGHTS, PERMISSIONS, Member, ends_at, only
from bot.sandbox.telegram.methods_members import wrong_tag
from bot.sandbox.telegram.state import Group

# The default choice of the app for a new administrator.
USUAL_RIGHTS = dict.fromkeys(ADMIN_RIGHTS, True) | {"can_promote_members": False}

# The names of a group's settings in stories, and its attributes.
SETTINGS = {"approves": "approves_new_members", "hides_members": "hides_members", "forum": "is_forum"}


class AdminActions:
    """The app of one account, for administering groups."""

    def __init__(self, tg: Telegram, account: Account) -> None:
        self._tg = tg
        self.account = account

    # Newcomers

    def decide(self, group: Group, account: Account, *, approve: bool) -> None:
        """Decide about a request as an administrator."""
        self._check_may(group, "can_invite_users")
        request = group.requests.get(account.id)
        if request is None:
            raise NotAllowed("There is no such request.")
        if not approve:
            groups.end_request(self._tg, request)
            return
        groups.add_member(self._tg, group, account, self.account, by_request=True, link=request.link)

    # The bot

    def set_bot_rights(self, group: Group, rights: dict[str, bool]) -> None:
        """Make the bot an administrator with these rights, or change those it has."""
        self._check_may(group, "can_promote_members")
        bot = self._tg.bot
        rights = {"can_manage_chat": True} | group.member(bot).rights | _known_rights(rights)
        groups.set_member(self._tg, group, Member(bot, "administrator", rights), self.account)

    def take_bot_right(self, group: Group, right: str) -> None:
        """Take one right from the bot, which stays an administrator."""
        if group.member(self._tg.bot).status != "administrator":
            raise NotAllowed("The bot is not an administrator here.")
        self.set_bot_rights(group, {right: False})

    def set_guard(self, group: Group, *, on: bool) -> None:
        """Choose the bot under "Process join requests", or nobody, as the owner."""
        self._check_owns(group)
        if on and not self._tg.supports_join_request_queries:
            raise NotAllowed("This bot does not process join requests.")
        if on and not group.member(self._tg.bot).may("can_invite_users"):
            raise NotAllowed("The bot must be an administrator that may invite users.")
        group.guarded = on
        self._tg.touch(group)

    def set_bot_status(self, group: Group, member: Member) -> None:
        """Make the bot an ordinary member, or remove it from the group."""
        self._check_may(group, "can_promote_members" if member.inside else "can_restrict_members")
        if not group.member(self._tg.bot).inside:
            raise NotAllowed("The bot is not in this chat.")
        groups.set_member(self._tg, group, member, self.account)

    # Administrators

    def promote(self, group: Group, account: Account, rights: dict[str, bool], *, anonymous: bool) -> None:
        """Make somebody an administrator, or change one, with rights that one has oneself; owners can make themselves
        anonymous."""
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

    def demote(self, group: Group, account: Account) -> None:
        """Make an administrator an ordinary member."""
        self._check_may(group, "can_promote_members")
        if group.member(account).status != "administrator":
            raise NotAllowed(f"{account.first_name} is no administrator of {group.title}.")
        groups.set_member(self._tg, group, Member(account, "member"), self.account)

    # Members

    def restrict(self, group: Group, account: Account, until: int | None, permissions: dict[str, bool]) -> None:
        """Let a member do only what is named; nothing else."""
        if group.type != "supergroup":
            raise NotAllowed(f"{group.title} is no supergroup.")
        member = self._removable(group, account)
        unknown = set(permissions) - set(PERMISSIONS)
        if unknown:
            raise NotAllowed(f"There is no such permission: {', '.join(sorted(unknown))}.")
        new = Member(
            account,
            "restricted",
            permissions=only(permissions),
            is_member=member.inside,
            until_date=ends_at(until, self._tg.now()),
            tag=member.tag,
        )
        groups.set_member(self._tg, group, new, self.account)

    def free(self, group: Group, account: Account) -> None:
        """Lift a restriction."""
        member = self._removable(group, account)
        if member.status != "restricted":
            raise NotAllowed(f"{account.first_name} is not restricted in {group.title}.")
        groups.set_member(self._tg, group, member.freed(), self.account)

    def ban(self, group: Group, account: Account) -> None:
        """Remove somebody, who cannot come back by themselves; from a basic group they can."""
        self._removable(group, account)
        place = Member(account, "left" if group.type == "group" else "kicked")
        groups.remove_member(self._tg, group, place, self.account)

    def unban(self, group: Group, account: Account) -> None:
        """Let somebody come back."""
        if self._removable(group, account).status != "kicked":
            raise NotAllowed(f"{account.first_name} is not banned from {group.title}.")
        groups.set_member(self._tg, group, Member(account, "left"), self.account)

    def tag(self, group: Group, account: Account, text: str) -> None:
        """Put a tag beside a member's name, one's own if the group allows it; an empty one removes it."""
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

    # The group

    def permit(self, group: Group, permissions: dict[str, bool]) -> None:
        """Change what all ordinary members may do."""
        self._check_may(group, "can_restrict_members")
        group.permissions = only(group.permissions | permissions)
        self._tg.touch(group)

    def set_up(self, group: Group, settings: dict[str, bool]) -> None:
        """Change whether newcomers need approval, whether members see each other, whether there are topics."""
        self._check_may(group, "can_change_info")
        if group.type != "supergroup":
            raise NotAllowed(f"{group.title} is no supergroup.")
        for name, on in settings.items():
            if name not in SETTINGS:
                raise NotAllowed(f"There is no such setting: {name}.")
            setattr(group, SETTINGS[name], on)
        self._tg.touch(group)

    def open_topic(self, group: Group, name: str) -> int:
        """Begin a topic of a forum; return the id of its thread."""
        if not group.is_forum or not group.allows(self.account, "can_manage_topics"):
            raise NotAllowed(f"{self.account.first_name} cannot begin a topic in {group.title}.")
        return groups.open_topic(self._tg, group, name, self.account)

    def close_topic(self, group: Group, topic: int) -> None:
        """Delete a topic with all its messages."""
        self._check_may(group, "can_delete_messages")
        if group.topics.pop(topic, None) is None:
            raise NotAllowed(f"There is no such topic in {group.title}.")
        for message in [message for message in group.messages if message.thread_id == topic]:
            self._tg.delete(message)

    def upgrade(self, group: Group) -> Group:
        """Make a supergroup of a basic group."""
        self._check_owns(group)
        if group.type != "group":
            raise NotAllowed(f"{group.title} is no basic group.")
        return groups.upgrade(self._tg, group, self.account)

    def delete(self, group: Group) -> None:
        """Delete a group for everybody."""
        self._check_owns(group)
        groups.delete_group(self._tg, group, self.account)

    def _removable(self, group: Group, account: Account) -> Member:
        """The place of somebody who can be restricted or removed."""
        self._check_may(group, "can_restrict_members")
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
