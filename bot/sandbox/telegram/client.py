"""What a person's Telegram app does: it changes Telegram, and Telegram tells the bot."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.sandbox.telegram.double import Telegram
from bot.sandbox.telegram.entities import with_automatic
from bot.sandbox.telegram.markup import https_or_local
from bot.sandbox.telegram.state import (
    ADMIN_RIGHTS,
    Account,
    App,
    CallbackQuery,
    Chat,
    Group,
    InviteLink,
    Member,
    Message,
    PrivateChat,
    Status,
)
from bot.sandbox.telegram.webapp import launch

Json = dict[str, Any]
STATUSES: tuple[Status, Status] = ("member", "kicked")


class Impossible(Exception):  # noqa: N818 - a fact about the app, not an error
    """A person tried what their app does not let them do; the text is one sentence."""


class Client:
    """The app of one account."""

    def __init__(self, tg: Telegram, account: Account) -> None:
        self._tg = tg
        self.account = account

    @property
    def chat(self) -> PrivateChat:
        """The private chat with the bot."""
        return self._tg.private_chat(self.account)

    # Writing

    def say(self, text: str, chat: Chat | None = None) -> Message:
        """Write a text, to the bot or in a group."""
        chat = chat or self.chat
        if not text.strip():
            raise Impossible("An empty message cannot be sent.")
        if isinstance(chat, Group):
            self._check_may_write(chat)
        else:
            if self.account.blocked_bot and text == "/start":
                self.unblock()
            self._fold_keyboard(text)
        text = text.strip()
        return self._send(chat, text=text, entities=with_automatic(text, []))

    def send_contact(self, contact: Json, *, forwarded_from: Account | None = None) -> Message:
        """Send a contact card to the bot, one's own or somebody's."""
        origin: Json | None = None
        if forwarded_from is not None:
            origin = {"type": "user", "date": self._tg.now(), "sender_user": forwarded_from.as_json()}
        return self._send(self.chat, contact=contact, forward_origin=origin)

    def share_own_contact(self, contact: Json) -> Message:
        """Use the button that asks for it; a folded keyboard can be opened again."""
        keyboard = self.chat.keyboard
        button = None
        if keyboard is not None:
            button = next((button for button in keyboard.buttons if button.get("request_contact")), None)
        if button is None:
            raise Impossible("There is no button that asks for the contact.")
        self._fold_keyboard(button["text"])
        return self.send_contact(contact)

    def _fold_keyboard(self, used: str) -> None:
        keyboard = self.chat.keyboard
        if keyboard and keyboard.one_time and any(button["text"] == used for button in keyboard.buttons):
            keyboard.folded = True

    def _check_may_write(self, group: Group) -> None:
        member = group.member(self.account)
        if member.status in ("left", "kicked"):
            raise Impossible("Only members can write here.")
        if group.type == "channel" and member.status == "member":
            raise Impossible("Only administrators can write in a channel.")

    def _send(self, chat: Chat, **parts: Any) -> Message:  # noqa: ANN401 - Message's own fields
        if isinstance(chat, PrivateChat):
            if self.account.blocked_bot:
                raise Impossible(f"{self.account.first_name} has blocked the bot.")
            self.account.wrote_to_bot = True
        message = self._tg.new_message(chat, self.account, **parts)
        if isinstance(chat, PrivateChat) or self._bot_reads(chat, message):
            self._tg.push_message(message)
        return message

    def _bot_reads(self, chat: Chat, message: Message) -> bool:
        """A bot reads a group as its administrator, else commands only; channel posts are not played."""
        if not isinstance(chat, Group) or chat.type == "channel":
            return False
        status = chat.member(self._tg.bot).status
        return status == "administrator" or (status == "member" and bool(message.entity_texts("bot_command")))

    # Buttons

    def press(self, chat: Chat, message_id: int, data: str) -> CallbackQuery:
        """Press an inline button with callback data, as it stands or once stood under a message."""
        message = chat.by_id.get(message_id)
        if message is None:
            raise Impossible("That message is gone.")
        if isinstance(chat, PrivateChat) and self.account.blocked_bot:
            raise Impossible(f"{self.account.first_name} has blocked the bot.")
        query = CallbackQuery(
            self._tg.next_query_id(),
            self.account,
            message,
            data,
            self._tg.clock.timestamp(),
            asyncio.get_running_loop().create_future(),
        )
        self._tg.queries[query.id] = query
        content = {
            "id": query.id,
            "from": self.account.as_json(),
            "message": message.as_json(),
            "chat_instance": str(chat.id),
            "data": data,
        }
        self._tg.delivery.push("callback_query", content, key=f"query {self.account.id}", who=self.account.first_name)
        return query

    # Mini Apps

    def open_app(self, url: str) -> App:
        """Press a button that opens a Mini App."""
        if not https_or_local(url):
            raise Impossible("A Mini App needs an https address.")
        return launch(self._tg, self.account, url)

    def close_app(self) -> None:
        """Close the Mini App that a guard has opened; the request stays as it is."""
        self.account.offered = None
        self._tg.touch(self.chat)

    # Groups

    def ask_to_join(self, group: Group, link: InviteLink | None = None) -> None:
        """Press "Request to join"; while a request is pending a second press changes nothing."""
        status = group.member(self.account).status
        if status == "kicked":
            raise Impossible(f"{self.account.first_name} was removed from {group.title}.")
        if status != "left":
            raise Impossible(f"{self.account.first_name} is already in {group.title}.")
        if self.account.id in group.requests:
            return
        if link is None and not group.approves_new_members:
            self._tg.admit(group, self.account, self.account, by_request=False)
            return
        self.account.offered = None
        request = self._tg.add_request(group, self.account)
        if not group.member(self._tg.bot).may("can_invite_users"):
            return
        content = {
            "chat": group.as_json(),
            "from": self.account.as_json(),
            "user_chat_id": self.account.id,
            "date": request.date,
        }
        if link is not None:
            content["invite_link"] = link.as_json()
        if request.query is not None:
            content["query_id"] = request.query.id
        self._tg.delivery.push("chat_join_request", content, key=f"join {self.account.id}", who=self.account.first_name)

    def open_link(self, url: str) -> None:
        """Follow an invite link: in at once, or by request if the link says so."""
        for group in self._tg.groups.values():
            link = group.links.get(url)
            if link is None:
                continue
            expired = link.expire_date is not None and link.expire_date < self._tg.now()
            if expired or (link.member_limit is not None and link.used >= link.member_limit):
                break
            if link.creates_join_request:
                self.ask_to_join(group, link)
            elif self.account.id not in group.members:
                link.used += 1
                self._tg.admit(group, self.account, self.account, by_request=False)
            return
        raise Impossible("This invite link has expired.")

    def withdraw(self, group: Group) -> None:
        """Take the request back."""
        request = group.requests.get(self.account.id)
        if request is None:
            raise Impossible("There is no request to withdraw.")
        self._tg.end_request(request)

    def leave(self, group: Group) -> None:
        """Leave a group."""
        if self.account.id not in group.members:
            raise Impossible(f"{self.account.first_name} is not in {group.title}.")
        self._tg.set_member(group, Member(self.account, "left"), self.account)

    def decide(self, group: Group, account: Account, *, approve: bool) -> None:
        """Decide about a request as an administrator, by hand."""
        self._check_runs(group)
        request = group.requests.get(account.id)
        if request is None:
            raise Impossible("There is no such request.")
        self._tg.end_request(request)
        if approve:
            self._tg.admit(group, account, self.account, by_request=True)

    def remove(self, group: Group, account: Account) -> None:
        """Remove somebody from a group."""
        self._check_runs(group)
        self._tg.set_member(group, Member(account, "kicked"), self.account)

    def set_bot_rights(self, group: Group, rights: dict[str, bool]) -> None:
        """Make the bot an administrator with these rights, or change those it has."""
        self._check_runs(group)
        unknown = set(rights) - set(ADMIN_RIGHTS)
        if unknown:
            raise Impossible(f"There is no such right: {', '.join(sorted(unknown))}.")
        bot = self._tg.bot
        rights = {"can_manage_chat": True} | group.member(bot).rights | rights
        self._tg.set_member(group, Member(bot, "administrator", rights), self.account)

    def take_bot_right(self, group: Group, right: str) -> None:
        """Take one right from the bot, which stays an administrator."""
        if group.member(self._tg.bot).status != "administrator":
            raise Impossible("The bot is not an administrator here.")
        self.set_bot_rights(group, {right: False})

    def set_guard(self, group: Group, *, on: bool) -> None:
        """Choose the bot under "Process join requests", or nobody, as the owner."""
        if group.member(self.account).status != "creator":
            raise Impossible(f"{self.account.first_name} does not own {group.title}.")
        if on and not self._tg.supports_join_request_queries:
            raise Impossible("This bot does not process join requests.")
        if on and not group.member(self._tg.bot).may("can_invite_users"):
            raise Impossible("The bot must be an administrator that may invite users.")
        group.guarded = on
        self._tg.touch(group)

    def set_bot_status(self, group: Group, member: Member) -> None:
        """Take the bot's administration away, or the bot out of the group."""
        self._check_runs(group)
        if self._tg.bot.id not in group.members:
            raise Impossible("The bot is not in this chat.")
        self._tg.set_member(group, member, self.account)

    def _check_runs(self, group: Group) -> None:
        if group.member(self.account).status not in ("creator", "administrator"):
            raise Impossible(f"{self.account.first_name} does not run {group.title}.")

    # The bot

    def block(self) -> None:
        """Block the bot."""
        self._block(blocked=True)

    def unblock(self) -> None:
        """Unblock the bot."""
        self._block(blocked=False)

    def _block(self, *, blocked: bool) -> None:
        if self.account.blocked_bot == blocked:
            return
        self.account.blocked_bot = blocked
        member, kicked = (Member(self._tg.bot, status).as_json() for status in STATUSES)
        old, new = (member, kicked) if blocked else (kicked, member)
        self._tg.push_member(self.chat, self.account, old, new)
        self._tg.touch(self.chat)
