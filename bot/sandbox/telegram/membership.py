"""What somebody does in their Telegram app to join, be in and leave groups."""

from __future__ import annotations

from bot.sandbox.telegram import groups
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.app_user import AppUser, NotAllowed, account_of
from bot.sandbox.telegram.joining import InviteLink
from bot.sandbox.telegram.state import Group


class MembershipActions(AppUser):
    """Somebody as a newcomer and a member of groups; others are people or accounts, bots among them."""

    async def joins(self, group: Group) -> None:
        """Press "Join", where nobody has to approve it."""
        self._check_may_enter(group)
        if group.approves_new_members:
            raise NotAllowed(f"{group.title} has to be asked.")
        self._enter(group)

    async def joins_from_community(self, group: Group) -> None:
        """Press "Join" in the list of chats of the community to which the group belongs."""
        self._check_may_enter(group)
        if group.community is None:
            raise NotAllowed(f"{group.title} belongs to no community.")
        if group.approves_new_members:
            raise NotAllowed(f"{group.title} has to be asked.")
        self._enter(group, from_community=True)

    async def asks_to_join(self, group: Group) -> None:
        """Press "Request to join"; while a request is pending a second press changes nothing."""
        self._ask_to_join(group)

    def _ask_to_join(self, group: Group, link: InviteLink | None = None) -> None:
        self._check_may_enter(group)
        if self.account.id in group.requests:
            return
        if link is None and not group.approves_new_members:
            self._enter(group)
            return
        self.chat.offered_app = None
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

    async def opens_link(self, url: str) -> None:
        """Follow an invite link: in at once, or by request if the link says so."""
        for group in self._tg.groups.values():
            link = group.links.get(url)
            if link is None or not link.works(self._tg.now()):
                continue
            if link.creates_join_request:
                self._ask_to_join(group, link)
            elif not group.member(self.account).inside:
                self._check_may_enter(group)
                self._enter(group, link)
                link.used += 1
            return
        raise NotAllowed("This invite link has expired.")

    async def withdraws_request(self, group: Group) -> None:
        """Take the request back."""
        request = group.requests.get(self.account.id)
        if request is None:
            raise NotAllowed("There is no request to withdraw.")
        groups.end_request(self._tg, request)

    async def leaves(self, group: Group) -> None:
        """Leave a group."""
        member = group.member(self.account)
        if not member.inside:
            raise NotAllowed(f"{self.account.first_name} is not in {group.title}.")
        groups.remove_member(self._tg, group, groups.place_after_leaving(member), self.account)

    async def adds(self, group: Group, other: AppUser | Account) -> None:
        """Add somebody else, a person or a bot; only administrators who may remove people can add somebody removed."""
        account = account_of(other)
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

    def _check_may_enter(self, group: Group) -> None:
        member = group.member(self.account)
        if group.deleted or group.upgraded_to is not None:
            raise NotAllowed(f"{group.title} does not exist any more.")
        if member.status == "kicked":
            raise NotAllowed(f"{self.account.first_name} was removed from {group.title}.")
        if member.inside:
            raise NotAllowed(f"{self.account.first_name} is already in {group.title}.")

    def _enter(self, group: Group, link: InviteLink | None = None, *, from_community: bool = False) -> None:
        if self.account.too_many_chats:
            raise NotAllowed(f"{self.account.first_name} is in too many chats.")
        groups.add_member(self._tg, group, self.account, self.account, link=link, from_community=from_community)
