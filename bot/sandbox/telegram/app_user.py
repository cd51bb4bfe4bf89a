"""What somebody does in their Telegram app with messages and buttons; Telegram sends updates about it to the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.sandbox.telegram import commands, groups
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.entities import with_automatic
from bot.sandbox.telegram.markup import https_or_local
from bot.sandbox.telegram.members import Member, Status
from bot.sandbox.telegram.state import App, CallbackQuery, Chat, Group, Message, PrivateChat
from bot.sandbox.telegram.webapp import launch

Json = dict[str, Any]
STATUSES: tuple[Status, Status] = ("member", "kicked")


class NotAllowed(Exception):  # noqa: N818 - a fact about the app, not an error
    """A person tried what their app does not let them do; the text is one sentence."""


class AppUser:
    """An account that uses Telegram by an app."""

    def __init__(self, tg: Telegram, account: Account) -> None:
        self._tg = tg
        self.account = account

    @property
    def id(self) -> int:
        """The Telegram user id, which is the id of the private chat too."""
        return self.account.id

    @property
    def name(self) -> str:
        """The first name."""
        return self.account.first_name

    @property
    def chat(self) -> PrivateChat:
        """The private chat with the bot."""
        return self._tg.private_chat(self.account)

    # Writing

    async def says(
        self,
        text: str,
        chat: Chat | None = None,
        *,
        topic: int | None = None,
        reply_to: Message | None = None,
        anonymously: bool = False,
    ) -> Message:
        """Write to the bot, or in a group, to a topic there; `/start` to a blocked bot unblocks it first.

        An anonymous administrator always writes as the group; `anonymously` only insists on it.
        """
        chat = chat or self.chat
        text = text.strip()
        if not text:
            raise NotAllowed("An empty message cannot be sent.")
        if isinstance(chat, Group):
            return self._say_in(chat, text, topic, reply_to, anonymously=anonymously)
        if topic is not None or anonymously:
            raise NotAllowed("That is done in a group.")
        if self.account.blocked_bot and text.split()[0] == "/start":
            self._block(blocked=False)
        self._fold_keyboard(text)
        return self._send(chat, text=text, entities=with_automatic(text, []), reply_to=reply_to)

    def _say_in(
        self, group: Group, text: str, topic: int | None, reply_to: Message | None, *, anonymously: bool
    ) -> Message:
        self._check_may_write(group)
        member = group.member(self.account)
        if anonymously and not member.anonymous:
            raise NotAllowed(f"{self.account.first_name} is not anonymous in {group.title}.")
        parts: Json = self._where(group, topic, reply_to) | {"text": text, "entities": with_automatic(text, [])}
        # No documentation says what an anonymous administrator's app does with such a command: here it does not hide
        # it.
        if not member.anonymous and commands.is_ephemeral(self._tg, group, self.account, text):
            message = self._tg.new_ephemeral(group, self.account, self._tg.bot, **parts)
            if group.member(self._tg.bot).inside:
                self._tg.push_message(message)
            return message
        return self._send(group, **parts)

    def _where(self, group: Group, topic: int | None, reply_to: Message | None) -> Json:
        """The topic of a message, or the thread that replies make of an ordinary supergroup."""
        if topic is not None and topic not in group.topics:
            raise NotAllowed(f"There is no such topic in {group.title}.")
        if reply_to is not None and reply_to not in group.seen_by(self.account):
            raise NotAllowed("That message is gone.")
        thread = topic
        if reply_to is not None and thread is None and group.type == "supergroup":
            in_thread = reply_to.in_topic or not group.is_forum
            thread = (reply_to.thread_id or (None if group.is_forum else reply_to.id)) if in_thread else None
        return {"thread_id": thread or None, "in_topic": bool(thread) and group.is_forum, "reply_to": reply_to}

    def _send_contact(self, contact: Json, *, forwarded_from: Account | None = None) -> Message:
        """Send a contact card to the bot, one's own or somebody's."""
        origin: Json | None = None
        if forwarded_from is not None:
            origin = {"type": "user", "date": self._tg.now(), "sender_user": forwarded_from.as_json()}
        return self._send(self.chat, contact=contact, forward_origin=origin)

    async def sends_document(self, name: str, data: bytes, chat: Chat | None = None) -> Message:
        """Send a file to the bot, or in a group."""
        chat = chat or self.chat
        if not data:
            raise NotAllowed("An empty file cannot be sent.")
        if isinstance(chat, Group):
            self._check_may_write(chat, "can_send_documents")
        return self._send(chat, document=self._tg.add_document(name, data))

    def _share_own_contact(self, contact: Json) -> Message:
        """Use the button that asks for it; a folded keyboard can be opened again."""
        keyboard = self.chat.keyboard
        button = None if keyboard is None else keyboard.asking_for("request_contact")
        if button is None:
            raise NotAllowed("There is no button that asks for the contact.")
        self._fold_keyboard(button["text"])
        return self._send_contact(contact)

    def _pick_users(self, accounts: Sequence[Account]) -> Message:
        """Use the button that asks for users, if its list offers these."""
        keyboard = self.chat.keyboard
        button = None if keyboard is None else keyboard.asking_for("request_users")
        if button is None:
            raise NotAllowed("There is no button that asks for people.")
        asked = button["request_users"]
        if not 1 <= len(accounts) <= asked.get("max_quantity", 1):
            raise NotAllowed("That many cannot be chosen.")
        for account in accounts:
            if asked.get("user_is_bot") is not None and asked["user_is_bot"] != account.is_bot:
                raise NotAllowed(f"{account.first_name} is not among those to choose from.")
        self._fold_keyboard(button["text"])
        users = [_shared(account, asked) for account in accounts]
        return self._send(self.chat, users_shared={"request_id": asked["request_id"], "users": users})

    def _fold_keyboard(self, used: str) -> None:
        keyboard = self.chat.keyboard
        if keyboard and keyboard.one_time and any(button["text"] == used for button in keyboard.buttons):
            keyboard.folded = True

    def _check_may_write(self, group: Group, permission: str = "can_send_messages") -> None:
        member = group.member(self.account)
        if not member.inside:
            raise NotAllowed("Only members can write here.")
        if group.type == "channel" and not member.is_admin:
            raise NotAllowed("Only administrators can write in a channel.")
        if not group.allows(self.account, permission):
            raise NotAllowed(f"{self.account.first_name} may not write in {group.title}.")

    def _send(self, chat: Chat, **parts: Any) -> Message:  # noqa: ANN401 - Message's own fields
        sender = self.account
        if isinstance(chat, Group):
            sender = groups.shown_as(self._tg, chat, self.account)
            parts |= {
                "author": self.account,
                "as_group": sender is self._tg.as_group,
                "sender_tag": chat.member(self.account).tag,
            }
        else:
            if self.account.blocked_bot:
                raise NotAllowed(f"{self.account.first_name} has blocked the bot.")
            self.account.wrote_to_bot = True
        message = self._tg.new_message(chat, sender, **parts)
        if isinstance(chat, PrivateChat) or self._bot_reads(chat, message):
            self._tg.push_message(message)
        return message

    def _bot_reads(self, chat: Chat, message: Message) -> bool:
        """A bot reads a group as its administrator, else what is addressed to it; channel posts are not supported."""
        if not isinstance(chat, Group) or chat.type == "channel":
            return False
        bot = chat.member(self._tg.bot)
        to_bot = message.reply_to is not None and message.reply_to.sender is self._tg.bot
        return bot.is_admin or (bot.inside and (to_bot or bool(message.entity_texts("bot_command"))))

    # Buttons

    def press_without_waiting(self, message: Message, data: str) -> CallbackQuery:
        """Press an inline button with callback data, which is or once was under a message; the bot may answer later."""
        chat = message.chat
        if isinstance(chat, PrivateChat) and self.account.blocked_bot:
            raise NotAllowed(f"{self.account.first_name} has blocked the bot.")
        query = CallbackQuery(
            self._tg.next_query_id(),
            self.account,
            message,
            data,
            self._tg.clock.timestamp(),
            asyncio.get_running_loop().create_future(),
        )
        self._tg.queries[query.id] = self._tg.pressed[query.id] = query
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

    async def opens_app(self, url: str) -> App:
        """Open the Mini App behind a button, by the address `presses` gave."""
        if not https_or_local(url):
            raise NotAllowed("A Mini App needs an https address.")
        return launch(self._tg, self.account, url)

    async def closes_app(self) -> None:
        """Close the Mini App a guard has opened; the request to join stays."""
        self.chat.offered_app = None
        self._tg.touch(self.chat)

    # The bot

    async def blocks_bot(self) -> None:
        """Block the bot."""
        self._block(blocked=True)

    async def unblocks_bot(self) -> None:
        """Unblock the bot without writing to it."""
        self._block(blocked=False)

    def _block(self, *, blocked: bool) -> None:
        if self.account.blocked_bot == blocked:
            return
        self.account.blocked_bot = blocked
        member, kicked = (Member(self._tg.bot, status).as_json() for status in STATUSES)
        old, new = (member, kicked) if blocked else (kicked, member)
        self._tg.push_member(self.chat, self.account, old, new)
        self._tg.touch(self.chat)


def _shared(account: Account, asked: Json) -> Json:
    """A `SharedUser`, with what the button asked for."""
    user: Json = {"user_id": account.id}
    if asked.get("request_name"):
        user["first_name"] = account.first_name
    if asked.get("request_username") and account.username:
        user["username"] = account.username
    return user


def account_of(user: AppUser | Account) -> Account:
    """The account of somebody whom a story names by either."""
    return user if isinstance(user, Account) else user.account
