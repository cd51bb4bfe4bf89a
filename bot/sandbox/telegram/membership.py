"""What a person's Telegram app does to join, be in and leave groups."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from bot.sandbox.telegram import groups
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.admin_actions import AdminActions
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.client import Client, NotAllowed
from bot.sandbox.telegram.joining import InviteLink
from bot.sandbox.telegram.members import ADMIN_RIGHTS
from bot.sandbox.telegram.state import Group, Message

PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class MembershipActions:
    """The app of one account, for membership of groups."""

    def __init__(self, tg: Telegram, client: Client, admin_actions: AdminActions) -> None:
        self._tg = tg
        self._client = client
        self._admin_actions = admin_actions
        self.account: Account = client.account

    def _check_may_enter(self, group: Group) -> None:
        member = group.member(self.account)
        if group.deleted or group.upgraded_to is not None:
            raise NotAllowed(f"{group.title} does not exist any more.")
        if member.status == "kicked":
            raise NotAllowed(f"{self.account.first_name} was removed from {group.title}.")
        if member.inside:
            raise NotAllowed(f"{self.account.first_name} is already in {group.title}.")

    def join(self, group: Group) -> None:
        """Press "Join" where nobody has to approve it."""
        self._check_may_enter(group)
        if group.approves_new_members:
            raise NotAllowed(f"{group.title} has to be asked.")
        self._enter(group)

    def join_from_community(self, group: Group) -> None:
        """Press "Join" in the list of chats of a community."""
        self._check_may_enter(group)
        if group.community is None:
            raise NotAllowed(f"{group.title} belongs to no community.")
        if group.approves_new_members:
            raise NotAllowed(f"{group.title} has to be asked.")
        self._enter(group, from_community=True)

    def _enter(self, group: Group, link: InviteLink | None = None, *, from_community: bool = False) -> None:
        if self.account.too_many_chats:
            raise NotAllowed(f"{self.account.first_name} is in too many chats.")
        groups.add_member(self._tg, group, self.account, self.account, link=link, from_community=from_community)

    def ask_to_join(self, group: Group, link: InviteLink | None = None) -> None:
        """Press "Request to join"; while a request is pending a second press changes nothing."""
        self._check_may_enter(group)
        if self.account.id in group.requests:
            return
        if link is None and not group.approves_new_members:
            self._enter(group)
            return
        self._client.chat.offered_app = None
        request = groups.add_request(self._tg, group, self.account, link)
        if not group.member(self._tg.bot).may("can_invite_users"):
            return
        content = {
            "chat": group.as_json(),
            "from": self.account.as_json(),
            "user_chat_id": self.account.id,
            "date": request.date,
        }
        if link is not None:
            content["invite_link"] = link.as_json(self._tg.bot)
        if request.query is not None:
            content["query_id"] = request.query.id
        self._tg.delivery.push("chat_join_request", content, key=f"join {self.account.id}", who=self.account.first_name)

    def open_link(self, url: str) -> None:
        """Follow an invite link: in at once, or by request if the link says so."""
        for group in self._tg.groups.values():
            link = group.links.get(url)
            if link is None or not link.works(self._tg.now()):
                continue
            if link.creates_join_request:
                self.ask_to_join(group, link)
            elif not group.member(self.account).inside:
                self._check_may_enter(group)
                self._enter(group, link)
                link.used += 1
            return
        raise NotAllowed("This invite link has expired.")

    def withdraw(self, group: Group) -> None:
        """Take the request back."""
        request = group.requests.get(self.account.id)
        if request is None:
            raise NotAllowed("There is no request to withdraw.")
        groups.end_request(self._tg, request)

    def leave(self, group: Group) -> None:
        """Leave a group."""
        member = group.member(self.account)
        if not member.inside:
            raise NotAllowed(f"{self.account.first_name} is not in {group.title}.")
        groups.remove_member(self._tg, group, groups.left(member), self.account)

    def add(self, group: Group, account: Account) -> None:
        """Add somebody else, a person or a bot; only administrators who may remove people can add somebody removed."""
        if not group.allows(self.account, "can_invite_users"):
            raise NotAllowed(f"{self.account.first_name} may not add anybody to {group.title}.")
        member = group.member(account)
        if member.inside:
            raise NotAllowed(f"{account.first_name} is already in {group.title}.")
        if member.status == "kicked" and not group.member(self.account).may("can_restrict_members"):
            raise NotAllowed(f"{account.first_name} was removed from {group.title}.")
        if account.too_many_chats:
            raise NotAllowed(f"{account.first_name} is in too many chats.")
        groups.add_member(self._tg, group, account, self.account)

    def open_deep_link(self, url: str, group: Group | None = None) -> Message | None:
        """Follow a link to the bot: into the private chat, or into a group the person chooses."""
        parts = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        bot = self._tg.bot
        if (
            parts.hostname not in ("t.me", "telegram.me")
            or parts.path.strip("/").lower() != (bot.username or "").lower()
        ):
            raise NotAllowed("That is no link to the bot.")
        for name in ("start", "startgroup"):
            if asked.get(name) and not PAYLOAD.fullmatch(asked[name]):
                raise NotAllowed("The link says what no link to a bot can say.")
        if "startgroup" not in asked:
            return self._client.say(f"/start {asked.get('start', '')}")
        if group is None:
            raise NotAllowed("The link asks for a group.")
        self._take_bot_along(group, asked.get("admin", ""))
        return self._client.say(f"/start@{bot.username} {asked['startgroup']}", group) if asked["startgroup"] else None

    def _take_bot_along(self, group: Group, rights: str) -> None:
        """Add the bot to the group, as an administrator if the link names rights for it."""
        if rights:
            named = [f"can_{right}" for right in rights.replace("+", " ").split()]
            self._admin_actions.set_bot_rights(group, {right: True for right in named if right in ADMIN_RIGHTS})
        elif not group.member(self._tg.bot).inside:
            self.add(group, self._tg.bot)

    def add_link(self, group: Group, link: InviteLink) -> InviteLink:
        """Make an invite link as an administrator."""
        if not group.member(self.account).may("can_invite_users"):
            raise NotAllowed(f"{self.account.first_name} may not make links into {group.title}.")
        group.links[link.url] = link
        self._tg.touch(group)
        return link
